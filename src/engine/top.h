/*
 * engine/top.h - the cells of a window with the largest results (--top).
 */
#ifndef ENGINE_TOP_H
#define ENGINE_TOP_H

#include <stddef.h>

#include "base/buf.h"
#include "engine/pane.h"
#include "engine/table.h"

/* A cell that may be one of them: its result as canonical bytes, null first. */
struct top_entry {
    size_t at, len; /* in results */
    size_t place;   /* in the order of keys */
};

/* Scratch. {0} is an empty one. */
struct top {
    struct top_entry *entries;
    struct sorted_cell *cells;
    size_t capacity;
    struct buf results, text;
};
void top_free(struct top *top);

/*
 * Of n cells in the order of keys: puts the options' `top` largest to the front, largest first,
 * ties by key, null last, and returns how many these are. The others have nothing unfired any more.
 */
size_t top_choose(struct top *top, const struct panes *panes, const struct window_bounds *bounds,
                  struct sorted_cell *cells, size_t n);

#endif
