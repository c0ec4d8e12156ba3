/*
 * run/inlet.h - one of the FILEs (or stdin) that a run reads: source, reader, parser threads, and
 * how far the batch at hand was dealt with.
 *
 *     source ─> input ─> feed ─> batch at hand
 *
 * With several FILEs the next record is always taken from the one whose clock is lowest, so each
 * has its own batch at hand and its own clock. A rotated file is followed by `next`, the new one.
 */
#ifndef RUN_INLET_H
#define RUN_INLET_H

#include "base/error.h"
#include "input/input.h"
#include "run/feed.h"
#include "source/source.h"
#include "verdict/clock.h"

struct running;

/* Where we are in a batch. */
struct place {
    size_t good, bad; /* records dealt with */
    size_t bytes;     /* of the block, noted in the source's position */
};

struct inlet {
    struct source source; /* the bytes that are read now */
    struct source next;   /* what is read after them: the new file behind a rotated one */
    struct input_options options;
    struct input *input;
    struct feed *feed;
    const struct batch *batch; /* at hand; NULL: none */
    const struct keys *keys;   /* its keys, by enum feed_keys */
    struct place at;
    uint64_t first_line; /* of the batch */
    bool settled;        /* a block was handed out: format and columns are known */
    bool empty;          /* its end was met before its turn */
    bool ended;          /* it has no more records, and its clock counts no more */
    struct clock clock;
};

void inlet_init(struct inlet *in); /* nothing is open */
void inlet_close(struct inlet *in);

/* The reader; nothing is read yet. */
void inlet_start_input(struct running *r, struct inlet *in);
/* The threads, from here on they read. */
void inlet_start_feed(struct running *r, struct inlet *in);

/* Goes on with the file behind a rotated one; false: there is none. */
bool inlet_next_source(struct running *r, struct inlet *in);

/* Are records or bad ones left in the batch at hand? */
bool inlet_has_records(const struct inlet *in);

/* Does the block end within a record over the limit, whose rest is still to come? */
bool inlet_ends_within(const struct block *block);

/*
 * What was dealt with of the batch becomes the source's position. To be called before anything is
 * made durable, and when a batch is done.
 */
void inlet_settle(struct running *r, struct inlet *in);

/*
 * The open one to be read next: the lowest clock, of equal ones the earlier FILE; NULL: all have
 * ended. A clock that has seen nothing is the lowest.
 */
struct inlet *inlet_lowest(struct running *r);

/* The end of good records from..to after which another one's turn has come, or `to`. */
size_t inlet_turn(const struct running *r, const struct inlet *in, size_t from, size_t to);

#endif
