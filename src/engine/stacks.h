/*
 * engine/stacks.h - overlapping windows put together in two merges a key, however many slices.
 *
 * Windows fire in order, so their slices form a queue: new ones come in at the back, old ones leave
 * at the front. A queue of two stacks knows the sum of what it holds:
 *
 *     slices     a   b   c   d | e   f   g
 *     front  abcd bcd  cd   d  |              sums from each slice up to the turn
 *     back                     | efg          one sum
 *
 * The window that begins with b is bcd + efg. When the front has run out, the back is turned: its
 * slices are summed up from the last to the first and become the front. So a slice is added three
 * times in all. After Tangwongsan, Hirzel, Schneider, Wu, "General Incremental Sliding-Window
 * Aggregation", PVLDB 8(7), 2015 (there Two-Stacks).
 *
 * Each key has stacks of its own: the front of a key has an entry for a slice only where the slice
 * has the key, so all of this takes less than twice the memory of the slices. Aggregates whose
 * state grows with the number of values (sets, samples, sketches) would take more; of them a key
 * has one state from which slices can be taken away again (agg_ops.running).
 *
 * A record that comes to a slice after that was taken is added to a patch beside it, too. The next
 * window to fire has each sum patched that holds the slice: for the back that is one merge, for the
 * front one for each slice before it. A running state gives back what it had of the slice, and
 * takes it again.
 *
 * Nothing here lasts: all is derived from the slices, and made again when it is not there.
 */
#ifndef ENGINE_STACKS_H
#define ENGINE_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/pane.h"
#include "engine/windows.h"

/* The sum of a key's slices from one of the front up to the turn; accumulators follow. */
struct suffix {
    struct suffix *next; /* the next slice's */
    int64_t start_ns;    /* of its first slice */
    uint64_t fresh;      /* see struct cell */
};

struct line {
    struct suffix *front;
    bool has_back;
    uint32_t patches; /* a list of them, from 1; 0: none */
};

/* What a cell of a slice has got since its slice was taken and a window has fired. */
struct patch {
    struct cell *of; /* whose `pane` is the patch's number, from 1: slices have no panes */
    struct cell *sum;
    int64_t start_ns; /* of the slice */
    uint32_t next;    /* of the same line, as there */
};

/* Start: {0}. */
struct stacks {
    struct table keys;  /* a cell each, whose accumulators are the back's, and running states */
    struct line *lines; /* by number of the cell */
    size_t capacity;
    bool begun;
    int64_t turn_ns;       /* slices that start before it are the front's */
    int64_t taken_ns;      /* those that start before it are in the front or the back */
    struct patch *patches; /* n of them; all have their sums until the turn, to be used again */
    size_t n_patches, patches_capacity;
    struct patch **sorted; /* scratch, as many */
};
void stacks_free(struct stacks *stacks);

/* Bytes, but for what is in arenas. */
static inline size_t stacks_memory(const struct stacks *stacks)
{
    return stacks->capacity * sizeof *stacks->lines +
           stacks->patches_capacity * (sizeof *stacks->patches + sizeof *stacks->sorted);
}

/*
 * This cell of a slice is about to get something new. NULL, or a cell that is to get it, too, whose
 * memory is *arena.
 */
struct cell *stacks_touch(struct stacks *stacks, const struct panes *panes,
                          const struct window *slice, struct cell *cell, struct arena **arena);

/* No later window holds the slice, the first one, which stacks_fire() has just put into one. */
void stacks_drop(struct stacks *stacks, const struct panes *panes, const struct window *slice);

/* Slices first <= i < end, in order. */
struct slice_range {
    const struct windows *live;
    size_t first, end;
};

/*
 * Adds the cells of the window to `into`, an empty table, from all slices that it holds. What grows
 * of their accumulators is lent: it is good until stacks_drop(), and to be read only. Windows come
 * in their order.
 */
void stacks_fire(struct stacks *stacks, const struct panes *panes, const struct slice_range *range,
                 const struct window_bounds *window, struct table *into);

#endif
