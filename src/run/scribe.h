/*
 * run/scribe.h - writes a snapshot in a thread of its own, so that no record waits for the disk.
 *
 *     scribe_start(&s, ...)    then the run goes on; the image and the descriptors are the scribe's
 *     scribe_is_done(&s)       looks
 *     scribe_end(&s)           waits, and says how it went
 *
 * It makes the outputs durable, seals the image, writes STATE.tmp, makes it durable, and publishes
 * it, in this order. What is written to an output meanwhile does no harm: the image says how much
 * belongs to it. A thread, not a process: an error of fsync(2) is told to who has the file open,
 * and a killed run leaves nobody behind that could replace the snapshot of the next.
 */
#ifndef RUN_SCRIBE_H
#define RUN_SCRIBE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "output/sink.h"

struct scribe {
    pthread_t thread;
    bool running; /* from scribe_start() to scribe_end() */
    atomic_bool done;
    const char *path; /* borrowed, all three */
    struct buf *image;
    const struct sink *sinks;
    size_t n_sinks;
    int error;        /* writing the snapshot failed: an error number */
    struct error err; /* an output can't be made durable */
    int64_t cost_ns;  /* processor time */
};

/* The sections of the image are complete. Where no thread can be had, it is done at once. */
void scribe_start(struct scribe *s);
bool scribe_is_done(const struct scribe *s);
void scribe_end(struct scribe *s);

#endif
