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
 *
 * Few values are kept as the list of their bins, 4 bytes each; the bins are counted when they have
 * become many. A result is a function of the bins and does not know which of the two forms it is.
 * Counts stand in pages of some neighbouring bins, made when the first of them counts: values can
 * lie 2,000 powers of two apart, and one array from the lowest to the highest would take 600 KB.
 */
#include <math.h>

#include "agg/chunks.h"
#include "agg/functions.h"
#include "agg/kept.h"
#include "agg/sorted.h"
#include "base/int128.h"
#include "base/number.h"
#include "base/wire.h"

static const double BINS = 37.5; /* per power of two */
static const double ACCURACY = 0.00999966667999946;

enum { LOWEST_BIN = -38400, HIGHEST_BIN = 38400, MOST_CODES = 128 };
enum {
    PAGE_BITS = 5,
    PAGE_BINS = 1 << PAGE_BITS,
    PAGES = ((HIGHEST_BIN - LOWEST_BIN + 1) >> PAGE_BITS) + 1,
    FIRST_PAGES = 4
};

/* Counts by the magnitude of a code. Page first + i stands in page[i]; NULL: it counts nothing. */
struct bins {
    uint64_t **page;
    uint32_t first, n;
};

/* Of a running state: the lowest and the highest values of what has entered. */
struct edges {
    struct sorted lowest, highest;
};

struct sketch {
    uint64_t n;
    struct edges *edges; /* NULL: it is no running state, which is dense */
    bool is_dense;
    union {
        struct chunks codes; /* of int32_t, n of them */
        struct {
            uint64_t zeros;
            struct bins negative, positive; /* by the magnitude */
        };
    };
    struct kept min, max;
};

/* A bin and the sign, as one number that orders as the values do: 0 is zero. */
static int32_t signed_code(uint32_t magnitude, bool is_negative)
{
    return is_negative ? -(int32_t)magnitude : (int32_t)magnitude;
}

static int32_t code_of(int32_t bin, bool is_negative)
{
    return signed_code((uint32_t)(bin - LOWEST_BIN + 1), is_negative);
}

static uint32_t code_magnitude(int32_t code)
{
    return (uint32_t)(code < 0 ? -code : code);
}

static int32_t code_bin(int32_t code)
{
    return (int32_t)code_magnitude(code) + LOWEST_BIN - 1;
}

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

/* Makes room for a page. The old list is lost to the arena, so there is as much to spare. */
static void cover(struct bins *b, uint32_t page, struct arena *arena)
{
    struct bins old = *b;
    uint32_t end = old.first + old.n, spare = old.n == 0 ? FIRST_PAGES / 2 : old.n;
    if (old.n == 0)
        b->first = end = page;
    if (page < b->first || old.n == 0)
        b->first = page > spare ? page - spare : 0;
    if (page >= end)
        end = page + spare < PAGES ? page + spare : PAGES;
    b->n = end - b->first;
    b->page = arena_alloc(arena, b->n * sizeof *b->page);
    for (uint32_t i = 0; i < b->n; i++)
        b->page[i] = NULL;
    if (old.n > 0)
        memcpy(b->page + (old.first - b->first), old.page, old.n * sizeof *old.page);
}

static __attribute__((noinline)) uint64_t *make_page(struct bins *b, uint32_t page,
                                                     struct arena *arena)
{
    if (page < b->first || page - b->first >= b->n)
        cover(b, page, arena);
    uint64_t *counts = arena_alloc(arena, PAGE_BINS * sizeof *counts);
    memset(counts, 0, PAGE_BINS * sizeof *counts);
    b->page[page - b->first] = counts;
    return counts;
}

static inline void bins_add(struct bins *b, uint32_t magnitude, uint64_t count, struct arena *arena)
{
    uint32_t at = (magnitude >> PAGE_BITS) - b->first;
    uint64_t *page = at < b->n ? b->page[at] : NULL;
    if (page == NULL)
        page = make_page(b, magnitude >> PAGE_BITS, arena);
    page[magnitude % PAGE_BINS] += count;
}

/* Steps through the bins that count something, by magnitude; start with {0}, false at the end. */
struct bins_cursor {
    uint32_t at, magnitude;
    uint64_t count;
};

static inline bool next_bin(const struct bins *b, struct bins_cursor *cursor)
{
    uint32_t at = cursor->at;
    while (at >> PAGE_BITS < b->n) {
        const uint64_t *page = b->page[at >> PAGE_BITS];
        uint32_t end = (at | (PAGE_BINS - 1)) + 1;
        while (page != NULL && at < end && page[at % PAGE_BINS] == 0)
            at++;
        if (page != NULL && at < end) {
            cursor->at = at + 1;
            cursor->magnitude = (b->first << PAGE_BITS) + at;
            cursor->count = page[at % PAGE_BINS];
            return true;
        }
        at = end;
    }
    return false;
}

static void count_code(struct sketch *s, int32_t code, uint64_t count, struct arena *arena)
{
    if (code == 0)
        s->zeros += count;
    else
        bins_add(code < 0 ? &s->negative : &s->positive, code_magnitude(code), count, arena);
}

static const int32_t *codes_of(const struct chunk *chunk, size_t *n)
{
    *n = chunk->used / sizeof(int32_t);
    return (const int32_t *)(const void *)chunk->data;
}

static void make_dense(struct sketch *s, struct arena *arena)
{
    const struct chunks codes = s->codes;
    s->is_dense = true;
    s->zeros = 0;
    s->negative = s->positive = (struct bins){0};
    for (const struct chunk *c = codes.used; c != NULL; c = c->next) {
        size_t n;
        const int32_t *code = codes_of(c, &n);
        for (size_t i = 0; i < n; i++)
            count_code(s, code[i], 1, arena);
    }
}

/* `count` values of that bin and sign. */
static void put_code(struct sketch *s, int32_t code, uint64_t count, struct arena *arena)
{
    if (!s->is_dense && (count > MOST_CODES || s->n + count > MOST_CODES))
        make_dense(s, arena);
    if (s->is_dense)
        count_code(s, code, count, arena);
    else
        for (uint64_t i = 0; i < count; i++)
            memcpy(chunks_take(&s->codes, sizeof code, arena), &code, sizeof code);
    s->n += count;
}

static void sketch_add(struct sketch *s, const struct value *v, struct arena *arena)
{
    double x = number_double(v);
    put_code(s, fabs(x) < 0x1p-1022 ? 0 : code_of(bin_of(fabs(x)), x < 0), 1, arena);
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

static void merge_bins(struct sketch *into, const struct bins *from, bool is_negative,
                       struct arena *arena)
{
    struct bins_cursor cursor = {0};
    while (next_bin(from, &cursor))
        put_code(into, signed_code(cursor.magnitude, is_negative), cursor.count, arena);
}

static void approx_quantile_merge(const struct agg *agg, void *into, const void *from,
                                  struct arena *arena)
{
    (void)agg;
    struct sketch *to = into;
    const struct sketch *s = from;
    if (s->n == 0)
        return;
    if (s->is_dense) {
        if (s->zeros > 0)
            put_code(to, 0, s->zeros, arena);
        merge_bins(to, &s->negative, true, arena);
        merge_bins(to, &s->positive, false, arena);
    } else {
        for (const struct chunk *c = s->codes.used; c != NULL; c = c->next) {
            size_t n;
            const int32_t *code = codes_of(c, &n);
            for (size_t i = 0; i < n; i++)
                put_code(to, code[i], 1, arena);
        }
    }
    struct value min = kept_value(&s->min), max = kept_value(&s->max);
    kept_extreme(&to->min, &min, -1, arena);
    kept_extreme(&to->max, &max, 1, arena);
}

/* A code that was counted so often is so no more. */
static void uncount_code(struct sketch *s, int32_t code, uint64_t count)
{
    struct bins *b = code < 0 ? &s->negative : &s->positive;
    if (code == 0)
        s->zeros -= count;
    else
        b->page[(code_magnitude(code) >> PAGE_BITS) - b->first][code_magnitude(code) % PAGE_BINS] -=
            count;
    s->n -= count;
}

static void uncount_bins(struct sketch *state, const struct bins *from, bool is_negative)
{
    struct bins_cursor cursor = {0};
    while (next_bin(from, &cursor))
        uncount_code(state, signed_code(cursor.magnitude, is_negative), cursor.count);
}

static void uncount(struct sketch *state, const struct sketch *from)
{
    if (from->is_dense) {
        state->zeros -= from->zeros;
        state->n -= from->zeros;
        uncount_bins(state, &from->negative, true);
        uncount_bins(state, &from->positive, false);
        return;
    }
    for (const struct chunk *c = from->codes.used; c != NULL; c = c->next) {
        size_t n;
        const int32_t *code = codes_of(c, &n);
        for (size_t i = 0; i < n; i++)
            uncount_code(state, code[i], 1);
    }
}

static void running_init(const struct agg *agg, void *acc)
{
    (void)agg;
    *(struct sketch *)acc = (struct sketch){.is_dense = true};
}

static void set_edges(struct sketch *state, struct arena *arena)
{
    const struct edges *e = state->edges;
    kept_reset(&state->min);
    kept_reset(&state->max);
    if (e->lowest.n == 0)
        return;
    kept_set(&state->min, sorted_rank(&e->lowest, 0), arena);
    kept_set(&state->max, sorted_rank(&e->highest, e->highest.n - 1), arena);
}

static void running_enter(const struct agg *agg, void *acc, const void *from, struct arena *arena)
{
    struct sketch *state = acc;
    const struct sketch *s = from;
    if (s->n == 0)
        return;
    if (state->edges == NULL) {
        state->edges = arena_alloc(arena, sizeof *state->edges);
        *state->edges = (struct edges){0};
    }
    struct value lowest = kept_value(&s->min), highest = kept_value(&s->max);
    sorted_put(&state->edges->lowest, &lowest, arena);
    sorted_put(&state->edges->highest, &highest, arena);
    approx_quantile_merge(agg, state, s, arena);
    set_edges(state, arena);
}

static void running_leave(const struct agg *agg, void *acc, const void *from, struct arena *arena)
{
    (void)agg;
    struct sketch *state = acc;
    const struct sketch *s = from;
    if (s->n == 0)
        return;
    struct value lowest = kept_value(&s->min), highest = kept_value(&s->max);
    sorted_take(&state->edges->lowest, &lowest);
    sorted_take(&state->edges->highest, &highest);
    uncount(state, s);
    set_edges(state, arena);
}

static const struct agg_running approx_quantile_running = {running_init, running_enter,
                                                           running_leave};

/* The n <= MOST_CODES codes of a sketch that is not dense, in order. */
static void sort_codes(const struct sketch *s, int32_t *sorted)
{
    size_t filled = 0, n;
    for (const struct chunk *c = s->codes.used; c != NULL; c = c->next) {
        const int32_t *code = codes_of(c, &n);
        for (size_t i = 0; i < n; i++) {
            size_t place = filled++;
            for (; place > 0 && sorted[place - 1] > code[i]; place--)
                sorted[place] = sorted[place - 1];
            sorted[place] = code[i];
        }
    }
}

static double code_value(int32_t code)
{
    double x = code == 0 ? 0 : bin_value(code_bin(code));
    return code < 0 ? -x : x;
}

static uint64_t page_sum(const uint64_t *page)
{
    uint64_t sum = 0;
    for (int i = 0; i < PAGE_BINS; i++)
        sum += page[i];
    return sum;
}

/* Takes off *rank what the page counts; true: it is in there, and so much of it is left. */
static bool is_within(const uint64_t *page, uint64_t *rank)
{
    uint64_t sum = page == NULL ? 0 : page_sum(page);
    if (*rank < sum)
        return true;
    *rank -= sum;
    return false;
}

/* The code of that rank, and how many values behind it have the same. */
static int32_t dense_rank(const struct sketch *s, uint64_t rank, uint64_t *more)
{
    const struct bins *b = &s->negative;
    uint32_t i = b->n, k;
    while (i > 0 && !is_within(b->page[i - 1], &rank))
        i--;
    if (i > 0) {
        for (k = PAGE_BINS - 1; rank >= b->page[i - 1][k]; k--)
            rank -= b->page[i - 1][k];
        *more = b->page[i - 1][k] - rank - 1;
        return signed_code(((b->first + i - 1) << PAGE_BITS) + k, true);
    }
    if (rank < s->zeros) {
        *more = s->zeros - rank - 1;
        return 0;
    }
    rank -= s->zeros;
    b = &s->positive;
    while (!is_within(b->page[i], &rank))
        i++;
    for (k = 0; rank >= b->page[i][k]; k++)
        rank -= b->page[i][k];
    *more = b->page[i][k] - rank - 1;
    return signed_code(((b->first + i) << PAGE_BITS) + k, false);
}

/* About the values of that rank and, if there is one, of the next. */
static void values_of_rank(const struct sketch *s, uint64_t rank, double *x, double *next)
{
    int32_t sorted[MOST_CODES], code, second;
    uint64_t more, rank_behind = rank + 1 < s->n ? rank + 1 : rank;
    if (s->is_dense) {
        code = dense_rank(s, rank, &more);
        second = more > 0 || rank_behind == rank ? code : dense_rank(s, rank_behind, &more);
    } else {
        sort_codes(s, sorted);
        code = sorted[rank];
        second = sorted[rank_behind];
    }
    *x = code_value(code);
    *next = second == code ? *x : code_value(second);
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
    double x, next;
    values_of_rank(s, rank, &x, &next);
    x = clamp(x, lowest, highest);
    next = clamp(next, lowest, highest);
    if (part > 0)
        x = clamp(x * (1 - part) + next * part, x, next);
    size_t start = scratch->len;
    if (x <= lowest || x >= highest)
        number_print(scratch, x <= lowest ? &min : &max);
    else
        number_print_double(scratch, x);
    *result = (struct datum){DATUM_NUMBER, scratch->data + start, scratch->len - start};
}

static void bins_reset(struct bins *b)
{
    for (uint32_t i = 0; i < b->n; i++)
        if (b->page[i] != NULL)
            memset(b->page[i], 0, PAGE_BINS * sizeof *b->page[i]);
}

static void approx_quantile_reset(const struct agg *agg, void *acc)
{
    (void)agg;
    struct sketch *s = acc;
    s->n = 0;
    if (s->is_dense) {
        s->zeros = 0;
        bins_reset(&s->negative);
        bins_reset(&s->positive);
    } else {
        chunks_reset(&s->codes);
    }
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
    struct bins_cursor counted = {0}, cursor = {0};
    uint32_t used = 0;
    while (next_bin(b, &counted))
        used++;
    wire_put_u32(to, used);
    while (next_bin(b, &cursor)) {
        wire_put_u32(to, (uint32_t)code_bin((int32_t)cursor.magnitude));
        wire_put_u64(to, cursor.count);
    }
}

/* The same from n codes of one sign that follow each other in steps, by bin. */
static void codes_save(const int32_t *code, size_t n, int step, struct buf *to)
{
    uint32_t used = 0;
    for (size_t i = 0; i < n; i++)
        used += i == 0 || code[(int)i * step] != code[((int)i - 1) * step];
    wire_put_u32(to, used);
    for (size_t i = 0, next; i < n; i = next) {
        int32_t one = code[(int)i * step];
        for (next = i + 1; next < n && code[(int)next * step] == one;)
            next++;
        wire_put_u32(to, (uint32_t)code_bin(one));
        wire_put_u64(to, next - i);
    }
}

static void save_sparse(const struct sketch *s, struct buf *to)
{
    int32_t sorted[MOST_CODES] = {0};
    size_t n = (size_t)s->n, negative = 0, zeros = 0;
    sort_codes(s, sorted);
    while (negative < n && sorted[negative] < 0)
        negative++;
    while (negative + zeros < n && sorted[negative + zeros] == 0)
        zeros++;
    wire_put_u64(to, zeros);
    codes_save(sorted + negative - (negative > 0), negative, -1, to);
    codes_save(sorted + negative + zeros, n - negative - zeros, 1, to);
}

static void approx_quantile_save(const struct agg *agg, const void *acc, struct buf *to)
{
    (void)agg;
    const struct sketch *s = acc;
    if (s->is_dense) {
        wire_put_u64(to, s->zeros);
        bins_save(&s->negative, to);
        bins_save(&s->positive, to);
    } else {
        save_sparse(s, to);
    }
    kept_save(&s->min, to);
    kept_save(&s->max, to);
}

static bool bins_load(struct sketch *s, bool is_negative, const unsigned char **at,
                      const unsigned char *end, struct arena *arena)
{
    uint32_t used, bin;
    uint64_t count, sum;
    if (!wire_u32(at, end, &used))
        return false;
    for (int32_t lowest = LOWEST_BIN; used > 0; used--) {
        if (!wire_u32(at, end, &bin) || !wire_u64(at, end, &count))
            return false;
        if ((int32_t)bin < lowest || (int32_t)bin > HIGHEST_BIN || count == 0 ||
            __builtin_add_overflow(s->n, count, &sum))
            return false;
        put_code(s, code_of((int32_t)bin, is_negative), count, arena);
        lowest = (int32_t)bin + 1;
    }
    return true;
}

static bool approx_quantile_load(const struct agg *agg, void *acc, const unsigned char **at,
                                 const unsigned char *end, struct arena *arena)
{
    (void)agg;
    struct sketch *s = acc;
    uint64_t zeros;
    if (!wire_u64(at, end, &zeros))
        return false;
    if (zeros > 0)
        put_code(s, 0, zeros, arena);
    return bins_load(s, true, at, end, arena) && bins_load(s, false, at, end, arena) &&
           kept_load_number(&s->min, at, end, arena) && kept_load_number(&s->max, at, end, arena) &&
           (s->n == 0) == (s->min.kind == VALUE_NULL) && (s->n == 0) == (s->max.kind == VALUE_NULL);
}

static const char approx_quantile_doc[] =
    "quantile within 1 %, in a few kilobytes: approx_p95, approx_p99.9";
static const struct agg_ops approx_quantile_view =
    VIEW_OPS("approx_p", approx_quantile_doc, approx_quantile_result);

const struct agg_ops approx_quantile_ops = {
    .name = "approx_p",
    .doc = approx_quantile_doc,
    .size = sizeof(struct sketch),
    .input = AGG_NUMBER,
    .param = AGG_RANK_FIELD,
    .running = &approx_quantile_running,
    .view = &approx_quantile_view,
    .init = approx_quantile_init,
    .add = approx_quantile_add,
    .merge = approx_quantile_merge,
    .result = approx_quantile_result,
    .reset = approx_quantile_reset,
    .save = approx_quantile_save,
    .load = approx_quantile_load,
};
