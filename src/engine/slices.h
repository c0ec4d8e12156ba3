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

struct slices {
    struct window_spec spec;
    struct windows live;
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

/*
 * Fires the next window, as far as slices go: adds the cells of all its slices to `into`, an empty
 * table. They are good until slices_drop(), which drops the slices that no later window holds; only
 * if panes are refined they last as long as the table.
 */
void slices_fire(struct slices *s, const struct panes *panes, struct table *into);
void slices_drop(struct slices *s, const struct panes *panes);

void slices_free(struct slices *s);

uint64_t slices_windows(const struct slices *s); /* that hold a slice and have not passed */

/* Is each slice such as the windows cut, and in one that has not passed? After slices_pass(). */
bool slices_are_sound(const struct slices *s);

#endif
