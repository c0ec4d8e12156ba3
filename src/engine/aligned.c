/*
 * engine/aligned.c - the engine for tumbling and sliding windows.
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
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/wire.h"
#include "engine/engine.h"
#include "engine/fill.h"
#include "engine/fresh.h"
#include "engine/recent.h"
#include "engine/slices.h"
#include "engine/volley.h"
#include "engine/windows.h"

/* A window and cell that the current record went into. */
struct hit {
    struct window *window;
    struct cell *cell;
};

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
    struct hit *hits;
    size_t hits_capacity;
    struct volley volley; /* scratch: cells that fire together */
};

static struct aligned *aligned_of(struct engine *e)
{
    return (struct aligned *)(void *)e;
}

/* When a window that has not passed is to be fired: --final waits until it can't change any more.
 */
static int64_t firing(const struct engine *e, int64_t end_ns)
{
    return e->panes.options.final ? engine_expiry(e, end_ns) : end_ns;
}

/* At the end of the input it goes up to the last window of a record that moved a clock. */
static int64_t fill_end(const struct engine *e)
{
    int64_t moved_ns = e->w_given ? e->moved_ns : e->watermark.clock_ns;
    return e->flushing ? moved_ns : INT64_MAX;
}

/* The next window to be filled. */
static bool fill_due(const struct aligned *a, struct window_bounds *next)
{
    return a->fill != NULL && fill_next(a->fill, next) && next->start_ns <= fill_end(&a->engine);
}

/* The next window to fire of those that exist in slices only. */
static bool next_in_slices(const struct aligned *a, struct window_bounds *next)
{
    return a->sliced && !a->spreads && slices_next(&a->slices, next);
}

/* Where windows exist in slices only: is the next one that ends now one to be filled? */
static bool fill_is_next(const struct aligned *a, struct window_bounds *next, int64_t now_ns)
{
    struct window_bounds other;
    return fill_due(a, next) && next->end_ns == now_ns &&
           (!next_in_slices(a, &other) || next->start_ns <= other.start_ns);
}

static void set_timer(struct aligned *a)
{
    struct engine *e = &a->engine;
    struct window_bounds next;
    e->timer_set = false;
    if (a->n_passed > 0)
        engine_timer(e, engine_expiry(e, windows_at(&a->windows, 0)->bounds.end_ns));
    if (a->n_passed < a->windows.n)
        engine_timer(e, firing(e, windows_at(&a->windows, a->n_passed)->bounds.end_ns));
    if (next_in_slices(a, &next))
        engine_timer(e, firing(e, next.end_ns));
    if (fill_due(a, &next))
        engine_timer(e, next.end_ns);
    if (e->tick_set)
        engine_timer(e, e->next_tick_ns);
    if (e->mark_set)
        engine_timer(e, e->next_mark_ns);
}

static bool has_passed(const struct engine *e, const struct window_bounds *bounds)
{
    return engine_reached(e, firing(e, bounds->end_ns));
}

static struct window *find_window(struct aligned *a, const struct window_bounds *bounds)
{
    size_t place;
    if (windows_find(&a->windows, bounds, &place))
        return windows_at(&a->windows, place);
    struct window *w = windows_insert(&a->windows, place, bounds, a->engine.acc_bytes);
    a->n_passed += has_passed(&a->engine, bounds);
    a->engine.counts.windows++;
    set_timer(a);
    return w;
}

/* Tells the slices which windows have passed; an end that saturated has not. */
static void pass_slices(struct aligned *a)
{
    const struct engine *e = &a->engine;
    int64_t lag_ns = e->panes.options.final ? e->panes.options.lateness_ns : 0;
    int64_t now_ns = time_sub(e->watermark.now_ns, lag_ns);
    if (a->sliced && e->watermark.started)
        slices_pass(&a->slices, now_ns == INT64_MAX ? now_ns - 1 : now_ns);
}

/* Opens the windows of a time that have not passed. */
static void open_windows(struct aligned *a, int64_t t_ns)
{
    struct window_bounds bounds;
    for (int64_t k = 0; window_at(&a->engine.window, t_ns, k, &bounds); k++) {
        if (has_passed(&a->engine, &bounds))
            return; /* and so have all that start earlier */
        find_window(a, &bounds);
    }
}

/* The slice of a time that lies in some open window. */
static struct window *find_slice(struct aligned *a, int64_t t_ns)
{
    struct engine *e = &a->engine;
    pass_slices(a);
    size_t live = a->slices.live.n;
    uint64_t opened = 0;
    struct window *slice = slices_get(&a->slices, t_ns, e->acc_bytes, &opened);
    if (a->slices.live.n != live && a->spreads) {
        open_windows(a, t_ns);
    } else if (a->slices.live.n != live) {
        e->counts.windows += opened;
        set_timer(a);
    }
    return slice;
}

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
    windows_free(&a->slices.live);
}

/* When the first look at the table did not find it. */
static __attribute__((noinline)) struct cell *find_cell(struct engine *e, struct table *table,
                                                        size_t i)
{
    bool made;
    uint32_t key_len;
    const unsigned char *key = keys_at(e->keys, i, &key_len);
    struct cell *cell = table_get_slow(table, e->keys->hash[i], key, key_len, &made);
    if (made)
        pane_start(&e->panes, cell);
    return cell;
}

static inline struct cell *cell_of(struct engine *e, struct window *w, size_t i)
{
    uint32_t key_len;
    const unsigned char *key = keys_at(e->keys, i, &key_len);
    struct cell *cell = table_first(&w->table, e->keys->hash[i], key, key_len);
    return cell != NULL ? cell : find_cell(e, &w->table, i);
}

static inline struct cell *add_to_window(struct engine *e, struct window *w, size_t i)
{
    struct cell *cell = cell_of(e, w, i);
    engine_push(e, cell, &w->table.arena, i);
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

static struct cell *add_it(struct engine *e, struct window *w, const struct addition *it)
{
    struct cell *cell = cell_of(e, w, it->i);
    add_to_cell(e, cell, &w->table.arena, it);
    return cell;
}

static void add_to_slice(struct aligned *a, const struct addition *it)
{
    struct engine *e = &a->engine;
    struct window *slice = find_slice(a, it->t_ns);
    struct cell *cell = cell_of(e, slice, it->i);
    struct arena *arena;
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
        if (found && !has_passed(&a->engine, &bounds))
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
    uint32_t key_len;
    const unsigned char *key = keys_at(e->keys, i, &key_len);
    bool had = fill_next(a->fill, &before);
    fill_see(a->fill, e->keys->hash[i], key, key_len, earliest, e->watermark.now_ns);
    if (fill_next(a->fill, &now) && (!had || now.end_ns != before.end_ns))
        set_timer(a);
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
    uint32_t key_len;
    const unsigned char *key = keys_at(e->keys, i, &key_len);
    struct cell *cell = table_find(&w->table, e->keys->hash[i], key, key_len);
    if (cell == NULL || !cell->lent)
        return;
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
        if (a->sliced && !has_passed(e, &bounds)) {
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
        struct cell *cell = add_it(e, w, it);
        if (a->ticks && cell->fresh == 1 && !has_passed(e, &bounds))
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

/*
 * Most records fall into one of the recent windows or slices, and into no passed one; they need
 * nothing of the general way. Adds those from `from` on and returns the first that is not of that
 * kind, or the first behind one that moves W, which may fire and free the windows. Which of the
 * first two it is is no branch: around a boundary nobody could predict it.
 */
static size_t add_plain(struct aligned *a, size_t from, size_t to)
{
    struct engine *e = &a->engine;
    const int64_t *time_ns = e->batch->time_ns;
    const int64_t now_ns = e->watermark.now_ns;
    /* What says whether a record moves W. */
    const int64_t *mover_ns = e->w_given ? e->w_after_ns : time_ns;
    const int64_t moved_ns = e->w_given ? now_ns : e->watermark.clock_ns;
    const bool sliced = a->sliced, triggers = !sliced && e->panes.options.early_count > 0;
    const bool ticks = a->ticks && !a->spreads;
    const struct windows *live = sliced ? &a->slices.live : &a->windows;
    struct window *first = a->recent.first, *second = a->recent.second;
    uint64_t late = 0;
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
        if ((sliced ? t_ns : w->bounds.end_ns - 1) < now_ns)
            break;
        /* The next records will mostly go where this one goes. */
        if (table_is_large(&w->table))
            table_prefetch(&w->table, e->keys, i, to);
        struct cell *cell = add_to_window(e, w, i);
        late += t_ns < now_ns;
        earliest_ns = t_ns < earliest_ns ? t_ns : earliest_ns;
        moves = mover_ns[i] > moved_ns;
        if (ticks && cell->fresh == 1)
            fresh_note(&a->fresh, w, cell);
        if (triggers && engine_triggered(e, cell, w->bounds.end_ns)) {
            note_hit(a, 0, w, cell);
            fire_triggered(a, 1);
        }
    }
    a->recent.first = first;
    a->recent.second = second;
    e->counts.used += i - from;
    e->counts.late += late;
    if (late > 0) {
        int64_t lag_ns = time_sub(now_ns, earliest_ns);
        e->lateness.lag_ns = lag_ns > e->lateness.lag_ns ? lag_ns : e->lateness.lag_ns;
    }
    if (i > from)
        engine_advance(e, i - 1); /* only the last one may have moved W */
    return i;
}

static void add_record(struct aligned *a, size_t i)
{
    const struct addition it = {i, NULL, a->engine.batch->time_ns[i]};
    add(a, &it);
}

/* The windows that hold a unit hold its last instant, and it is late when that is. */
static void aligned_merge(struct engine *e, const struct engine_delta *delta, size_t i)
{
    const struct addition it = {i, delta, delta->bounds.end_ns - 1};
    add(aligned_of(e), &it);
}

static void aligned_consume(struct engine *e, size_t from, size_t to)
{
    struct aligned *a = aligned_of(e);
    bool alone = a->alone || (a->sliced && a->fill == NULL); /* one window or slice, and no more */
    while (from < to && !panes_are_lost(&e->panes)) {
        size_t plain = alone ? add_plain(a, from, to) : from;
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

/* Gives a window that passes an empty cell for each known key that has none there; NULL: there is
 * none yet, but one may be made. Returns it. */
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
    int64_t end_ns = fill_end(e);
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
    if (next_in_slices(a, &next) && next.start_ns == bounds->start_ns) {
        w = windows_insert(&a->windows, place, bounds, e->acc_bytes);
        slices_fire(&a->slices, &e->panes, &w->table);
    }
    w = fill_cells(a, bounds, w, place);
    if (w != NULL)
        fire_together(a, w, PANE_ON_TIME);
    step_fill(a, next_in_slices(a, &next) ? next.start_ns : INT64_MAX);
}

static void tick(struct aligned *a)
{
    struct engine *e = &a->engine;
    spread(a);
    fresh_sort(&a->fresh);
    for (size_t i = 0; i < a->fresh.n && !panes_attend(&e->panes); i++) {
        struct window *w = a->fresh.windows[i];
        volley_cells(&a->volley, &e->panes, w, w->fresh, w->n_fresh, PANE_EARLY);
    }
    fresh_clear(&a->fresh);
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
    struct window_bounds next;
    for (int64_t last_ns = INT64_MIN;;) {
        set_timer(a);
        int64_t now_ns = e->next_timer_ns;
        bool due = e->timer_set && engine_reached(e, now_ns);
        if (!due || now_ns != last_ns)
            panes_commit(&e->panes);
        if (!due || panes_attend(&e->panes)) {
            engine_tell(e);
            return;
        }
        last_ns = now_ns;
        if (!a->sliced && fill_due(a, &next) && next.end_ns == now_ns)
            fill_window(a, &next);
        else if (a->n_passed > 0 &&
                 engine_expiry(e, windows_at(&a->windows, 0)->bounds.end_ns) == now_ns)
            expire_first(a);
        else if (a->n_passed < a->windows.n &&
                 firing(e, windows_at(&a->windows, a->n_passed)->bounds.end_ns) == now_ns)
            pass_next(a);
        else if (a->sliced && fill_is_next(a, &next, now_ns))
            fill_and_fire(a, &next);
        else if (next_in_slices(a, &next) && firing(e, next.end_ns) == now_ns)
            fire_slices(a, &next, PANE_ON_TIME);
        else if (e->mark_set) /* --partial, which has no ticks */
            engine_mark(e);
        else
            tick(a);
    }
}

static void aligned_fire_unfired(struct engine *e)
{
    struct aligned *a = aligned_of(e);
    struct window_bounds next;
    spread(a);
    for (size_t i = 0; i < a->windows.n && !panes_are_lost(&e->panes); i++)
        volley_window(&a->volley, &e->panes, windows_at(&a->windows, i), true,
                      i < a->n_passed ? PANE_LATE : PANE_EARLY);
    while (!panes_are_lost(&e->panes) && next_in_slices(a, &next))
        fire_slices(a, &next, PANE_EARLY);
    panes_commit(&e->panes);
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
    return n_windows * sizeof(struct window) + a->slices.stacks.capacity * sizeof(struct line);
}

/*
 * Number of windows (u64), the windows, number of those that have passed (u64), number of slices
 * (u64), the slices (with --early D what is still to be spread over the windows); with --fill: the
 * known keys (engine/fill.h).
 */
static void aligned_save(const struct engine *e, struct buf *to)
{
    const struct aligned *a = (const struct aligned *)(const void *)e;
    wire_put_u64(to, a->windows.n);
    windows_save(&a->windows, &e->panes, to);
    wire_put_u64(to, a->n_passed);
    wire_put_u64(to, a->slices.live.n);
    windows_save(&a->slices.live, &e->panes, to);
    if (a->fill != NULL)
        fill_save(a->fill, to);
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
        if (!window_is(&e->window, bounds) || has_passed(e, bounds) != (i < a->n_passed) ||
            engine_reached(e, engine_expiry(e, bounds->end_ns)))
            return false;
    }
    return true;
}

static bool aligned_load(struct engine *e, uint64_t live, const unsigned char **at,
                         const unsigned char *end)
{
    struct aligned *a = aligned_of(e);
    uint64_t n_passed, n_slices;
    const struct windows_load load = {&e->panes, e->key_seed, e->acc_bytes};
    if (!windows_load(&a->windows, live, &load, at, end) || !wire_u64(at, end, &n_passed) ||
        !wire_u64(at, end, &n_slices) || n_passed > live || (n_slices > 0 && !a->sliced))
        return false;
    a->n_passed = (size_t)n_passed;
    if (!windows_load(&a->slices.live, n_slices, &load, at, end))
        return false;
    if (a->fill != NULL && !fill_load(a->fill, e->key_seed, at, end))
        return false;
    pass_slices(a);
    if (!is_sound(a) || !slices_load(&a->slices))
        return false;
    find_fresh(a);
    set_timer(a);
    return true;
}

static void aligned_free(struct engine *e)
{
    struct aligned *a = aligned_of(e);
    windows_free(&a->windows);
    slices_free(&a->slices);
    fill_free(a->fill);
    fresh_free(&a->fresh);
    volley_free(&a->volley);
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
    .open = aligned_open,
    .save = aligned_save,
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
    if (fill)
        a->fill = fill_new(&a->slices.spec);
    return &a->engine;
}
