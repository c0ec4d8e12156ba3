/*
 * agg/agg.h - accumulators: what a (window, key) keeps of its records, and what it shows of them.
 *
 * An aggregate of the command line (`p99:latency_ms`) is a struct agg: a row of the table of
 * functions, its parameter, and the column that it reads. Each (window, key) has one block of
 * memory with an accumulator per aggregate, at `offset`. Fixed sizes; what grows (sets, samples,
 * texts) lives in the window's arena and dies with it, so there is no destructor.
 *
 * An accumulator's result depends on the records alone, never on their order (first and last: on
 * arrival among equal times). merge() gives what adding all records to one would have given.
 */
#ifndef AGG_AGG_H
#define AGG_AGG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/value.h"

enum agg_input { AGG_NO_INPUT, AGG_PRESENCE, AGG_NUMBER, AGG_VALUE };

/* How a function is written. */
enum agg_param {
    AGG_FIELD,          /* sum:FIELD */
    AGG_OPTIONAL_FIELD, /* count, count:FIELD */
    AGG_FIELD_COUNT,    /* topk:FIELD:N */
    AGG_RANK_FIELD,     /* p99.9:FIELD */
    AGG_CONDITION_ONLY, /* share[COND] */
};

enum { AGG_MOST_CONDITIONS = 64, AGG_ALL_RECORDS = -1 };

/* What a result is: by nature a number, a number that counts, or whatever the records held. */
enum agg_type { AGG_NUMERIC, AGG_COUNTING, AGG_ANY };

struct agg {
    const struct agg_ops *ops;
    enum agg_type type;
    char *function;       /* as typed: p99.9 */
    char *name;           /* of the output column, without escapes */
    char *field;          /* as typed, with its escapes; NULL: none */
    char *condition_text; /* of [COND], as typed; NULL: none */
    enum agg_input input; /* what the column must hold */
    int condition;        /* the bit of its condition in agg_rows.meets; AGG_ALL_RECORDS: none */
    size_t column;        /* index of its column in the batch; set by who builds the batch plan */
    size_t offset;        /* of its accumulator in the block; set by agg_layout() */
    /* parameters, whichever the function has */
    uint64_t n;                          /* topk: how many */
    uint64_t q_numerator, q_denominator; /* quantiles: q = numerator / denominator, in
                                            [0, 1]; the denominator is a power of ten */
};

/*
 * A state from which can be taken away again what was merged into it: of the slices that a window
 * holds as it slides. It is as large as the aggregate's own and its result() is that of what is in
 * it now; nothing else of agg_ops takes it. from: an ordinary state, the same in both.
 */
struct agg_running {
    void (*init)(const struct agg *agg, void *acc);
    void (*enter)(const struct agg *agg, void *acc, const void *from, struct arena *arena);
    void (*leave)(const struct agg *agg, void *acc, const void *from, struct arena *arena);
};

/* Records to add, column-wise: record rows[i] of the batch goes to the block accs[i]. */
struct agg_rows {
    size_t n;
    char *const *accs;           /* start of each block (not yet of the accumulator) */
    struct arena *const *arenas; /* the window's, beside each */
    const uint32_t *rows;        /* index into the batch's columns */
    const int64_t *time_ns;      /* the batch's event times, by row */
    const uint64_t *meets;       /* a bit for each condition, by row; NULL if there is none */
};

struct agg_ops {
    const char *name; /* "sum"; a name that ends in a number ("p99.9") is listed as "p" */
    const char *doc;  /* one line for the man page and --help */
    size_t size;      /* of an accumulator, a multiple of 8 */

    enum agg_input input; /* what its column must hold; count without a field: nothing */
    enum agg_param param;
    enum agg_type type;
    /* The same result from the state of another aggregate that stands at the same offset and has
       the same init(): p50 and p99 of one field keep their samples once. NULL: does not share. */
    const struct agg_ops *view;

    void (*init)(const struct agg *agg, void *acc);
    /* column: the batch's column agg->column, or NULL for AGG_NO_INPUT. Once a batch, not a record.
     */
    void (*add)(const struct agg *agg, const struct agg_rows *rows, const struct value *column);
    /* into += from; from stays as it is, and into shares none of its memory. Where arrival
       decides (first and last, equal times), from's records are the later ones. */
    void (*merge)(const struct agg *agg, void *into, const void *from, struct arena *arena);
    /* Text goes to scratch (appended) or stands in the arena; *result is valid until scratch
       changes next or a record is added. */
    void (*result)(const struct agg *agg, const void *acc, struct datum *result,
                   struct buf *scratch);
    /* The same where it depends on the window's length, which is 0 for one without bounds; else
       NULL. */
    void (*result_over)(const struct agg *agg, const void *acc, uint64_t length_ns,
                        struct datum *result, struct buf *scratch);
    /* Of a state that grows with the number of values, so that merging costs as much; else NULL. */
    const struct agg_running *running;
    /* Its result was taken, `fresh` records after the one before, and more may come: makes what it
       needs, in the arena, so that the next result costs what has come since and not what there
       is, if that pays. Changes no result. NULL: one never costs more. */
    void (*often)(const struct agg *agg, void *acc, uint64_t fresh, struct arena *arena);
    bool takes_all; /* its condition is not a filter: it looks at agg_rows.meets itself */
    /* Back to no records, keeping memory for the next ones (discard mode, pane after pane). */
    void (*reset)(const struct agg *agg, void *acc);
    /* The state as bytes; load takes exactly those bytes back into an accumulator that is fresh
       from init(), and returns false if they are damaged: it is then good for nothing. */
    void (*save)(const struct agg *agg, const void *acc, struct buf *to);
    bool (*load)(const struct agg *agg, void *acc, const unsigned char **at,
                 const unsigned char *end, struct arena *arena);
    /* What was loaded came from the rank-th of several inputs: among equal times, that is the order
       of arrival when it is merged. NULL where arrival does not show. */
    void (*rank)(const struct agg *agg, void *acc, uint64_t rank);
};

/* All functions, for help and man page; ends with a NULL. */
extern const struct agg_ops *const agg_table[];

/*
 * The length of the first AGG of a list: up to a comma that no backslash precedes and that stands
 * in no [COND]. A [COND] ends at the first `]` outside double quotes that is followed by a comma
 * or the end.
 */
size_t agg_span(const char *list);

/*
 * Reads one `[NAME=]FUNCTION[:FIELD[:PARAM]][[COND]]`, with the escapes of base/escape.h. On
 * failure *err (EXIT_USAGE) says what was expected: an unknown function gets the nearest name or
 * the list, a missing field is named, as is a field where none belongs. Free with agg_clear().
 */
bool agg_parse(struct agg *agg, const char *text, struct error *err);
void agg_clear(struct agg *agg);

/* Appends NAME=FUNCTION[:FIELD[:N]][[COND]], so that other aggregates read otherwise. */
void agg_print(const struct agg *agg, struct buf *to);

/*
 * Gives each aggregate its offset; returns the size of a block. Aggregates of one field that can
 * share their state get the same offset, all but the first with ops that only read it
 * (ops->view); so it is called once, on all the aggregates of a plan.
 */
size_t agg_layout(struct agg *aggs, size_t n);

#endif
