/*
 * engine/volley.h - cells of one window that fire together: in the order of their keys, and with
 * --top only the first of a ranking.
 */
#ifndef ENGINE_VOLLEY_H
#define ENGINE_VOLLEY_H

#include "engine/pane.h"
#include "engine/top.h"
#include "engine/windows.h"

/* Scratch memory. Start: {0}. */
struct volley {
    struct sorted_cell *sorted;
    size_t capacity;
    struct top top;
};
void volley_free(struct volley *volley);

/* Fires the cells of a window: all of them, or those with something new. */
void volley_window(struct volley *volley, struct panes *panes, struct window *w, bool fresh_only,
                   enum pane_timing timing);

/* Fires these cells of it. */
void volley_cells(struct volley *volley, struct panes *panes, struct window *w, struct cell **cells,
                  size_t n, enum pane_timing timing);

#endif
