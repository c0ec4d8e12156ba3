/*
 * Linked to winagg, it makes a program to which every state is large: each snapshot is put together
 * in steps of a few cells while records go on to be consumed, and written by a thread; with
 * HOSTILE=fork in the environment a child writes each but the first, and with HOSTILE_KILL=3 it is
 * killed as the third begins, so that the second, which is whole then, is gone on from. Tests of
 * small streams meet then what takes megabytes otherwise.
 *
 * Besides, it saves the state at once when a snapshot is begun, and holds what the steps write to
 * it: the same cells, with the same bytes, in any order. If they are not, it aborts.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "engine/engine.h"
#include "run/checkpoint.h"

void __real_cell_save(const struct panes *panes, const struct cell *cell, uint32_t pane,
                      struct buf *to);
void __wrap_cell_save(const struct panes *panes, const struct cell *cell, uint32_t pane,
                      struct buf *to);
void __real_engine_save_begin(struct engine *e, struct buf *to);
void __wrap_engine_save_begin(struct engine *e, struct buf *to);
bool __real_engine_save_step(struct engine *e, size_t bytes);
bool __wrap_engine_save_step(struct engine *e, size_t bytes);

/* Of all cells that were saved: a sum, so that their order does not count. */
static uint64_t cells_saved, cells_expected;

__attribute__((constructor)) static void be_hostile(void)
{
    checkpoint_tuning.small_bytes = 0;
    checkpoint_tuning.step_bytes = 100;
    if (getenv("HOSTILE") != NULL)
        checkpoint_tuning.rest_bytes = 0;
}

void __wrap_cell_save(const struct panes *panes, const struct cell *cell, uint32_t pane,
                      struct buf *to)
{
    size_t start = to->len;
    __real_cell_save(panes, cell, pane, to);
    cells_saved += XXH3_64bits_withSeed(to->data + start, to->len - start,
                                        XXH3_64bits(cell_key(cell), cell->key_len));
}

void __wrap_engine_save_begin(struct engine *e, struct buf *to)
{
    static int begun;
    const char *last = getenv("HOSTILE_KILL");
    struct buf whole = {0};
    if (last != NULL && ++begun == atoi(last))
        raise(SIGKILL);
    cells_saved = 0;
    engine_save(e, &whole);
    cells_expected = cells_saved;
    cells_saved = 0;
    buf_free(&whole);
    __real_engine_save_begin(e, to);
}

bool __wrap_engine_save_step(struct engine *e, size_t bytes)
{
    bool all = __real_engine_save_step(e, bytes);
    if (all && cells_saved != cells_expected) {
        fputs("hostile: a snapshot that was saved in steps is not the state at its beginning\n",
              stderr);
        abort();
    }
    return all;
}
