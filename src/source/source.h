/*
 * source/source.h - the input file or pipe, and how far it was read.
 */
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

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
    int ahead_fd;     /* of a pipe: what was read before the run, to be read first; -1: nothing */
    int packed_fd;    /* the compressed file whose unpacked bytes fd gives; -1: none */
    struct unpack unpack;
    bool regular;  /* fd is a regular file; a compressed one is a pipe to us */
    uint64_t base; /* a regular file: the offset of the descriptor when the run began */
    struct input_position position;
    struct digest digest;  /* of all bytes up to the position, from `origin` on */
    uint64_t preamble;     /* where its header ends; 0: it has none, or is not known yet */
    uint64_t origin;       /* above 0 after --resume continue: what came before was not seen */
    struct buf head, tail; /* its first and its last bytes up to the position: source_remember() */
};

/*
 * path NULL: stdin. A FILE that is compressed is read through the program that unpacks it. False:
 * errno says why, 0: that program is missing.
 */
bool source_open(struct source *source, const char *path, struct error *err);

/* A regular file of this path that is open, at its beginning. */
void source_open_again(struct source *source, const char *path, int fd);

/* Nothing is open. */
static inline struct source source_none(void)
{
    return (struct source){.fd = -1, .ahead_fd = -1, .packed_fd = -1, .unpack.fd = -1};
}

/* read(2), of what was read ahead first. */
ssize_t source_read(struct source *source, char *bytes, size_t len);

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

/* Is there anything behind the position? For a finished run. */
bool source_at_end(const struct source *source, bool *at_end, struct error *err);

#endif
