/*
 * engine/sessions.c - the engine for session windows.
 *
 *     keys     table: one cell a key, whose block is the chain of its live sessions
 *                |
 *     sessions [start, end) -> [start, end) -> ...    of one key (engine/chain.h)
 *
 *     timers   heap of (time, session): its end while it is open, its expiry after that
 *
 * A session that grows only makes its timer late: the entry is put back when it comes up. Keys
 * without sessions stay in the table until they are half of it; then the table is built anew.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/wire.h"
#include "engine/chain.h"
#include "engine/debts.h"
#include "engine/engine.h"
#include "engine/heap.h"

struct session {
    struct chain_node node; /* first: of the chain of its key, with its bounds */
    struct cell *key_cell;  /* in the table of keys; NULL once swallowed */
    struct debts debts;     /* rows of its parts, to be taken back before its next one */
    struct arena arena;
    size_t fresh_place; /* --early D: in the list of those with something new, from 1; 0: not */
    int64_t timer_ns;   /* the heap entry that counts; others are out of date */
    uint32_t n_timers;  /* heap entries that point here */
    bool passed;        /* end <= W: its timer is the expiry */
    struct cell cell;   /* the block of accumulators follows */
};

struct session_list {
    struct session **at;
    size_t n, capacity;
};

struct sessions {
    struct engine engine; /* first: an engine is cast to the struct it begins */
    struct table keys;
    uint32_t live_keys;
    uint64_t live; /* sessions */
    struct heap heap;
    struct session_list due;   /* scratch: sessions that fire together */
    struct session_list fresh; /* --early D: those that got something since they fired */

    /* A snapshot that is written meanwhile, as by engine/saving.h: */
    struct {
        struct buf *to; /* NULL: none is */
        uint32_t at, n; /* the sessions of keys at..n are still to be written */
    } saving;
    uint32_t saved : 1; /* of the cells of sessions that need not be written any more */
};

static struct sessions *sessions_of(struct engine *e)
{
    return (struct sessions *)(void *)e;
}

static struct chain *chain_of(struct cell *key_cell)
{
    return (struct chain *)(void *)cell_accs(key_cell);
}

static struct session *session_of(struct chain_node *node)
{
    return (struct session *)(void *)node;
}

static struct session *first_session(struct cell *key_cell)
{
    return session_of(chain_of(key_cell)->first);
}

static struct session *next_session(const struct session *x)
{
    return session_of(x->node.next);
}

static void set_timer(struct sessions *s)
{
    struct engine *e = &s->engine;
    e->timer_set = false;
    if (s->heap.n > 0)
        engine_timer(e, s->heap.timers[0].time_ns);
    if (e->tick_set)
        engine_timer(e, e->next_tick_ns);
    if (e->mark_set)
        engine_timer(e, e->next_mark_ns);
}

static int64_t due_ns(const struct engine *e, const struct session *x)
{
    return x->passed ? engine_expiry(e, x->node.bounds.end_ns) : x->node.bounds.end_ns;
}

/* Sees to it that the heap wakes this session no later than it is due. */
static void schedule(struct sessions *s, struct session *x)
{
    int64_t time_ns = due_ns(&s->engine, x);
    if (x->n_timers > 0 && x->timer_ns <= time_ns)
        return;
    x->timer_ns = time_ns;
    x->n_timers++;
    heap_push(&s->heap, time_ns, x);
    engine_timer(&s->engine, time_ns);
}

static void list_session(struct session_list *list, struct session *x)
{
    if (list->n == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 64;
        list->at = memory_realloc(list->at, list->capacity * sizeof(struct session *));
    }
    list->at[list->n++] = x;
}

/* For the next tick of --early D. */
static void note_fresh(struct sessions *s, struct session *x)
{
    if (s->engine.panes.options.early_ns == 0 || x->fresh_place != 0 || x->cell.fresh == 0)
        return;
    list_session(&s->fresh, x);
    x->fresh_place = s->fresh.n;
}

static void forget_fresh(struct sessions *s, struct session *x)
{
    if (x->fresh_place == 0)
        return;
    struct session *last = s->fresh.at[--s->fresh.n];
    s->fresh.at[x->fresh_place - 1] = last;
    last->fresh_place = x->fresh_place;
    x->fresh_place = 0;
}

static void release(struct session *x)
{
    free(x->node.higher);
    debts_free(&x->debts);
    arena_free(&x->arena);
    free(x);
}

static void unlink_session(struct sessions *s, struct session *x)
{
    struct chain *chain = chain_of(x->key_cell);
    forget_fresh(s, x);
    chain_remove(chain, &x->node);
    s->live_keys -= chain->n == 0;
    s->live--;
    x->key_cell = NULL;
}

static struct session *open_session(struct sessions *s, struct cell *key_cell,
                                    const struct window_bounds *bounds)
{
    struct session *x = memory_alloc(sizeof *x + s->engine.acc_bytes);
    *x = (struct session){
        .node = {.bounds = *bounds},
        .key_cell = key_cell,
        .cell = {.key = key_cell->key,
                 .key_len = key_cell->key_len,
                 .hash = key_cell->hash,
                 .saved = s->saved},
    };
    debts_init(&x->debts);
    pane_start(&s->engine.panes, &x->cell);
    s->live_keys += chain_of(key_cell)->n == 0;
    s->live++;
    chain_insert(chain_of(key_cell), &x->node);
    s->engine.counts.windows++;
    return x;
}

/*
 * Number of sessions (u64); each: key, start, end (i64), passed (u8), cell, debts.
 */
static void save_session(const struct engine *e, const struct session *x, struct buf *to)
{
    wire_put_bytes(to, cell_key(&x->cell), x->cell.key_len);
    wire_put_i64(to, x->node.bounds.start_ns);
    wire_put_i64(to, x->node.bounds.end_ns);
    wire_put_u8(to, x->passed);
    cell_save(&e->panes, &x->cell, x->cell.pane, to);
    debts_save(&x->debts, to);
}

/* The session is about to change, or it is its turn. */
static inline void touch(struct sessions *s, struct session *x)
{
    if (x->cell.saved == s->saved)
        return;
    save_session(&s->engine, x, s->saving.to);
    x->cell.saved = s->saved;
}

static struct cell *make_key(struct sessions *s, uint32_t hash, const unsigned char *key,
                             uint32_t key_len)
{
    bool made;
    struct cell *cell = table_get(&s->keys, hash, key, key_len, &made);
    if (made)
        *chain_of(cell) = (struct chain){0};
    return cell;
}

/* The row that a window has out must be taken back once the session is a larger one. */
static void owe_retraction(struct session *debtor, struct session *part)
{
    const struct printed *printed = part->cell.printed;
    if (printed == NULL)
        return;
    debts_add(&debtor->debts, &part->node.bounds, part->cell.pane - 1, printed->text, printed->len);
    part->cell.printed = NULL;
}

/* The session gets new bounds and so is a new window: its panes start at 0 again. */
static void rebound(struct session *x, const struct window_bounds *bounds)
{
    owe_retraction(x, x);
    x->cell.pane = 0;
    x->node.bounds = *bounds;
}

/* Swaps what two sessions of one key have accumulated. Neither has a row out. */
static void swap_contents(const struct sessions *s, struct session *a, struct session *b)
{
    struct arena arena = a->arena;
    uint32_t fresh = a->cell.fresh;
    a->arena = b->arena;
    b->arena = arena;
    a->cell.fresh = b->cell.fresh;
    b->cell.fresh = fresh;
    char *x = cell_accs(&a->cell), *y = cell_accs(&b->cell);
    for (size_t i = 0; i < s->engine.acc_bytes; i++) {
        char byte = x[i];
        x[i] = y[i];
        y[i] = byte;
    }
}

/*
 * x takes over all that `part` has; part is gone from its key and is freed with its last timer. The
 * smaller one's values go to the larger one, so that one that swallows many does not copy all that
 * it has each time.
 */
static void swallow(struct sessions *s, struct session *x, struct session *part)
{
    owe_retraction(x, x);
    owe_retraction(x, part);
    debts_take(&x->debts, &part->debts);
    if (part->arena.bytes > x->arena.bytes)
        swap_contents(s, x, part);
    pane_merge(&s->engine.panes, &x->cell, &part->cell, &x->arena);
    unlink_session(s, part);
    arena_free(&part->arena);
    s->engine.counts.windows--;
}

/*
 * The live session that record i belongs to, whose bounds are [t, t + gap), or a delta of its key:
 * one that it falls into, one that it makes out of all that it overlaps, or a new one; NULL if it
 * is too late. Inline, since each record goes this way: a call costs 2 % of a run by sessions.
 */
static inline __attribute__((always_inline)) struct session *
session_for(struct sessions *s, size_t i, const struct window_bounds *own)
{
    struct engine *e = &s->engine;
    const struct window_bounds bounds = *own;
    const struct engine_key key = engine_key(e, i);
    struct cell *key_cell = table_find(&s->keys, key.hash, key.bytes, key.len);
    struct session *x =
        key_cell == NULL ? NULL : session_of(chain_find(chain_of(key_cell), bounds.start_ns));
    if (x == NULL || chain_ends_before(&bounds, x->node.bounds.start_ns)) {
        if (engine_reached(e, engine_expiry(e, bounds.end_ns)))
            return NULL;
        return open_session(s, make_key(s, key.hash, key.bytes, key.len), &bounds);
    }

    touch(s, x);
    struct window_bounds grown = x->node.bounds;
    if (bounds.start_ns < grown.start_ns)
        grown.start_ns = bounds.start_ns;
    if (bounds.end_ns > grown.end_ns)
        grown.end_ns = bounds.end_ns;
    struct session *next = next_session(x);
    if (next != NULL && !chain_ends_before(&bounds, next->node.bounds.start_ns))
        engine_add_pending(e); /* accumulators are about to be merged */
    while (next != NULL && !chain_ends_before(&bounds, next->node.bounds.start_ns)) {
        if (next->node.bounds.end_ns > grown.end_ns)
            grown.end_ns = next->node.bounds.end_ns;
        touch(s, next);
        swallow(s, x, next);
        next = next_session(x);
    }
    if (grown.start_ns != x->node.bounds.start_ns || grown.end_ns != x->node.bounds.end_ns)
        rebound(x, &grown);
    return x;
}

static void fire(struct sessions *s, struct session *x, enum pane_timing timing)
{
    struct panes *panes = &s->engine.panes;
    if (x->debts.first != NULL) {
        pane_take_back(panes, x->debts.first, &x->cell);
        debts_free(&x->debts);
    }
    pane_fire(panes, &x->node.bounds, &x->cell, &x->arena, timing);
}

/* n records of time t, or later, were added to the session. */
static void note_added(struct sessions *s, struct session *x, int64_t t_ns, uint64_t n)
{
    struct engine *e = &s->engine;
    e->counts.used += n;
    if (t_ns < e->watermark.now_ns) {
        e->counts.late += n;
        engine_note_late(e, t_ns);
    }
    x->passed = engine_reached(e, x->node.bounds.end_ns);
    schedule(s, x);
    if (engine_triggered(e, &x->cell, x->node.bounds.end_ns)) {
        engine_add_pending(e);
        fire(s, x, x->passed ? PANE_LATE : PANE_EARLY);
        panes_commit(&e->panes);
    }
    note_fresh(s, x);
}

static void add_record(struct sessions *s, size_t i)
{
    struct engine *e = &s->engine;
    int64_t t_ns = e->batch->time_ns[i];
    const struct window_bounds bounds = {t_ns, time_add(t_ns, e->window.gap_ns)};
    struct session *x = session_for(s, i, &bounds);
    if (x == NULL) {
        engine_too_late(e, i, t_ns, 1);
        return;
    }
    engine_push(e, &x->cell, &x->arena, i);
    note_added(s, x, t_ns, 1);
}

/* It is late as a whole when its last record is. */
static void sessions_merge(struct engine *e, const struct engine_delta *delta, size_t i)
{
    struct sessions *s = sessions_of(e);
    int64_t last_ns = time_sub(delta->bounds.end_ns, e->window.gap_ns);
    struct session *x = session_for(s, i, &delta->bounds);
    if (x == NULL) {
        engine_too_late(e, i, last_ns, delta->records);
        return;
    }
    pane_merge(&e->panes, &x->cell, e->delta, &x->arena);
    note_added(s, x, last_ns, delta->records);
}

static void sessions_consume(struct engine *e, size_t from, size_t to)
{
    struct sessions *s = sessions_of(e);
    for (size_t i = from; i < to && !panes_are_lost(&e->panes); i++) {
        if (table_is_large(&s->keys))
            table_prefetch(&s->keys, e->keys, i, to);
        add_record(s, i);
        engine_advance(e, i);
    }
}

static int compare_sessions(const void *pa, const void *pb)
{
    const struct session *a = *(struct session *const *)pa, *b = *(struct session *const *)pb;
    if (a->node.bounds.end_ns != b->node.bounds.end_ns)
        return a->node.bounds.end_ns < b->node.bounds.end_ns ? -1 : 1;
    if (a->node.bounds.start_ns != b->node.bounds.start_ns)
        return a->node.bounds.start_ns < b->node.bounds.start_ns ? -1 : 1;
    return cell_compare_keys(&a->cell, &b->cell);
}

static void sort_due(struct sessions *s)
{
    if (s->due.n > 1)
        qsort(s->due.at, s->due.n, sizeof(struct session *), compare_sessions);
}

/* Takes the sessions that are due at time now_ns off the heap; puts back those that have grown. */
static void collect_due(struct sessions *s, int64_t now_ns)
{
    s->due.n = 0;
    while (s->heap.n > 0 && s->heap.timers[0].time_ns == now_ns) {
        struct session *x = heap_pop(&s->heap).owner;
        if (s->heap.n > 0)
            __builtin_prefetch(s->heap.timers[0].owner); /* the next one, likely */
        x->n_timers--;
        if (x->key_cell == NULL) {
            if (x->n_timers == 0)
                release(x);
        } else if (x->timer_ns == now_ns) {
            if (due_ns(&s->engine, x) == now_ns) {
                x->timer_ns = INT64_MIN; /* a second entry of this time does not count */
                list_session(&s->due, x);
            } else {
                x->timer_ns = due_ns(&s->engine, x);
                x->n_timers++;
                heap_push(&s->heap, x->timer_ns, x);
            }
        }
    }
}

static void expire(struct sessions *s, struct session *x)
{
    if (s->engine.panes.options.final)
        fire(s, x, PANE_ON_TIME);
    else if (x->cell.fresh > 0)
        fire(s, x, PANE_LATE);
    unlink_session(s, x);
    if (x->n_timers == 0)
        release(x);
}

static void run_due(struct sessions *s, int64_t now_ns)
{
    sort_due(s);
    for (size_t i = 0; i < s->due.n; i++) {
        struct session *x = s->due.at[i];
        touch(s, x);
        if (!x->passed) {
            x->passed = true;
            if (!s->engine.panes.options.final)
                fire(s, x, PANE_ON_TIME);
        }
        if (due_ns(&s->engine, x) == now_ns) {
            expire(s, x);
        } else {
            x->timer_ns = due_ns(&s->engine, x);
            x->n_timers++;
            heap_push(&s->heap, x->timer_ns, x);
        }
    }
}

/* Collects the live sessions with something new. */
static void collect_fresh(struct sessions *s)
{
    s->due.n = 0;
    for (uint32_t i = 0; i < s->keys.n; i++) {
        struct session *x = first_session(table_cell(&s->keys, i));
        for (; x != NULL; x = next_session(x))
            if (x->cell.fresh > 0)
                list_session(&s->due, x);
    }
    sort_due(s);
}

static void tick(struct sessions *s)
{
    s->due.n = 0;
    while (s->fresh.n > 0) {
        struct session *x = s->fresh.at[s->fresh.n - 1];
        forget_fresh(s, x);
        if (!x->passed)
            list_session(&s->due, x);
    }
    sort_due(s);
    for (size_t i = 0; i < s->due.n; i++) {
        touch(s, s->due.at[i]);
        fire(s, s->due.at[i], PANE_EARLY);
    }
    engine_next_tick(&s->engine);
}

/* Builds the table of keys anew without those that have no sessions. */
static void drop_dead_keys(struct sessions *s)
{
    struct table live;
    table_init(&live, sizeof(struct chain));
    for (uint32_t i = 0; i < s->keys.n; i++) {
        struct cell *old = table_cell(&s->keys, i);
        struct session *first = first_session(old);
        if (first == NULL)
            continue;
        bool made;
        struct cell *cell = table_get(&live, old->hash, cell_key(old), old->key_len, &made);
        *chain_of(cell) = *chain_of(old);
        for (struct session *x = first; x != NULL; x = next_session(x)) {
            x->key_cell = cell;
            x->cell.key = cell->key;
        }
    }
    table_free(&s->keys);
    s->keys = live;
}

static void sessions_run_timers(struct engine *e)
{
    struct sessions *s = sessions_of(e);
    for (int64_t last_ns = INT64_MIN;;) {
        set_timer(s);
        int64_t now_ns = e->next_timer_ns;
        bool due = e->timer_set && engine_reached(e, now_ns);
        if (!due || now_ns != last_ns)
            panes_commit(&e->panes);
        if (!due || panes_attend(&e->panes))
            break;
        last_ns = now_ns;
        collect_due(s, now_ns);
        if (s->due.n > 0)
            run_due(s, now_ns);
        else if (e->tick_set && e->next_tick_ns == now_ns)
            tick(s);
        else if (e->mark_set && e->next_mark_ns == now_ns)
            engine_mark(e);
    }
    engine_tell(e);
    if (s->keys.n > 1024 && s->keys.n / 2 > s->live_keys && s->saving.to == NULL)
        drop_dead_keys(s);
}

static void sessions_fire_unfired(struct engine *e)
{
    struct sessions *s = sessions_of(e);
    collect_fresh(s);
    for (size_t i = 0; i < s->due.n; i++)
        fire(s, s->due.at[i], s->due.at[i]->passed ? PANE_LATE : PANE_EARLY);
    panes_commit(&s->engine.panes);
}

static uint64_t sessions_open(const struct engine *e)
{
    const struct sessions *s = (const struct sessions *)(const void *)e;
    uint64_t n = 0;
    for (uint32_t i = 0; i < s->keys.n; i++)
        for (struct session *x = first_session(table_cell(&s->keys, i)); x != NULL;
             x = next_session(x))
            n += !x->passed || e->panes.options.final;
    return n;
}

static size_t sessions_cells(const struct engine *e)
{
    const struct sessions *s = (const struct sessions *)(const void *)e;
    return s->heap.n; /* each has an entry at least */
}

static size_t sessions_memory(const struct engine *e)
{
    const struct sessions *s = (const struct sessions *)(const void *)e;
    return s->heap.n * (sizeof(struct session) + e->acc_bytes) +
           s->heap.capacity * sizeof(struct timer);
}

static void sessions_save(const struct engine *e, struct buf *to)
{
    const struct sessions *s = (const struct sessions *)(const void *)e;
    wire_put_u64(to, s->live);
    for (uint32_t i = 0; i < s->keys.n; i++)
        for (struct session *x = first_session(table_cell(&s->keys, i)); x != NULL;
             x = next_session(x))
            save_session(e, x, to);
}

static void sessions_save_begin(struct engine *e, struct buf *to)
{
    struct sessions *s = sessions_of(e);
    wire_put_u64(to, s->live);
    s->saving.to = to;
    s->saving.at = 0;
    s->saving.n = s->keys.n;
    s->saved = !s->saved;
}

static bool sessions_save_step(struct engine *e, size_t bytes)
{
    struct sessions *s = sessions_of(e);
    size_t full = bytes > SIZE_MAX - s->saving.to->len ? SIZE_MAX : s->saving.to->len + bytes;
    for (; s->saving.at < s->saving.n; s->saving.at++) {
        if (s->saving.to->len >= full)
            return false;
        for (struct session *x = first_session(table_cell(&s->keys, s->saving.at)); x != NULL;
             x = next_session(x))
            touch(s, x);
    }
    s->saving.to = NULL;
    return true;
}

/* Is it such a session as the plan has, overlapping no other of its key? */
static bool is_sound(const struct sessions *s, struct cell *key_cell,
                     const struct window_bounds *bounds, bool passed)
{
    const struct engine *e = &s->engine;
    const struct chain_node *next = chain_find(chain_of(key_cell), bounds->start_ns);
    return bounds->start_ns <= bounds->end_ns &&
           bounds->end_ns >= time_add(bounds->start_ns, e->window.gap_ns) &&
           engine_reached(e, bounds->end_ns) == passed &&
           !engine_reached(e, engine_expiry(e, bounds->end_ns)) &&
           (next == NULL || chain_ends_before(bounds, next->bounds.start_ns));
}

static bool load_session(struct sessions *s, const unsigned char **at, const unsigned char *end)
{
    struct engine *e = &s->engine;
    const void *key;
    size_t key_len;
    struct window_bounds bounds;
    uint8_t passed;
    if (!wire_bytes(at, end, &key, &key_len) || key_len > UINT32_MAX ||
        !keys_is_key(key, key_len, e->n_keys) || !wire_i64(at, end, &bounds.start_ns) ||
        !wire_i64(at, end, &bounds.end_ns) || !wire_u8(at, end, &passed))
        return false;
    struct cell *key_cell =
        make_key(s, keys_hash(e->key_seed, key, key_len), key, (uint32_t)key_len);
    if (!is_sound(s, key_cell, &bounds, passed != 0))
        return false;
    struct session *x = open_session(s, key_cell, &bounds);
    x->passed = passed != 0;
    schedule(s, x);
    if (!cell_load(&e->panes, &x->cell, at, end, &x->arena) || !debts_load(&x->debts, at, end))
        return false;
    note_fresh(s, x);
    return true;
}

static bool sessions_load(struct engine *e, uint64_t live, const unsigned char **at,
                          const unsigned char *end)
{
    struct sessions *s = sessions_of(e);
    for (uint64_t i = 0; i < live; i++)
        if (!load_session(s, at, end))
            return false;
    set_timer(s);
    return true;
}

static void sessions_free(struct engine *e)
{
    struct sessions *s = sessions_of(e);
    while (s->heap.n > 0) {
        struct session *x = heap_pop(&s->heap).owner;
        if (--x->n_timers == 0)
            release(x);
    }
    heap_free(&s->heap);
    for (uint32_t i = 0; i < s->keys.n; i++)
        free(chain_of(table_cell(&s->keys, i))->heads);
    table_free(&s->keys);
    free(s->due.at);
    free(s->fresh.at);
    free(s);
}

static bool sessions_taker_expiry(const struct engine *e, const unsigned char *key,
                                  uint32_t key_len, int64_t t_ns, int64_t *expiry_ns)
{
    const struct sessions *s = (const struct sessions *)(const void *)e;
    struct cell *cell = table_find(&s->keys, keys_hash(e->key_seed, key, key_len), key, key_len);
    const struct session *x = cell == NULL ? NULL : session_of(chain_find(chain_of(cell), t_ns));
    if (x == NULL || x->node.bounds.start_ns > t_ns)
        return false;
    *expiry_ns = engine_expiry(e, x->node.bounds.end_ns);
    return true;
}

static const struct engine_ops sessions_ops = {
    .consume = sessions_consume,
    .merge = sessions_merge,
    .run_timers = sessions_run_timers,
    .fire_unfired = sessions_fire_unfired,
    .free = sessions_free,
    .cells = sessions_cells,
    .memory = sessions_memory,
    .open = sessions_open,
    .taker_expiry = sessions_taker_expiry,
    .save = sessions_save,
    .save_begin = sessions_save_begin,
    .save_step = sessions_save_step,
    .load = sessions_load,
};

struct engine *sessions_new(const struct engine_options *options)
{
    (void)options;
    struct sessions *s = memory_calloc(1, sizeof *s);
    s->engine.ops = &sessions_ops;
    table_init(&s->keys, sizeof(struct chain));
    return &s->engine;
}
