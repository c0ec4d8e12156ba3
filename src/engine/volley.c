#include "engine/volley.h"

#include <stdlib.h>

#include "base/memory.h"

void volley_free(struct volley *volley)
{
    free(volley->sorted);
    top_free(&volley->top);
}

static void make_room(struct volley *volley, size_t n)
{
    if (n <= volley->capacity)
        return;
    volley->capacity = n;
    volley->sorted = memory_realloc(volley->sorted, n * sizeof *volley->sorted);
}

/* The first n of volley->sorted. */
static void fire(struct volley *volley, struct panes *panes, struct window *w, size_t n,
                 enum pane_timing timing)
{
    enum { AHEAD = 16 };
    struct sorted_cell *sorted = volley->sorted;
    cells_sort(sorted, n);
    if (panes->options.top > 0)
        n = top_choose(&volley->top, panes, &w->bounds, sorted, n);
    for (size_t i = 0; i < n; i++) {
        if (i + AHEAD < n) { /* in the order of keys, cells lie all over memory */
            __builtin_prefetch(sorted[i + AHEAD].cell);
            __builtin_prefetch((const char *)sorted[i + AHEAD].cell + 64);
            __builtin_prefetch(cell_key(sorted[i + AHEAD / 2].cell));
        }
        pane_fire(panes, &w->bounds, sorted[i].cell, &w->table.arena, timing);
    }
}

void volley_window(struct volley *volley, struct panes *panes, struct window *w, bool fresh_only,
                   enum pane_timing timing)
{
    size_t n = 0;
    make_room(volley, w->table.n);
    for (uint32_t i = 0; i < w->table.n; i++) {
        struct cell *cell = table_cell(&w->table, i);
        if (cell->fresh > 0 || !fresh_only)
            volley->sorted[n++] = sorted_cell(cell);
    }
    fire(volley, panes, w, n, timing);
}

void volley_cells(struct volley *volley, struct panes *panes, struct window *w, struct cell **cells,
                  size_t n, enum pane_timing timing)
{
    make_room(volley, n);
    for (size_t i = 0; i < n; i++)
        volley->sorted[i] = sorted_cell(cells[i]);
    fire(volley, panes, w, n, timing);
}
