#include "source/rotated.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/memory.h"

/* A directory to look in, and what the file is called there. */
struct place {
    char *directory; /* with its slash; "" for the current one */
    char *current;
    bool dated; /* what a link leads to may have a date in its name, and no other name later */
};

enum { PLACES_MAX = 2 };

static void add_place(struct place *place, const char *path, bool dated)
{
    place->directory = memory_strndup(path, (size_t)(io_last_name(path) - path));
    place->current = memory_strdup(io_last_name(path));
    place->dated = dated;
}

/* Where the link leads, whether or not there is a file now; empty: it is none. 0 or an error. */
static int read_link(const char *path, struct buf *target)
{
    char link[PATH_MAX];
    char *real = realpath(path, NULL);
    int error = real == NULL ? errno : 0;
    memory_check(error);
    ssize_t len = readlink(path, link, sizeof link);
    if (len < 0 && errno != EINVAL && !io_says_none(errno))
        error = errno;
    if (len > 0 && real == NULL) {
        if (link[0] != '/')
            buf_put(target, path, (size_t)(io_last_name(path) - path));
        buf_put(target, link, (size_t)len);
    } else if (real != NULL) {
        buf_puts(target, real);
    }
    free(real);
    if (len <= 0)
        target->len = 0;
    return io_says_none(error) ? 0 : error;
}

/* 0 or an error number. */
static int find_places(const char *path, struct place places[PLACES_MAX], size_t *n)
{
    struct buf target = {0};
    *n = 0;
    add_place(&places[(*n)++], path, false);
    int error = read_link(path, &target);
    if (target.len > 0)
        add_place(&places[(*n)++], buf_cstr(&target), true);
    buf_free(&target);
    return error;
}

static bool has_suffix(const char *text, const char *suffix)
{
    size_t len = strlen(text), suffix_len = strlen(suffix);
    return len >= suffix_len && strcmp(text + len - suffix_len, suffix) == 0;
}

/* FILE.1, FILE-20260102 and the like. */
static bool is_suffixed(const char *name, const char *current)
{
    size_t len = strlen(current);
    return strncmp(name, current, len) == 0 && (name[len] == '.' || name[len] == '-') &&
           name[len + 1] != '\0' && !has_suffix(name, ".lock") && !has_suffix(name, ".tmp");
}

static bool is_digit(char c)
{
    return isdigit((unsigned char)c) != 0;
}

/* The same but for the digits, and not the same: app-2026-01-02.log beside app-2026-01-03.log. A
 * suffix behind it, .gz say, makes no difference. */
static bool is_dated(const char *name, const char *current)
{
    const char *n = name, *c = current;
    while (*c != '\0') {
        if (is_digit(*n) && is_digit(*c)) {
            n += strspn(n, "0123456789");
            c += strspn(c, "0123456789");
        } else if (*n++ != *c++) {
            return false;
        }
    }
    return (*n == '\0' || *n == '.') && strcmp(name, current) != 0;
}

static bool is_candidate(const struct place *place, const char *name)
{
    return is_suffixed(name, place->current) || (place->dated && is_dated(name, place->current));
}

static const char all_digits[] = "0123456789";

/* What stands behind CURRENT. or CURRENT-, if that begins with a digit; or NULL. */
static const char *rotation_digits(const char *name, const char *current)
{
    if (!is_suffixed(name, current))
        return NULL;
    const char *digits = name + strlen(current) + 1;
    return is_digit(*digits) ? digits : NULL;
}

/* A date, or seconds since 1970, counts up, a number down: FILE.20260102, FILE.2026-01-02. */
static bool counts_up(const char *digits)
{
    size_t n = strspn(digits, all_digits);
    return digits[-1] == '-' || n >= 6 || (n == 4 && digits[n] != '\0' && is_digit(digits[n + 1]));
}

/* Groups of digits in turn, as numbers of any length: 20260102-1767312000, 2026-01-02.1 */
static int compare_digits(const char *a, const char *b)
{
    for (;; a++, b++) {
        size_t n_a = strspn(a, all_digits), n_b = strspn(b, all_digits);
        int order = n_a != n_b ? (n_a < n_b ? -1 : 1) : memcmp(a, b, n_a);
        if (order != 0)
            return order;
        a += n_a;
        b += n_b;
        bool more_a = *a != '\0' && is_digit(a[1]), more_b = *b != '\0' && is_digit(b[1]);
        if (more_a != more_b)
            return more_a ? 1 : -1;
        if (!more_a || *a != *b)
            return 0;
    }
}

/*
 * Was `name` rotated away after `found` was? FILE.1 comes after FILE.2, FILE-20260102 after
 * FILE-20260101.
 */
static bool is_newer(const struct place *place, const char *name, const char *found)
{
    const char *current = place->current;
    const char *digits = rotation_digits(name, current);
    const char *found_digits = rotation_digits(found, current);
    if (place->dated && is_dated(name, current) && is_dated(found, current))
        return strverscmp(found, name) < 0 && strverscmp(name, current) < 0;
    if (digits == NULL || found_digits == NULL || digits[-1] != found_digits[-1] ||
        counts_up(digits) != counts_up(found_digits))
        return false;
    int order = compare_digits(digits, found_digits);
    return counts_up(digits) ? order > 0 : order < 0;
}

static const char *const *left_out;
static size_t n_left_out;

void rotated_leave_out(const char *const *paths, size_t n)
{
    left_out = paths;
    n_left_out = n;
}

static bool is_left_out(const struct stat *st)
{
    struct stat own;
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (fstat(fd, &own) == 0 && io_same_inode(st, &own))
            return true;
    for (size_t i = 0; i < n_left_out; i++)
        if (left_out[i] != NULL && stat(left_out[i], &own) == 0 && io_same_inode(st, &own))
            return true;
    return false;
}

struct listing {
    struct rotated_file *files;
    size_t n;
    int error; /* it may not be all */
};

static int compare_files(const void *pa, const void *pb)
{
    return strcmp(((const struct rotated_file *)pa)->path, ((const struct rotated_file *)pb)->path);
}

static void add_file(struct listing *listing, const struct place *place, const char *name)
{
    struct buf path = {0};
    struct stat st;
    buf_puts(&path, place->directory);
    buf_puts(&path, name);
    if (stat(buf_cstr(&path), &st) != 0) {
        listing->error = io_says_none(errno) ? listing->error : errno;
    } else if (S_ISREG(st.st_mode) && !is_left_out(&st)) {
        listing->files = memory_realloc(listing->files, (listing->n + 1) * sizeof *listing->files);
        listing->files[listing->n++] =
            (struct rotated_file){memory_strdup(buf_cstr(&path)), st.st_ino};
    }
    buf_free(&path);
}

static struct listing list_files(const struct place *place)
{
    struct listing listing = {0};
    struct dirent *entry = NULL;
    DIR *dir;
    do
        dir = opendir(place->directory[0] == '\0' ? "." : place->directory);
    while (dir == NULL && errno == EINTR);
    if (dir == NULL) {
        memory_check(errno);
        listing.error = io_says_none(errno) ? 0 : errno;
        return listing;
    }
    do {
        errno = 0;
        entry = readdir(dir);
        if (entry == NULL)
            listing.error = errno != 0 ? errno : listing.error;
        else if (is_candidate(place, entry->d_name))
            add_file(&listing, place, entry->d_name);
    } while (entry != NULL);
    closedir(dir);
    if (listing.n > 1)
        qsort(listing.files, listing.n, sizeof *listing.files, compare_files);
    return listing;
}

static void free_listing(struct listing *listing)
{
    for (size_t i = 0; i < listing->n; i++)
        free(listing->files[i].path);
    free(listing->files);
}

static bool listings_equal(const struct listing *a, const struct listing *b)
{
    bool equal = a->n == b->n;
    for (size_t i = 0; equal && i < a->n; i++)
        equal = a->files[i].inode == b->files[i].inode &&
                strcmp(a->files[i].path, b->files[i].path) == 0;
    return equal;
}

static struct rotated_file copy_file(const struct rotated_file *file)
{
    return (struct rotated_file){memory_strdup(file->path), file->inode};
}

/* What is looked for. */
struct search {
    rotated_test *test;
    void *context;
    struct rotated *found;
    bool changed; /* files were renamed meanwhile */
    bool failed;  /* a test has */
    int error;    /* the names can't be read */
};

static void find_in(const struct place *place, const struct listing *listing, struct search *search)
{
    const struct rotated_file *best = NULL;
    struct rotated *found = search->found;
    for (size_t i = 0; i < listing->n && (best == NULL || found->doubt > 0); i++) {
        const struct rotated_file *file = &listing->files[i];
        const char *name = io_last_name(file->path);
        bool numbered = rotation_digits(name, place->current) != NULL ||
                        (place->dated && is_dated(name, place->current));
        int64_t doubt = search->test(search->context, file->path, numbered);
        search->failed |= doubt == ROTATED_FAILED;
        if (doubt < 0 || (best != NULL && doubt > found->doubt) ||
            (best != NULL && doubt == found->doubt &&
             is_newer(place, name, io_last_name(best->path))))
            continue;
        best = file;
        found->doubt = doubt;
    }
    if (best != NULL)
        found->file = copy_file(best);
}

/* Each goes where it belongs: the oldest stands first. */
static void find_between(const struct place *place, const struct listing *listing,
                         struct rotated *found)
{
    found->between = memory_calloc(listing->n, sizeof *found->between);
    for (size_t i = 0; i < listing->n; i++) {
        const struct rotated_file *file = &listing->files[i];
        size_t at = found->n_between;
        if (!is_newer(place, io_last_name(file->path), io_last_name(found->file.path)))
            continue;
        for (; at > 0 &&
               is_newer(place, io_last_name(found->between[at - 1].path), io_last_name(file->path));
             at--)
            found->between[at] = found->between[at - 1];
        found->between[at] = copy_file(file);
        found->n_between++;
    }
}

static void look_in(const struct place *place, struct search *search)
{
    struct listing before = list_files(place);
    search->failed = false;
    find_in(place, &before, search);
    if (search->found->file.path != NULL)
        find_between(place, &before, search->found);
    struct listing after = list_files(place);
    search->changed = !listings_equal(&before, &after);
    search->error = before.error != 0 ? before.error : after.error;
    free_listing(&before);
    free_listing(&after);
}

/* Until nothing changes under the look; for the last time it may have. */
static void look_well_in(const struct place *place, struct search *search)
{
    enum { TRIES = 100, PAUSE_NS = 2000000 };
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    look_in(place, search);
    for (int try = 0; search->changed && try < TRIES; try++) {
        rotated_free(search->found);
        nanosleep(&pause, NULL);
        look_in(place, search);
    }
}

bool rotated_find(const char *path, rotated_test *test, void *context, struct rotated *found,
                  struct error *err)
{
    struct place places[PLACES_MAX];
    struct search search = {.test = test, .context = context};
    size_t n;
    *found = (struct rotated){0};
    search.error = find_places(path, places, &n);
    for (size_t i = 0; i < n && (found->file.path == NULL || found->doubt > 0) && !search.failed &&
                       search.error == 0;
         i++) {
        struct rotated here = {0};
        search.found = &here;
        look_well_in(&places[i], &search);
        bool better =
            here.file.path != NULL && (found->file.path == NULL || here.doubt < found->doubt);
        if (better) {
            struct rotated worse = *found;
            *found = here;
            here = worse;
        }
        rotated_free(&here);
    }
    for (size_t i = 0; i < n; i++) {
        free(places[i].directory);
        free(places[i].current);
    }
    if (search.error != 0)
        error_set(err, EXIT_RUNTIME, "%s: can't look for what it was renamed to: %s", path,
                  strerror(search.error));
    if (search.error == 0 && !search.failed)
        return true;
    rotated_free(found);
    return false;
}

void rotated_free(struct rotated *found)
{
    for (size_t i = 0; i < found->n_between; i++)
        free(found->between[i].path);
    free(found->between);
    free(found->file.path);
    *found = (struct rotated){0};
}
