/*
 * engine/windows.h - live aligned windows (or slices of them), in order.
 *
 * All are sorted by start, and so by end too. They stand in runs of a few thousand at most:
 *
 *     runs     [a b c d] [e f g] [h i j k] ...      one is enough for most
 *
 * Taking the first one out costs nothing: its run only begins later. Adding one moves those of its
 * run on the shorter side, so that input in order and input newest first cost the same, and a
 * million windows that come in no order cost little more.
 */
#ifndef ENGINE_WINDOWS_H
#define ENGINE_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/pane.h"
#include "window/window.h"

struct window {
    struct window_bounds bounds;
    uint64_t number; /* no other of these windows has had it, or will */
    struct table table;
    struct cell **fresh; /* engine/fresh.h: cells with something new, n_fresh of them */
    size_t n_fresh, fresh_capacity;
    size_t fresh_place;     /* in the list of such windows, from 1; 0: not there */
    uint32_t saving_number; /* engine/saving.h: among the windows that are saved */
    uint32_t saved_cells;   /* so many of its cells are, the first ones */
};

struct windows_run {    /* never empty, unless it is the only one */
    struct window **at; /* at[0] is the first of n */
    size_t n;
    struct window **memory; /* where the array begins; at lies within */
    size_t capacity;
};

struct windows { /* {0} is empty */
    size_t n;
    uint64_t made;            /* so many, over time */
    struct windows_run *runs; /* n_runs of them, within memory as in a run */
    size_t n_runs;
    struct windows_run *memory;
    size_t capacity;
};

/* Number i of n. Steps over the runs before it. */
static inline struct window *windows_at(const struct windows *windows, size_t i)
{
    const struct windows_run *run = windows->runs;
    while (i >= run->n)
        i -= (run++)->n;
    return run->at[i];
}

/* Is it there? *place is where it stands, or would stand. */
bool windows_find(const struct windows *windows, const struct window_bounds *bounds, size_t *place);

/* The last window that starts at or before the time, if it holds it; else NULL. */
struct window *windows_holding(const struct windows *windows, int64_t t_ns);

/* Puts a new, empty one in its place, as windows_find() told. acc_bytes as for table_init(). */
struct window *windows_insert(struct windows *windows, size_t place,
                              const struct window_bounds *bounds, size_t acc_bytes);

/* All but their cells, as a part of a snapshot; the layout stands in windows.c. */
void windows_save(const struct windows *windows, struct buf *to);

/*
 * Puts n saved windows into an empty array, each without its cells: saved_cells says how many it
 * had. False: damaged. Bounds are in order, but unchecked.
 */
bool windows_load(struct windows *windows, uint64_t n, size_t acc_bytes, const unsigned char **at,
                  const unsigned char *end);

void windows_list(const struct windows *windows, struct window **to); /* all n, in order */
size_t windows_cells(const struct windows *windows);                  /* of all of them */
void windows_drop_first(struct windows *windows);                     /* frees it; n > 0 */
void windows_free(struct windows *windows); /* empty again, and good for more */

#endif
