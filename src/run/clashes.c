#include "run/clashes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"

/* A file of the command line; one that does not exist yet is known by its directory and name. */
struct named {
    const char *option;
    char path[4096];
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

/* Is there such a file? An error that does not say so is kept. */
static bool look_at(struct list *list, const char *path, struct stat *st)
{
    if (stat(path, st) == 0)
        return true;
    if (!io_says_none(errno) && list->why.status == 0)
        error_set(&list->why, EXIT_RUNTIME, "%s: can't look at it: %s", path, strerror(errno));
    return false;
}

static bool look_at_directory(struct list *list, const char *path, struct stat *st)
{
    char *directory = io_directory(path);
    bool ok = look_at(list, directory, st);
    free(directory);
    return ok;
}

static void add_stat(struct list *list, const char *option, const struct stat *st, bool exists)
{
    struct named *n = &list->at[list->n++];
    n->option = option;
    n->exists = exists;
    n->device = st->st_dev;
    n->inode = st->st_ino;
}

/* What is not there, or not for us, can't be opened either: whoever opens it says so. */
static void add_path(struct list *list, const char *option, const char *path, const char *suffix)
{
    struct named *n = &list->at[list->n];
    struct stat st;
    if (path == NULL || strlen(path) + strlen(suffix) >= sizeof n->path)
        return;
    *n = (struct named){0};
    strcpy(n->path, path);
    strcat(n->path, suffix);
    if (look_at(list, n->path, &st)) {
        if (S_ISREG(st.st_mode))
            add_stat(list, option, &st, true);
    } else if (look_at_directory(list, n->path, &st)) {
        add_stat(list, option, &st, false);
    }
}

static void add_descriptor(struct list *list, const char *option, int fd, const char *name)
{
    struct named *n = &list->at[list->n];
    struct stat st;
    bool known = fstat(fd, &st) == 0;
    if (!known && errno != EBADF && list->why.status == 0)
        error_set(&list->why, EXIT_RUNTIME, "%s: can't look at it: %s", name, strerror(errno));
    if (!known || !S_ISREG(st.st_mode))
        return;
    *n = (struct named){0};
    strcpy(n->path, name);
    add_stat(list, option, &st, true);
}

static bool same(const struct named *a, const struct named *b)
{
    return a->exists == b->exists && a->device == b->device && a->inode == b->inode &&
           (a->exists || strcmp(io_last_name(a->path), io_last_name(b->path)) == 0);
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
    free(list.at);
    return ok && may_replace("--state", plan->state_path, err) &&
           may_replace("--metrics", plan->metrics_path, err);
}
