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

enum { SOURCE_HEAD_BYTES = 4096, SOURCE_TAIL_BYTES = 65536 };

struct source {
    const char *name; /* for messages: the path, or "stdin" */
    char *path;       /* NULL: stdin */
    int fd;           /* -1: not open */
    int packed_fd;    /* the compressed file whose unpacked bytes fd gives; -1: none */
    struct unpack unpack;
    bool regular;  /* fd is a regular file; a compressed one is a pipe to us */
    uint64_t base; /* a regular file: the offset of the descriptor when the run began */
    struct input_position position;
    struct digest digest; /* of all bytes up to the position, from `origin` on */
    uint64_t origin;      /* above 0 after --resume continue: what came before was not seen */
};

/* What a snapshot says of the input. */
struct source_mark {
    struct input_position position;
    uint64_t origin;
    uint64_t head_len, tail_len; /* 0 for a pipe */
    struct digest_value head, tail, digest;
    uint64_t chain_low, chain_high; /* the digest's state over whole chunks */
};

/* path NULL: stdin. A FILE that is compressed is read through the program that unpacks it. */
bool source_open(struct source *source, const char *path, struct error *err);

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

/* False (EXIT_RUNTIME) if the file can't be read where it was read before. */
bool source_mark(const struct source *source, struct source_mark *mark, struct error *err);
void source_mark_save(const struct source_mark *mark, struct buf *to);
bool source_mark_load(struct source_mark *mark, const unsigned char **at, const unsigned char *end);

/*
 * Finds the input that the mark was taken from and brings it to the position: `source` is what the
 * command line names, already open (or not: fd -1 with a path, if it does not exist just now). When
 * that file is another one, files beside it (PATH.1, PATH-*) are looked at; if one matches, it
 * becomes *source and the named file *next. If by its name another one was rotated away after it,
 * whose records would be passed over, the resumption is refused.
 */
struct source_resume {
    bool verify_full; /* compare all bytes, not only head and tail */
    bool continues;   /* a pipe goes on where the last one ended: nothing to skip */
};
bool source_resume(struct source *source, struct source *next, const struct source_mark *mark,
                   const struct source_resume *how, struct error *err);

/* Does it begin as the input did that the mark was taken from? For telling several FILEs apart. */
bool source_begins_as(const struct source *source, const struct source_mark *mark);

/* Is there anything behind the position? For a finished run. */
bool source_at_end(const struct source *source, bool *at_end, struct error *err);

#endif
