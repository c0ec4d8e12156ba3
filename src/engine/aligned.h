/*
 * engine/aligned.h - inside of the engine for tumbling and sliding windows.
 *
 *     aligned.c       its state: what is due next, saved, loaded
 *     aligned_add.c   steps 1 to 3 of a record
 *     aligned_fire.c  step 4, the timers
 *
 * Live windows stand in one array by start, which is also by end: all are equally long.
 *
 *     windows  [ passed ... | open ... ]        passed: end <= W, still taking late records
 *                           ^ n_passed
 *
 * The timers are then the two ends of these runs: the oldest passed window is the next to expire,
 * the oldest open one the next to fire on time.
 *
 * Windows that overlap share their records in slices (engine/slices.h) as long as they are open;
 * the right-hand run is empty then, and a window is put together when it fires. It stays on the
 * left, with cells of its own, while it can still be refined. What grows with the number of values
 * is lent to them for the firing; a cell gets it again from the slices, which are kept as long,
 * with its first late record. Few cells ever get one.
 *
 * With --fill a window shows for which keys it has no record when it is put together. Where it is
 * to be filled before it fires (--early D, --final), it is open from its first record on.
 *
 * Early panes show each window before its end. With --early D the open windows have cells of their
 * own, and the slices hold what came since the last tick: at the next one it is spread over all
 * open windows, a merge for each key, slice and window, and a window that passes in between takes
 * its part. With --early N any record may fire, so every record goes into each of its windows.
 */
#ifndef ENGINE_ALIGNED_H
#define ENGINE_ALIGNED_H

#include "engine/engine.h"
#include "engine/fill.h"
#include "engine/fresh.h"
#include "engine/key_memo.h"
#include "engine/recent.h"
#include "engine/saving.h"
#include "engine/slices.h"
#include "engine/volley.h"
#include "engine/windows.h"

struct hit;

struct aligned {
    struct engine engine; /* first: an engine is cast to the struct it begins */
    struct windows windows;
    size_t n_passed;
    bool sliced;  /* records go into slices */
    bool spreads; /* if so: slices are spread over windows, which are open already */
    bool lends;   /* or lend what grows to windows that fire, to be returned for a late record */
    bool alone;   /* a time is in one window at most */
    struct slices slices;
    struct fill *fill;    /* NULL: no window is filled */
    bool ticks;           /* --early D */
    struct fresh fresh;   /* if so: the open windows that it fires */
    struct recent recent; /* windows or slices */
    struct key_memo memo; /* of their cells */
    struct hit *hits;     /* scratch: where the record went */
    size_t hits_capacity;
    struct volley volley; /* scratch: cells that fire together */
    struct saving saving; /* a snapshot that is being written meanwhile: */
    struct {
        size_t expiring, firing, leaving; /* its first window, open window, slice to be looked at */
    } to_save;
};

static inline struct aligned *aligned_of(struct engine *e)
{
    return (struct aligned *)(void *)e;
}

/* When a window that has not passed is to be fired: --final waits until it can't change any more.
 */
static inline int64_t aligned_firing_ns(const struct engine *e, int64_t end_ns)
{
    return e->panes.options.final ? engine_expiry(e, end_ns) : end_ns;
}

static inline bool aligned_has_passed(const struct engine *e, const struct window_bounds *bounds)
{
    return engine_reached(e, aligned_firing_ns(e, bounds->end_ns));
}

/* The next window to fire of those that exist in slices only. */
static inline bool aligned_next_in_slices(const struct aligned *a, struct window_bounds *next)
{
    return a->sliced && !a->spreads && slices_next(&a->slices, next);
}

/* Sets the timer to what is due first. */
void aligned_set_timer(struct aligned *a);

/* The next window to be filled. At the end of the input it goes up to aligned_fill_end(). */
bool aligned_fill_due(const struct aligned *a, struct window_bounds *next);
int64_t aligned_fill_end(const struct engine *e);

/* Tells the slices which windows have passed; an end that saturated has not. */
void aligned_pass_slices(struct aligned *a);

/* For engine_ops. */
void aligned_consume(struct engine *e, size_t from, size_t to);
void aligned_merge(struct engine *e, const struct engine_delta *delta, size_t i);
void aligned_run_timers(struct engine *e);
void aligned_fire_unfired(struct engine *e);

#endif
