/*
 * source/again.h - an input found again after a restart: where it was, or where rotation took it.
 */
#ifndef SOURCE_AGAIN_H
#define SOURCE_AGAIN_H

#include "source/mark.h"

struct source_resume {
    bool verify_full; /* compare all bytes, not only head and tail */
    bool continues;   /* a pipe goes on where the last one ended: nothing to skip */
    bool follows;     /* files that were rotated away meanwhile are read in turn */
    bool alone;       /* only the file itself is looked for: what came behind it is known */
    const int *taken; /* descriptors of n_taken files beside it that are others, as is known */
    size_t n_taken;
};

/*
 * Is the input that the command line names, already open (or not: fd -1 with a path, if it does not
 * exist just now), the one that the mark was taken from? Then it is brought to the position. False
 * (EXIT_RUNTIME): that can't be told, or not be done.
 */
bool source_resume(struct source *source, const struct source_mark *mark,
                   const struct source_resume *how, bool *is_it, struct error *err);

/*
 * If it is another file: finds the one of the mark beside it (source/rotated.h), compressed or not,
 * and adds it to *older, at its position, then those that by their names were rotated away after
 * it; without `follows` such files are a failure. SOURCE_NONE: there is no such file; *err has what
 * was expected and what was found. SOURCE_FAILED: *err says why that can't be told, or why it can't
 * be read: it may well be there, and whoever gives it up loses lines.
 */
struct source_older {
    struct source *at; /* the oldest first */
    size_t n;
};
/* Opens a file beside the named one; it has the path that it was found under. */
bool source_open_found(struct source *source, const char *path, struct error *err);
enum source_found { SOURCE_FOUND, SOURCE_NONE, SOURCE_FAILED };
enum source_found source_find(const struct source *named, const struct source_mark *mark,
                              const struct source_resume *how, struct source_older *older,
                              struct error *err);
/*
 * Those that by their names were rotated away after the file that is open there, and before that of
 * `until` (-1: there is none), which may have been rotated away itself by now; added to *newer.
 * born_ns: when that file was made, as it was first opened; 0: not known. What is older came before
 * it, whatever its name: a rotation may count upwards, or begin anew each month. *named
 * (or NULL): does the file itself have such a name still? Then only is it known what came after it.
 */
bool source_find_newer(const char *path, int fd, int64_t born_ns, int until, bool *named,
                       struct source_older *newer, struct error *err);
/*
 * The file that is open there is nowhere: says so if another may have come between it and FILE,
 * open as `named`.
 */
void source_say_gone(const char *path, int fd, int named, const struct source_resume *how);
void source_older_free(struct source_older *older); /* the list; the sources are the caller's */

#endif
