/*
 * engine/engine.h - the semantics, record by record: windows, watermark, triggers, timers.
 *
 *     e = engine_new(&options);
 *     engine_consume(e, &records, from, to);   good records of a batch, in order
 *     engine_finish(e);                        end of input: W becomes +infinity, every timer runs
 *     engine_interrupt(e);                  or: fires what is unfired, as partial results
 *     engine_free(e);
 *
 * A record is processed in the steps of the spec: find its windows, add it, fire what it triggers,
 * move the watermark, run the timers that W has reached. Adding is deferred: (accumulators, row)
 * pairs pile up in `pending` and go to each aggregate's add() in one call, before anything reads
 * an accumulator and at the end of the batch.
 *
 * Partial results come and go as deltas: of a unit of the windows that belongs to each of them
 * wholly or not at all, or of a session as far as its shard knows it. engine_merge() takes them in
 * the place of records; with options.partial they are what is written. Then W is written, too, as
 * it moves past the ends of units, behind all deltas that it closes.
 *
 * Two engines share this frame: engine/aligned.h (tumbling, sliding) and engine/sessions.c.
 * Rows go to the panes' sink, too-late records to `late`; a failed write shows in panes.err.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/dedup.h"
#include "engine/keys.h"
#include "engine/pane.h"
#include "input/input.h"
#include "time/watermark.h"

struct engine_counts {
    uint64_t used, late, too_late, unassigned; /* late: among the used */
    uint64_t filtered, duplicates;
    uint64_t partly_late;   /* among the used: some of their windows had expired */
    uint64_t replayed;      /* seen before the snapshot's position */
    uint64_t fill_skipped;  /* empty windows of a key beyond FILL_ROWS_MAX in a row */
    int64_t too_late_by_ns; /* the longest lag of a record that was too late */
    uint64_t windows;       /* opened; swallowed sessions not counted */
};

/* What the records of this run that were late need: not saved, since it is for this run's messages.
 */
struct engine_lateness {
    uint64_t too_late, partly_late;
    int64_t lag_ns; /* the longest of all late ones: how far it lay behind W */
};

enum { ENGINE_PENDING = 1024 };

/* Canonical encodings of the fields of a key, and their hash. */
struct engine_key {
    const unsigned char *bytes;
    uint32_t len, hash;
};

struct engine {
    const struct engine_ops *ops;
    struct window_spec window;
    struct window_spec whole; /* what was asked for: partial results are of its units */
    struct watermark watermark;
    struct panes panes;
    uint64_t key_seed; /* seed_of_process() */
    size_t acc_bytes;  /* of one block of accumulators */
    struct sink *late; /* too-late records, verbatim; borrowed */
    struct engine_counts counts;
    struct engine_lateness lateness;

    bool w_given;     /* W comes with the records: who calls keeps the clocks */
    int64_t moved_ns; /* if so: the highest event time that moved a clock */
    bool flushing;    /* the input is at its end: W is +infinity */
    bool timer_set;   /* no timer is due before next_timer_ns; none at all if not set */
    int64_t next_timer_ns;
    bool tick_set; /* --early D: the next multiple of D */
    int64_t next_tick_ns;
    bool mark_set; /* partial results: where W is told next; mark_due: once the timers have run */
    bool mark_due;
    int64_t next_mark_ns;

    const struct batch *batch; /* whose rows are pending */
    const struct keys *keys;   /* of that batch, or none: see engine_key() */
    size_t n_keys;             /* fields of a key */
    struct buf own_key;        /* scratch, for one record */
    const struct keys *ids;
    const int64_t *w_after_ns; /* W after each of its records, if it is given */
    struct dedup *dedup;       /* NULL: no record is a duplicate */
    struct cell *delta;        /* scratch: what is merged, once there was one */
    struct arena delta_arena;
    size_t n_pending;
    char *accs[ENGINE_PENDING];
    struct arena *arenas[ENGINE_PENDING];
    uint32_t rows[ENGINE_PENDING];
};

struct engine_delta;

struct engine_ops {
    /* Records from..to of e->batch, whose keys stand in e->keys; engine_advance() after each. */
    void (*consume)(struct engine *e, size_t from, size_t to);
    /* Adds the delta, whose states stand in e->delta and whose key is that of record i. */
    void (*merge)(struct engine *e, const struct engine_delta *delta, size_t i);
    bool (*wants_keys)(const struct engine *e); /* NULL: all of them */
    /* Runs every timer with time <= W, in order, and sets the next one. */
    void (*run_timers)(struct engine *e);
    /* Fires every cell with something unfired. */
    void (*fire_unfired)(struct engine *e);
    void (*free)(struct engine *e);
    size_t (*cells)(const struct engine *e);  /* live (window, key) pairs; quick, not exact */
    size_t (*memory)(const struct engine *e); /* not in base/books.h; quick, not exact */
    size_t (*rest)(const struct engine *e);   /* of what is saved, what is not saved in steps */
    uint64_t (*open)(const struct engine *e); /* windows that have not fired for good */
    /* When what has taken a record of this key and time expires; false: it is gone. */
    bool (*taker_expiry)(const struct engine *e, const unsigned char *key, uint32_t key_len,
                         int64_t t_ns, int64_t *expiry_ns);
    void (*save)(const struct engine *e, struct buf *to);
    /* The same little by little. */
    void (*save_begin)(struct engine *e, struct buf *to);
    bool (*save_step)(struct engine *e, size_t bytes);
    bool (*load)(struct engine *e, uint64_t live, const unsigned char **at,
                 const unsigned char *end);
};

/* Partial results: the records of a unit of the windows (a session) and a key, added up. */
struct engine_delta {
    struct window_bounds bounds;
    uint64_t records;
    uint64_t rank;               /* of its input: see agg_ops */
    const unsigned char *states; /* the aggregates', as a cell of partial results has them */
    size_t len;
};

struct engine_options {
    struct window_spec window;
    struct pane_options pane;
    int64_t delay_ns;
    const struct agg *aggs; /* borrowed */
    size_t n_aggs, acc_bytes;
    struct writer *writer;    /* borrowed */
    struct sink *sink, *late; /* borrowed */
    struct partial *partial;  /* borrowed; not NULL: partial results are written, not rows */
    enum pane_id id;
    size_t n_keys; /* fields of a key, the first columns of a batch */
    uint64_t key_seed;
    struct attend attend, measure; /* for firing, see engine/pane.h */
    bool w_given;                  /* engine_consume() is told W; delay_ns serves messages only */
    bool dedup; /* it is told ids, too, and drops records whose id is remembered */
};

struct engine *engine_new(const struct engine_options *options);
void engine_free(struct engine *e);

/* What comes with the records of a batch, each by its index there; borrowed for the call. */
struct engine_records {
    const struct batch *batch;
    const struct keys *keys;   /* encoded with the options' seed, as are the ids, or none: then
                                  they are encoded one by one as they are needed */
    const struct keys *ids;    /* NULL without dedup; a null is no id */
    const int64_t *w_after_ns; /* W after the record, INT64_MIN for -infinity, never going back;
                                  NULL unless W is given. Who gives it sets watermark.finite
                                  and moved_ns, and calls engine_begin_clock() */
};
void engine_consume(struct engine *e, const struct engine_records *records, size_t from, size_t to);

/*
 * Adds a delta, as one late or early record of its unit would be; its key is that of record i. W is
 * told apart: engine_follow(). False: its states or its bounds are none of this run.
 */
bool engine_merge(struct engine *e, const struct engine_records *records, size_t i,
                  const struct engine_delta *delta);

/* Is record i, which is bad for a value, a duplicate first? Then only its clock counts. */
bool engine_is_duplicate(struct engine *e, const struct engine_records *records, size_t i);
void engine_skip_duplicate(struct engine *e, const struct engine_records *records, size_t i);

void engine_finish(struct engine *e);
void engine_interrupt(struct engine *e);

/*
 * State for a snapshot, between two calls of engine_consume(): watermark, counts, and all windows
 * with their cells. engine_load() wants a new engine of the same options; false: damaged.
 *
 * Layout, version 5: started (u8), W, clock (i64); tick set (u8), next tick (i64); used, late,
 * too late, unassigned, filtered, duplicates, partly late, replayed, fill skipped, windows, rows
 * (u64); the longest lag of a record that was too late (i64); header due (u8); then what the
 * engine's own save() writes (engine/aligned.c, engine/sessions.c), which begins with the number of
 * live windows (u64).
 */
enum { ENGINE_STATE_VERSION = 5 };
void engine_save(const struct engine *e, struct buf *to);
bool engine_load(struct engine *e, const unsigned char **at, const unsigned char *end);

/*
 * The same while records go on to be consumed: what is written is the state as of the beginning.
 * `to` is borrowed until a step has said that all is written; each writes about so many bytes, and
 * a record that is consumed may write some.
 */
void engine_save_begin(struct engine *e, struct buf *to);
bool engine_save_step(struct engine *e, size_t bytes);

/* The beginning of that, for who wants to look at a snapshot without its options. */
struct engine_state {
    bool started, tick_set, header_due;
    int64_t watermark_ns, clock_ns, next_tick_ns;
    struct engine_counts counts;
    uint64_t rows;
    uint64_t live; /* windows; sessions, one for each key */
};
bool engine_state_load(struct engine_state *state, const unsigned char **at,
                       const unsigned char *end);

/* Will most keys of what comes next be needed? Else who gives it need not encode them. */
bool engine_wants_keys(const struct engine *e);

/* About how many bytes engine_save() will write, sets and samples not counted, and the ids beside
   it. Quick. */
size_t engine_state_bytes(const struct engine *e);
size_t engine_rest_bytes(const struct engine *e); /* of these, what is not written in steps */

/* About how much of the heap the live state takes, with all that is in this thread's books. Quick.
 */
size_t engine_memory(const struct engine *e);

/* The rest is for the two engines. */

struct engine *aligned_new(const struct engine_options *options);
struct engine *sessions_new(const struct engine_options *options);

/* The frame of a new one, whose ops are set. */
void engine_init(struct engine *e, const struct engine_options *options);

void engine_add_pending(struct engine *e); /* gives the pending rows to the aggregates */

/* The key of record i, until the next one is asked for. */
struct engine_key engine_key_slow(struct engine *e, size_t i);
static inline struct engine_key engine_key(struct engine *e, size_t i)
{
    struct engine_key key;
    if (e->keys->n == 0)
        return engine_key_slow(e, i);
    key.bytes = keys_at(e->keys, i, &key.len);
    key.hash = e->keys->hash[i];
    return key;
}

/* Record i is added to this cell. */
static inline void engine_push(struct engine *e, struct cell *cell, struct arena *arena, size_t i)
{
    if (e->n_pending == ENGINE_PENDING)
        engine_add_pending(e);
    e->accs[e->n_pending] = cell_accs(cell);
    e->arenas[e->n_pending] = arena;
    e->rows[e->n_pending++] = (uint32_t)i;
    cell->fresh += cell->fresh != UINT32_MAX;
}

/* Has W come to this end or expiry? To one that saturated it comes only with the end of the input.
 */
static inline bool engine_reached(const struct engine *e, int64_t time_ns)
{
    return time_ns <= e->watermark.now_ns && (time_ns != INT64_MAX || e->flushing);
}

/* Does the record just added fire this cell (step 3)? */
static inline bool engine_triggered(const struct engine *e, const struct cell *cell, int64_t end_ns)
{
    const struct pane_options *o = &e->panes.options;
    if (o->final)
        return false;
    if (engine_reached(e, end_ns))
        return cell->fresh >= o->late_every;
    return o->early_count > 0 && cell->fresh >= o->early_count;
}

/* A record of time t < W was met. */
static inline void engine_note_late(struct engine *e, int64_t t_ns)
{
    int64_t lag_ns = time_sub(e->watermark.now_ns, t_ns);
    if (lag_ns > e->lateness.lag_ns)
        e->lateness.lag_ns = lag_ns;
}

/* Record i, or the n records that it stands for, of time t, were too late: counts them and writes
   it to --late. */
void engine_too_late(struct engine *e, size_t i, int64_t t_ns, uint64_t n);

/* W has come to a mark: it is told when all timers have run. */
void engine_mark(struct engine *e);
void engine_tell(struct engine *e);

static inline int64_t engine_expiry(const struct engine *e, int64_t end_ns)
{
    return time_add(end_ns, e->panes.options.lateness_ns);
}

/* W was told. */
void engine_follow(struct engine *e, int64_t w_ns);

/*
 * W leaves -infinity, or will within the records that come next, and its first value is w_ns: what
 * --early D counts from. W itself can't tell, for it may saturate at the lowest instant.
 */
void engine_begin_clock(struct engine *e, int64_t w_ns);

/* Step 4: record i was dealt with; moves W and runs the timers it has reached. */
static inline void engine_advance(struct engine *e, size_t i)
{
    if (e->w_given) {
        if (e->w_after_ns[i] != e->watermark.now_ns)
            engine_follow(e, e->w_after_ns[i]);
        return;
    }
    int64_t t_ns = e->batch->time_ns[i];
    if (!e->watermark.started)
        engine_begin_clock(e, time_sub(t_ns, e->watermark.delay_ns));
    watermark_observe(&e->watermark, t_ns);
    if (e->timer_set && e->watermark.now_ns >= e->next_timer_ns) {
        engine_add_pending(e);
        e->ops->run_timers(e);
    }
}

/* --early D: the tick at W was dealt with; sets the next one, the first multiple of D above W. */
void engine_next_tick(struct engine *e);

/* Lets run_timers be called no later than when W reaches time_ns. */
static inline void engine_timer(struct engine *e, int64_t time_ns)
{
    if (!e->timer_set || time_ns < e->next_timer_ns) {
        e->timer_set = true;
        e->next_timer_ns = time_ns;
    }
}

#endif
