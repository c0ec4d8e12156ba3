/*
 * pane/pane.h - one firing of a (window, key): which rows it writes, in which mode.
 *
 * Triggers decide when (pane/engine.h); this decides what. After the Dataflow model (Akidau et al.,
 * VLDB 2015): discarding, accumulating, accumulating and retracting refinements.
 */
#ifndef PANE_PANE_H
#define PANE_PANE_H

#include <stdbool.h>
#include <stdint.h>

#include "agg/agg.h"
#include "base/arena.h"
#include "base/buf.h"
#include "output/writer.h"
#include "state/table.h"
#include "window/window.h"

enum pane_mode { PANE_ACCUMULATE, PANE_DISCARD, PANE_RETRACT };
enum pane_timing { PANE_EARLY, PANE_ON_TIME, PANE_LATE };

struct pane_options {
    enum pane_mode mode;
    int64_t lateness_ns;
    uint64_t early_count; /* --early N; 0: none */
    int64_t early_ns;     /* --early D; 0: none */
    uint64_t late_every;  /* 1: every late record fires */
    bool final;           /* --final: one pane, at expiry */
};

#endif
