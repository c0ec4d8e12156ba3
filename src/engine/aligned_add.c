#include <stdlib.h>

#include "base/memory.h"
#include "engine/aligned.h"

/* A window and cell that the current record went into. */
struct hit {
    struct window *window;
    struct cell *cell;
};

static struct window *find_window(struct aligned *a, const struct window_bounds *bounds)
{
    size_t place;
    if (windows_find(&a->windows, bounds, &place))
        return windows_at(&a->windows, place);
    struct window *w = windows_insert(&a->windows, place, bounds, a->engine.acc_bytes);
    a->n_passed += aligned_has_passed(&a->engine, bounds);
    a->engine.counts.windows++;
    aligned_set_timer(a);
    return w;
}

/* Opens the windows of a time that have not passed. */
static void open_windows(struct aligned *a, int64_t t_ns)
{
    struct window_bounds bounds;
    for (int64_t k = 0; window_at(&a->engine.window, t_ns, k, &bounds); k++) {
        if (aligned_has_passed(&a->engine, &bounds))
            return; /* and so have all that start earlier */
        find_window(a, &bounds);
    }
}

/* The slice of a time that lies in some open window. */
static struct window *find_slice(struct aligned *a, int64_t t_ns)
{
    struct engine *e = &a->engine;
    aligned_pass_slices(a);
    size_t live = a->slices.live.n;
    uint64_t opened = 0;
    struct window *slice = slices_get(&a->slices, t_ns, e->acc_bytes, &opened);
    if (a->slices.live.n != live && a->spreads) {
        open_windows(a, t_ns);
    } else if (a->slices.live.n != live) {
        e->counts.windows += opened;
        aligned_set_timer(a);
    }
    return slice;
}

/* When the first look at the table did not find it. */
static __attribute__((noinline)) struct cell *find_cell(struct engine *e, struct table *table,
                                                        size_t i)
{
    bool made;
    const struct engine_key key = engine_key(e, i);
    struct cell *cell = table_get_slow(table, key.hash, key.bytes, key.len, &made);
    if (made)
        pane_start(&e->panes, cell);
    return cell;
}

static inline struct cell *cell_of(struct engine *e, struct window *w, size_t i)
{
    const struct engine_key key = engine_key(e, i);
    struct cell *cell = table_first(&w->table, key.hash, key.bytes, key.len);
    return cell != NULL ? cell : find_cell(e, &w->table, i);
}

/* The same for a record whose key comes again and again. */
static inline struct cell *remembered_cell(struct aligned *a, struct window *w, size_t i, size_t to)
{
    struct key_memo *memo = &a->memo;
    if (i >= memo->to)
        key_memo_prepare(memo, a->engine.batch->columns, i, to);
    struct cell *cell = key_memo_find(memo, i, w);
    if (cell == NULL) {
        cell = cell_of(&a->engine, w, i);
        key_memo_keep(memo, i, w, cell);
    }
    return cell;
}

/* What is added: record i, or a delta of its key. */
struct addition {
    size_t i;
    const struct engine_delta *delta; /* NULL: the record */
    int64_t t_ns;                     /* it is in the windows that hold this time */
};

static void add_to_cell(struct engine *e, struct cell *cell, struct arena *arena,
                        const struct addition *it)
{
    if (it->delta == NULL)
        engine_push(e, cell, arena, it->i);
    else
        pane_merge(&e->panes, cell, e->delta, arena);
}

static struct cell *add_it(struct aligned *a, struct window *w, const struct addition *it)
{
    struct engine *e = &a->engine;
    struct cell *cell = cell_of(e, w, it->i);
    saving_touch(&a->saving, w, cell);
    add_to_cell(e, cell, &w->table.arena, it);
    return cell;
}

static void add_to_slice(struct aligned *a, const struct addition *it)
{
    struct engine *e = &a->engine;
    struct window *slice = find_slice(a, it->t_ns);
    struct cell *cell = cell_of(e, slice, it->i);
    struct arena *arena;
    saving_touch(&a->saving, slice, cell);
    struct cell *patch = slices_touch(&a->slices, &e->panes, slice, cell, &arena);
    add_to_cell(e, cell, &slice->table.arena, it);
    if (patch != NULL)
        add_to_cell(e, patch, arena, it);
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
                  engine_reached(e, w->bounds.end_ns) ? PANE_LATE : PANE_EARLY);
        panes_commit(&e->panes);
    }
}

/*
 * As window_at(), but for what is open already: a calendar window keeps its bounds though the tz
 * database has changed since its snapshot, and what it holds belongs to no other.
 */
static bool find_bounds(const struct aligned *a, int64_t t_ns, int64_t k,
                        struct window_bounds *bounds)
{
    if (!window_at(&a->engine.window, t_ns, k, bounds))
        return false;
    if (a->engine.window.kind != WINDOW_CALENDAR || a->windows.n == 0)
        return true;
    const struct window *open = windows_holding(&a->windows, t_ns);
    if (open != NULL) {
        *bounds = open->bounds;
        return true;
    }
    const struct window_bounds now = {t_ns, INT64_MAX};
    size_t place;
    windows_find(&a->windows, &now, &place);
    if (place > 0 && windows_at(&a->windows, place - 1)->bounds.end_ns > bounds->start_ns)
        bounds->start_ns = windows_at(&a->windows, place - 1)->bounds.end_ns;
    if (place < a->windows.n && windows_at(&a->windows, place)->bounds.start_ns < bounds->end_ns)
        bounds->end_ns = windows_at(&a->windows, place)->bounds.start_ns;
    return true;
}

/* The windows of a time stand from the last to the first: number of the first that has passed. */
static int64_t first_passed(const struct aligned *a, int64_t t_ns, int64_t k)
{
    int64_t low = k, high = WINDOWS_PER_RECORD_MAX + 1;
    while (low < high) {
        struct window_bounds bounds;
        int64_t middle = low + (high - low) / 2;
        bool found = window_at(&a->engine.window, t_ns, middle, &bounds);
        if (found && !aligned_has_passed(&a->engine, &bounds))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void see_key(struct aligned *a, size_t i, const struct window_bounds *earliest)
{
    struct engine *e = &a->engine;
    struct window_bounds before, now;
    const struct engine_key key = engine_key(e, i);
    bool had = fill_next(a->fill, &before);
    fill_see(a->fill, key.hash, key.bytes, key.len, earliest, e->watermark.now_ns);
    if (fill_next(a->fill, &now) && (!had || now.end_ns != before.end_ns))
        aligned_set_timer(a);
}

/* Has a slice not expired, though all windows have that hold this time? */
static bool is_left_over(const struct engine *e, int64_t t_ns)
{
    struct window_bounds last;
    int64_t lateness_ns = time_sub(e->panes.options.lateness_ns, e->whole.size_ns);
    return e->window.kind == WINDOW_SLICE && window_at(&e->whole, t_ns, 0, &last) &&
           engine_reached(e, time_add(last.end_ns, lateness_ns));
}

/* What was lent to a cell when its window fired is its own from the first late record on. */
static void return_lent(struct aligned *a, struct window *w, size_t i)
{
    struct engine *e = &a->engine;
    const struct engine_key key = engine_key(e, i);
    struct cell *cell = table_find(&w->table, key.hash, key.bytes, key.len);
    if (cell == NULL || !cell->lent)
        return;
    saving_touch(&a->saving, w, cell);
    cell->lent = 0;
    engine_add_pending(e);
    slices_return(&a->slices, &e->panes, w, cell);
}

/* Steps 1 to 3 in general: any number of windows, passed and expired ones among them. */
static void add(struct aligned *a, const struct addition *it)
{
    struct engine *e = &a->engine;
    const int64_t t_ns = it->t_ns;
    const uint64_t n = it->delta == NULL ? 1 : it->delta->records;
    struct window_bounds bounds;
    struct window_bounds earliest = {0}; /* of those that take the record */
    bool assigned = false, in_slice = false, partly = false;
    size_t n_hits = 0;
    for (int64_t k = 0; find_bounds(a, t_ns, k, &bounds); k++) {
        assigned = true;
        if (engine_reached(e, engine_expiry(e, bounds.end_ns)) || is_left_over(e, t_ns)) {
            partly = n_hits > 0 || in_slice;
            break; /* and so have all that start earlier */
        }
        earliest = bounds;
        if (a->sliced && !aligned_has_passed(e, &bounds)) {
            in_slice = true;
            if (t_ns >= e->watermark.now_ns && a->fill == NULL)
                break; /* no window that holds it can have passed */
            k = first_passed(a, t_ns, k) - 1;
            window_at(&e->window, t_ns, k, &earliest);
            continue;
        }
        struct window *w = find_window(a, &bounds);
        if (a->slices.keeps)
            return_lent(a, w, it->i);
        struct cell *cell = add_it(a, w, it);
        if (a->ticks && cell->fresh == 1 && !aligned_has_passed(e, &bounds))
            fresh_note(&a->fresh, w, cell);
        note_hit(a, n_hits++, w, cell);
    }
    if (in_slice) /* behind the windows, to which slices return what they hold without it */
        add_to_slice(a, it);
    if (!assigned) {
        e->counts.unassigned += n;
    } else if (n_hits == 0 && !in_slice) {
        engine_too_late(e, it->i, t_ns, n);
    } else {
        e->counts.used += n;
        e->counts.partly_late += partly ? n : 0;
        e->lateness.partly_late += partly ? n : 0;
        if (t_ns < e->watermark.now_ns) {
            e->counts.late += n;
            engine_note_late(e, t_ns);
        }
        if (a->fill != NULL)
            see_key(a, it->i, &earliest);
        fire_triggered(a, n_hits);
    }
}

/* What add_plain() is for: constants, where it is compiled for a kind of run. */
struct plain {
    bool remembers; /* cells are looked up by the memo */
    bool sliced;    /* in slices, else in windows */
    bool watches;   /* what changes: --early, in either form, or a snapshot under way */
};

/* Is a record of this time late, or its window? */
static inline bool is_behind(struct plain how, const struct window *w, int64_t t_ns, int64_t now_ns)
{
    return (how.sliced ? t_ns : w->bounds.end_ns - 1) < now_ns;
}

static inline struct cell *plain_cell(struct aligned *a, struct plain how, struct window *w,
                                      size_t i, size_t to)
{
    struct engine *e = &a->engine;
    if (how.remembers)
        return remembered_cell(a, w, i, to);
    /* The next records will mostly go where this one goes. */
    if (table_is_large(&w->table))
        table_prefetch(&w->table, e->keys, i, to);
    return cell_of(e, w, i);
}

/* Something new is in the cell. */
static void trigger(struct aligned *a, struct window *w, struct cell *cell)
{
    if (a->ticks && !a->spreads && cell->fresh == 1)
        fresh_note(&a->fresh, w, cell);
    if (!a->sliced && engine_triggered(&a->engine, cell, w->bounds.end_ns)) {
        note_hit(a, 0, w, cell);
        fire_triggered(a, 1);
    }
}

static uint64_t count_before(const int64_t *time_ns, size_t n, int64_t before_ns)
{
    uint64_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += time_ns[i] < before_ns;
    return count;
}

/*
 * Most records fall into one of the recent windows or slices, and into no passed one; they need
 * nothing of the general way. Adds those from `from` on and returns the first that is not of that
 * kind, or the first behind one that moves W, which may fire and free the windows. Which of the
 * first two it is is no branch: around a boundary nobody could predict it.
 */
static inline __attribute__((always_inline)) size_t add_plain(struct aligned *a, size_t from,
                                                              size_t to, const struct plain how)
{
    struct engine *e = &a->engine;
    const int64_t *time_ns = e->batch->time_ns;
    const int64_t now_ns = e->watermark.now_ns;
    /* What says whether a record moves W. */
    const int64_t *mover_ns = e->w_given ? e->w_after_ns : time_ns;
    const int64_t moved_ns = e->w_given ? now_ns : e->watermark.clock_ns;
    const struct windows *live = how.sliced ? &a->slices.live : &a->windows;
    struct window *first = a->recent.first, *second = a->recent.second;
    int64_t earliest_ns = INT64_MAX;
    size_t i = from;
    if (!e->watermark.started)
        return from;
    if (first == NULL)
        first = second = recent_find(&a->recent, live, time_ns[from]);
    if (first == NULL)
        return from;
    for (bool moves = false; i < to && !moves; i++) {
        int64_t t_ns = time_ns[i];
        struct window *w = recent_holds(first, t_ns) ? first : second;
        if (!recent_holds(w, t_ns)) {
            w = recent_find(&a->recent, live, t_ns);
            if (w == NULL)
                break;
            second = first;
            first = w;
        }
        if (is_behind(how, w, t_ns, now_ns))
            break;
        struct cell *cell = plain_cell(a, how, w, i, to);
        if (how.watches)
            saving_touch(&a->saving, w, cell);
        engine_push(e, cell, &w->table.arena, i);
        earliest_ns = t_ns < earliest_ns ? t_ns : earliest_ns;
        moves = mover_ns[i] > moved_ns;
        if (how.watches)
            trigger(a, w, cell);
    }
    a->recent.first = first;
    a->recent.second = second;
    key_memo_judge(&a->memo, i - from, first->table.n);
    e->counts.used += i - from;
    if (earliest_ns < now_ns) { /* late, though its window is open */
        e->counts.late += count_before(time_ns + from, i - from, now_ns);
        engine_note_late(e, earliest_ns);
    }
    if (i > from)
        engine_advance(e, i - 1); /* only the last one may have moved W */
    return i;
}

/* While a snapshot is being written, and with --early: of any kind. */
static __attribute__((noinline)) size_t add_watching(struct aligned *a, size_t from, size_t to)
{
    const struct plain how = {a->memo.places != NULL, a->sliced, true};
    return add_plain(a, from, to, how);
}

/* add_plain() in the form that fits. Of the two last ones each is free of what the other needs. */
static inline size_t add_as_fits(struct aligned *a, size_t from, size_t to)
{
    bool remembers = a->memo.places != NULL;
    if (a->ticks || a->engine.panes.options.early_count > 0 || saving_is_on(&a->saving))
        return add_watching(a, from, to);
    if (a->sliced)
        return add_plain(a, from, to, (struct plain){remembers, true, false});
    if (remembers)
        return add_plain(a, from, to, (struct plain){true, false, false});
    return add_plain(a, from, to, (struct plain){false, false, false});
}

static void add_record(struct aligned *a, size_t i)
{
    const struct addition it = {i, NULL, a->engine.batch->time_ns[i]};
    add(a, &it);
}

/* The windows that hold a unit hold its last instant, and it is late when that is. */
void aligned_merge(struct engine *e, const struct engine_delta *delta, size_t i)
{
    const struct addition it = {i, delta, delta->bounds.end_ns - 1};
    add(aligned_of(e), &it);
}

void aligned_consume(struct engine *e, size_t from, size_t to)
{
    struct aligned *a = aligned_of(e);
    bool alone = a->alone || (a->sliced && a->fill == NULL); /* one window or slice, and no more */
    key_memo_begin(&a->memo);
    while (from < to && !panes_are_lost(&e->panes)) {
        size_t plain = alone ? add_as_fits(a, from, to) : from;
        if (plain == from) {
            add_record(a, from);
            engine_advance(e, from);
            plain++;
        }
        from = plain;
    }
    if (e->window.kind == WINDOW_ALL)
        e->counts.late = 0; /* it never closes: nothing is late */
}
