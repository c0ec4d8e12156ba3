/*
 * source/source.h - the input file or pipe, how far it was read, and finding it again.
 *
 * A snapshot identifies the input by its content: a hash of its first bytes, one of the last bytes
 * before the position, and a digest of everything before it. So a file that was renamed (rotated)
 * is still found, and another file of the same name is not taken for it.
 */
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "input/input.h"
#include "snapshot/digest.h"
#include "source/unpack.h"

/* Of what a mark tells: the head, and the tail of a file that is still there, or from memory. */
enum { SOURCE_HEAD_BYTES = 4096, SOURCE_TAIL_BYTES = 65536, SOURCE_MEMORY_BYTES = 1024 };

struct source {
    const char *name; /* for messages: the path, or "stdin" */
    char *path;       /* NULL: stdin */
    int fd;           /* -1: not open */
    int packed_fd;    /* the compressed file whose unpacked bytes fd gives; -1: none */
    struct unpack unpack;
    bool regular;  /* fd is a regular file; a compressed one is a pipe to us */
    uint64_t base; /* a regular file: the offset of the descriptor when the run began */
    struct input_position position;
    struct digest digest;  /* of all bytes up to the position, from `origin` on */
    uint64_t origin;       /* above 0 after --resume continue: what came before was not seen */
    struct buf head, tail; /* its first and its last bytes up to the position: source_remember() */
};

/* What a snapshot says of the input. */
struct source_mark {
    struct input_position position;
    uint64_t origin;
    uint64_t head_len, tail_len; /* 0 for a pipe */
    struct digest_value head, tail, digest;
    uint64_t chain_low, chain_high; /* the digest's state over whole chunks */
    /* Which of several it is that hold the same so far, a header say: the file's, or 0. */
    uint64_t device, inode;
    int64_t born_ns, modified_ns; /* an inode's number is soon another file's; 0: not known */
};

/* path NULL: stdin. A FILE that is compressed is read through the program that unpacks it. */
bool source_open(struct source *source, const char *path, struct error *err);

/* A regular file of this path that is open, at its beginning. */
void source_open_again(struct source *source, const char *path, int fd);

/* The file that was opened, compressed or not. */
static inline int source_file(const struct source *source)
{
    return source->packed_fd >= 0 ? source->packed_fd : source->fd;
}

/* To be called at the end of the input. False (EXIT_RUNTIME): unpacking it failed. */
bool source_end(struct source *source, struct error *err);
void source_close(struct source *source);

/*
 * Notes that the run has dealt with the next `len` bytes, in which `lines` lines end. For a
 * snapshot the same bytes go into source->digest (digest_add).
 */
void source_move(struct source *source, size_t len, uint64_t lines, bool overlong);

/* So that a file that was truncated in place, or compressed, can be told from what it was. */
void source_remember(struct source *source, const char *bytes, size_t len);

/* Do other bytes stand in the file before the position than those that were read there? */
bool source_is_other(const struct source *source);

/*
 * False (EXIT_RUNTIME) if the file can't be read where it was read before. `follows`: that is no
 * failure, the mark is made from memory.
 */
bool source_mark(const struct source *source, bool follows, struct source_mark *mark,
                 struct error *err);
void source_mark_save(const struct source_mark *mark, struct buf *to);
bool source_mark_load(struct source_mark *mark, const unsigned char **at, const unsigned char *end);

struct source_resume {
    bool verify_full; /* compare all bytes, not only head and tail */
    bool continues;   /* a pipe goes on where the last one ended: nothing to skip */
    bool follows;     /* files that were rotated away meanwhile are read in turn */
    const int *taken; /* descriptors of n_taken files beside it that are others, as is known */
    size_t n_taken;
};

/*
 * Is the input that the command line names, already open (or not: fd -1 with a path, if it does not
 * exist just now), the one that the mark was taken from? Then it is brought to the position.
 */
bool source_resume(struct source *source, const struct source_mark *mark,
                   const struct source_resume *how, bool *is_it, struct error *err);

/*
 * If it is another file: finds the one of the mark beside it (source/rotated.h), compressed or not,
 * and adds it to *older, at its position, then those that by their names were rotated away after
 * it; without `follows` such files are a failure. False (EXIT_RUNTIME) too if there is none, with
 * what was expected and what was found.
 */
struct source_older {
    struct source *at; /* the oldest first */
    size_t n;
};
/* Opens a file beside the named one; it has the path that it was found under. */
bool source_open_found(struct source *source, const char *path, struct error *err);
bool source_find(const struct source *named, const struct source_mark *mark,
                 const struct source_resume *how, struct source_older *older, struct error *err);
/*
 * Those that by their names were rotated away after the file that is open there, and before that of
 * `until` (-1: there is none), which may have been rotated away itself by now; added to *newer.
 */
bool source_find_newer(const char *path, int fd, int until, struct source_older *newer,
                       struct error *err);
void source_older_free(struct source_older *older); /* the list; the sources are the caller's */

/* Does it begin as the input did that the mark was taken from? For telling several FILEs apart. */
bool source_begins_as(const struct source *source, const struct source_mark *mark);

/* Is there anything behind the position? For a finished run. */
bool source_at_end(const struct source *source, bool *at_end, struct error *err);

#endif
