/*
 * source/mark.h - what a snapshot says of an input, and whether a file is that input.
 *
 * It is known by its content: a hash of its first bytes, one of the last bytes before the position,
 * and a digest of everything before it. So a file that was renamed (rotated) is still found, and
 * another file of the same name is not taken for it.
 */
#ifndef SOURCE_MARK_H
#define SOURCE_MARK_H

#include <sys/stat.h>

#include "base/buf.h"
#include "source/source.h"

struct source_mark {
    struct input_position position;
    bool within_header; /* nothing behind it was read: any file of its kind begins with the same */
    uint64_t origin;
    uint64_t head_len, tail_len; /* 0 for a pipe */
    struct digest_value head, tail, digest;
    uint64_t chain_low, chain_high; /* the digest's state over whole chunks */
    /* Which of several it is that hold the same so far, a header say: the file's, or 0. */
    uint64_t device, inode;
    int64_t born_ns, modified_ns; /* an inode's number is soon another file's; 0: not known */
};

/*
 * *other: do other bytes stand in the file before the position than those that were read there?
 * False (EXIT_RUNTIME): that can't be told.
 */
bool source_is_other(const struct source *source, bool *other, struct error *err);

/*
 * False (EXIT_RUNTIME) if the file can't be read, or does not hold any more what was read of it.
 * `follows`: the latter is no failure, the mark is made from memory.
 */
bool source_mark(const struct source *source, bool follows, struct source_mark *mark,
                 struct error *err);
/* The same of what was read alone, which is remembered: whatever the file holds by now. */
bool source_mark_read(const struct source *source, struct source_mark *mark, struct error *err);
void source_mark_save(const struct source_mark *mark, struct buf *to);
bool source_mark_load(struct source_mark *mark, const unsigned char **at, const unsigned char *end);

/*
 * *same: does it begin as the input did that the mark was taken from? For telling several FILEs
 * apart. False (EXIT_RUNTIME): that can't be told.
 */
bool source_begins_as(const struct source *source, const struct source_mark *mark, bool *same,
                      struct error *err);

/*
 * Is this file, as far as head and tail tell, the one that the mark was taken from? MARK_FAILED:
 * errno says why that can't be told.
 */
enum mark_match { MARK_SAME, MARK_SHORTER, MARK_OTHER, MARK_FAILED };
enum mark_match mark_compare(const struct source *source, int fd, const struct source_mark *mark);

/* When it was written for the last time. */
int64_t mark_modified_ns(const struct stat *st);

/* When the file was made; 0: the file system, or the kernel, does not keep that. False: errno. */
bool mark_born_ns(int fd, int64_t *ns);

/*
 * The same inode is the same file. A compressed or restored one has another: then it is the one
 * that was written to first since the mark was made, for others follow it. Of one that was there
 * before the file itself was made there is every doubt. False: errno.
 */
bool mark_doubt(int fd, const struct stat *st, const struct source_mark *mark, int64_t *doubt);

#endif
