/*
 * pane/aligned.c - the engine for tumbling and sliding windows.
 *
 * Live windows stand in one array by start, which is also by end: all are equally long.
 *
 *     windows  [ passed ... | open ... ]        passed: end <= W, still taking late records
 *                           ^ n_passed
 *
 * The timers are then the two ends of these runs: the oldest passed window is the next to expire,
 * the oldest open one the next to fire on time.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/wire.h"
#include "pane/engine.h"

struct window {
    struct window_bounds bounds;
    struct table table;
};

/* A window and cell that the current record went into. */
struct hit {
    struct window *window;
    struct cell *cell;
};

struct aligned {
    struct engine engine; /* first: an engine is cast to the struct it begins */
    struct window **windows;
    size_t n, n_passed, capacity;
    struct window *recent; /* the window of the last record, or NULL */
    struct hit *hits;
    size_t hits_capacity;
    struct cell **sorted;
    size_t sorted_capacity;
};

static struct aligned *aligned_of(struct engine *e)
{
    return (struct aligned *)(void *)e;
}

/* Where a window of these bounds stands, or would stand. */
static size_t position(const struct aligned *a, const struct window_bounds *bounds)
{
    size_t low = 0, high = a->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct window_bounds *b = &a->windows[middle]->bounds;
        /* Saturated starts or ends may be equal, never both. */
        bool less = b->start_ns != bounds->start_ns ? b->start_ns < bounds->start_ns
                                                    : b->end_ns < bounds->end_ns;
        if (less)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool same(const struct window_bounds *a, const struct window_bounds *b)
{
    return a->start_ns == b->start_ns && a->end_ns == b->end_ns;
}

static void set_timer(struct aligned *a)
{
    struct engine *e = &a->engine;
    e->timer_set = false;
    if (a->n_passed > 0)
        engine_timer(e, engine_expiry(e, a->windows[0]->bounds.end_ns));
    if (a->n_passed < a->n)
        engine_timer(e, a->windows[a->n_passed]->bounds.end_ns);
    if (e->tick_set)
        engine_timer(e, e->next_tick_ns);
}

static struct window *open_window(struct aligned *a, size_t at, const struct window_bounds *bounds)
{
    struct window *w = memory_alloc(sizeof *w);
    w->bounds = *bounds;
    table_init(&w->table, a->engine.acc_bytes);
    if (a->n == a->capacity) {
        a->capacity = a->capacity ? a->capacity * 2 : 16;
        a->windows = memory_realloc(a->windows, a->capacity * sizeof(struct window *));
    }
    memmove(&a->windows[at + 1], &a->windows[at], (a->n - at) * sizeof(struct window *));
    a->windows[at] = w;
    a->n++;
    a->n_passed += bounds->end_ns <= a->engine.watermark.now_ns;
    a->engine.counts.windows++;
    set_timer(a);
    return w;
}

static struct window *find_window(struct aligned *a, const struct window_bounds *bounds)
{
    if (a->recent != NULL && same(&a->recent->bounds, bounds))
        return a->recent;
    size_t at = position(a, bounds);
    if (at < a->n && same(&a->windows[at]->bounds, bounds))
        return a->windows[at];
    return open_window(a, at, bounds);
}

static struct cell *add_to_window(struct engine *e, struct window *w, size_t i)
{
    bool made;
    uint32_t key_len;
    const unsigned char *key = keys_at(&e->keys, i, &key_len);
    struct cell *cell = table_get(&w->table, e->keys.hash[i], key, key_len, &made);
    if (made)
        pane_start(&e->panes, cell);
    engine_push(e, cell, &w->table.arena, i);
    return cell;
}

static void note_hit(struct aligned *a, size_t n, struct window *window, struct cell *cell)
{
    if (n == a->hits_capacity) {
        a->hits_capacity = a->hits_capacity ? a->hits_capacity * 2 : 16;
        a->hits = memory_realloc(a->hits, a->hits_capacity * sizeof *a->hits);
    }
    a->hits[n] = (struct hit){window, cell};
}

/* Step 3. The hits stand from the last window to the first; rows go the other way round. */
static void fire_triggered(struct aligned *a, size_t n_hits)
{
    struct engine *e = &a->engine;
    for (size_t i = n_hits; i-- > 0;) {
        struct window *w = a->hits[i].window;
        if (!engine_triggered(e, a->hits[i].cell, w->bounds.end_ns))
            continue;
        engine_add_pending(e);
        pane_fire(&e->panes, &w->bounds, a->hits[i].cell, &w->table.arena,
                  w->bounds.end_ns <= e->watermark.now_ns ? PANE_LATE : PANE_EARLY);
    }
}

/* Steps 1 to 3 in general: any number of windows, expired ones among them. */
static void add_record(struct aligned *a, size_t i)
{
    struct engine *e = &a->engine;
    int64_t t_ns = e->batch->time_ns[i];
    struct window_bounds bounds;
    size_t n_hits = 0;
    int64_t k = 0;
    for (; window_at(&e->window, t_ns, k, &bounds); k++) {
        if (engine_expiry(e, bounds.end_ns) <= e->watermark.now_ns) {
            k++;
            break; /* and so have all that start earlier */
        }
        struct window *w = find_window(a, &bounds);
        if (k == 0)
            a->recent = w;
        note_hit(a, n_hits++, w, add_to_window(e, w, i));
    }
    if (k == 0) {
        e->counts.unassigned++;
    } else if (n_hits == 0) {
        engine_too_late(e, i);
    } else {
        e->counts.used++;
        e->counts.late += t_ns < e->watermark.now_ns;
        fire_triggered(a, n_hits);
    }
}

/* Most records fall into the window of the one before, which is open and fires at its end only. */
static bool add_to_recent(struct aligned *a, size_t i)
{
    struct engine *e = &a->engine;
    int64_t t_ns = e->batch->time_ns[i];
    struct window *w = a->recent;
    if (w == NULL || t_ns < w->bounds.start_ns || t_ns >= w->bounds.end_ns ||
        w->bounds.end_ns <= e->watermark.now_ns)
        return false;
    struct cell *cell = add_to_window(e, w, i);
    e->counts.used++;
    e->counts.late += t_ns < e->watermark.now_ns;
    if (engine_triggered(e, cell, w->bounds.end_ns)) {
        note_hit(a, 0, w, cell);
        fire_triggered(a, 1);
    }
    return true;
}

static void aligned_consume(struct engine *e, size_t from, size_t to)
{
    struct aligned *a = aligned_of(e);
    bool tumbling = e->window.size_ns == e->window.slide_ns;
    for (size_t i = from; i < to; i++) {
        if (!tumbling || !add_to_recent(a, i))
            add_record(a, i);
        engine_advance(e, e->batch->time_ns[i]);
    }
}

/* Fires the cells of a window, by key: all of them, or those with something new. */
static void fire_window(struct aligned *a, struct window *w, bool fresh_only,
                        enum pane_timing timing)
{
    if (w->table.n > a->sorted_capacity) {
        a->sorted_capacity = w->table.n;
        a->sorted = memory_realloc(a->sorted, a->sorted_capacity * sizeof(struct cell *));
    }
    size_t n = 0;
    for (uint32_t i = 0; i < w->table.n; i++) {
        struct cell *cell = table_cell(&w->table, i);
        if (cell->fresh > 0 || !fresh_only)
            a->sorted[n++] = cell;
    }
    cells_sort(a->sorted, n);
    for (size_t i = 0; i < n; i++)
        pane_fire(&a->engine.panes, &w->bounds, a->sorted[i], &w->table.arena, timing);
}

static void expire_first(struct aligned *a)
{
    struct window *w = a->windows[0];
    if (a->engine.panes.options.final)
        fire_window(a, w, false, PANE_ON_TIME);
    else
        fire_window(a, w, true, PANE_LATE);
    if (a->recent == w)
        a->recent = NULL;
    table_free(&w->table);
    free(w);
    memmove(&a->windows[0], &a->windows[1], --a->n * sizeof(struct window *));
    a->n_passed--;
}

static void pass_next(struct aligned *a)
{
    struct window *w = a->windows[a->n_passed++];
    if (!a->engine.panes.options.final)
        fire_window(a, w, false, PANE_ON_TIME);
}

static void tick(struct aligned *a)
{
    struct engine *e = &a->engine;
    for (size_t i = a->n_passed; i < a->n; i++)
        fire_window(a, a->windows[i], true, PANE_EARLY);
    /* Nothing is new any more: the other multiples up to W would fire nothing. */
    engine_next_tick(e);
}

/*
 * One timer after the other, the earliest first. Of equal times: expiries, then ends, then the
 * tick, which is by window end, as the spec asks (expiring windows end first, ticking ones last).
 */
static void aligned_run_timers(struct engine *e)
{
    struct aligned *a = aligned_of(e);
    for (;;) {
        e->timer_set = false;
        set_timer(a);
        int64_t now_ns = e->next_timer_ns;
        if (!e->timer_set || now_ns > e->watermark.now_ns)
            return;
        if (a->n_passed > 0 && engine_expiry(e, a->windows[0]->bounds.end_ns) == now_ns)
            expire_first(a);
        else if (a->n_passed < a->n && a->windows[a->n_passed]->bounds.end_ns == now_ns)
            pass_next(a);
        else
            tick(a);
    }
}

static void aligned_fire_unfired(struct engine *e)
{
    struct aligned *a = aligned_of(e);
    for (size_t i = 0; i < a->n; i++)
        fire_window(a, a->windows[i], true, i < a->n_passed ? PANE_LATE : PANE_EARLY);
}

static size_t aligned_cells(const struct engine *e)
{
    const struct aligned *a = (const struct aligned *)(const void *)e;
    size_t n = 0;
    for (size_t i = 0; i < a->n; i++)
        n += a->windows[i]->table.n;
    return n;
}

/* Number of windows (u64); each: start, end (i64), number of cells (u64); each: key, cell. */
static void aligned_save(const struct engine *e, struct buf *to)
{
    const struct aligned *a = (const struct aligned *)(const void *)e;
    wire_put_u64(to, a->n);
    for (size_t i = 0; i < a->n; i++) {
        const struct window *w = a->windows[i];
        wire_put_i64(to, w->bounds.start_ns);
        wire_put_i64(to, w->bounds.end_ns);
        wire_put_u64(to, w->table.n);
        for (uint32_t c = 0; c < w->table.n; c++) {
            const struct cell *cell = table_cell(&w->table, c);
            wire_put_bytes(to, cell->key, cell->key_len);
            cell_save(&e->panes, cell, to);
        }
    }
}

static bool load_cells(struct engine *e, struct window *w, const unsigned char **at,
                       const unsigned char *end)
{
    uint64_t n;
    if (!wire_u64(at, end, &n))
        return false;
    for (uint64_t i = 0; i < n; i++) {
        const void *key;
        size_t key_len;
        bool made;
        if (!wire_bytes(at, end, &key, &key_len) || key_len > UINT32_MAX)
            return false;
        struct cell *cell =
            table_get(&w->table, keys_hash(&e->keys, key, key_len), key, (uint32_t)key_len, &made);
        if (!made)
            return false;
        pane_start(&e->panes, cell);
        if (!cell_load(&e->panes, cell, at, end, &w->table.arena))
            return false;
    }
    return true;
}

static bool aligned_load(struct engine *e, uint64_t live, const unsigned char **at,
                         const unsigned char *end)
{
    struct aligned *a = aligned_of(e);
    for (uint64_t i = 0; i < live; i++) {
        struct window_bounds bounds;
        if (!wire_i64(at, end, &bounds.start_ns) || !wire_i64(at, end, &bounds.end_ns))
            return false;
        size_t place = position(a, &bounds);
        if (place != a->n) /* not in order, or there already */
            return false;
        if (!load_cells(e, open_window(a, place, &bounds), at, end))
            return false;
    }
    set_timer(a);
    return true;
}

static void aligned_free(struct engine *e)
{
    struct aligned *a = aligned_of(e);
    for (size_t i = 0; i < a->n; i++) {
        table_free(&a->windows[i]->table);
        free(a->windows[i]);
    }
    free(a->windows);
    free(a->hits);
    free(a->sorted);
    free(a);
}

static const struct engine_ops aligned_ops = {
    .consume = aligned_consume,
    .run_timers = aligned_run_timers,
    .fire_unfired = aligned_fire_unfired,
    .free = aligned_free,
    .cells = aligned_cells,
    .save = aligned_save,
    .load = aligned_load,
};

struct engine *aligned_new(void)
{
    struct aligned *a = memory_calloc(1, sizeof *a);
    a->engine.ops = &aligned_ops;
    return &a->engine;
}
