/* sum, mean, var, stddev: exact, so the order of arrival does not show in the last digit. */
#include "agg/functions.h"
#include "base/number.h"
#include "base/wire.h"

/* Sum, number of values, sum of squares: each function has as much of it as it needs. */
struct moments {
    struct number_sum sum;
    uint64_t n;                /* not for sum */
    struct number_sum squares; /* not for mean */
};

enum { MEAN_BYTES = offsetof(struct moments, squares) };

static void sum_init(const struct agg *agg, void *acc)
{
    (void)agg;
    *(struct number_sum *)acc = (struct number_sum){0};
}

static void sum_add(const struct agg *agg, const struct agg_rows *of, const struct value *column)
{
    const struct agg_rows rows = *of; /* a copy, which what is stored can't alias */
    size_t offset = agg->offset;
    for (size_t i = 0; i < rows.n; i++) {
        const struct value *v = &column[rows.rows[i]];
        if (v->kind != VALUE_NULL)
            number_sum_add((struct number_sum *)(void *)(rows.accs[i] + offset), v, rows.arenas[i]);
    }
}

static void sum_merge(const struct agg *agg, void *into, const void *from, struct arena *arena)
{
    (void)agg;
    number_sum_merge(into, from, arena);
}

/* What was appended to scratch behind `start` is the number. */
static void set_number(struct datum *result, const struct buf *scratch, size_t start)
{
    *result = (struct datum){DATUM_NUMBER, scratch->data + start, scratch->len - start};
}

static void sum_result(const struct agg *agg, const void *acc, struct datum *result,
                       struct buf *scratch)
{
    (void)agg;
    size_t start = scratch->len;
    number_sum_print(scratch, acc);
    set_number(result, scratch, start);
}

static void sum_reset(const struct agg *agg, void *acc)
{
    (void)agg;
    number_sum_reset(acc);
}

static void sum_save(const struct agg *agg, const void *acc, struct buf *to)
{
    (void)agg;
    number_sum_save(acc, to);
}

static bool sum_load(const struct agg *agg, void *acc, const unsigned char **at,
                     const unsigned char *end, struct arena *arena)
{
    (void)agg;
    return number_sum_load(acc, at, end, arena);
}

static void mean_init(const struct agg *agg, void *acc)
{
    (void)agg;
    memset(acc, 0, MEAN_BYTES);
}

static void mean_add(const struct agg *agg, const struct agg_rows *rows, const struct value *column)
{
    for (size_t i = 0; i < rows->n; i++) {
        const struct value *v = &column[rows->rows[i]];
        struct moments *m = (struct moments *)(void *)(rows->accs[i] + agg->offset);
        if (v->kind != VALUE_NULL) {
            number_sum_add(&m->sum, v, rows->arenas[i]);
            m->n++;
        }
    }
}

static void mean_merge(const struct agg *agg, void *into, const void *from, struct arena *arena)
{
    (void)agg;
    struct moments *to = into;
    const struct moments *m = from;
    number_sum_merge(&to->sum, &m->sum, arena);
    to->n += m->n;
}

static void mean_result(const struct agg *agg, const void *acc, struct datum *result,
                        struct buf *scratch)
{
    (void)agg;
    const struct moments *m = acc;
    *result = (struct datum){.kind = DATUM_NULL};
    if (m->n == 0)
        return;
    size_t start = scratch->len;
    number_mean_print(scratch, &m->sum, m->n);
    set_number(result, scratch, start);
}

static void mean_reset(const struct agg *agg, void *acc)
{
    (void)agg;
    struct moments *m = acc;
    number_sum_reset(&m->sum);
    m->n = 0;
}

static void mean_save(const struct agg *agg, const void *acc, struct buf *to)
{
    (void)agg;
    const struct moments *m = acc;
    number_sum_save(&m->sum, to);
    wire_put_u64(to, m->n);
}

static bool mean_load(const struct agg *agg, void *acc, const unsigned char **at,
                      const unsigned char *end, struct arena *arena)
{
    (void)agg;
    struct moments *m = acc;
    return number_sum_load(&m->sum, at, end, arena) && wire_u64(at, end, &m->n);
}

static void spread_init(const struct agg *agg, void *acc)
{
    (void)agg;
    *(struct moments *)acc = (struct moments){0};
}

static void spread_add(const struct agg *agg, const struct agg_rows *rows,
                       const struct value *column)
{
    for (size_t i = 0; i < rows->n; i++) {
        const struct value *v = &column[rows->rows[i]];
        struct moments *m = (struct moments *)(void *)(rows->accs[i] + agg->offset);
        if (v->kind != VALUE_NULL) {
            number_sum_add(&m->sum, v, rows->arenas[i]);
            number_sum_add_square(&m->squares, v, rows->arenas[i]);
            m->n++;
        }
    }
}

static void spread_merge(const struct agg *agg, void *into, const void *from, struct arena *arena)
{
    mean_merge(agg, into, from, arena);
    number_sum_merge(&((struct moments *)into)->squares, &((const struct moments *)from)->squares,
                     arena);
}

typedef void print_function(struct buf *to, const struct number_sum *s1,
                            const struct number_sum *s2, uint64_t n);

static void spread_result(const struct moments *m, print_function *print, struct datum *result,
                          struct buf *scratch)
{
    *result = (struct datum){.kind = DATUM_NULL};
    if (m->n < 2)
        return;
    size_t start = scratch->len;
    print(scratch, &m->sum, &m->squares, m->n);
    set_number(result, scratch, start);
}

static void var_result(const struct agg *agg, const void *acc, struct datum *result,
                       struct buf *scratch)
{
    (void)agg;
    spread_result(acc, number_variance_print, result, scratch);
}

static void stddev_result(const struct agg *agg, const void *acc, struct datum *result,
                          struct buf *scratch)
{
    (void)agg;
    spread_result(acc, number_stddev_print, result, scratch);
}

static void spread_reset(const struct agg *agg, void *acc)
{
    mean_reset(agg, acc);
    number_sum_reset(&((struct moments *)acc)->squares);
}

static void spread_save(const struct agg *agg, const void *acc, struct buf *to)
{
    mean_save(agg, acc, to);
    number_sum_save(&((const struct moments *)acc)->squares, to);
}

static bool spread_load(const struct agg *agg, void *acc, const unsigned char **at,
                        const unsigned char *end, struct arena *arena)
{
    return mean_load(agg, acc, at, end, arena) &&
           number_sum_load(&((struct moments *)acc)->squares, at, end, arena);
}

const struct agg_ops sum_ops = {
    .name = "sum",
    .doc = "exact sum",
    .size = sizeof(struct number_sum),
    .input = AGG_NUMBER,
    .init = sum_init,
    .add = sum_add,
    .merge = sum_merge,
    .result = sum_result,
    .reset = sum_reset,
    .save = sum_save,
    .load = sum_load,
};

const struct agg_ops mean_ops = {
    .name = "mean",
    .doc = "mean, rounded once",
    .size = MEAN_BYTES,
    .input = AGG_NUMBER,
    .init = mean_init,
    .add = mean_add,
    .merge = mean_merge,
    .result = mean_result,
    .reset = mean_reset,
    .save = mean_save,
    .load = mean_load,
};

static const char var_doc[] = "variance of the sample";
static const struct agg_ops var_view = VIEW_OPS("var", var_doc, var_result);

const struct agg_ops var_ops = {
    .name = "var",
    .doc = var_doc,
    .size = sizeof(struct moments),
    .input = AGG_NUMBER,
    .view = &var_view,
    .init = spread_init,
    .add = spread_add,
    .merge = spread_merge,
    .result = var_result,
    .reset = spread_reset,
    .save = spread_save,
    .load = spread_load,
};

static const char stddev_doc[] = "standard deviation of the sample";
static const struct agg_ops stddev_view = VIEW_OPS("stddev", stddev_doc, stddev_result);

const struct agg_ops stddev_ops = {
    .name = "stddev",
    .doc = stddev_doc,
    .size = sizeof(struct moments),
    .input = AGG_NUMBER,
    .view = &stddev_view,
    .init = spread_init,
    .add = spread_add,
    .merge = spread_merge,
    .result = stddev_result,
    .reset = spread_reset,
    .save = spread_save,
    .load = spread_load,
};
