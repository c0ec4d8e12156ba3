/*
 * approx_pNN: quantiles with a relative error of at most 1 %, by DDSketch.
 *
 * Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error
 * guarantees", PVLDB 12(12), 2019. Bin i counts the values between b(i) and b(i + 1), whose ratio
 * is at most (1 + a) / (1 - a); then b(i) * (1 + a) is within a of each of them.
 *
 * In place of the logarithm, which may differ in its last digit between machines, stands an
 * approximation by a parabola between powers of two, as in the authors' own implementations: for
 * x = 2^e (1 + s) the bin is floor(BINS * (e + (4 s - s^2) / 3)). Its slope over ln x is at least
 * 4/3 (at s = 0 and s = 1), so a bin spans a factor of at most exp(3 / (4 BINS)) = exp(0.02), which
 * makes a = tanh(0.01) = 0.0099997, at the price of 8 % more bins than the logarithm.
 *
 * Numbers of less than 2^-1022 count as zero. Bins are counted and never collapsed, so results do
 * not depend on order; the lowest and the highest value are kept exactly.
 */
#include <math.h>

#include "agg/functions.h"
#include "agg/kept.h"
#include "base/int128.h"
#include "base/number.h"
#include "base/wire.h"

static const double BINS = 37.5; /* per power of two */
static const double ACCURACY = 0.00999966667999946;

enum { LOWEST_BIN = -38400, HIGHEST_BIN = 38400, FIRST_BINS = 8 };

/* Bins first to first + n - 1. */
struct bins {
    uint64_t *count;
    int32_t first;
    int32_t n;
};

struct sketch {
    uint64_t n, zeros;
    struct bins negative, positive; /* by the magnitude */
    struct kept min, max;
};

/* x >= 2^-1022 */
static int32_t bin_of(double x)
{
    int e;
    double s = 2 * frexp(x, &e) - 1;
    return (int32_t)floor(BINS * (e - 1 + (4 * s - s * s) / 3));
}

/* Within ACCURACY of every number in the bin; infinite, perhaps, in the highest. */
static double bin_value(int32_t bin)
{
    double y = bin / BINS, e = floor(y);
    double s = 2 - sqrt(4 - 3 * (y - e));
    return ldexp((1 + s) * (1 + ACCURACY), (int)e);
}

/* Makes room for a bin. The old bins are lost to the arena, so there is half as much to spare. */
static void cover(struct bins *b, int32_t bin, struct arena *arena)
{
    struct bins old = *b;
    int32_t end = old.first + old.n;
    if (old.n == 0) {
        b->first = bin - FIRST_BINS / 2;
        end = b->first + FIRST_BINS;
    } else if (bin < old.first) {
        b->first = bin - old.n / 2;
    } else {
        end = bin + 1 + old.n / 2;
    }
    if (b->first < LOWEST_BIN)
        b->first = LOWEST_BIN;
    if (end > HIGHEST_BIN + 1)
        end = HIGHEST_BIN + 1;
    b->n = end - b->first;
    b->count = arena_alloc(arena, (size_t)b->n * sizeof *b->count);
    memset(b->count, 0, (size_t)b->n * sizeof *b->count);
    if (old.n > 0)
        memcpy(b->count + (old.first - b->first), old.count, (size_t)old.n * sizeof *old.count);
}

static void bins_add(struct bins *b, int32_t bin, uint64_t count, struct arena *arena)
{
    if (bin < b->first || bin - b->first >= b->n)
        cover(b, bin, arena);
    b->count[bin - b->first] += count;
}

static void sketch_add(struct sketch *s, const struct value *v, struct arena *arena)
{
    double x = number_double(v);
    s->n++;
    if (fabs(x) < 0x1p-1022)
        s->zeros++;
    else
        bins_add(x < 0 ? &s->negative : &s->positive, bin_of(fabs(x)), 1, arena);
    kept_extreme(&s->min, v, -1, arena);
    kept_extreme(&s->max, v, 1, arena);
}

static void approx_quantile_init(const struct agg *agg, void *acc)
{
    (void)agg;
    *(struct sketch *)acc = (struct sketch){0};
}

static void approx_quantile_add(const struct agg *agg, const struct agg_rows *rows,
                                const struct value *column)
{
    for (size_t i = 0; i < rows->n; i++) {
        const struct value *v = &column[rows->rows[i]];
        if (v->kind != VALUE_NULL)
            sketch_add((struct sketch *)(void *)(rows->accs[i] + agg->offset), v, rows->arenas[i]);
    }
}

static void bins_merge(struct bins *into, const struct bins *from, struct arena *arena)
{
    for (int32_t i = 0; i < from->n; i++)
        if (from->count[i] > 0)
            bins_add(into, from->first + i, from->count[i], arena);
}

static void approx_quantile_merge(const struct agg *agg, void *into, const void *from,
                                  struct arena *arena)
{
    (void)agg;
    struct sketch *to = into;
    const struct sketch *s = from;
    if (s->n == 0)
        return;
    to->n += s->n;
    to->zeros += s->zeros;
    bins_merge(&to->negative, &s->negative, arena);
    bins_merge(&to->positive, &s->positive, arena);
    struct value min = kept_value(&s->min), max = kept_value(&s->max);
    kept_extreme(&to->min, &min, -1, arena);
    kept_extreme(&to->max, &max, 1, arena);
}

/* About the value of that rank. */
static double value_of_rank(const struct sketch *s, uint64_t rank)
{
    for (int32_t i = s->negative.n; i-- > 0;) {
        if (rank < s->negative.count[i])
            return -bin_value(s->negative.first + i);
        rank -= s->negative.count[i];
    }
    if (rank < s->zeros)
        return 0;
    rank -= s->zeros;
    int32_t i = 0;
    while (rank >= s->positive.count[i])
        rank -= s->positive.count[i++];
    return bin_value(s->positive.first + i);
}

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

static void approx_quantile_result(const struct agg *agg, const void *acc, struct datum *result,
                                   struct buf *scratch)
{
    const struct sketch *s = acc;
    *result = (struct datum){.kind = DATUM_NULL};
    if (s->n == 0)
        return;
    u128 h = (u128)(s->n - 1) * agg->q_numerator;
    uint64_t rank = (uint64_t)(h / agg->q_denominator);
    double part = (double)(uint64_t)(h % agg->q_denominator) / (double)agg->q_denominator;
    struct value min = kept_value(&s->min), max = kept_value(&s->max);
    double lowest = number_double(&min), highest = number_double(&max);
    double x = clamp(value_of_rank(s, rank), lowest, highest);
    if (part > 0) {
        double next = clamp(value_of_rank(s, rank + 1), lowest, highest);
        x = clamp(x * (1 - part) + next * part, x, next);
    }
    size_t start = scratch->len;
    if (x <= lowest || x >= highest)
        number_print(scratch, x <= lowest ? &min : &max);
    else
        number_print_double(scratch, x);
    *result = (struct datum){DATUM_NUMBER, scratch->data + start, scratch->len - start};
}

static void bins_reset(struct bins *b)
{
    if (b->n > 0)
        memset(b->count, 0, (size_t)b->n * sizeof *b->count);
}

static void approx_quantile_reset(const struct agg *agg, void *acc)
{
    (void)agg;
    struct sketch *s = acc;
    s->n = s->zeros = 0;
    bins_reset(&s->negative);
    bins_reset(&s->positive);
    kept_reset(&s->min);
    kept_reset(&s->max);
}

/*
 * In a snapshot:
 *     u64 zeros, bins of the negative numbers, of the positive ones, encodings of min and max
 *     bins: u32 n, n times { u32 bin, u64 count }, only those that count something, by bin
 */
static void bins_save(const struct bins *b, struct buf *to)
{
    uint32_t used = 0;
    for (int32_t i = 0; i < b->n; i++)
        used += b->count[i] > 0;
    wire_put_u32(to, used);
    for (int32_t i = 0; i < b->n; i++) {
        if (b->count[i] > 0) {
            wire_put_u32(to, (uint32_t)(b->first + i));
            wire_put_u64(to, b->count[i]);
        }
    }
}

static void approx_quantile_save(const struct agg *agg, const void *acc, struct buf *to)
{
    (void)agg;
    const struct sketch *s = acc;
    wire_put_u64(to, s->zeros);
    bins_save(&s->negative, to);
    bins_save(&s->positive, to);
    kept_save(&s->min, to);
    kept_save(&s->max, to);
}

/* Adds what it counts to *n. */
static bool bins_load(struct bins *b, uint64_t *n, const unsigned char **at,
                      const unsigned char *end, struct arena *arena)
{
    uint32_t used, bin;
    uint64_t count;
    if (!wire_u32(at, end, &used))
        return false;
    for (int32_t lowest = LOWEST_BIN; used > 0; used--) {
        if (!wire_u32(at, end, &bin) || !wire_u64(at, end, &count))
            return false;
        if ((int32_t)bin < lowest || (int32_t)bin > HIGHEST_BIN || count == 0 ||
            __builtin_add_overflow(*n, count, n))
            return false;
        bins_add(b, (int32_t)bin, count, arena);
        lowest = (int32_t)bin + 1;
    }
    return true;
}

static bool approx_quantile_load(const struct agg *agg, void *acc, const unsigned char **at,
                                 const unsigned char *end, struct arena *arena)
{
    (void)agg;
    struct sketch *s = acc;
    if (!wire_u64(at, end, &s->zeros))
        return false;
    s->n = s->zeros;
    return bins_load(&s->negative, &s->n, at, end, arena) &&
           bins_load(&s->positive, &s->n, at, end, arena) &&
           kept_load_number(&s->min, at, end, arena) && kept_load_number(&s->max, at, end, arena) &&
           (s->n == 0) == (s->min.kind == VALUE_NULL) && (s->n == 0) == (s->max.kind == VALUE_NULL);
}

static const struct agg_ops approx_quantile_view = VIEW_OPS("approx_p", approx_quantile_result);

const struct agg_ops approx_quantile_ops = {
    .name = "approx_p",
    .doc = "quantile within 1 %, in a few kilobytes: approx_p95, approx_p99.9",
    .size = sizeof(struct sketch),
    .input = AGG_NUMBER,
    .param = AGG_RANK_FIELD,
    .grows = true,
    .view = &approx_quantile_view,
    .init = approx_quantile_init,
    .add = approx_quantile_add,
    .merge = approx_quantile_merge,
    .result = approx_quantile_result,
    .reset = approx_quantile_reset,
    .save = approx_quantile_save,
    .load = approx_quantile_load,
};
