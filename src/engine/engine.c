#include "engine/engine.h"

#include <stdlib.h>

#include "base/books.h"
#include "base/memory.h"
#include "base/value_encode.h"
#include "base/wire.h"

/* Rows as in struct engine, but of those that meet a condition. */
struct filtered {
    size_t n;
    char *accs[ENGINE_PENDING];
    struct arena *arenas[ENGINE_PENDING];
    uint32_t rows[ENGINE_PENDING];
};

/* Deltas go out when their unit has passed, and again at each late record; open sessions, of which
   other shards must know, each gap as well. */
static void init_partial(struct engine *e)
{
    struct pane_options *o = &e->panes.options;
    e->window = window_units(&e->whole);
    o->mode = PANE_DISCARD;
    o->late_every = 1;
    if (e->window.kind == WINDOW_SLICE) /* as long as the last of its windows takes records */
        o->lateness_ns = time_add(o->lateness_ns, e->whole.size_ns);
    if (e->window.kind == WINDOW_SESSION)
        o->early_ns = e->window.gap_ns;
    e->mark_set = true;
    e->next_mark_ns = INT64_MIN;
    engine_timer(e, e->next_mark_ns);
}

void engine_init(struct engine *e, const struct engine_options *o)
{
    e->window = e->whole = o->window;
    e->watermark = (struct watermark){.delay_ns = o->delay_ns, .now_ns = INT64_MIN};
    e->acc_bytes = o->acc_bytes;
    e->late = o->late;
    panes_init(&e->panes, &o->pane, o->aggs, o->n_aggs);
    e->panes.writer = o->writer;
    e->panes.sink = o->sink;
    e->panes.id = o->id;
    e->panes.attend = o->attend;
    e->panes.measure = o->measure;
    e->panes.unbounded = o->window.kind == WINDOW_ALL;
    e->key_seed = o->key_seed;
    e->n_keys = o->n_keys;
    e->w_given = o->w_given;
    e->dedup = o->dedup ? dedup_new() : NULL;
    e->panes.partial = o->partial;
    if (o->partial != NULL)
        init_partial(e);
}

void engine_free(struct engine *e)
{
    if (e == NULL)
        return;
    panes_free(&e->panes);
    dedup_free(e->dedup);
    buf_free(&e->own_key);
    free(e->delta);
    arena_free(&e->delta_arena);
    e->ops->free(e);
}

/* They only move the clock. */
static void skip_filtered(struct engine *e, size_t from, size_t to)
{
    e->counts.filtered += to - from;
    for (size_t i = from; i < to; i++)
        engine_advance(e, i);
}

/*
 * When an id whose session has grown is looked at again: not at each end that the session has on
 * its way, for it may be long and have many ids, but later the longer it has gone on already. That
 * it is over is_duplicate() finds out by itself; the id is in memory for as long again at most.
 */
static int64_t look_again_ns(int64_t time_ns, int64_t expiry_ns)
{
    return time_add(expiry_ns, time_sub(expiry_ns, time_ns));
}

/* Forgets the ids whose time has come. */
static void forget_ids(struct engine *e)
{
    struct dedup_id id;
    int64_t until_ns, expiry_ns;
    while (engine_reached(e, dedup_next_ns(e->dedup)) && dedup_first(e->dedup, &id, &until_ns)) {
        if (e->ops->taker_expiry == NULL ||
            !e->ops->taker_expiry(e, id.key, id.key_len, id.time_ns, &expiry_ns))
            dedup_forget_first(e->dedup);
        else if (!engine_reached(e, expiry_ns))
            dedup_keep_first(e->dedup, look_again_ns(id.time_ns, expiry_ns));
        else
            break; /* it is over and still there: firing was given up, and the run ends */
    }
}

/* A null is no id, nor is a value that can't be one. */
static const unsigned char *id_at(const struct keys *ids, size_t i, uint32_t *len)
{
    const unsigned char *id = keys_at(ids, i, len);
    return *len == 1 && *id == TAG_NULL ? NULL : id;
}

static bool is_duplicate(struct engine *e, const struct keys *ids, size_t i)
{
    uint32_t len;
    const unsigned char *id = id_at(ids, i, &len);
    if (id == NULL)
        return false;
    forget_ids(e);
    struct dedup_id held;
    int64_t expiry_ns;
    return dedup_find(e->dedup, ids->hash[i], id, len, &held) &&
           (e->ops->taker_expiry == NULL ||
            e->ops->taker_expiry(e, held.key, held.key_len, held.time_ns, &expiry_ns));
}

/* Record i was used: until its windows are gone, its id is known. */
static void remember_id(struct engine *e, size_t i)
{
    struct dedup_id id = {.hash = e->ids->hash[i], .time_ns = e->batch->time_ns[i]};
    int64_t until_ns;
    id.id = id_at(e->ids, i, &id.len);
    if (id.id == NULL)
        return;
    if (e->ops->taker_expiry == NULL) {
        until_ns = engine_expiry(e, time_add(id.time_ns, window_length(&e->window, id.time_ns)));
    } else {
        const struct engine_key key = engine_key(e, i);
        id.key = key.bytes;
        id.key_len = key.len;
        if (!e->ops->taker_expiry(e, id.key, id.key_len, id.time_ns, &until_ns))
            return;
    }
    if (!engine_reached(e, until_ns))
        dedup_add(e->dedup, &id, until_ns);
}

static void consume_unique(struct engine *e, size_t i)
{
    uint64_t used = e->counts.used;
    if (is_duplicate(e, e->ids, i)) {
        e->counts.duplicates++;
        engine_advance(e, i);
        return;
    }
    e->ops->consume(e, i, i + 1);
    if (e->counts.used > used)
        remember_id(e, i);
}

static void consume_used(struct engine *e, size_t from, size_t to)
{
    enum { AHEAD = 8 };
    if (e->dedup == NULL) {
        e->ops->consume(e, from, to);
        return;
    }
    for (size_t i = from; i < to && !panes_are_lost(&e->panes); i++) {
        if (i + AHEAD < to)
            dedup_prefetch(e->dedup, e->ids->hash[i + AHEAD]);
        consume_unique(e, i);
    }
}

/* Records of one verdict at a time. */
static void consume_judged(struct engine *e, size_t from, size_t to)
{
    const uint8_t *verdict = e->batch->verdict;
    while (from < to && !panes_are_lost(&e->panes)) {
        size_t end = from + 1;
        while (end < to && verdict[end] == verdict[from])
            end++;
        if (verdict[from] == VERDICT_USE)
            consume_used(e, from, end);
        else
            skip_filtered(e, from, end);
        from = end;
    }
}

/* The highest event time, which W does not tell where it is given. */
static void note_times(struct watermark *w, const int64_t *time_ns, size_t from, size_t to)
{
    int64_t highest_ns = w->started ? w->clock_ns : INT64_MIN;
    for (size_t i = from; i < to; i++)
        highest_ns = time_ns[i] > highest_ns ? time_ns[i] : highest_ns;
    w->clock_ns = highest_ns;
    w->started = true;
}

static void begin(struct engine *e, const struct engine_records *records, size_t from, size_t to)
{
    e->batch = records->batch;
    e->keys = records->keys;
    e->ids = records->ids;
    e->w_after_ns = records->w_after_ns;
    if (e->w_given)
        note_times(&e->watermark, e->batch->time_ns, from, to);
}

static void end(struct engine *e)
{
    engine_add_pending(e);
    e->batch = NULL;
    e->keys = e->ids = NULL;
    e->w_after_ns = NULL;
}

void engine_consume(struct engine *e, const struct engine_records *records, size_t from, size_t to)
{
    if (from == to)
        return;
    begin(e, records, from, to);
    if (e->batch->verdict == NULL)
        consume_used(e, from, to);
    else
        consume_judged(e, from, to);
    end(e);
}

/* The states of a delta to e->delta. */
static bool load_delta(struct engine *e, const struct engine_delta *delta)
{
    const unsigned char *at = delta->states, *end = at + delta->len;
    if (e->delta == NULL)
        e->delta = memory_calloc(1, sizeof *e->delta + e->acc_bytes);
    arena_reset(&e->delta_arena);
    pane_start(&e->panes, e->delta);
    if (!cell_load_states(&e->panes, e->delta, &at, end, &e->delta_arena) || at != end)
        return false;
    for (size_t i = 0; i < e->panes.n_aggs; i++) {
        const struct agg *agg = &e->panes.aggs[i];
        if (agg->ops->rank != NULL)
            agg->ops->rank(agg, cell_accs(e->delta) + agg->offset, delta->rank);
    }
    e->delta->fresh = delta->records > UINT32_MAX ? UINT32_MAX : (uint32_t)delta->records;
    return true;
}

/* Do the windows have such a unit? */
static bool is_unit(const struct engine *e, const struct window_bounds *bounds)
{
    const struct window_spec units = window_units(&e->whole);
    struct window_bounds found;
    if (units.kind == WINDOW_SESSION)
        return bounds->end_ns >= time_add(bounds->start_ns, units.gap_ns);
    return window_at(&units, bounds->start_ns, 0, &found) && found.start_ns == bounds->start_ns &&
           found.end_ns == bounds->end_ns;
}

bool engine_merge(struct engine *e, const struct engine_records *records, size_t i,
                  const struct engine_delta *delta)
{
    if (!is_unit(e, &delta->bounds) || delta->records == 0 || !load_delta(e, delta))
        return false;
    e->batch = records->batch;
    e->keys = records->keys;
    e->watermark.started = true;
    e->ops->merge(e, delta, i);
    end(e);
    return true;
}

bool engine_is_duplicate(struct engine *e, const struct engine_records *records, size_t i)
{
    return e->dedup != NULL && is_duplicate(e, records->ids, i);
}

void engine_skip_duplicate(struct engine *e, const struct engine_records *records, size_t i)
{
    begin(e, records, i, i + 1);
    e->counts.duplicates++;
    engine_advance(e, i);
    end(e);
}

void engine_finish(struct engine *e)
{
    int64_t last_ns = e->watermark.now_ns;
    e->watermark.now_ns = INT64_MAX;
    e->flushing = true;
    e->ops->run_timers(e);
    e->flushing = false;
    e->watermark.now_ns = last_ns; /* for --stats: the last finite one */
}

void engine_interrupt(struct engine *e)
{
    struct attend attend = e->panes.attend, measure = e->panes.measure;
    e->panes.attend = e->panes.measure = (struct attend){0}; /* these rows are what is asked for */
    e->ops->fire_unfired(e);
    e->panes.attend = attend;
    e->panes.measure = measure;
}

/* The pending rows that meet the condition. */
static void filter_pending(const struct engine *e, int condition, struct filtered *to)
{
    to->n = 0;
    for (size_t i = 0; i < e->n_pending; i++) {
        to->accs[to->n] = e->accs[i];
        to->arenas[to->n] = e->arenas[i];
        to->rows[to->n] = e->rows[i];
        to->n += e->batch->meets[e->rows[i]] >> condition & 1;
    }
}

static void add_filtered(const struct engine *e, const struct agg *agg, const struct value *column,
                         struct agg_rows rows)
{
    struct filtered filtered;
    filter_pending(e, agg->condition, &filtered);
    rows.n = filtered.n;
    rows.accs = filtered.accs;
    rows.arenas = filtered.arenas;
    rows.rows = filtered.rows;
    if (rows.n > 0)
        agg->ops->add(agg, &rows, column);
}

void engine_add_pending(struct engine *e)
{
    if (e->n_pending == 0)
        return;
    const struct agg_rows rows = {
        .n = e->n_pending,
        .accs = e->accs,
        .arenas = e->arenas,
        .rows = e->rows,
        .time_ns = e->batch->time_ns,
        .meets = e->batch->meets,
    };
    for (size_t i = 0; i < e->panes.n_aggs; i++) {
        const struct agg *agg = &e->panes.aggs[i];
        const struct value *column =
            agg->input == AGG_NO_INPUT ? NULL : e->batch->columns[agg->column];
        if (agg->condition == AGG_ALL_RECORDS || agg->ops->takes_all)
            agg->ops->add(agg, &rows, column);
        else
            add_filtered(e, agg, column, rows);
    }
    e->n_pending = 0;
}

struct engine_key engine_key_slow(struct engine *e, size_t i)
{
    struct buf *bytes = &e->own_key;
    bytes->len = 0;
    buf_reserve(bytes, 1); /* the empty key has an address, too */
    for (size_t c = 0; c < e->n_keys; c++)
        value_encode(bytes, &e->batch->columns[c][i]);
    return (struct engine_key){(const unsigned char *)bytes->data, (uint32_t)bytes->len,
                               keys_hash(e->key_seed, bytes->data, bytes->len)};
}

bool engine_wants_keys(const struct engine *e)
{
    return e->ops->wants_keys == NULL || e->ops->wants_keys(e);
}

void engine_follow(struct engine *e, int64_t w_ns)
{
    e->watermark.now_ns = w_ns;
    if (e->timer_set && w_ns >= e->next_timer_ns) {
        engine_add_pending(e);
        e->ops->run_timers(e);
    }
}

/* The first multiple of D above w. */
static void set_tick(struct engine *e, int64_t w)
{
    int64_t d = e->panes.options.early_ns;
    int64_t into = w % d < 0 ? w % d + d : w % d;
    int64_t to_next = d - into; /* 1 .. d */
    e->tick_set = !__builtin_add_overflow(w, to_next, &e->next_tick_ns);
    if (e->tick_set)
        engine_timer(e, e->next_tick_ns);
}

void engine_next_tick(struct engine *e)
{
    set_tick(e, e->watermark.now_ns);
}

void engine_begin_clock(struct engine *e, int64_t w_ns)
{
    if (e->panes.options.early_ns > 0)
        set_tick(e, w_ns);
}

/* The end of the unit that W is in; of sessions the next multiple of their gap. */
static bool next_mark(const struct engine *e, int64_t *ns)
{
    int64_t w_ns = e->watermark.now_ns;
    struct window_bounds unit;
    if (e->window.kind == WINDOW_ALL)
        return false;
    if (e->window.kind == WINDOW_SESSION) {
        *ns = e->next_tick_ns;
        return e->tick_set;
    }
    if (!window_at(&e->window, w_ns, 0, &unit) && !window_after(&e->window, w_ns, &unit))
        return false;
    *ns = unit.end_ns;
    return unit.end_ns > w_ns;
}

void engine_mark(struct engine *e)
{
    e->mark_set = false;
    e->mark_due = true;
}

void engine_tell(struct engine *e)
{
    if (!e->mark_due || e->flushing || panes_are_lost(&e->panes))
        return;
    partial_watermark(e->panes.partial, &e->panes.sink->pending, e->watermark.now_ns);
    e->mark_due = false;
    e->mark_set = next_mark(e, &e->next_mark_ns);
    if (e->mark_set)
        engine_timer(e, e->next_mark_ns);
}

void engine_too_late(struct engine *e, size_t i, int64_t t_ns, uint64_t n)
{
    const struct batch *batch = e->batch;
    e->counts.too_late += n;
    e->lateness.too_late += n;
    engine_note_late(e, t_ns);
    int64_t lag_ns = time_sub(e->watermark.now_ns, t_ns);
    if (lag_ns > e->counts.too_late_by_ns)
        e->counts.too_late_by_ns = lag_ns;
    if (e->late == NULL)
        return;
    const char *record = batch->block->bytes.data + batch->start[i];
    size_t len = batch->len[i];
    buf_put(&e->late->pending, record, len);
    if (record[len - 1] != '\n')
        buf_putc(&e->late->pending, '\n');
}

size_t engine_state_bytes(const struct engine *e)
{
    enum { KEY_BYTES = 32 };
    return e->ops->cells(e) * (sizeof(struct cell) + KEY_BYTES + e->acc_bytes) +
           (e->dedup == NULL ? 0 : dedup_bytes(e->dedup));
}

size_t engine_memory(const struct engine *e)
{
    return books_bytes() + e->ops->memory(e) + (e->dedup == NULL ? 0 : dedup_memory(e->dedup));
}

static void save_state(const struct engine *e, struct buf *to)
{
    const struct engine_counts *c = &e->counts;
    const uint64_t counts[] = {c->used,         c->late,       c->too_late,    c->unassigned,
                               c->filtered,     c->duplicates, c->partly_late, c->replayed,
                               c->fill_skipped, c->windows,    e->panes.rows};
    wire_put_u8(to, e->watermark.started);
    wire_put_i64(to, e->watermark.now_ns);
    wire_put_i64(to, e->watermark.clock_ns);
    wire_put_u8(to, e->tick_set);
    wire_put_i64(to, e->next_tick_ns);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        wire_put_u64(to, counts[i]);
    wire_put_i64(to, c->too_late_by_ns);
    wire_put_u8(to, e->panes.header_due);
}

void engine_save(const struct engine *e, struct buf *to)
{
    save_state(e, to);
    e->ops->save(e, to);
}

size_t engine_rest_bytes(const struct engine *e)
{
    return (e->ops->rest == NULL ? 0 : e->ops->rest(e)) +
           (e->dedup == NULL ? 0 : dedup_bytes(e->dedup));
}

void engine_save_begin(struct engine *e, struct buf *to)
{
    save_state(e, to);
    e->ops->save_begin(e, to);
}

bool engine_save_step(struct engine *e, size_t bytes)
{
    return e->ops->save_step(e, bytes);
}

bool engine_state_load(struct engine_state *s, const unsigned char **at, const unsigned char *end)
{
    struct engine_counts *c = &s->counts;
    uint64_t *const counts[] = {&c->used,         &c->late,       &c->too_late,    &c->unassigned,
                                &c->filtered,     &c->duplicates, &c->partly_late, &c->replayed,
                                &c->fill_skipped, &c->windows,    &s->rows};
    uint8_t started, tick_set, header_due;
    if (!wire_u8(at, end, &started) || !wire_i64(at, end, &s->watermark_ns) ||
        !wire_i64(at, end, &s->clock_ns) || !wire_u8(at, end, &tick_set) ||
        !wire_i64(at, end, &s->next_tick_ns))
        return false;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        if (!wire_u64(at, end, counts[i]))
            return false;
    if (!wire_i64(at, end, &c->too_late_by_ns) || !wire_u8(at, end, &header_due) ||
        !wire_u64(at, end, &s->live))
        return false;
    s->started = started != 0;
    s->tick_set = tick_set != 0;
    s->header_due = header_due != 0;
    return true;
}

bool engine_load(struct engine *e, const unsigned char **at, const unsigned char *end)
{
    struct engine_state s;
    if (!engine_state_load(&s, at, end))
        return false;
    if (s.tick_set && (e->panes.options.early_ns == 0 || s.next_tick_ns <= s.watermark_ns))
        return false;
    e->watermark.started = e->watermark.finite = s.started;
    e->watermark.now_ns = s.watermark_ns;
    e->watermark.clock_ns = s.clock_ns;
    e->tick_set = s.tick_set;
    e->next_tick_ns = s.next_tick_ns;
    e->panes.rows = s.rows;
    e->panes.header_due = s.header_due;
    bool ok = e->ops->load(e, s.live, at, end);
    e->counts = s.counts; /* windows were counted when they were opened first */
    return ok && *at == end;
}
