#include "engine/slices.h"

static int64_t clamp(i128 ns)
{
    return ns > INT64_MAX ? INT64_MAX : ns < INT64_MIN ? INT64_MIN : (int64_t)ns;
}

/* floor(a / b), b > 0 */
static i128 floor_div(i128 a, int64_t b)
{
    i128 quotient = a / b;
    return quotient * b > a ? quotient - 1 : quotient;
}

/* The slice of t: from the last cut at or before it to the next one. */
static struct window_bounds slice_of(const struct window_spec *spec, int64_t t_ns)
{
    i128 start =
        spec->offset_ns + floor_div((i128)t_ns - spec->offset_ns, spec->slide_ns) * spec->slide_ns;
    i128 end = start + spec->slide_ns;
    int64_t rest = spec->size_ns % spec->slide_ns; /* windows end this far behind a start */
    if (rest != 0 && t_ns < start + rest)
        end = start + rest;
    else if (rest != 0)
        start += rest;
    return (struct window_bounds){clamp(start), clamp(end)};
}

/* Number k of the first window that ends at or after `end_ns`; window k starts at k slides. */
static i128 first_ending(const struct window_spec *spec, i128 end_ns)
{
    return -floor_div(spec->offset_ns + (i128)spec->size_ns - end_ns, spec->slide_ns);
}

/* Number of the last window that starts at or before `start_ns`. */
static i128 last_starting(const struct window_spec *spec, int64_t start_ns)
{
    return floor_div((i128)start_ns - spec->offset_ns, spec->slide_ns);
}

/* The numbers of the first window that holds the slice and has not passed, and of the last. */
static void windows_of(const struct slices *s, const struct window_bounds *slice, i128 *first,
                       i128 *last)
{
    *first = first_ending(&s->spec, slice->end_ns);
    if (s->any_passed && s->next > *first)
        *first = s->next;
    *last = last_starting(&s->spec, slice->start_ns);
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
    windows_of(s, &s->live.at[place]->bounds, &first, &last);
    if (place > 0) {
        windows_of(s, &s->live.at[place - 1]->bounds, &other_first, &other_last);
        if (other_last >= first)
            first = other_last + 1;
    }
    if (place + 1 < s->live.n) {
        windows_of(s, &s->live.at[place + 1]->bounds, &other_first, &other_last);
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
        return s->live.at[place];
    struct window *slice = windows_insert(&s->live, place, &bounds, acc_bytes);
    *opened += count_new(s, place);
    return slice;
}

static struct window_bounds numbered(const struct window_spec *spec, i128 number)
{
    i128 start = spec->offset_ns + number * spec->slide_ns;
    return (struct window_bounds){clamp(start), clamp(start + spec->size_ns)};
}

/* Slices are dropped with their last window, so the first one is in the next to fire. */
static bool next_number(const struct slices *s, i128 *number)
{
    i128 last;
    if (s->live.n == 0)
        return false;
    windows_of(s, &s->live.at[0]->bounds, number, &last);
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

void slices_fire(struct slices *s, const struct panes *panes, struct table *into)
{
    i128 number, first, last;
    if (!next_number(s, &number))
        return;
    /* No slice starts before the first one, which the window holds: it need not be looked for. */
    int64_t end_ns = numbered(&s->spec, number).end_ns;
    for (size_t i = 0; i < s->live.n && s->live.at[i]->bounds.end_ns <= end_ns; i++)
        add_slice(panes, s->live.at[i], into);
    s->next = number + 1;
    s->any_passed = true;
    while (s->live.n > 0) {
        windows_of(s, &s->live.at[0]->bounds, &first, &last);
        if (first <= last)
            return;
        windows_drop_first(&s->live);
    }
}
