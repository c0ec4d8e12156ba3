/*
 * source/rotated.h - the names that log rotation gives a file, and finding it among them.
 *
 *     app.log -> app.log.1, app.log.2.gz, app.log-20260102     beside it, and beside what a
 * symbolic today   -> app-2026-01-03.log; app-2026-01-02.log        link of that name leads to
 *
 * Names only say where to look: whether a file is the one, its content tells.
 */
#ifndef SOURCE_ROTATED_H
#define SOURCE_ROTATED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * How sure is it that the file at this path is the one that is looked for? 0: it is; the larger the
 * less; ROTATED_NOT: it is not; ROTATED_FAILED: that can't be told, and the search ends; the
 * context knows why.
 */
enum { ROTATED_NOT = -1, ROTATED_FAILED = -2 };
/* numbered: by its name it was rotated, with a number or a date: FILE.1, and not FILE.bak. */
typedef int64_t rotated_test(void *context, const char *candidate, bool numbered);

struct rotated_file {
    char *path;
    uint64_t
        inode; /* a rotation may go on: who opens the path looks whether it is still this one */
};

struct rotated { /* {0}: nothing was found */
    struct rotated_file file;
    int64_t doubt; /* as the test said: the smallest one; of equals the oldest counts */
    struct rotated_file *between; /* those that were rotated away after it, the oldest first */
    size_t n_between;
};

/*
 * Found: found->file.path is not NULL. Release *found with rotated_free(). The names are read again
 * until nothing was renamed while they were looked through. False (EXIT_RUNTIME): there may be such
 * a file, but the names can't be read, or the test failed: then *err is its own to set.
 */
bool rotated_find(const char *path, rotated_test *test, void *context, struct rotated *found,
                  struct error *err);
void rotated_free(struct rotated *found);

/* What these n paths name is never found, nor what stdout and stderr are: files of our own. The
 * list is the caller's, and stays. */
void rotated_leave_out(const char *const *paths, size_t n);

#endif
