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

#include "base/buf.h"
#include "base/error.h"

struct sink {
    int fd;           /* -1: not open, everything is discarded */
    const char *name; /* for messages; borrowed */
    uint64_t position;
    struct buf pending;
    bool owned;            /* close it at the end */
    bool closed_by_reader; /* EPIPE: the reader has gone; nothing is written any more */
};

/* Opens a file for appending, creating it. */
bool sink_open(struct sink *sink, const char *path, struct error *err);
/* Takes an open descriptor, which stays the caller's. */
void sink_adopt(struct sink *sink, int fd, const char *name);

/* Writes out what is pending, whole. False on an error other than EPIPE. */
bool sink_flush(struct sink *sink, struct error *err);

/* Flushes and closes; a close(2) that fails is an error too (NFS reports full disks there). */
bool sink_close(struct sink *sink, struct error *err);

#endif
