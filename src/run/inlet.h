/*
 * run/inlet.h - one of the FILEs (or stdin) that a run reads: source, reader, parser threads, and
 * how far the batch at hand was dealt with.
 *
 *     source ─> input ─> feed ─> batch at hand
 *
 * With several FILEs the next record is always taken from the one whose clock is lowest, so each
 * has its own batch at hand and its own clock.
 *
 *     FILE      [ older: app.log.2 | app.log.1 ]  app.log      generations of one FILE, one clock
 *
 * A file that was rotated away is an inlet of its own, which is read before the one in its place.
 */
#ifndef RUN_INLET_H
#define RUN_INLET_H

#include <sys/stat.h>

#include "base/error.h"
#include "input/input.h"
#include "run/feed.h"
#include "source/again.h"
#include "verdict/clock.h"

struct resume_generation;
struct running;

/* Where we are in a batch. */
struct place {
    size_t good, bad; /* records dealt with */
    size_t bytes;     /* of the block, noted in the source's position */
};

struct inlet {
    struct inlet *file;   /* whose generation this is; itself, if it is what the FILE names now */
    struct inlet **older; /* of that: those before it, the oldest first */
    size_t n_older;
    const char *path;                      /* of a FILE, as on the command line; NULL: stdin */
    const struct resume_generation *saved; /* while resuming: what the snapshot says of it */
    struct source source;
    struct input_options *options;
    struct input *input;
    struct feed *feed;
    const struct batch *batch; /* at hand; NULL: none */
    const struct keys *keys;   /* its keys, by enum feed_keys */
    struct place at;
    uint64_t first_line; /* of the batch */
    bool settled;        /* a block was handed out: format and columns are known */
    bool empty;          /* its end was met before its turn */
    bool ended;          /* of a FILE: it has no more records, and its clock counts no more */
    bool dry;            /* --follow: its end was met; it may grow */
    bool done;        /* --follow: compressed, and read to its end; kept for who comes behind it */
    struct stat seen; /* as it was when we looked at it last */
    int64_t looked_ns, quiet_ns; /* --follow: the last look, and for how long looks found nothing */
    int64_t denied_ns;           /* --follow: since when its new file may not be read; 0: it may */
    bool said_denied, said_truncated;
    struct clock clock; /* of a FILE */
    /* Of a FILE, with --idle-timeout: for how long it was waited for since its last record; and
     * before something else came, which does not count until it is waited for again. */
    int64_t silent_ns, part_ns;
};

void inlet_init(struct inlet *in); /* nothing is open */
void inlet_close(struct inlet *in);

/* The reader; nothing is read yet. */
void inlet_start_input(struct running *r, struct inlet *in);
/* The threads, from here on they read. */
void inlet_start_feed(struct running *r, struct inlet *in);

/* An older generation of the FILE behind those that it has; it takes over the source. */
struct inlet *inlet_add_older(struct inlet *file, struct source *source);
void inlet_drop_older(struct running *r, struct inlet *in);

/* The files of the older generations are others, as is known: how->taken, which it returns, to be
 * freed. */
int *inlet_take_older(const struct inlet *file, struct source_resume *how);

/* What the FILE has at hand becomes its newest older generation; it has no file then. */
void inlet_shift(struct inlet *file);
/* The FILE has no file: what it had is gone. */
void inlet_empty(struct inlet *file);

/* Which generation of the FILE is read now, unless it is followed. */
struct inlet *inlet_generation(struct inlet *file);

/* Its place on the command line, and among the clocks. */
uint32_t inlet_number(const struct running *r, const struct inlet *in);

/* Calls it for each generation of each FILE; stops and returns false when it does. */
bool inlet_each(struct running *r, bool (*visit)(struct running *r, struct inlet *in));

/* Are records or bad ones left in the batch at hand? */
bool inlet_has_records(const struct inlet *in);

/* Does the block end within a record over the limit, whose rest is still to come? */
bool inlet_ends_within(const struct block *block);

/*
 * What was dealt with of the batch becomes the source's position. To be called before anything is
 * made durable, when a batch is done, and at the end. Always true: for inlet_each().
 */
bool inlet_settle(struct running *r, struct inlet *in);

/*
 * The open one to be read next: the lowest clock, of equal ones the earlier FILE; NULL: all have
 * ended. A clock that has seen nothing is the lowest.
 */
struct inlet *inlet_lowest(struct running *r);

/* The end of good records from..to after which another one's turn has come, or `to`. */
size_t inlet_turn(const struct running *r, const struct inlet *in, size_t from, size_t to);

#endif
