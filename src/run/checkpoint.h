/*
 * run/checkpoint.h - when a snapshot is taken, how, and at what cost.
 *
 * Between two batches all but the engine's state, which is little, is put into an image; then the
 * engine adds its own in steps, while records go on to be consumed (engine/saving.h); then a thread
 * makes it durable (run/scribe.h). So a record waits for a step at most, and no byte is copied but
 * into the image. Small ones that are due by number of records are written in place, and so are
 * the first and the last.
 *
 * Many ids or sources are not saved in steps: where there are megabytes of them a forked child
 * writes the snapshot, which sees the state as it was at the fork. The pause is the fork's, 2 to 3
 * ms for 100 MB; the price is copy-on-write, a page fault for each page that is changed meanwhile,
 * three times what the steps cost in all. A log of changes would cost less for skewed updates, but
 * needs a second format, compaction, and dirty marks on the hot path.
 *
 * What one costs is measured, so that the cost of the next one is known from the size of the state
 * (the first time it is a guess), and that one waits until the run has used 50 times as much
 * processor time, or for 200 times as long by the clock: a stream that is nearly quiet must have
 * its snapshots, too. On a machine that is busy with other things a second of the clock is less
 * than one of processor time, so the clock alone would promise too much.
 *
 * The order, which the crash tests hold it to:
 *
 *     write rows                              the image says how many bytes of them it covers
 *     fdatasync outputs                       what the snapshot covers is durable before it is
 *     write STATE.tmp, fsync                  the thread's part, or the child's
 *     rename to STATE, fsync the directory
 *     --hold: only now write the rows that it covers; they stand in it, in case we die before
 *
 * Outputs are synced by this process: an error that fsync reports to a forked child would never
 * reach the parent.
 *
 * The child of a process with threads may call what is safe in a signal handler only, says POSIX,
 * and this one allocates. glibc and musl both take the locks of malloc(3) before a fork and give
 * them back in the child; no other lock that it needs is ever held by another thread: it uses no
 * stdio, and the parser threads have no part in the state. Its error comes back through a pipe.
 */
#ifndef RUN_CHECKPOINT_H
#define RUN_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "run/scribe.h"

struct running;

/* Tests make them small: tests/hostile.c. */
extern struct checkpoint_tuning {
    size_t small_bytes; /* up to here a snapshot may be written in place */
    size_t rest_bytes;  /* so much but the engine's state may be put into the image at once */
    size_t step_bytes;  /* and so much of that: half a millisecond */
} checkpoint_tuning;

enum checkpoint_stage {
    CHECKPOINT_NONE,    /* nothing is under way */
    CHECKPOINT_SAVING,  /* the engine's state is being put into the image, step by step */
    CHECKPOINT_WRITING, /* the image is being written */
    CHECKPOINT_FORKED,  /* a child does all of it */
};

struct checkpoint {
    char *path; /* the state file, behind the links that lead to it; NULL: no --state */
    int lock_fd;
    struct buf image;
    int64_t interval_ns; /* as asked for; 0: by records */
    int64_t due_ns;      /* on the monotonic clock: not before */
    int64_t last_ns;     /* when the last one was done, on that clock */
    int64_t last_cpu_ns; /* and in processor time of the run */
    uint64_t every_records, records_left;
    unsigned failures; /* in a row, to write a snapshot */

    enum checkpoint_stage stage;
    size_t section;       /* CHECKPOINT_SAVING: the engine's, which is open */
    size_t stepped_bytes; /* of the image, when the last step had ended */
    struct scribe scribe; /* CHECKPOINT_WRITING */
    pid_t child;          /* CHECKPOINT_FORKED */
    int child_fd;         /* where it says why it failed */
    size_t held;          /* pending bytes of stdout that it covers (--hold) */
    uint64_t sequence;    /* number of the last snapshot that was begun, over all runs */
    long faults_before;

    uint64_t taken;     /* snapshots published */
    int64_t longest_ns; /* the interval, where it was stretched most */
    int64_t cost_ns;    /* processor time of the last one */
    size_t bytes;       /* about what it took */
    size_t rest_bytes;  /* of it, what is not written in steps */
    double byte_ns;     /* what a byte of a large one costs */
};

/* Finds the state file and locks it. checkpoint_close() also behind a failure. */
bool checkpoint_open(struct checkpoint *c, const char *path, struct error *err);
void checkpoint_stop(struct checkpoint *c); /* waits for what is under way: call it before outputs
                                               are closed */
void checkpoint_close(struct checkpoint *c);

/* Of a fresh run that failed before its first record: a snapshot of nothing would be in the way of
   the next one, which has other options or another input. */
void checkpoint_withdraw(struct checkpoint *c);

/*
 * --hold into a pipe: the rows that a snapshot holds are written once it is durable, so a restart
 * must know whether they were. The number of the last snapshot whose rows are out stands in the
 * lock file, written right behind the rows: only a crash between the two repeats them.
 */
void checkpoint_note_released(const struct checkpoint *c);
bool checkpoint_was_released(const struct checkpoint *c, uint64_t sequence, bool *was,
                             struct error *err);

/* At a fresh start: what an older run has noted is not of this one. */
bool checkpoint_forget_released(const struct checkpoint *c, struct error *err);

/* Starts counting from now. */
void checkpoint_start(struct running *r);

/* How many records may be processed before a snapshot is due by number. */
static inline uint64_t checkpoint_room(const struct checkpoint *c)
{
    return c->every_records == 0 ? UINT64_MAX : c->records_left;
}

/*
 * Takes a snapshot if one is due, after `records` more; false on a failure that ends the run. After
 * EPIPE none is taken any more, here and below: what the reader did not get must come again.
 */
bool checkpoint_if_due(struct running *r, uint64_t records);

/* When to look again while waiting for input, or -1 if time does not tell. */
int64_t checkpoint_due_ns(const struct checkpoint *c);

/*
 * Takes a snapshot now and waits until it is durable. `finished`: the input was flushed, there is
 * nothing to go on with.
 */
bool checkpoint_now(struct running *r, bool finished);

/* Appends the whole state of a run to *image, sealed. */
bool checkpoint_image(struct running *r, bool finished, struct buf *image);

#endif
