/*
 * engine/saving.h - the cells of aligned windows, written to a snapshot while the run goes on.
 *
 *     saving_begin(&s, ...)    what is written is the state of these windows as of now
 *     saving_step(&s, bytes)   between two batches, until nothing is left
 *     saving_touch(&s, w, c)   before a cell of a window changes: if it is its turn no more, it is
 *                              written first
 *     saving_window(&s, i)     before all cells of a window change, or it goes
 *
 * So nothing is copied but what goes into the snapshot, nothing waits for longer than a step, and
 * a cell that changes meanwhile costs a look at one bit. The other ways were measured with 450,000
 * keys, all of them changing: a forked child costs three times as much, half of it faults of pages
 * that both write to; writing all at once stops the run for as long as the state is large.
 *
 * Which cells were written one bit of each tells, against one of its table (struct table.saved):
 * beginning turns that of the table, so that all cells differ from it, and new ones never do. When
 * the last cell is written none differs, and who touches one looks at a bit and no more.
 *
 * Layout: runs of cells of one window, until all are there:
 *
 *     number of the window (u32), number of cells (u32)
 *     each cell: length of its key (varint), key, cell (engine/pane.h)
 */
#ifndef ENGINE_SAVING_H
#define ENGINE_SAVING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "engine/windows.h"

struct saving { /* {0}: nothing is being saved */
    const struct panes *panes;
    struct buf *to;          /* borrowed from saving_begin() on; NULL: nothing is being saved */
    struct window **windows; /* its own; NULL once one is written whole, for it may go then */
    size_t n, first_slice;
    size_t at; /* saving_step() has come to this window, and this cell of it */
    uint32_t cell;
    size_t run;    /* of this window a run is being written, from 1; 0: of none */
    size_t run_at; /* where its number of cells stands */
    uint32_t run_n;
};

/* All windows that there are, in the order of their numbers, then all slices. */
struct saving_list {
    struct window **windows;
    size_t n, first_slice;
};

/* The array of windows becomes its own. */
void saving_begin(struct saving *s, const struct panes *panes, const struct saving_list *list,
                  struct buf *to);

/*
 * Writes about so many bytes more, or a cell at least; fewer where many cells are written already.
 * True: all is written, and `to` is free.
 */
bool saving_step(struct saving *s, size_t bytes);

void saving_window(struct saving *s, size_t number); /* what is left of it; then it may go */
void saving_cell(struct saving *s, const struct window *w, struct cell *cell);

static inline bool saving_is_on(const struct saving *s)
{
    return s->to != NULL;
}

static inline void saving_touch(struct saving *s, const struct window *w, struct cell *cell)
{
    if (cell->saved != w->table.saved)
        saving_cell(s, w, cell);
}

void saving_free(struct saving *s);

/* All cells at once, in the same layout. */
void saving_write_all(const struct panes *panes, const struct saving_list *list, struct buf *to);

struct saving_load {
    const struct panes *panes;
    uint64_t key_seed;
    size_t n_keys; /* fields of a key */
};

/*
 * Reads runs until each has as many cells as its window.saved_cells says. False: damaged.
 */
bool saving_load(const struct saving_load *load, const struct saving_list *list,
                 const unsigned char **at, const unsigned char *end);

#endif
