/*
 * engine/pane.h - one firing of a (window, key): which rows it writes, in which mode.
 *
 * Triggers decide when (engine/engine.h); this decides what. After the Dataflow model (Akidau et
 * al., VLDB 2015, section 2.3): discarding, accumulating, accumulating and retracting refinements.
 */
#ifndef ENGINE_PANE_H
#define ENGINE_PANE_H

#include <stdbool.h>
#include <stdint.h>

#include "agg/agg.h"
#include "base/arena.h"
#include "base/attend.h"
#include "base/buf.h"
#include "base/error.h"
#include "engine/table.h"
#include "output/partial.h"
#include "output/sink.h"
#include "output/writer.h"
#include "window/window.h"

enum pane_mode { PANE_ACCUMULATE, PANE_DISCARD, PANE_RETRACT };
enum pane_id { PANE_ID_NONE, PANE_ID_ROW, PANE_ID_WINDOW }; /* what --row-id is made of */
enum pane_timing { PANE_EARLY, PANE_ON_TIME, PANE_LATE };

struct pane_options {
    enum pane_mode mode;
    int64_t lateness_ns;
    uint64_t early_count; /* --early N; 0: none */
    int64_t early_ns;     /* --early D; 0: none */
    uint64_t late_every;  /* 1: every late record fires */
    bool final;           /* --final: one pane, at expiry */
    bool fill;            /* --fill: a pane for a known key's empty window, too */
    uint64_t top;         /* --top: of a window so many keys at most; 0: all */
    size_t top_by;        /* the aggregate whose largest results are printed */
};

/* Can a (window, key) fire more than once? */
static inline bool pane_refines(const struct pane_options *o)
{
    return !o->final && (o->lateness_ns > 0 || o->early_count > 0 || o->early_ns > 0);
}

/* Where panes go. */
struct panes {
    struct pane_options options;
    const struct agg *aggs; /* borrowed */
    size_t n_aggs;
    struct writer *writer;   /* borrowed */
    struct sink *sink;       /* borrowed */
    struct partial *partial; /* borrowed; NULL: rows, not states, are written */
    enum pane_id id;
    bool unbounded;        /* one window for all time: it has no length */
    bool lends;            /* what grows is lent to cells that fire, and is theirs no more then */
    bool header_due;       /* write the header line before the first row */
    uint64_t rows;         /* written so far, of every op */
    struct error err;      /* the first failure; once set, nothing more is written */
    struct attend attend;  /* what firing looks at, which may take long */
    struct attend measure; /* and how large the state is, which depends on the input alone, as do
                              the times when it looks */
    bool abandoned;        /* we were asked to stop: what is being fired ends in the middle, and the
                              state is of no use any more */
    struct datum *results; /* scratch: one for each aggregate */
    struct buf *texts;
    struct buf id_bytes;
};

void panes_init(struct panes *panes, const struct pane_options *options, const struct agg *aggs,
                size_t n_aggs);
void panes_free(struct panes *panes);

/* Nobody will get what is written any more, or it was abandoned: who fires stops. */
static inline bool panes_are_lost(const struct panes *panes)
{
    return panes->abandoned || panes->sink->closed_by_reader || panes->err.status != 0;
}

/* The same, after a look at what was asked for meanwhile, and at the state: before each timer. */
bool panes_attend(struct panes *panes);

/* Writes the header line now if it is still due: at the end of a run without rows. */
void panes_header(struct panes *panes);

/* A row to be taken back with -D before the next row of the session that swallowed its window. */
struct retraction {
    struct retraction *next;
    struct window_bounds bounds;
    uint32_t pane;
    struct printed *printed; /* in the arena of the session that holds the list */
};

/* Makes the accumulators of a new cell those of no records. */
void pane_start(const struct panes *panes, struct cell *cell);

/* Makes them so again, keeping their memory. */
void pane_reset(const struct panes *panes, struct cell *cell);

/* Adds what `from` has accumulated to `into`. */
void pane_merge(const struct panes *panes, struct cell *into, const struct cell *from,
                struct arena *arena);

/* The same for a block of accumulators that is in no cell, and for some of its aggregates. */
enum pane_aggs {
    PANE_ALL,
    PANE_SMALL,
    PANE_GROWING, /* see agg_ops.running */
};
void pane_start_accs(const struct panes *panes, char *accs);
void pane_merge_accs(const struct panes *panes, enum pane_aggs which, char *into, const char *from,
                     struct arena *arena);

/*
 * Fires: in discard mode the accumulators start anew, in retract mode the row is kept (in `arena`,
 * the window's) to be replaced or taken back. cell->pane and cell->fresh move on. Nothing at all
 * when panes_are_lost(). With `partial`, which goes with discard mode, the states go out, if any
 * record is behind them.
 */
void pane_fire(struct panes *panes, const struct window_bounds *bounds, struct cell *cell,
               struct arena *arena, enum pane_timing timing);

/* The result of aggregate number i, over a window of these bounds. Text goes to `text`. */
void pane_result(const struct panes *panes, size_t i, const struct window_bounds *bounds,
                 const struct cell *cell, struct datum *result, struct buf *text);

/* Writes the -D rows of a list of this key, in its order. */
void pane_take_back(struct panes *panes, const struct retraction *list, const struct cell *cell);

/* The rows since the last commit belong together, and are whole: see output/writer.h. */
void panes_commit(struct panes *panes);

/* A copy of a row's text in another arena. */
struct printed *printed_copy(const char *text, size_t len, struct arena *arena);

/*
 * A cell without its key (`pane` is cell->pane, or 0 of a slice, which has none): pane * 4 + lent *
 * 2 + is there a current row (varint), fresh (varint), that row (counted bytes), then each
 * accumulator as its function saves it.
 */
void cell_save(const struct panes *panes, const struct cell *cell, uint32_t pane, struct buf *to);
bool cell_load(const struct panes *panes, struct cell *cell, const unsigned char **at,
               const unsigned char *end, struct arena *arena);

/* The accumulators alone, of a cell after pane_start(), as `partial` wrote them. */
bool cell_load_states(const struct panes *panes, struct cell *cell, const unsigned char **at,
                      const unsigned char *end, struct arena *arena);

#endif
