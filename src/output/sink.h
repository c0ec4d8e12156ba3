/*
 * output/sink.h - a place that bytes go to: stdout, --output, --late, --bad.
 *
 * Bytes are collected in `pending` and written by sink_flush(); `position` is where the next
 * written byte will stand (the size of the file at the start, then counted).
 */
#ifndef OUTPUT_SINK_H
#define OUTPUT_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attend.h"
#include "base/buf.h"
#include "base/error.h"

struct sink {
    int fd;           /* -1: not open, everything is discarded */
    const char *name; /* for messages; borrowed */
    uint64_t position;
    struct buf pending;
    bool owned;            /* close it at the end */
    bool regular;          /* a regular file: what was written can be cut off again */
    bool append;           /* O_APPEND: bytes go to the end, whoever else wrote there */
    bool exclusive;        /* check after each write that no one else has written, */
    bool shared;           /*   but for messages, which go to the same file: >>log 2>&1 */
    bool whole;            /* a reader that leaves is an error: what it did not read is lost */
    bool held;             /* sink_flush() does nothing: --hold */
    bool writing;          /* within sink_write(), which looks at signals */
    bool closed_by_reader; /* EPIPE: the reader has gone; nothing is written any more */
    void (*before)(void);  /* NULL, or called before bytes are written */
    struct attend attend;  /* what a write looks at that waits for a reader */
    uint64_t stalled;      /* bytes given up when we were asked to stop and the reader did not
                              read; then closed_by_reader is set, too */
};

/* Opens a file for appending; creates it if asked to. */
bool sink_open(struct sink *sink, const char *path, bool create, struct error *err);
/* Takes an open descriptor, which stays the caller's; one that is closed fails when it is written.
 */
bool sink_adopt(struct sink *sink, int fd, const char *name, struct error *err);

/*
 * Writes out what is pending, whole, unless it is held. False on an error other than EPIPE; then
 * what is pending is given up, so that no later call can write it behind a gap.
 */
bool sink_flush(struct sink *sink, struct error *err);

/* Writes out the first `len` pending bytes, held or not. */
bool sink_write(struct sink *sink, size_t len, struct error *err);

/* Makes what was written durable, if it is a regular file. An error is final: see base/io.h. */
bool sink_sync(const struct sink *sink, struct error *err);

/* Goes on at the end of a regular file, behind what others may have appended. */
bool sink_go_to_end(struct sink *sink, struct error *err);

/*
 * Brings a regular file back to `position`: what stands behind it, *bytes, is cut off, durably. The
 * check is apart, so that all outputs can be checked before any is touched; it refuses a file that
 * is shorter, has no name any more, or can only be appended to.
 */
bool sink_check_cut(const struct sink *sink, uint64_t position, struct error *err);
bool sink_cut(struct sink *sink, uint64_t position, uint64_t *bytes, struct error *err);

/* Flushes and closes; a close(2) that fails is an error too (NFS reports full disks there). */
bool sink_close(struct sink *sink, struct error *err);

#endif
