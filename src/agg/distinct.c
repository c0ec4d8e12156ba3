/* distinct: the exact number of different values. */
#include "agg/byte_set.h"
#include "agg/functions.h"
#include "agg/value_set.h"

static void distinct_init(const struct agg *agg, void *acc)
{
    (void)agg;
    *(struct byte_set *)acc = (struct byte_set){0};
}

static void distinct_add(const struct agg *agg, const struct agg_rows *rows,
                         const struct value *column)
{
    struct buf encoding = {0};
    for (size_t i = 0; i < rows->n; i++) {
        const struct value *v = &column[rows->rows[i]];
        if (v->kind == VALUE_NULL)
            continue;
        encoding.len = 0;
        value_encode(&encoding, v);
        byte_set_put((struct byte_set *)(void *)(rows->accs[i] + agg->offset), encoding.data,
                     encoding.len, rows->arenas[i]);
    }
    buf_free(&encoding);
}

static void distinct_merge(const struct agg *agg, void *into, const void *from, struct arena *arena)
{
    (void)agg;
    struct byte_set_cursor cursor = {0};
    struct byte_set_entry entry;
    while (byte_set_next(from, &cursor, &entry))
        byte_set_put(into, entry.bytes, entry.len, arena);
}

static void distinct_result(const struct agg *agg, const void *acc, struct datum *result,
                            struct buf *scratch)
{
    (void)agg;
    size_t start = scratch->len;
    buf_put_u64(scratch, ((const struct byte_set *)acc)->n);
    *result = (struct datum){DATUM_NUMBER, scratch->data + start, scratch->len - start};
}

static void distinct_reset(const struct agg *agg, void *acc)
{
    (void)agg;
    byte_set_reset(acc);
}

static void distinct_save(const struct agg *agg, const void *acc, struct buf *to)
{
    (void)agg;
    value_set_save(acc, to);
}

static bool distinct_load(const struct agg *agg, void *acc, const unsigned char **at,
                          const unsigned char *end, struct arena *arena)
{
    (void)agg;
    return value_set_load(acc, at, end, arena);
}

static const struct agg_ops distinct_view = VIEW_OPS("distinct", distinct_result);

const struct agg_ops distinct_ops = {
    .name = "distinct",
    .doc = "number of different values, exact",
    .size = sizeof(struct byte_set),
    .input = AGG_VALUE,
    .view = &distinct_view,
    .init = distinct_init,
    .add = distinct_add,
    .merge = distinct_merge,
    .result = distinct_result,
    .reset = distinct_reset,
    .save = distinct_save,
    .load = distinct_load,
};
