#include "engine/aligned.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/wire.h"

/* The last window of a record that moved a clock. */
int64_t aligned_fill_end(const struct engine *e)
{
    int64_t moved_ns = e->w_given ? e->moved_ns : e->watermark.clock_ns;
    return e->flushing ? moved_ns : INT64_MAX;
}

bool aligned_fill_due(const struct aligned *a, struct window_bounds *next)
{
    return a->fill != NULL && fill_next(a->fill, next) &&
           next->start_ns <= aligned_fill_end(&a->engine);
}

void aligned_set_timer(struct aligned *a)
{
    struct engine *e = &a->engine;
    struct window_bounds next;
    e->timer_set = false;
    if (a->n_passed > 0)
        engine_timer(e, engine_expiry(e, windows_at(&a->windows, 0)->bounds.end_ns));
    if (a->n_passed < a->windows.n)
        engine_timer(e, aligned_firing_ns(e, windows_at(&a->windows, a->n_passed)->bounds.end_ns));
    if (aligned_next_in_slices(a, &next))
        engine_timer(e, aligned_firing_ns(e, next.end_ns));
    if (aligned_fill_due(a, &next))
        engine_timer(e, next.end_ns);
    if (e->tick_set)
        engine_timer(e, e->next_tick_ns);
    if (e->mark_set)
        engine_timer(e, e->next_mark_ns);
}

void aligned_pass_slices(struct aligned *a)
{
    const struct engine *e = &a->engine;
    int64_t lag_ns = e->panes.options.final ? e->panes.options.lateness_ns : 0;
    int64_t now_ns = time_sub(e->watermark.now_ns, lag_ns);
    if (a->sliced && e->watermark.started)
        slices_pass(&a->slices, now_ns == INT64_MAX ? now_ns - 1 : now_ns);
}

static uint64_t aligned_open(const struct engine *e)
{
    const struct aligned *a = (const struct aligned *)(const void *)e;
    return a->windows.n - a->n_passed + (a->spreads ? 0 : slices_windows(&a->slices));
}

static size_t aligned_cells(const struct engine *e)
{
    const struct aligned *a = (const struct aligned *)(const void *)e;
    return windows_cells(&a->windows) + windows_cells(&a->slices.live);
}

static size_t aligned_memory(const struct engine *e)
{
    const struct aligned *a = (const struct aligned *)(const void *)e;
    size_t n_windows = a->windows.n + a->slices.live.n;
    return n_windows * sizeof(struct window) + stacks_memory(&a->slices.stacks);
}

static size_t aligned_rest(const struct engine *e)
{
    enum { WINDOW_BYTES = 24, KNOWN_BYTES = 60 };
    const struct aligned *a = (const struct aligned *)(const void *)e;
    return (a->windows.n + a->slices.live.n) * WINDOW_BYTES +
           (a->fill == NULL ? 0 : fill_keys(a->fill) * (size_t)KNOWN_BYTES);
}

static bool aligned_wants_keys(const struct engine *e)
{
    return ((const struct aligned *)(const void *)e)->memo.places == NULL;
}

/*
 * Number of windows (u64), the windows, number of those that have passed (u64), number of slices
 * (u64), the slices (with --early D what is still to be spread over the windows); with --fill: the
 * known keys (engine/fill.h); then the cells of windows and slices (engine/saving.h).
 */
static void save_windows(const struct aligned *a, struct buf *to)
{
    wire_put_u64(to, a->windows.n);
    windows_save(&a->windows, to);
    wire_put_u64(to, a->n_passed);
    wire_put_u64(to, a->slices.live.n);
    windows_save(&a->slices.live, to);
    if (a->fill != NULL)
        fill_save(a->fill, to);
}

/* All of those, in this order; the array is to be freed. */
static struct saving_list list_all(const struct aligned *a)
{
    struct saving_list list = {.n = a->windows.n + a->slices.live.n, .first_slice = a->windows.n};
    list.windows = memory_calloc(list.n, sizeof(struct window *));
    windows_list(&a->windows, list.windows);
    windows_list(&a->slices.live, list.windows + list.first_slice);
    return list;
}

static void aligned_save(const struct engine *e, struct buf *to)
{
    const struct aligned *a = (const struct aligned *)(const void *)e;
    const struct saving_list list = list_all(a);
    save_windows(a, to);
    saving_write_all(&e->panes, &list, to);
    free(list.windows);
}

static void aligned_save_begin(struct engine *e, struct buf *to)
{
    struct aligned *a = aligned_of(e);
    const struct saving_list list = list_all(a);
    save_windows(a, to);
    saving_begin(&a->saving, &e->panes, &list, to);
    a->to_save.expiring = 0;
    a->to_save.firing = a->n_passed;
    a->to_save.leaving = list.first_slice;
}

static bool aligned_save_step(struct engine *e, size_t bytes)
{
    return saving_step(&aligned_of(e)->saving, bytes);
}

/* What was new for the next tick is new again. */
static void find_fresh(struct aligned *a)
{
    for (size_t i = a->n_passed; a->ticks && i < a->windows.n; i++) {
        struct window *w = windows_at(&a->windows, i);
        for (uint32_t c = 0; c < w->table.n; c++)
            if (table_cell(&w->table, c)->fresh > 0)
                fresh_note(&a->fresh, w, table_cell(&w->table, c));
    }
}

/* Are all windows such as the plan has, and have those passed, and none expired, that must have? */
static bool is_sound(const struct aligned *a)
{
    const struct engine *e = &a->engine;
    for (size_t i = 0; i < a->windows.n; i++) {
        const struct window_bounds *bounds = &windows_at(&a->windows, i)->bounds;
        if (!window_is(&e->window, bounds) || aligned_has_passed(e, bounds) != (i < a->n_passed) ||
            engine_reached(e, engine_expiry(e, bounds->end_ns)))
            return false;
    }
    return true;
}

static bool load_cells(struct aligned *a, const unsigned char **at, const unsigned char *end)
{
    const struct saving_load load = {&a->engine.panes, a->engine.key_seed, a->engine.n_keys};
    const struct saving_list list = list_all(a);
    bool ok = saving_load(&load, &list, at, end);
    free(list.windows);
    return ok;
}

static bool aligned_load(struct engine *e, uint64_t live, const unsigned char **at,
                         const unsigned char *end)
{
    struct aligned *a = aligned_of(e);
    uint64_t n_passed, n_slices;
    if (!windows_load(&a->windows, live, e->acc_bytes, at, end) || !wire_u64(at, end, &n_passed) ||
        !wire_u64(at, end, &n_slices) || n_passed > live || (n_slices > 0 && !a->sliced) ||
        !windows_load(&a->slices.live, n_slices, e->acc_bytes, at, end))
        return false;
    a->n_passed = (size_t)n_passed;
    if (a->fill != NULL && !fill_load(a->fill, e->key_seed, e->n_keys, at, end))
        return false;
    if (!load_cells(a, at, end))
        return false;
    aligned_pass_slices(a);
    if (!is_sound(a) || !slices_load(&a->slices))
        return false;
    find_fresh(a);
    aligned_set_timer(a);
    return true;
}

static void aligned_free(struct engine *e)
{
    struct aligned *a = aligned_of(e);
    windows_free(&a->windows);
    key_memo_free(&a->memo);
    slices_free(&a->slices);
    fill_free(a->fill);
    fresh_free(&a->fresh);
    volley_free(&a->volley);
    saving_free(&a->saving);
    free(a->hits);
    free(a);
}

static const struct engine_ops aligned_ops = {
    .consume = aligned_consume,
    .merge = aligned_merge,
    .run_timers = aligned_run_timers,
    .fire_unfired = aligned_fire_unfired,
    .free = aligned_free,
    .cells = aligned_cells,
    .memory = aligned_memory,
    .rest = aligned_rest,
    .wants_keys = aligned_wants_keys,
    .open = aligned_open,
    .save = aligned_save,
    .save_begin = aligned_save_begin,
    .save_step = aligned_save_step,
    .load = aligned_load,
};

struct engine *aligned_new(const struct engine_options *options)
{
    struct aligned *a = memory_calloc(1, sizeof *a);
    a->engine.ops = &aligned_ops;
    bool overlaps = window_overlaps(&options->window) && options->partial == NULL;
    bool fill = options->pane.fill;
    a->alone = !overlaps && !fill;
    /* Of a window that fires at its expiry, or early, it shows late which keys it has. */
    bool fills_apart = fill && (options->pane.early_ns > 0 ||
                                (options->pane.final && options->pane.lateness_ns > 0));
    a->sliced = overlaps && !fills_apart && options->pane.early_count == 0;
    a->ticks = options->pane.early_ns > 0;
    a->spreads = a->sliced && a->ticks;
    a->slices.spec = options->window;
    bool lends =
        a->sliced && !a->spreads && pane_refines(&options->pane) && slices_lend(&a->slices);
    for (size_t i = 0; lends && i < options->n_aggs; i++)
        a->lends |= options->aggs[i].ops->running != NULL;
    a->slices.keeps = a->lends && options->pane.mode != PANE_DISCARD;
    if (options->window.kind == WINDOW_TUMBLING || a->sliced)
        recent_init(&a->recent, options->window.slide_ns, options->window.offset_ns);
    key_memo_init(&a->memo, options->n_keys);
    if (fill)
        a->fill = fill_new(&a->slices.spec);
    return &a->engine;
}
