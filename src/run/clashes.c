#include "run/clashes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"

/* A file of the command line; one that does not exist yet is known by its directory and name. */
struct named {
    const char *option;
    char *path; /* as the user knows it */
    char *file; /* where its links end */
    bool is_input, exists;
    dev_t device;
    ino_t inode; /* of the file, or of its directory */
};

enum { NAMED_MAX = 10 }; /* besides the inputs */

struct list {
    struct named *at;
    size_t n;
    struct error why; /* a file can't be looked at, though it may be there */
};

/* Keeps an error that does not say that there is no such file. */
static void keep_why(struct list *list, const char *path, int error)
{
    if (!io_says_none(error) && list->why.status == 0)
        error_set(&list->why, EXIT_RUNTIME, "%s: can't look at it: %s", path, strerror(error));
}

/* Is there such a file? */
static bool look_at(struct list *list, const char *path, struct stat *st)
{
    if (stat(path, st) == 0)
        return true;
    keep_why(list, path, errno);
    return false;
}

static bool look_at_directory(struct list *list, const char *path, struct stat *st)
{
    char *directory = io_directory(path);
    bool ok = look_at(list, directory, st);
    free(directory);
    return ok;
}

/* Takes both names. */
static void add_stat(struct list *list, struct named n, const struct stat *st)
{
    n.device = st->st_dev;
    n.inode = st->st_ino;
    list->at[list->n++] = n;
}

static void free_names(const struct named *n)
{
    free(n->path);
    free(n->file);
}

/* A name with something behind it. */
static char *with(const char *name, const char *suffix)
{
    size_t len = strlen(name) + strlen(suffix) + 1;
    char *both = memory_alloc(len);
    snprintf(both, len, "%s%s", name, suffix);
    return both;
}

/*
 * What is not there, or not for us, can't be opened either: whoever opens it says so. A suffix
 * stands behind the name of the file that is replaced, whatever link led to it.
 */
static void add_path(struct list *list, const char *option, const char *path, const char *suffix)
{
    struct stat st;
    if (path == NULL)
        return;
    char *end = io_link_end(path);
    if (end == NULL) {
        keep_why(list, path, errno);
        return;
    }
    struct named n = {.option = option, .file = with(end, suffix)};
    n.path = memory_strdup(suffix[0] == '\0' ? path : n.file);
    free(end);
    n.exists = look_at(list, n.path, &st);
    bool known = n.exists ? S_ISREG(st.st_mode) : look_at_directory(list, n.file, &st);
    if (known)
        add_stat(list, n, &st);
    else
        free_names(&n);
}

static void add_descriptor(struct list *list, const char *option, int fd, const char *name)
{
    struct stat st;
    bool known = fstat(fd, &st) == 0;
    if (!known && errno != EBADF && list->why.status == 0)
        error_set(&list->why, EXIT_RUNTIME, "%s: can't look at it: %s", name, strerror(errno));
    if (!known || !S_ISREG(st.st_mode))
        return;
    struct named n = {.option = option, .exists = true};
    n.path = memory_strdup(name);
    n.file = memory_strdup(name);
    add_stat(list, n, &st);
}

static bool same(const struct named *a, const struct named *b)
{
    return a->exists == b->exists && a->device == b->device && a->inode == b->inode &&
           (a->exists || strcmp(io_last_name(a->file), io_last_name(b->file)) == 0);
}

static const char *kind(mode_t mode)
{
    return S_ISDIR(mode)    ? "a directory"
           : S_ISFIFO(mode) ? "a pipe"
           : S_ISSOCK(mode) ? "a socket"
                            : "a device";
}

/* What a rename replaces must not be a device or a pipe, which would be gone for everybody. */
static bool may_replace(const char *option, const char *path, struct error *err)
{
    struct stat st;
    if (path == NULL || stat(path, &st) != 0 || S_ISREG(st.st_mode))
        return true;
    return error_set(err, EXIT_RUNTIME, "%s: expected a regular file, which %s replaces, found %s",
                     path, option, kind(st.st_mode));
}

bool clashes_check(const struct plan *plan, struct error *err)
{
    size_t n_inputs = plan->n_inputs == 0 ? 1 : plan->n_inputs;
    struct list list = {.at = memory_calloc(n_inputs + NAMED_MAX, sizeof *list.at)};
    for (size_t i = 0; i < n_inputs; i++) {
        const char *path = plan->n_inputs == 0 ? NULL : plan->input_paths[i];
        if (path == NULL)
            add_descriptor(&list, "input", STDIN_FILENO, "stdin");
        else
            add_path(&list, "input", path, "");
    }
    for (size_t i = 0; i < list.n; i++)
        list.at[i].is_input = true;
    add_path(&list, "--state", plan->state_path, "");
    add_path(&list, "--state's temporary file", plan->state_path, ".tmp");
    add_path(&list, "--state's lock", plan->state_path, ".lock");
    if (plan->output_path == NULL)
        add_descriptor(&list, "output", STDOUT_FILENO, "stdout");
    add_path(&list, "--output", plan->output_path, "");
    add_path(&list, "--late", plan->late_path, "");
    add_path(&list, "--bad", plan->bad_path, "");
    add_path(&list, "--metrics", plan->metrics_path, "");
    add_path(&list, "--metrics' temporary file", plan->metrics_path, ".tmp");
    bool ok = list.why.status == 0;
    if (!ok)
        *err = list.why;
    for (size_t i = 0; ok && i < list.n; i++)
        for (size_t j = 0; ok && j < i; j++)
            if (!list.at[i].is_input && same(&list.at[i], &list.at[j]))
                ok = error_set(err, EXIT_USAGE,
                               "expected files that are different, found %s (%s) and %s (%s) to "
                               "be one",
                               list.at[j].path, list.at[j].option, list.at[i].path,
                               list.at[i].option);
    for (size_t i = 0; i < list.n; i++)
        free_names(&list.at[i]);
    free(list.at);
    return ok && may_replace("--state", plan->state_path, err) &&
           may_replace("--metrics", plan->metrics_path, err);
}
