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
#include "run/feed.h"
#include "run/plan.h"
#include "run/report.h"
#include "run/unseen.h"
#include "source/source.h"
#include "verdict/clocks.h"

struct running {
    const struct plan *plan;
    struct error *err;
    struct input_options input_options;
    struct source source; /* the bytes that are read now */
    struct source next;   /* what is read after them: the new file behind a rotated one */
    struct input *input;
    struct feed *feed;
    const struct batch *batch; /* at hand */
    const struct keys *keys;   /* its keys, by enum feed_keys */
    struct sink out, late, bad;
    struct writer *writer;
    char **result_names;
    enum writer_type *result_types;
    struct clocks *clocks; /* of sources and jumps; NULL: the engine's own clock will do */
    struct engine *engine;
    struct report report;
    struct unseen *unseen;
    struct advise *advise; /* NULL: a run with results */
    struct checkpoint checkpoint;
    bool ended; /* by itself or by a signal: nothing is written any more after the next snapshot */
    bool settled;        /* a block was handed out: format and columns are known */
    struct error strict; /* why --strict ends the run, behind the record that is read now */
};

#endif
