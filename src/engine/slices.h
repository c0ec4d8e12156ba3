/*
 * engine/slices.h - sliding windows that share their records.
 *
 * Every start and every end of a window cuts the time line; between two cuts lies a slice, which is
 * in a window wholly or not at all. A record is added once, to its slice; a window that fires puts
 * its slices together.
 *
 *     windows     [---------------------------)
 *                     [---------------------------)
 *     slices      |   |   |   |   |   |   |   |   |      size a multiple of slide
 *                 | | | | | | | | | | | | | | | | |      else: two slices a slide
 *
 * After Li et al., "No Pane, No Gain" (SIGMOD Record 2005) and Carbone et al., "Cutty" (CIKM 2016).
 */
#ifndef ENGINE_SLICES_H
#define ENGINE_SLICES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/int128.h"
#include "engine/pane.h"
#include "engine/stacks.h"
#include "engine/windows.h"

/*
 * Slices that no open window holds are kept, if they are to be, until all of their windows have
 * expired: a late record may ask for what grows of a window that has fired, which was only lent.
 */
struct slices {
    struct window_spec spec;
    struct windows live;
    size_t left; /* the first ones, which no open window holds */
    bool keeps;  /* there are such */
    struct stacks stacks;
    bool any_passed;
    i128 next; /* if any_passed: windows are numbered by start, those before this have passed */
};

/* Windows that end at or before now_ns have passed: they will not fire any more. */
void slices_pass(struct slices *s, int64_t now_ns);

/*
 * The slice of a time that lies in a window which has not passed; made if there is none. Adds to
 * *opened the number of windows that had no slice before.
 */
struct window *slices_get(struct slices *s, int64_t t_ns, size_t acc_bytes, uint64_t *opened);

/*
 * This cell of a slice is about to get something new. NULL, or a cell that is to get it, too, whose
 * memory is *arena.
 */
struct cell *slices_touch(struct slices *s, const struct panes *panes, const struct window *slice,
                          struct cell *cell, struct arena **arena);

/* The window to fire next: the earliest that has a slice and has not passed. */
bool slices_next(const struct slices *s, struct window_bounds *bounds);

/* Is what grows of a window lent to it for its firing? */
bool slices_lend(const struct slices *s);

/*
 * Fires the next window, as far as slices go: adds the cells of all its slices to `into`, an empty
 * table. What is lent of them is good until slices_drop(), which drops the slices that no later
 * window holds, but for those that are kept.
 */
void slices_fire(struct slices *s, const struct panes *panes, struct table *into);
void slices_drop(struct slices *s, const struct panes *panes);

/* Adds to the cell what was lent when this window fired, as it is now. */
void slices_return(const struct slices *s, const struct panes *panes, struct window *window,
                   struct cell *cell);

/* A window that ends then has expired, the first one of those that have fired. */
void slices_expire(struct slices *s, int64_t end_ns);

/* After loading, and slices_pass(): is each slice such as the windows cut, and in an open window or
 * kept? */
bool slices_load(struct slices *s);

void slices_free(struct slices *s);

uint64_t slices_windows(const struct slices *s); /* that hold a slice and have not passed */

#endif
