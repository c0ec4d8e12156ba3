#include "engine/slices.h"

/* The slice of t: from the last cut at or before it to the next one. */
static struct window_bounds slice_of(const struct window_spec *spec, int64_t t_ns)
{
    const struct window_spec units = window_units(spec);
    struct window_bounds bounds;
    window_at(&units, t_ns, 0, &bounds);
    return bounds;
}

/*
 * Windows are numbered in their order, so that every window before a number has passed when it has.
 * Sliding: window k starts at offset + k slides. Cumulating: window k ends at offset + (k + 1)
 * slides, and starts where the size that holds its last slide does.
 */
static int64_t windows_a_size(const struct window_spec *spec)
{
    return spec->size_ns / spec->slide_ns;
}

/* How far behind offset + k slides window k ends. */
static int64_t first_length(const struct window_spec *spec)
{
    return spec->kind == WINDOW_CUMULATE ? spec->slide_ns : spec->size_ns;
}

/* Number k of the first window that ends at or after `end_ns`. */
static i128 first_ending(const struct window_spec *spec, i128 end_ns)
{
    return -window_floor_div(spec->offset_ns + (i128)first_length(spec) - end_ns, spec->slide_ns);
}

/* Number of the first of the cumulating windows that begin where the one does that holds the slide.
 */
static i128 first_of_size(const struct window_spec *spec, i128 slide)
{
    int64_t n = windows_a_size(spec);
    return window_floor_div(slide, n) * n;
}

/* Number of the last window that holds a slice which starts at start_ns; of cumulating ones *first
 * begins with it. */
static i128 last_starting(const struct window_spec *spec, int64_t start_ns, i128 *first)
{
    i128 slide = window_floor_div((i128)start_ns - spec->offset_ns, spec->slide_ns);
    if (spec->kind != WINDOW_CUMULATE)
        return slide;
    i128 begins = first_of_size(spec, slide), last = begins + windows_a_size(spec) - 1;
    /* Of those that end at the last of all times only the first is there: see cumulate_at(). */
    i128 at_end = -window_floor_div((i128)spec->offset_ns - INT64_MAX, spec->slide_ns) - 1;
    if (at_end < begins)
        at_end = begins;
    if (*first < begins) /* where ends saturate, those of the size before end as late */
        *first = begins;
    return last < at_end ? last : at_end;
}

/* The numbers of the first window that holds the slice and has not passed, and of the last. */
static void windows_of(const struct slices *s, const struct window_bounds *slice, i128 *first,
                       i128 *last)
{
    *first = first_ending(&s->spec, slice->end_ns);
    *last = last_starting(&s->spec, slice->start_ns, first);
    if (s->any_passed && s->next > *first)
        *first = s->next;
}

void slices_pass(struct slices *s, int64_t now_ns)
{
    i128 next = first_ending(&s->spec, (i128)now_ns + 1);
    if (!s->any_passed || next > s->next)
        s->next = next;
    s->any_passed = true;
}

/* How many windows hold this new slice and neither of its neighbours. */
static uint64_t count_new(const struct slices *s, size_t place)
{
    i128 first, last, other_first, other_last;
    windows_of(s, &windows_at(&s->live, place)->bounds, &first, &last);
    if (place > 0) {
        windows_of(s, &windows_at(&s->live, place - 1)->bounds, &other_first, &other_last);
        if (other_last >= first)
            first = other_last + 1;
    }
    if (place + 1 < s->live.n) {
        windows_of(s, &windows_at(&s->live, place + 1)->bounds, &other_first, &other_last);
        if (other_first <= last)
            last = other_first - 1;
    }
    return last < first ? 0 : (uint64_t)(last - first + 1);
}

struct window *slices_get(struct slices *s, int64_t t_ns, size_t acc_bytes, uint64_t *opened)
{
    struct window_bounds bounds = slice_of(&s->spec, t_ns);
    size_t place;
    if (windows_find(&s->live, &bounds, &place))
        return windows_at(&s->live, place);
    struct window *slice = windows_insert(&s->live, place, &bounds, acc_bytes);
    *opened += count_new(s, place);
    return slice;
}

static struct window_bounds numbered(const struct window_spec *spec, i128 number)
{
    i128 first = spec->kind == WINDOW_CUMULATE ? first_of_size(spec, number) : number;
    i128 start = spec->offset_ns + first * spec->slide_ns;
    i128 end = spec->offset_ns + number * spec->slide_ns + first_length(spec);
    return (struct window_bounds){window_clamp(start), window_clamp(end)};
}

/* The first slice that an open window holds is in the next to fire. */
static bool next_number(const struct slices *s, i128 *number)
{
    i128 last;
    if (s->live.n == s->left)
        return false;
    windows_of(s, &windows_at(&s->live, s->left)->bounds, number, &last);
    return true;
}

bool slices_next(const struct slices *s, struct window_bounds *bounds)
{
    i128 number;
    if (!next_number(s, &number))
        return false;
    *bounds = numbered(&s->spec, number);
    return true;
}

static void add_slice(const struct panes *panes, const struct window *slice, struct table *into)
{
    for (uint32_t i = 0; i < slice->table.n; i++) {
        struct cell *from = table_cell(&slice->table, i);
        bool made;
        struct cell *to = table_get(into, from->hash, cell_key(from), from->key_len, &made);
        if (made)
            pane_start(panes, to);
        pane_merge(panes, to, from, &into->arena);
    }
}

/* Do stacks pay? They add a slice three times in all, and each window twice. */
bool slices_lend(const struct slices *s)
{
    enum { MANY = 4 };
    return windows_a_size(&s->spec) > MANY;
}

struct cell *slices_touch(struct slices *s, const struct panes *panes, const struct window *slice,
                          struct cell *cell, struct arena **arena)
{
    return stacks_touch(&s->stacks, panes, slice, cell, arena);
}

/* The number of slices that end by then. */
static size_t count_until(const struct windows *live, int64_t end_ns)
{
    size_t low = 0, high = live->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (windows_at(live, middle)->bounds.end_ns <= end_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void slices_fire(struct slices *s, const struct panes *panes, struct table *into)
{
    i128 number;
    if (!next_number(s, &number))
        return;
    const struct window_bounds bounds = numbered(&s->spec, number);
    const struct slice_range range = {&s->live, s->left, count_until(&s->live, bounds.end_ns)};
    if (slices_lend(s))
        stacks_fire(&s->stacks, panes, &range, &bounds, into);
    else
        for (size_t i = range.first; i < range.end; i++)
            add_slice(panes, windows_at(&s->live, i), into);
    s->next = number + 1;
    s->any_passed = true;
}

static bool is_in_open_window(const struct slices *s, size_t i)
{
    i128 first, last;
    windows_of(s, &windows_at(&s->live, i)->bounds, &first, &last);
    return first <= last;
}

void slices_drop(struct slices *s, const struct panes *panes)
{
    while (s->left < s->live.n && !is_in_open_window(s, s->left)) {
        stacks_drop(&s->stacks, panes, windows_at(&s->live, s->left));
        if (s->keeps)
            s->left++;
        else
            windows_drop_first(&s->live);
    }
}

void slices_return(const struct slices *s, const struct panes *panes, struct window *window,
                   struct cell *cell)
{
    const struct window_bounds from_start = {window->bounds.start_ns, INT64_MIN};
    struct arena *arena = &window->table.arena;
    size_t i;
    for (windows_find(&s->live, &from_start, &i); i < s->live.n; i++) {
        const struct window *slice = windows_at(&s->live, i);
        if (slice->bounds.end_ns > window->bounds.end_ns)
            return;
        const struct cell *from =
            table_find(&slice->table, cell->hash, cell_key(cell), cell->key_len);
        if (from != NULL)
            pane_merge_accs(panes, PANE_GROWING, cell_accs(cell), cell_accs_of(from), arena);
    }
}

void slices_expire(struct slices *s, int64_t end_ns)
{
    if (s->left == 0)
        return;
    i128 expired = first_ending(&s->spec, end_ns), first = 0;
    while (s->left > 0 &&
           last_starting(&s->spec, windows_at(&s->live, 0)->bounds.start_ns, &first) <= expired) {
        windows_drop_first(&s->live);
        s->left--;
    }
}

void slices_free(struct slices *s)
{
    windows_free(&s->live);
    stacks_free(&s->stacks);
}

uint64_t slices_windows(const struct slices *s)
{
    uint64_t n = 0;
    i128 counted = 0; /* the last one that was */
    for (size_t i = 0; i < s->live.n; i++) {
        i128 first, last;
        windows_of(s, &windows_at(&s->live, i)->bounds, &first, &last);
        if (i > 0 && counted >= first)
            first = counted + 1;
        if (first <= last)
            n += (uint64_t)(last - first + 1);
        counted = i == 0 || last > counted ? last : counted;
    }
    return n;
}

/*
 * Patches do not last: what a snapshot has for a cell's is none. False: a cell is damaged, for it
 * has no records; each is there because one came, and is never fired.
 */
static bool load_cells(struct window *slice)
{
    for (uint32_t i = 0; i < slice->table.n; i++) {
        struct cell *cell = table_cell(&slice->table, i);
        if (cell->fresh == 0)
            return false;
        cell->pane = 0;
    }
    return true;
}

bool slices_load(struct slices *s)
{
    s->left = 0;
    for (size_t i = 0; i < s->live.n; i++) {
        const struct window_bounds *bounds = &windows_at(&s->live, i)->bounds;
        struct window_bounds expected = slice_of(&s->spec, bounds->start_ns);
        if (expected.start_ns != bounds->start_ns || expected.end_ns != bounds->end_ns ||
            !load_cells(windows_at(&s->live, i)))
            return false;
        if (is_in_open_window(s, i))
            continue;
        if (!s->keeps || s->left < i)
            return false;
        s->left = i + 1;
    }
    return true;
}
