/* distinct: the exact number of different values. */
#include "agg/byte_set.h"
#include "agg/functions.h"
#include "agg/value_set.h"

static void distinct_init(const struct agg *agg, void *acc)
{
    (void)agg;
    *(struct byte_set *)acc = (struct byte_set){0};
}

static void distinct_result(const struct agg *agg, const void *acc, struct datum *result,
                            struct buf *scratch)
{
    (void)agg;
    size_t start = scratch->len;
    buf_put_u64(scratch, value_set_size(acc));
    *result = (struct datum){DATUM_NUMBER, scratch->data + start, scratch->len - start};
}

static const char distinct_doc[] = "number of different values, exact";
static const struct agg_ops distinct_view = VIEW_OPS("distinct", distinct_doc, distinct_result);

const struct agg_ops distinct_ops = {
    .name = "distinct",
    .doc = distinct_doc,
    .size = sizeof(struct byte_set),
    .input = AGG_VALUE,
    .type = AGG_COUNTING,
    .running = &value_set_running,
    .view = &distinct_view,
    .init = distinct_init,
    .add = value_set_add,
    .merge = value_set_merge,
    .result = distinct_result,
    .reset = value_set_reset,
    .save = value_set_save,
    .load = value_set_load,
};
