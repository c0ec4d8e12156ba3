/*
 * agg/functions.h - the rows of agg_table, each defined in the file of its family; and what a view
 * (agg.h) does not do.
 */
#ifndef AGG_FUNCTIONS_H
#define AGG_FUNCTIONS_H

#include "agg/agg.h"

extern const struct agg_ops count_ops;
extern const struct agg_ops sum_ops, mean_ops, var_ops, stddev_ops;
extern const struct agg_ops min_ops, max_ops;
extern const struct agg_ops first_ops, last_ops;
extern const struct agg_ops median_ops, quantile_ops;
extern const struct agg_ops distinct_ops;
extern const struct agg_ops approx_distinct_ops;
extern const struct agg_ops approx_quantile_ops;
extern const struct agg_ops topk_ops, mode_ops;
extern const struct agg_ops share_ops, rate_ops;

/* Nothing: the aggregate that owns the state has done it. */
void view_init(const struct agg *agg, void *acc);
void view_add(const struct agg *agg, const struct agg_rows *rows, const struct value *column);
void view_merge(const struct agg *agg, void *into, const void *from, struct arena *arena);
void view_reset(const struct agg *agg, void *acc);
void view_save(const struct agg *agg, const void *acc, struct buf *to);
bool view_load(const struct agg *agg, void *acc, const unsigned char **at, const unsigned char *end,
               struct arena *arena);

/* The ops of a view with that result, as a static initialiser. */
#define VIEW_OPS(name_, doc_, result_)                                                             \
    {                                                                                              \
        .name = (name_), .doc = (doc_), .init = view_init, .add = view_add, .merge = view_merge,   \
        .result = (result_), .reset = view_reset, .save = view_save, .load = view_load,            \
    }

#endif
