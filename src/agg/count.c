/* count, count:FIELD: how many records, or how many with a value. */
#include "agg/functions.h"
#include "base/wire.h"

static void count_init(const struct agg *agg, void *acc)
{
    (void)agg;
    *(uint64_t *)acc = 0;
}

static void count_add(const struct agg *agg, const struct agg_rows *rows,
                      const struct value *column)
{
    size_t offset = agg->offset;
    if (column == NULL) {
        for (size_t i = 0; i < rows->n; i++)
            ++*(uint64_t *)(void *)(rows->accs[i] + offset);
    } else {
        for (size_t i = 0; i < rows->n; i++)
            *(uint64_t *)(void *)(rows->accs[i] + offset) +=
                column[rows->rows[i]].kind != VALUE_NULL;
    }
}

static void count_merge(const struct agg *agg, void *into, const void *from, struct arena *arena)
{
    (void)agg, (void)arena;
    *(uint64_t *)into += *(const uint64_t *)from;
}

static void count_result(const struct agg *agg, const void *acc, struct datum *result,
                         struct buf *scratch)
{
    (void)agg;
    size_t start = scratch->len;
    buf_put_u64(scratch, *(const uint64_t *)acc);
    *result = (struct datum){DATUM_NUMBER, scratch->data + start, scratch->len - start};
}

static void count_save(const struct agg *agg, const void *acc, struct buf *to)
{
    (void)agg;
    wire_put_u64(to, *(const uint64_t *)acc);
}

static bool count_load(const struct agg *agg, void *acc, const unsigned char **at,
                       const unsigned char *end, struct arena *arena)
{
    (void)agg, (void)arena;
    return wire_u64(at, end, acc);
}

const struct agg_ops count_ops = {
    .name = "count",
    .doc = "number of records; with a field: of records where it is not null",
    .size = sizeof(uint64_t),
    .input = AGG_PRESENCE,
    .type = AGG_COUNTING,
    .param = AGG_OPTIONAL_FIELD,
    .init = count_init,
    .add = count_add,
    .merge = count_merge,
    .result = count_result,
    .reset = count_init,
    .save = count_save,
    .load = count_load,
};
