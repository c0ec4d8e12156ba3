#include "engine/stacks.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static char *suffix_accs(struct suffix *s)
{
    return (char *)(s + 1);
}

void stacks_free(struct stacks *stacks)
{
    if (stacks->begun)
        table_free(&stacks->keys);
    free(stacks->lines);
    *stacks = (struct stacks){0};
}

static size_t accs_bytes(const struct stacks *stacks)
{
    return stacks->keys.cell_bytes - sizeof(struct cell);
}

/* Is what runs lent to the cells of windows? */
static bool lends(const struct panes *panes)
{
    return !pane_refines(&panes->options);
}

enum pane_aggs stacks_leave_out(const struct panes *panes)
{
    return lends(panes) ? PANE_STIFF : PANE_GROWING;
}

/* Calls for each running state; start with *i = 0. Its agg, or NULL. */
static const struct agg *next_running(const struct panes *panes, size_t *i)
{
    while (*i < panes->n_aggs && lends(panes)) {
        const struct agg *agg = &panes->aggs[(*i)++];
        if (agg->ops->running != NULL)
            return agg;
    }
    return NULL;
}

static void start_line(const struct panes *panes, struct cell *at)
{
    pane_start(panes, at);
    size_t i = 0;
    for (const struct agg *agg; (agg = next_running(panes, &i)) != NULL;)
        agg->ops->running->init(agg, cell_accs(at) + agg->offset);
}

static void enter(struct stacks *stacks, const struct panes *panes, struct cell *at,
                  const struct cell *from)
{
    size_t i = 0;
    for (const struct agg *agg; (agg = next_running(panes, &i)) != NULL;)
        agg->ops->running->enter(agg, cell_accs(at) + agg->offset, cell_accs_of(from) + agg->offset,
                                 &stacks->keys.arena);
}

static void lend(const struct panes *panes, struct cell *to, const struct cell *at)
{
    size_t i = 0;
    for (const struct agg *agg; (agg = next_running(panes, &i)) != NULL;)
        memcpy(cell_accs(to) + agg->offset, cell_accs_of(at) + agg->offset, agg->ops->size);
}

/* The line of a cell's key; *at is that cell of ours whose accumulators are its back. */
static struct line *line_of(struct stacks *stacks, const struct panes *panes,
                            const struct cell *from, struct cell **at)
{
    bool made;
    *at = table_get(&stacks->keys, from->hash, cell_key(from), from->key_len, &made);
    if (made) {
        uint32_t n = stacks->keys.n;
        if (n > stacks->capacity) {
            stacks->capacity = stacks->capacity == 0 ? TABLE_FIRST_CELLS : 2 * stacks->capacity;
            stacks->lines = memory_realloc(stacks->lines, stacks->capacity * sizeof *stacks->lines);
        }
        start_line(panes, *at);
        (*at)->pane = n - 1; /* its number */
        stacks->lines[n - 1] = (struct line){0};
    }
    return &stacks->lines[(*at)->pane];
}

void stacks_touch(struct stacks *stacks, const struct panes *panes, const struct window *slice,
                  const struct cell *cell)
{
    struct cell *at;
    if (stacks->begun && slice->bounds.start_ns < stacks->taken_ns)
        line_of(stacks, panes, cell, &at)->is_stale = true;
}

/* from, of a slice that starts there, is put before the front of its line. */
static void push_front(struct stacks *stacks, const struct panes *panes, struct line *line,
                       const struct cell *from, int64_t start_ns)
{
    struct arena *arena = &stacks->keys.arena;
    struct suffix *s = arena_alloc(arena, sizeof *s + accs_bytes(stacks));
    *s = (struct suffix){.next = line->front, .start_ns = start_ns, .fresh = from->fresh};
    pane_start_accs(panes, suffix_accs(s));
    pane_merge_accs(panes, PANE_SMALL, suffix_accs(s), cell_accs_of(from), arena);
    if (s->next != NULL) {
        pane_merge_accs(panes, PANE_SMALL, suffix_accs(s), suffix_accs(s->next), arena);
        s->fresh += s->next->fresh;
    }
    line->front = s;
}

static void push_back(struct stacks *stacks, const struct panes *panes, struct line *line,
                      struct cell *at, const struct cell *from)
{
    pane_merge_accs(panes, PANE_SMALL, cell_accs(at), cell_accs_of(from), &stacks->keys.arena);
    cell_add_fresh(at, from->fresh);
    line->has_back = true;
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

/* All n slices of the window become the front. */
static void turn(struct stacks *stacks, const struct panes *panes, const struct windows *live,
                 size_t n, size_t acc_bytes)
{
    if (stacks->begun)
        table_free(&stacks->keys);
    table_init(&stacks->keys, acc_bytes);
    stacks->begun = true;
    stacks->remade_bytes = 0;
    for (size_t i = n; i-- > 0;) {
        const struct window *slice = windows_at(live, i);
        for (uint32_t c = 0; c < slice->table.n; c++) {
            const struct cell *from = table_cell(&slice->table, c);
            struct cell *at;
            struct line *line = line_of(stacks, panes, from, &at);
            push_front(stacks, panes, line, from, slice->bounds.start_ns);
            enter(stacks, panes, at, from);
        }
    }
    stacks->turn_ns = stacks->taken_ns = n > 0 ? windows_at(live, n - 1)->bounds.end_ns : INT64_MIN;
}

/* The slices among the n that are new come into the back. */
static void take(struct stacks *stacks, const struct panes *panes, const struct windows *live,
                 size_t n)
{
    size_t first = n;
    while (first > 0 && windows_at(live, first - 1)->bounds.start_ns >= stacks->taken_ns)
        first--;
    for (size_t i = first; i < n; i++) {
        const struct window *slice = windows_at(live, i);
        for (uint32_t c = 0; c < slice->table.n; c++) {
            const struct cell *from = table_cell(&slice->table, c);
            struct cell *at;
            struct line *line = line_of(stacks, panes, from, &at);
            push_back(stacks, panes, line, at, from);
            enter(stacks, panes, at, from);
        }
    }
    if (first < n)
        stacks->taken_ns = windows_at(live, n - 1)->bounds.end_ns;
}

static size_t used_bytes(const struct arena *arena)
{
    return arena->bytes - (size_t)(arena->limit - arena->next);
}

/* Makes a stale line again, from those of the n slices that have its key. */
static void make_again(struct stacks *stacks, const struct panes *panes, const struct windows *live,
                       size_t n, struct cell *at)
{
    struct line *line = &stacks->lines[at->pane];
    *line = (struct line){0};
    at->fresh = 0;
    start_line(panes, at);
    size_t before = used_bytes(&stacks->keys.arena);
    for (size_t i = n; i-- > 0;) {
        const struct window *slice = windows_at(live, i);
        const struct cell *from = table_find(&slice->table, at->hash, cell_key(at), at->key_len);
        if (from == NULL)
            continue;
        if (slice->bounds.start_ns < stacks->turn_ns)
            push_front(stacks, panes, line, from, slice->bounds.start_ns);
        else
            push_back(stacks, panes, line, at, from);
        enter(stacks, panes, at, from);
    }
    stacks->remade_bytes += used_bytes(&stacks->keys.arena) - before;
}

static void put_line(const struct panes *panes, const struct line *line, const struct cell *at,
                     struct table *into)
{
    bool made;
    struct cell *to = table_get(into, at->hash, cell_key(at), at->key_len, &made);
    if (made)
        pane_start(panes, to);
    if (line->front != NULL) {
        pane_merge_accs(panes, PANE_SMALL, cell_accs(to), suffix_accs(line->front), &into->arena);
        cell_add_fresh(to, line->front->fresh);
    }
    if (line->has_back) {
        pane_merge_accs(panes, PANE_SMALL, cell_accs(to), cell_accs_of(at), &into->arena);
        cell_add_fresh(to, at->fresh);
    }
    lend(panes, to, at);
}

void stacks_drop(struct stacks *stacks, const struct panes *panes, const struct window *slice)
{
    size_t first = 0;
    if (!stacks->begun || next_running(panes, &first) == NULL)
        return;
    for (uint32_t c = 0; c < slice->table.n; c++) {
        const struct cell *from = table_cell(&slice->table, c);
        struct cell *at;
        size_t i = 0;
        line_of(stacks, panes, from, &at); /* not stale: its last window has just fired */
        for (const struct agg *agg; (agg = next_running(panes, &i)) != NULL;)
            agg->ops->running->leave(agg, cell_accs(at) + agg->offset,
                                     cell_accs_of(from) + agg->offset, &stacks->keys.arena);
    }
}

void stacks_fire(struct stacks *stacks, const struct panes *panes, const struct windows *live,
                 const struct window_bounds *window, struct table *into)
{
    enum { REMADE_MIN_BYTES = 1 << 16 };
    size_t n = count_until(live, window->end_ns);
    /* What stale lines leave behind is not given back before the turn. */
    bool littered = stacks->remade_bytes > REMADE_MIN_BYTES &&
                    stacks->remade_bytes > used_bytes(&stacks->keys.arena) / 3;
    if (!stacks->begun || window->start_ns >= stacks->turn_ns || littered)
        turn(stacks, panes, live, n, into->cell_bytes - sizeof(struct cell));
    else
        take(stacks, panes, live, n);
    for (uint32_t i = 0; i < stacks->keys.n; i++) {
        struct cell *at = table_cell(&stacks->keys, i);
        struct line *line = &stacks->lines[i];
        if (line->is_stale)
            make_again(stacks, panes, live, n, at);
        while (line->front != NULL && line->front->start_ns < window->start_ns)
            line->front = line->front->next;
        if (line->front != NULL || line->has_back)
            put_line(panes, line, at, into);
    }
}
