/*
 * run/plan.h - what the command line asked for, checked and ready to run.
 *
 * cli/ fills it, run/ carries it out; nothing else reads argv. Columns of the batch: the keys
 * first (plan.input.fields[0..n_keys)), then one for each different (field, use) of the aggregates.
 */
#ifndef RUN_PLAN_H
#define RUN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agg/agg.h"
#include "engine/pane.h"
#include "input/input.h"
#include "output/writer.h"
#include "verdict/verdict.h"
#include "window/window.h"

struct json_t;
struct source;

/* An option that decides what a run writes, as a text that two plans share if it is the same. */
struct plan_option {
    const char *name; /* without the dashes; static */
    char *value;
    bool shapes; /* rows of results only, and says nothing of partial ones */
    bool given;  /* on the command line; the value may follow from other options, too */
};

struct plan {
    const char **input_paths; /* NULL: stdin */
    size_t n_inputs;          /* 0: stdin */
    struct input_options input;

    struct window_spec window;
    struct pane_options pane;
    int64_t delay_ns;
    int64_t idle_ns;      /* --idle-timeout; 0: none */
    int64_t max_jump_ns;  /* 0: every jump of a clock is believed */
    size_t source_column; /* --source: a clock for each value of it */
    size_t dedup_column;  /* --dedup: an id is used once */
    size_t position_column;
    uint64_t sources; /* W waits for so many; 0: for none in particular */

    size_t n_keys;
    char **key_names; /* as typed */
    struct agg *aggs;
    size_t n_aggs;
    struct verdict_rules rules;
    char **where;     /* rules.n_where texts, as typed */
    size_t acc_bytes; /* of one block of accumulators, from agg_layout() */

    enum output_format output_format;
    const char *tz;    /* --tz, as typed; NULL: UTC */
    struct zone *zone; /* of that name; NULL: UTC */
    enum time_unit time_unit;
    const char *sql_table; /* of -o sql:TABLE */
    bool panes;            /* asked for, or a window can fire more than once */
    enum pane_id id;
    const char *output_path, *late_path, *bad_path, *metrics_path; /* NULL: not asked for */
    bool delay_all; /* W waits for the end of the input */
    bool has_source, has_dedup;
    bool has_position; /* --position: what is not above the last one is replayed */
    bool strict, stats, progress;
    bool no_sandbox;
    size_t max_state_bytes; /* 0: as much as there is */
    unsigned threads;       /* 0: as many as cores */

    struct plan_option *options; /* n_options that decide what the run writes, in their order */
    size_t n_options;

    /* A merge: the first header (run/streams.h); inputs that are open already, of which the one
       that is a pipe holds several streams, or one. */
    struct json_t *header;
    struct source *opened;
    size_t n_opened;
    bool several_streams;

    const char *inspect_path;    /* --inspect: nothing but that; NULL: a run */
    const char *state_path;      /* --state; NULL: none */
    int64_t checkpoint_ns;       /* how often; 0: by records */
    uint64_t checkpoint_records; /* 0: by time */
    bool hold;                   /* rows wait for the snapshot that covers them */
    bool resume_continue;        /* the pipe goes on where the last one ended */
    bool verify_full;            /* compare all of a resumed file, not parts */
    enum plan_explain {
        EXPLAIN_NOT,
        EXPLAIN_WORDS,
        EXPLAIN_DUCKDB,
        EXPLAIN_FLINK
    } explain;   /* no results, but
what the command line means */
    bool advise; /* no results: how far out of order the input is */
    bool advise_json;
    bool partial;     /* the states of aggregates are written, not rows */
    bool merge;       /* such are read; the columns are run/merge.h's */
    bool follow;      /* FILEs grow, and are rotated: their ends are waited at */
    bool at_eof_keep; /* open windows stay open for the next run */
};

void plan_free(struct plan *plan);

/* Does W take more than one clock that believes all it sees? */
static inline bool plan_has_clocks(const struct plan *plan)
{
    return !plan->merge && (plan->has_source || plan->max_jump_ns > 0 || plan->delay_all ||
                            plan->idle_ns > 0 || plan->n_inputs > 1);
}

#endif
