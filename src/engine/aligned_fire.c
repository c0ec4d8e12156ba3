#include "engine/aligned.h"

/* Adds to an open window what its slices hold. It will not be added again. */
static void spread_over(struct aligned *a, struct window *w)
{
    const struct panes *panes = &a->engine.panes;
    const struct windows *slices = &a->slices.live;
    const struct window_bounds from_start = {w->bounds.start_ns, INT64_MIN};
    size_t place;
    windows_find(slices, &from_start, &place);
    for (; place < slices->n; place++) {
        const struct window *slice = windows_at(slices, place);
        if (slice->bounds.end_ns > w->bounds.end_ns)
            return;
        for (uint32_t i = 0; i < slice->table.n; i++) {
            const struct cell *from = table_cell(&slice->table, i);
            bool made;
            struct cell *to =
                table_get(&w->table, from->hash, cell_key(from), from->key_len, &made);
            if (made)
                pane_start(panes, to);
            saving_touch(&a->saving, w, to);
            bool is_new = to->fresh == 0;
            pane_merge(panes, to, from, &w->table.arena);
            if (is_new)
                fresh_note(&a->fresh, w, to);
        }
    }
}

/* All open windows get what the slices hold, which are empty then. */
static void spread(struct aligned *a)
{
    if (!a->spreads)
        return;
    for (size_t i = a->n_passed; i < a->windows.n; i++)
        spread_over(a, windows_at(&a->windows, i));
    recent_forget(&a->recent);
    for (; a->to_save.leaving < a->saving.n; a->to_save.leaving++)
        saving_window(&a->saving, a->to_save.leaving);
    windows_free(&a->slices.live);
}

static void expire_first(struct aligned *a)
{
    struct window *w = windows_at(&a->windows, 0);
    volley_window(&a->volley, &a->engine.panes, w, true, PANE_LATE);
    recent_forget(&a->recent);
    slices_expire(&a->slices, w->bounds.end_ns);
    windows_drop_first(&a->windows);
    a->n_passed--;
}

/* The first open window fires on time; it is freed when it expires, at once without lateness. */
static void pass_next(struct aligned *a)
{
    struct window *w = windows_at(&a->windows, a->n_passed++);
    if (a->spreads) {
        spread_over(a, w);
        recent_forget(&a->recent);
        /* W may have passed more windows, which still need their slices. */
        slices_pass(&a->slices, w->bounds.end_ns - (w->bounds.end_ns == INT64_MAX));
        slices_drop(&a->slices, &a->engine.panes);
    }
    fresh_forget(&a->fresh, w);
    volley_window(&a->volley, &a->engine.panes, w, false, PANE_ON_TIME);
}

/* Fires a window that has just been put together from slices. */
static void fire_together(struct aligned *a, struct window *w, enum pane_timing timing)
{
    struct panes *panes = &a->engine.panes;
    a->n_passed++;
    panes->lends = a->lends;
    volley_window(&a->volley, panes, w, false, timing);
    panes->lends = false;
    recent_forget(&a->recent); /* they may be slices that go now */
    slices_drop(&a->slices, panes);
}

/* The same for the next one, which exists only in slices yet. */
static void fire_slices(struct aligned *a, const struct window_bounds *bounds,
                        enum pane_timing timing)
{
    struct engine *e = &a->engine;
    struct window *w = windows_insert(&a->windows, a->windows.n, bounds, e->acc_bytes);
    slices_fire(&a->slices, &e->panes, &w->table);
    fire_together(a, w, timing);
}

/*
 * Gives the window that passes an empty cell for each known key that has none there. w NULL: there
 * is no such window, and one is made at that place if a key wants it. Returns the window, or NULL.
 */
static struct window *fill_cells(struct aligned *a, const struct window_bounds *bounds,
                                 struct window *w, size_t place)
{
    struct engine *e = &a->engine;
    for (uint32_t i = 0; i < fill_keys(a->fill); i++) {
        const struct cell *key = fill_key(a->fill, i);
        if (key == NULL)
            continue;
        bool made, has_record = w != NULL && table_find(&w->table, key->hash, cell_key(key),
                                                        key->key_len) != NULL;
        if (!fill_note(a->fill, i, has_record))
            continue;
        if (w == NULL) {
            w = windows_insert(&a->windows, place, bounds, e->acc_bytes);
            e->counts.windows++;
        }
        pane_start(&e->panes, table_get(&w->table, key->hash, cell_key(key), key->key_len, &made));
    }
    return w;
}

/* What comes before the next window that has records, which starts then, has none. */
static void step_fill(struct aligned *a, int64_t before_ns)
{
    struct engine *e = &a->engine;
    int64_t end_ns = aligned_fill_end(e);
    fill_step(a->fill, e->watermark.now_ns, before_ns <= end_ns ? before_ns : time_add(end_ns, 1));
    e->counts.fill_skipped = fill_skipped(a->fill);
}

/* The next window to fill passes; it will fire. */
static void fill_window(struct aligned *a, const struct window_bounds *bounds)
{
    size_t place;
    bool there = windows_find(&a->windows, bounds, &place);
    struct window *w = there ? windows_at(&a->windows, place) : NULL;
    place += fill_cells(a, bounds, w, place) != NULL;
    step_fill(a,
              place < a->windows.n ? windows_at(&a->windows, place)->bounds.start_ns : INT64_MAX);
}

/* The same where windows exist in slices only: it fires. */
static void fill_and_fire(struct aligned *a, const struct window_bounds *bounds)
{
    struct engine *e = &a->engine;
    struct window *w = NULL;
    struct window_bounds next;
    size_t place = a->windows.n; /* all others have passed */
    if (aligned_next_in_slices(a, &next) && next.start_ns == bounds->start_ns) {
        w = windows_insert(&a->windows, place, bounds, e->acc_bytes);
        slices_fire(&a->slices, &e->panes, &w->table);
    }
    w = fill_cells(a, bounds, w, place);
    if (w != NULL)
        fire_together(a, w, PANE_ON_TIME);
    step_fill(a, aligned_next_in_slices(a, &next) ? next.start_ns : INT64_MAX);
}

static void tick(struct aligned *a)
{
    struct engine *e = &a->engine;
    spread(a);
    fresh_sort(&a->fresh);
    for (size_t i = 0; i < a->fresh.n && !panes_attend(&e->panes); i++) {
        struct window *w = a->fresh.windows[i];
        for (size_t k = 0; k < w->n_fresh; k++)
            saving_touch(&a->saving, w, w->fresh[k]);
        volley_cells(&a->volley, &e->panes, w, w->fresh, w->n_fresh, PANE_EARLY);
    }
    fresh_clear(&a->fresh);
    /* Nothing is new any more: the other multiples up to W would fire nothing. */
    engine_next_tick(e);
}

/* Where windows exist in slices only: is the next one that ends now one to be filled? */
static bool fill_is_next(const struct aligned *a, struct window_bounds *next, int64_t now_ns)
{
    struct window_bounds other;
    return aligned_fill_due(a, next) && next->end_ns == now_ns &&
           (!aligned_next_in_slices(a, &other) || next->start_ns <= other.start_ns);
}

/* Has the last window passed that holds the slice? Then it may go. */
static bool is_spent(const struct engine *e, const struct window *slice)
{
    struct window_bounds last;
    return !window_at(&e->window, slice->bounds.start_ns, 0, &last) || aligned_has_passed(e, &last);
}

/*
 * What is being saved is written before it changes or goes: windows that fire or expire by now, and
 * slices that no window needs any more. Each is looked at once.
 */
static void save_due(struct aligned *a)
{
    const struct engine *e = &a->engine;
    struct saving *s = &a->saving;
    struct window *w;
    if (!saving_is_on(s))
        return;
    size_t end = s->first_slice;
    for (size_t *at = &a->to_save.firing; *at < end; ++*at) {
        if ((w = s->windows[*at]) != NULL && !aligned_has_passed(e, &w->bounds))
            break;
        saving_window(s, *at);
    }
    for (size_t *at = &a->to_save.expiring; *at < end; ++*at) {
        w = s->windows[*at];
        if (w != NULL && !engine_reached(e, engine_expiry(e, w->bounds.end_ns)))
            break;
        saving_window(s, *at);
    }
    for (size_t *at = &a->to_save.leaving; *at < s->n; ++*at) {
        if ((w = s->windows[*at]) != NULL && !is_spent(e, w))
            break;
        saving_window(s, *at);
    }
}

/*
 * One timer after the other, the earliest first. Of equal times: expiries, then ends, then the
 * tick, which is by window end, as the spec asks (expiring windows end first, ticking ones last).
 */
void aligned_run_timers(struct engine *e)
{
    struct aligned *a = aligned_of(e);
    struct window_bounds next;
    save_due(a);
    for (int64_t last_ns = INT64_MIN;;) {
        aligned_set_timer(a);
        int64_t now_ns = e->next_timer_ns;
        bool due = e->timer_set && engine_reached(e, now_ns);
        if (!due || now_ns != last_ns)
            panes_commit(&e->panes);
        if (!due || panes_attend(&e->panes)) {
            engine_tell(e);
            return;
        }
        last_ns = now_ns;
        if (!a->sliced && aligned_fill_due(a, &next) && next.end_ns == now_ns)
            fill_window(a, &next);
        else if (a->n_passed > 0 &&
                 engine_expiry(e, windows_at(&a->windows, 0)->bounds.end_ns) == now_ns)
            expire_first(a);
        else if (a->n_passed < a->windows.n &&
                 aligned_firing_ns(e, windows_at(&a->windows, a->n_passed)->bounds.end_ns) ==
                     now_ns)
            pass_next(a);
        else if (a->sliced && fill_is_next(a, &next, now_ns))
            fill_and_fire(a, &next);
        else if (aligned_next_in_slices(a, &next) && aligned_firing_ns(e, next.end_ns) == now_ns)
            fire_slices(a, &next, PANE_ON_TIME);
        else if (e->mark_set) /* --partial, which has no ticks */
            engine_mark(e);
        else
            tick(a);
    }
}

void aligned_fire_unfired(struct engine *e)
{
    struct aligned *a = aligned_of(e);
    struct window_bounds next;
    spread(a);
    for (size_t i = 0; i < a->windows.n && !panes_are_lost(&e->panes); i++)
        volley_window(&a->volley, &e->panes, windows_at(&a->windows, i), true,
                      i < a->n_passed ? PANE_LATE : PANE_EARLY);
    while (!panes_are_lost(&e->panes) && aligned_next_in_slices(a, &next))
        fire_slices(a, &next, PANE_EARLY);
    panes_commit(&e->panes);
}
