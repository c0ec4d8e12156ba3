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
    free(stacks->patches);
    free(stacks->sorted);
    *stacks = (struct stacks){0};
}

static size_t accs_bytes(const struct stacks *stacks)
{
    return stacks->keys.cell_bytes - sizeof(struct cell);
}

/* Calls for each running state; start with *i = 0. Its agg, or NULL. */
static const struct agg *next_running(const struct panes *panes, size_t *i)
{
    while (*i < panes->n_aggs) {
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

static void leave(struct stacks *stacks, const struct panes *panes, struct cell *at,
                  const struct cell *from)
{
    size_t i = 0;
    for (const struct agg *agg; (agg = next_running(panes, &i)) != NULL;)
        agg->ops->running->leave(agg, cell_accs(at) + agg->offset, cell_accs_of(from) + agg->offset,
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
        (*at)->pane = (n - 1) & CELL_PANE_MAX; /* its number */
        stacks->lines[n - 1] = (struct line){0};
    }
    return &stacks->lines[(*at)->pane];
}

/* A patch without anything in it. */
static struct patch *add_patch(struct stacks *stacks, const struct panes *panes)
{
    if (stacks->n_patches == stacks->patches_capacity) {
        size_t capacity = stacks->patches_capacity == 0 ? 16 : 2 * stacks->patches_capacity;
        stacks->patches = memory_realloc(stacks->patches, capacity * sizeof *stacks->patches);
        stacks->sorted = memory_realloc(stacks->sorted, capacity * sizeof *stacks->sorted);
        memset(stacks->patches + stacks->n_patches, 0,
               (capacity - stacks->n_patches) * sizeof *stacks->patches);
        stacks->patches_capacity = capacity;
    }
    struct patch *patch = &stacks->patches[stacks->n_patches++];
    if (patch->sum != NULL) {
        patch->sum->fresh = 0;
        pane_reset(panes, patch->sum);
    } else {
        patch->sum = arena_alloc(&stacks->keys.arena, stacks->keys.cell_bytes);
        *patch->sum = (struct cell){.fresh = 0};
        pane_start(panes, patch->sum);
    }
    return patch;
}

struct cell *stacks_touch(struct stacks *stacks, const struct panes *panes,
                          const struct window *slice, struct cell *cell, struct arena **arena)
{
    if (!stacks->begun || slice->bounds.start_ns >= stacks->taken_ns)
        return NULL;
    *arena = &stacks->keys.arena;
    if (cell->pane > 0)
        return stacks->patches[cell->pane - 1].sum;
    struct cell *at;
    struct line *line = line_of(stacks, panes, cell, &at);
    struct patch *patch = add_patch(stacks, panes);
    patch->of = cell;
    patch->start_ns = slice->bounds.start_ns;
    patch->next = line->patches;
    line->patches = (uint32_t)stacks->n_patches;
    cell->pane = line->patches & CELL_PANE_MAX;
    leave(stacks, panes, at, cell);
    return patch->sum;
}

/* The turn looks at all slices as they are. */
static void forget_patches(struct stacks *stacks)
{
    for (size_t i = 0; i < stacks->n_patches; i++)
        stacks->patches[i].of->pane = 0;
    if (stacks->patches_capacity > 0)
        memset(stacks->patches, 0, stacks->patches_capacity * sizeof *stacks->patches);
    stacks->n_patches = 0;
}

/* from, of a slice that starts there, with what comes after it. */
static struct suffix *make_suffix(struct stacks *stacks, const struct panes *panes,
                                  const struct cell *from, int64_t start_ns, struct suffix *next)
{
    struct arena *arena = &stacks->keys.arena;
    struct suffix *s = arena_alloc(arena, sizeof *s + accs_bytes(stacks));
    *s = (struct suffix){.next = next, .start_ns = start_ns, .fresh = from->fresh};
    pane_start_accs(panes, suffix_accs(s));
    pane_merge_accs(panes, PANE_SMALL, suffix_accs(s), cell_accs_of(from), arena);
    if (next != NULL) {
        pane_merge_accs(panes, PANE_SMALL, suffix_accs(s), suffix_accs(next), arena);
        s->fresh += next->fresh;
    }
    return s;
}

static void add_small(struct stacks *stacks, const struct panes *panes, struct cell *to,
                      const struct cell *from)
{
    pane_merge_accs(panes, PANE_SMALL, cell_accs(to), cell_accs_of(from), &stacks->keys.arena);
    cell_add_fresh(to, from->fresh);
}

/* All slices of the window become the front. */
static void turn(struct stacks *stacks, const struct panes *panes, const struct slice_range *range,
                 size_t acc_bytes)
{
    if (stacks->begun)
        table_free(&stacks->keys);
    table_init(&stacks->keys, acc_bytes);
    stacks->begun = true;
    forget_patches(stacks);
    stacks->turn_ns = INT64_MIN;
    for (size_t i = range->end; i-- > range->first;) {
        const struct window *slice = windows_at(range->live, i);
        if (i == range->end - 1)
            stacks->turn_ns = slice->bounds.end_ns;
        for (uint32_t c = 0; c < slice->table.n; c++) {
            const struct cell *from = table_cell(&slice->table, c);
            struct cell *at;
            struct line *line = line_of(stacks, panes, from, &at);
            line->front = make_suffix(stacks, panes, from, slice->bounds.start_ns, line->front);
            enter(stacks, panes, at, from);
        }
    }
    stacks->taken_ns = stacks->turn_ns;
}

/* The slices that are new come into the back. */
static void take(struct stacks *stacks, const struct panes *panes, const struct slice_range *range)
{
    size_t first = range->end;
    while (first > range->first &&
           windows_at(range->live, first - 1)->bounds.start_ns >= stacks->taken_ns)
        first--;
    for (size_t i = first; i < range->end; i++) {
        const struct window *slice = windows_at(range->live, i);
        for (uint32_t c = 0; c < slice->table.n; c++) {
            const struct cell *from = table_cell(&slice->table, c);
            struct cell *at;
            struct line *line = line_of(stacks, panes, from, &at);
            add_small(stacks, panes, at, from);
            line->has_back = true;
            enter(stacks, panes, at, from);
        }
    }
    if (first < range->end)
        stacks->taken_ns = windows_at(range->live, range->end - 1)->bounds.end_ns;
}

static int by_start(const void *a, const void *b)
{
    int64_t x = (*(struct patch *const *)a)->start_ns, y = (*(struct patch *const *)b)->start_ns;
    return (x > y) - (x < y);
}

/* Patches in order, those of slices of the front. */
static void patch_front(struct stacks *stacks, const struct panes *panes, struct line *line,
                        struct patch **patches, size_t n)
{
    /* Each is to have those behind it in it, as the front has. */
    for (size_t i = n; i-- > 1;)
        add_small(stacks, panes, patches[i - 1]->sum, patches[i]->sum);
    struct suffix **link = &line->front;
    for (size_t i = 0; i < n; i++) {
        const struct cell *sum = patches[i]->sum;
        int64_t start_ns = patches[i]->start_ns;
        bool there = false;
        for (; *link != NULL && (*link)->start_ns <= start_ns; link = &(*link)->next) {
            there = (*link)->start_ns == start_ns;
            pane_merge_accs(panes, PANE_SMALL, suffix_accs(*link), cell_accs_of(sum),
                            &stacks->keys.arena);
            (*link)->fresh += sum->fresh;
        }
        if (there)
            continue;
        *link = make_suffix(stacks, panes, sum, start_ns, *link);
        link = &(*link)->next;
    }
}

/* What the slices of a line have got since they were taken. */
static void patch_line(struct stacks *stacks, const struct panes *panes, struct line *line,
                       struct cell *at)
{
    size_t n = 0, n_front = 0;
    for (uint32_t number = line->patches; number > 0; number = stacks->patches[number - 1].next)
        stacks->sorted[n++] = &stacks->patches[number - 1];
    line->patches = 0;
    qsort(stacks->sorted, n, sizeof *stacks->sorted, by_start);
    for (size_t i = 0; i < n; i++) {
        struct patch *patch = stacks->sorted[i];
        patch->of->pane = 0;
        enter(stacks, panes, at, patch->of);
        n_front += patch->start_ns < stacks->turn_ns;
        if (patch->start_ns >= stacks->turn_ns) {
            line->has_back = true;
            add_small(stacks, panes, at, patch->sum);
        }
    }
    if (n_front > 0)
        patch_front(stacks, panes, line, stacks->sorted, n_front);
}

static void put_line(const struct panes *panes, const struct line *line, const struct cell *at,
                     struct table *into)
{
    bool made;
    struct cell *to = table_get(into, at->hash, cell_key(at), at->key_len, &made);
    pane_start(panes, to); /* one line a key, and `into` was empty: it has just been made */
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
        line_of(stacks, panes, from, &at); /* it has no patch: its last window has just fired */
        leave(stacks, panes, at, from);
    }
}

void stacks_fire(struct stacks *stacks, const struct panes *panes, const struct slice_range *range,
                 const struct window_bounds *window, struct table *into)
{
    if (!stacks->begun || window->start_ns >= stacks->turn_ns)
        turn(stacks, panes, range, into->cell_bytes - sizeof(struct cell));
    else
        take(stacks, panes, range);
    for (uint32_t i = 0; i < stacks->keys.n; i++) {
        struct cell *at = table_cell(&stacks->keys, i);
        struct line *line = &stacks->lines[i];
        while (line->front != NULL && line->front->start_ns < window->start_ns)
            line->front = line->front->next;
        if (line->patches > 0)
            patch_line(stacks, panes, line, at);
        if (line->front != NULL || line->has_back)
            put_line(panes, line, at, into);
    }
    stacks->n_patches = 0;
}
