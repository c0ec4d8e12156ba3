/* min, max: the smallest and the largest number. */
#include "agg/functions.h"
#include "agg/kept.h"

static void extreme_init(const struct agg *agg, void *acc)
{
    (void)agg;
    *(struct kept *)acc = (struct kept){0};
}

static inline void extreme_add(const struct agg *agg, const struct agg_rows *of,
                               const struct value *column, int sign)
{
    const struct agg_rows rows = *of; /* a copy, which what is stored can't alias */
    size_t offset = agg->offset;
    for (size_t i = 0; i < rows.n; i++) {
        const struct value *v = &column[rows.rows[i]];
        if (v->kind != VALUE_NULL)
            kept_extreme((struct kept *)(void *)(rows.accs[i] + offset), v, sign, rows.arenas[i]);
    }
}

static void min_add(const struct agg *agg, const struct agg_rows *rows, const struct value *column)
{
    extreme_add(agg, rows, column, -1);
}

static void max_add(const struct agg *agg, const struct agg_rows *rows, const struct value *column)
{
    extreme_add(agg, rows, column, 1);
}

static void extreme_merge(void *into, const void *from, int sign, struct arena *arena)
{
    struct value v = kept_value(from);
    if (v.kind != VALUE_NULL)
        kept_extreme(into, &v, sign, arena);
}

static void min_merge(const struct agg *agg, void *into, const void *from, struct arena *arena)
{
    (void)agg;
    extreme_merge(into, from, -1, arena);
}

static void max_merge(const struct agg *agg, void *into, const void *from, struct arena *arena)
{
    (void)agg;
    extreme_merge(into, from, 1, arena);
}

static void extreme_result(const struct agg *agg, const void *acc, struct datum *result,
                           struct buf *scratch)
{
    (void)agg;
    struct value v = kept_value(acc);
    *result = value_datum(&v, scratch);
}

static void extreme_reset(const struct agg *agg, void *acc)
{
    (void)agg;
    kept_reset(acc);
}

static void extreme_save(const struct agg *agg, const void *acc, struct buf *to)
{
    (void)agg;
    kept_save(acc, to);
}

static bool extreme_load(const struct agg *agg, void *acc, const unsigned char **at,
                         const unsigned char *end, struct arena *arena)
{
    (void)agg;
    return kept_load_number(acc, at, end, arena);
}

const struct agg_ops min_ops = {
    .name = "min",
    .doc = "smallest number",
    .size = sizeof(struct kept),
    .input = AGG_NUMBER,
    .init = extreme_init,
    .add = min_add,
    .merge = min_merge,
    .result = extreme_result,
    .reset = extreme_reset,
    .save = extreme_save,
    .load = extreme_load,
};

const struct agg_ops max_ops = {
    .name = "max",
    .doc = "largest number",
    .size = sizeof(struct kept),
    .input = AGG_NUMBER,
    .init = extreme_init,
    .add = max_add,
    .merge = max_merge,
    .result = extreme_result,
    .reset = extreme_reset,
    .save = extreme_save,
    .load = extreme_load,
};
