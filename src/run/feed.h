/*
 * run/feed.h - batches in the order of the input, parsed by as many threads as asked for.
 *
 *     slots    [ done | done | parsing | read | free | free ]      a ring, by sequence number
 *                ^ next for the aggregator       ^ next to be read
 *
 * Reading is one thread's at a time, parsing anybody's: the aggregator's own thread parses too when
 * the batch that it needs is not ready, so with two threads both are always busy. It never reads
 * where reading may wait (a pipe), because a batch might become ready meanwhile. The order of
 * batches, and so every result, is that of the input, whatever the number of threads.
 */
#ifndef RUN_FEED_H
#define RUN_FEED_H

#include "base/error.h"
#include "engine/keys.h"
#include "input/input.h"
#include "verdict/verdict.h"

struct feed;

enum { FEED_THREADS_MAX = 64 };

/*
 * Columns of a batch that are encoded as one, by who parses: the aggregator has enough to do.
 * Sources are wanted by who keeps something for each of them; the clocks know them as they were
 * read.
 */
enum feed_keys { FEED_GROUP, FEED_SOURCE, FEED_ID, FEED_N_KEYS };
struct feed_columns {
    bool wanted;
    size_t first, n;
};

struct feed_options {
    unsigned threads; /* the aggregator's own included, 1 to FEED_THREADS_MAX */
    bool may_wait;    /* reading may block for long (a pipe) */
    struct feed_columns keys[FEED_N_KEYS];
    uint64_t key_seed;                 /* of their hashes: seed_of_process() */
    const struct verdict_rules *rules; /* borrowed */
};

struct feed *feed_start(struct input *in, const struct feed_options *options);

/*
 * The next batch and its keys, by enum feed_keys, those that are not wanted being empty; they and
 * the block are valid until the next call. Those of FEED_GROUP may be empty, too, from the first
 * call without wants_groups on. On anything but INPUT_BLOCK (*batch)->block is empty and
 * says where the input ended, and no further call is allowed, but after feed_again().
 */
enum input_status feed_next(struct feed *feed, bool wants_groups, const struct batch **batch,
                            const struct keys **keys, struct error *err);

/* After INPUT_DRY, and input_again(): reads on. */
void feed_again(struct feed *feed);

/*
 * Waits until feed_next() need not wait, or until deadline_ns on the monotonic clock; false: it is
 * the deadline. Without threads that read ahead it returns true at once.
 */
bool feed_wait(struct feed *feed, int64_t deadline_ns);

/* Stops the threads, also one that waits for input. */
void feed_stop(struct feed *feed);

#endif
