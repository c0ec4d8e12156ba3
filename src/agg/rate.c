/* share[COND], rate, rate:FIELD: parts of the records, and records or sums a second. */
#include "agg/functions.h"
#include "base/number.h"
#include "base/wire.h"

enum { SECOND_SHIFT = 9 }; /* a length is in nanoseconds */

static void put_quotient(const struct number_sum *sum, uint64_t n, int shift, struct datum *result,
                         struct buf *scratch)
{
    size_t start = scratch->len;
    number_quotient_print(scratch, sum, n, shift);
    *result = (struct datum){DATUM_NUMBER, scratch->data + start, scratch->len - start};
}

static void put_counts(uint64_t part, uint64_t n, int shift, struct datum *result,
                       struct buf *scratch)
{
    const struct number_sum sum = {.mant = (int64_t)part, .any = true};
    put_quotient(&sum, n, shift, result, scratch);
}

struct share {
    uint64_t records, met;
};

static void share_init(const struct agg *agg, void *acc)
{
    (void)agg;
    *(struct share *)acc = (struct share){0};
}

static void share_add(const struct agg *agg, const struct agg_rows *rows,
                      const struct value *column)
{
    (void)column;
    for (size_t i = 0; i < rows->n; i++) {
        struct share *share = (struct share *)(void *)(rows->accs[i] + agg->offset);
        share->records++;
        share->met += rows->meets[rows->rows[i]] >> agg->condition & 1;
    }
}

static void share_merge(const struct agg *agg, void *into, const void *from, struct arena *arena)
{
    (void)agg, (void)arena;
    struct share *to = into;
    const struct share *share = from;
    to->records += share->records;
    to->met += share->met;
}

static void share_result(const struct agg *agg, const void *acc, struct datum *result,
                         struct buf *scratch)
{
    (void)agg;
    const struct share *share = acc;
    *result = (struct datum){.kind = DATUM_NULL};
    if (share->records > 0)
        put_counts(share->met, share->records, 0, result, scratch);
}

static void share_save(const struct agg *agg, const void *acc, struct buf *to)
{
    (void)agg;
    const struct share *share = acc;
    wire_put_u64(to, share->records);
    wire_put_u64(to, share->met);
}

static bool share_load(const struct agg *agg, void *acc, const unsigned char **at,
                       const unsigned char *end, struct arena *arena)
{
    (void)agg, (void)arena;
    struct share *share = acc;
    return wire_u64(at, end, &share->records) && wire_u64(at, end, &share->met) &&
           share->met <= share->records;
}

const struct agg_ops share_ops = {
    .name = "share",
    .doc = "part of the records that meet the condition, 0 to 1",
    .size = sizeof(struct share),
    .param = AGG_CONDITION_ONLY,
    .takes_all = true,
    .init = share_init,
    .add = share_add,
    .merge = share_merge,
    .result = share_result,
    .reset = share_init,
    .save = share_save,
    .load = share_load,
};

/* A sum for rate:FIELD; for rate the number of records, as a sum of ones. */

static void rate_init(const struct agg *agg, void *acc)
{
    (void)agg;
    *(struct number_sum *)acc = (struct number_sum){0};
}

static void rate_add(const struct agg *agg, const struct agg_rows *rows, const struct value *column)
{
    static const struct value one = {.mant = 1, .kind = VALUE_NUMBER};
    for (size_t i = 0; i < rows->n; i++) {
        const struct value *v = column == NULL ? &one : &column[rows->rows[i]];
        if (v->kind != VALUE_NULL)
            number_sum_add((struct number_sum *)(void *)(rows->accs[i] + agg->offset), v,
                           rows->arenas[i]);
    }
}

static void rate_merge(const struct agg *agg, void *into, const void *from, struct arena *arena)
{
    (void)agg;
    number_sum_merge(into, from, arena);
}

static void rate_result_over(const struct agg *agg, const void *acc, uint64_t length_ns,
                             struct datum *result, struct buf *scratch)
{
    (void)agg;
    *result = (struct datum){.kind = DATUM_NULL};
    if (length_ns > 0)
        put_quotient(acc, length_ns, SECOND_SHIFT, result, scratch);
}

static void rate_reset(const struct agg *agg, void *acc)
{
    (void)agg;
    number_sum_reset(acc);
}

static void rate_save(const struct agg *agg, const void *acc, struct buf *to)
{
    (void)agg;
    number_sum_save(acc, to);
}

static bool rate_load(const struct agg *agg, void *acc, const unsigned char **at,
                      const unsigned char *end, struct arena *arena)
{
    (void)agg;
    return number_sum_load(acc, at, end, arena);
}

const struct agg_ops rate_ops = {
    .name = "rate",
    .doc = "records, or the sum of a field, a second of the window's length",
    .size = sizeof(struct number_sum),
    .input = AGG_NUMBER,
    .param = AGG_OPTIONAL_FIELD,
    .init = rate_init,
    .add = rate_add,
    .merge = rate_merge,
    .result_over = rate_result_over,
    .reset = rate_reset,
    .save = rate_save,
    .load = rate_load,
};
