/*
 * run/running.h - the parts of a run, shared by the files of run/.
 */
#ifndef RUN_RUNNING_H
#define RUN_RUNNING_H

#include "base/error.h"
#include "engine/engine.h"
#include "input/input.h"
#include "output/sink.h"
#include "run/advise.h"
#include "run/checkpoint.h"
#include "run/inlet.h"
#include "run/merge.h"
#include "run/metrics.h"
#include "run/plan.h"
#include "run/progress.h"
#include "run/report.h"
#include "run/sinks.h"
#include "run/unseen.h"
#include "verdict/clocks.h"
#include "verdict/replay.h"

struct running {
    const struct plan *plan;
    struct error *err;
    struct inlet *inlets; /* one for each FILE, in the order of the command line */
    size_t n_inlets;
    int watch;     /* --follow: source/watch.h */
    unsigned cpus; /* how many threads there may be, if --threads does not say */
    struct sink sinks[N_SINKS];
    struct writer *writer;
    char **result_names;
    enum writer_type *result_types;
    struct partial partial; /* --partial: the stream that is written */
    struct merge *merge;    /* --merge: the streams that are read; else NULL */
    struct inlet *taking;   /* whose batch the engine is given; before, it had counted so many */
    uint64_t good_before;
    struct replay *replay; /* NULL: no --position */
    struct clocks *clocks; /* of sources and jumps; NULL: the engine's own clock will do */
    struct engine *engine;
    struct attend attend;  /* looks at signals */
    struct attend measure; /* the same of the memory that the state takes */
    struct report report;
    struct metrics metrics;
    struct progress progress;
    struct unseen *unseen;
    struct advise *advise; /* NULL: a run with results */
    struct checkpoint checkpoint;
    size_t state_peak_bytes;  /* run/limit.h */
    const char *own_paths[5]; /* of what we write ourselves */
    bool releases;            /* rows that the snapshot held are still to be let out */
    bool finishes;            /* and then the snapshot says so, and nothing else is left to do */
    bool over_limit;
    uint64_t limit_records; /* processed, bad ones too */
    bool finished;          /* the input was flushed: there is nothing to go on with */
    bool ended; /* by itself or by a signal: nothing is written any more after the next snapshot */
    struct error strict; /* why --strict ends the run, behind the record that is read now */
};

/* What is written so far leaves. False: it could not, or firing failed, and r->err says why. */
bool running_flush(struct running *r);

/* Nobody reads the rows any more, or firing was given up: the run ends, and nothing is saved. */
bool running_is_over(const struct running *r);

/* The sources of the batch at hand, as they were read; NULL without --source. */
const struct value *running_sources(const struct running *r, const struct inlet *in);

#endif
