/*
 * median, pNN: exact quantiles, with linear interpolation (type 7 of Hyndman and Fan, "Sample
 * Quantiles in Statistical Packages", The American Statistician 50, 1996).
 *
 * All numbers are kept: 8 bytes each as mantissas of one exponent, the lowest that came, and only
 * if they do not fit so, 16 bytes each. A result selects the rank it needs, by the histogram of one
 * byte of the values after the other: linear time, without a bad case, and without touching the
 * samples, which are not worth sorting for one or two ranks. Those of a window that slides, or has
 * pane after pane, are: they are asked for their ranks again and again, and change little between.
 */
#include "agg/chunks.h"
#include "agg/functions.h"
#include "agg/heap.h"
#include "agg/sorted.h"
#include "base/int128.h"
#include "base/number.h"
#include "base/wire.h"

enum { LOWEST_EXP = -5000, HIGHEST_EXP = 308 }; /* that a struct value can have, base/number.h */

struct samples {
    union {
        struct chunks chunks;  /* of int64_t, or of struct value if wide */
        struct sorted *sorted; /* if kept in order */
    };
    uint64_t n;
    int16_t exp;         /* unless wide, of all; not set while n is 0 */
    bool wide, in_order; /* what is in order counts as wide, too */
};

static int64_t *narrow_of(const struct chunk *chunk, size_t *n)
{
    *n = chunk->used / sizeof(int64_t);
    return (int64_t *)(void *)chunk->data;
}

static const struct value *wide_of(const struct chunk *chunk, size_t *n)
{
    *n = chunk->used / sizeof(struct value);
    return (const struct value *)(const void *)chunk->data;
}

static void push_narrow(struct samples *s, int64_t mant, struct arena *arena)
{
    *(int64_t *)(void *)chunks_take(&s->chunks, sizeof mant, arena) = mant;
    s->n++;
}

static void push_wide(struct samples *s, const struct value *v, struct arena *arena)
{
    struct value *kept = (void *)chunks_take(&s->chunks, sizeof *kept, arena);
    *kept = v->kind == VALUE_WIDE ? number_keep(v, arena) : *v;
    s->n++;
}

/* *mant *= 10^shift if that is possible. */
static bool scale(int64_t *mant, int shift)
{
    if (*mant == 0)
        return true;
    return shift < POW10_U64 && !__builtin_mul_overflow(*mant, (int64_t)pow10_u64[shift], mant);
}

/* Brings all samples down to a lower exponent; false, and nothing is changed, if one overflows. */
static bool rescale(struct samples *s, int16_t exp)
{
    size_t n;
    for (int pass = 0; pass < 2; pass++) {
        for (struct chunk *c = s->chunks.used; c != NULL; c = c->next) {
            int64_t *mants = narrow_of(c, &n);
            for (size_t i = 0; i < n; i++) {
                int64_t mant = mants[i];
                if (!scale(&mant, s->exp - exp))
                    return false;
                if (pass == 1)
                    mants[i] = mant;
            }
        }
    }
    s->exp = exp;
    return true;
}

/* Adds mant * 10^exp as an int64 in some common exponent, or returns false. */
static bool fit_narrow(struct samples *s, int64_t mant, int16_t exp, struct arena *arena)
{
    if (s->n == 0)
        s->exp = exp;
    if (exp < s->exp && mant != 0) {
        if (!rescale(s, exp))
            return false;
    } else if (!scale(&mant, exp - s->exp)) {
        return false;
    }
    push_narrow(s, mant, arena);
    return true;
}

static void widen(struct samples *s, struct arena *arena)
{
    struct chunks narrow = {.used = s->chunks.used};
    s->chunks.used = NULL;
    s->n = 0;
    s->wide = true;
    for (const struct chunk *c = narrow.used; c != NULL; c = c->next) {
        size_t n;
        const int64_t *mants = narrow_of(c, &n);
        for (size_t i = 0; i < n; i++) {
            struct value v = {.mant = mants[i], .exp = s->exp, .kind = VALUE_NUMBER};
            push_wide(s, &v, arena);
        }
    }
    chunks_reset(&narrow);
    while (narrow.spare != NULL) {
        struct chunk *next = narrow.spare->next;
        narrow.spare->next = s->chunks.spare;
        s->chunks.spare = narrow.spare;
        narrow.spare = next;
    }
}

static void push_in_order(struct samples *s, const struct value *v, struct arena *arena)
{
    if (s->sorted == NULL) {
        s->sorted = arena_alloc(arena, sizeof *s->sorted);
        *s->sorted = (struct sorted){0};
    }
    sorted_put(s->sorted, v, arena);
    s->n++;
}

static void push_slow(struct samples *s, const struct value *v, struct arena *arena)
{
    if (s->in_order) {
        push_in_order(s, v, arena);
        return;
    }
    if (!s->wide) {
        struct value plain = *v;
        if (v->kind == VALUE_NUMBER) {
            if (fit_narrow(s, v->mant, v->exp, arena))
                return;
            number_normalise(&plain); /* 1.50 may fit where 1.500000 did not */
            if (fit_narrow(s, plain.mant, plain.exp, arena))
                return;
        }
        widen(s, arena);
    }
    push_wide(s, v, arena);
}

static inline void push(struct samples *s, const struct value *v, struct arena *arena)
{
    if (v->kind == VALUE_NUMBER && v->exp == s->exp && !s->wide)
        push_narrow(s, v->mant, arena);
    else
        push_slow(s, v, arena);
}

static void quantile_init(const struct agg *agg, void *acc)
{
    (void)agg;
    *(struct samples *)acc = (struct samples){0};
}

static void quantile_add(const struct agg *agg, const struct agg_rows *rows,
                         const struct value *column)
{
    for (size_t i = 0; i < rows->n; i++) {
        const struct value *v = &column[rows->rows[i]];
        if (v->kind != VALUE_NULL)
            push((struct samples *)(void *)(rows->accs[i] + agg->offset), v, rows->arenas[i]);
    }
}

/* Samples of the same exponent, as they stand. */
static void merge_narrow(struct samples *into, const struct samples *from, struct arena *arena)
{
    for (const struct chunk *c = from->chunks.used; c != NULL; c = c->next)
        memcpy(chunks_take(&into->chunks, c->used, arena), c->data, c->used);
    into->n += from->n;
}

/* Steps through all samples: start with {0}; false at the end. */
struct sample_cursor {
    const struct chunk *chunk;
    size_t at;
    bool started;
    struct sorted_cursor sorted;
};

static bool next_sample(const struct samples *s, struct sample_cursor *cursor, struct value *v)
{
    if (s->in_order) {
        const struct value *next = s->n == 0 ? NULL : sorted_next(s->sorted, &cursor->sorted);
        if (next != NULL)
            *v = *next;
        return next != NULL;
    }
    if (!cursor->started || (cursor->chunk != NULL && cursor->at == cursor->chunk->used))
        *cursor = (struct sample_cursor){
            .chunk = cursor->started ? cursor->chunk->next : s->chunks.used, .started = true};
    if (cursor->chunk == NULL)
        return false;
    const void *at = cursor->chunk->data + cursor->at;
    *v = s->wide
             ? *(const struct value *)at
             : (struct value){.mant = *(const int64_t *)at, .exp = s->exp, .kind = VALUE_NUMBER};
    cursor->at += s->wide ? sizeof *v : sizeof v->mant;
    return true;
}

static void quantile_merge(const struct agg *agg, void *into, const void *from, struct arena *arena)
{
    (void)agg;
    const struct samples *s = from;
    struct samples *to = into;
    struct sample_cursor cursor = {0};
    struct value v;
    if (!s->wide && !to->wide && (to->n == 0 || to->exp == s->exp)) {
        to->exp = s->exp;
        merge_narrow(to, s, arena);
        return;
    }
    while (next_sample(s, &cursor, &v))
        push(to, &v, arena);
}

static void running_init(const struct agg *agg, void *acc)
{
    (void)agg;
    *(struct samples *)acc = (struct samples){.wide = true, .in_order = true};
}

static void running_leave(const struct agg *agg, void *acc, const void *from, struct arena *arena)
{
    (void)agg;
    (void)arena;
    struct samples *state = acc;
    struct sample_cursor cursor = {0};
    struct value v;
    while (next_sample(from, &cursor, &v)) {
        sorted_take(state->sorted, &v);
        state->n--;
    }
}

static const struct agg_running quantile_running = {running_init, quantile_merge, running_leave};

/* To put a number in order costs as much as a look at some dozens that are in none. */
static void quantile_often(const struct agg *agg, void *acc, uint64_t fresh, struct arena *arena)
{
    enum { FEW = 64, TIMES = 64 };
    struct samples *s = acc, in_order;
    if (s->in_order || s->n < FEW || fresh > s->n / TIMES)
        return;
    running_init(agg, &in_order);
    quantile_merge(agg, &in_order, s, arena);
    *s = in_order;
}

/* Order-preserving, as unsigned. */
static uint64_t to_key(int64_t mant)
{
    return (uint64_t)mant ^ (uint64_t)1 << 63;
}

static int64_t from_key(uint64_t key)
{
    return (int64_t)(key ^ (uint64_t)1 << 63);
}

/* Keys that share all bits above `shift` + 8, to be told apart by the 8 bits there. */
struct digits {
    size_t count[256];
    unsigned shift;
};

static void count_digits(struct digits *d, const uint64_t *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        d->count[keys[i] >> d->shift & 255]++;
}

/* The digit of the key of that rank; takes off *rank what is before. */
static unsigned find_digit(const struct digits *d, uint64_t *rank)
{
    unsigned digit = 0;
    for (; *rank >= d->count[digit]; digit++)
        *rank -= d->count[digit];
    return digit;
}

/* The key of that rank among keys[0..n), of which it makes a mess. */
static uint64_t select_key(uint64_t *keys, size_t n, uint64_t rank)
{
    for (;;) {
        uint64_t low = UINT64_MAX, high = 0;
        for (size_t i = 0; i < n; i++) {
            low = keys[i] < low ? keys[i] : low;
            high = keys[i] > high ? keys[i] : high;
        }
        if (low == high)
            return low;
        unsigned top = 63 - (unsigned)__builtin_clzll(low ^ high);
        struct digits d = {.shift = top < 7 ? 0 : top - 7};
        count_digits(&d, keys, n);
        unsigned digit = find_digit(&d, &rank);
        size_t kept = 0;
        for (size_t i = 0; i < n; i++) {
            uint64_t key = keys[i]; /* always stored, kept or not: no branch to mispredict */
            keys[kept] = key;
            kept += (key >> d.shift & 255) == digit;
        }
        n = kept;
    }
}

/* Room for `bytes` at the end of scratch, aligned. Not appended yet. */
static void *workspace(struct buf *scratch, size_t bytes)
{
    size_t skip = -(size_t)(uintptr_t)buf_reserve(scratch, bytes + 8) & 7;
    return scratch->data + scratch->len + skip;
}

/* The samples of rank `rank` and of the next rank, as they stand in *low and *high. */
static void select_narrow(const struct samples *s, uint64_t rank, struct value *low,
                          struct value *high, struct buf *scratch)
{
    uint64_t *keys = workspace(scratch, (size_t)s->n * sizeof *keys);
    size_t n, filled = 0;
    for (const struct chunk *c = s->chunks.used; c != NULL; c = c->next) {
        const int64_t *mants = narrow_of(c, &n);
        for (size_t i = 0; i < n; i++)
            keys[filled++] = to_key(mants[i]);
    }
    uint64_t key = select_key(keys, filled, rank), next = UINT64_MAX, up_to_key = 0;
    for (const struct chunk *c = s->chunks.used; c != NULL; c = c->next) {
        const int64_t *mants = narrow_of(c, &n);
        for (size_t i = 0; i < n; i++) {
            uint64_t k = to_key(mants[i]);
            up_to_key += k <= key;
            next = k > key && k < next ? k : next;
        }
    }
    if (up_to_key > rank + 1)
        next = key;
    *low = (struct value){.mant = from_key(key), .exp = s->exp, .kind = VALUE_NUMBER};
    *high = (struct value){.mant = from_key(next), .exp = s->exp, .kind = VALUE_NUMBER};
}

static int by_number(const void *a, const void *b)
{
    return number_compare(a, b);
}

static void select_wide(const struct samples *s, uint64_t rank, struct value *low,
                        struct value *high, struct buf *scratch)
{
    const void **sorted = workspace(scratch, (size_t)s->n * sizeof *sorted);
    size_t n, filled = 0;
    for (const struct chunk *c = s->chunks.used; c != NULL; c = c->next) {
        const struct value *values = wide_of(c, &n);
        for (size_t i = 0; i < n; i++)
            sorted[filled++] = &values[i];
    }
    heap_build(sorted, filled, by_number);
    heap_sort(sorted, filled, by_number);
    *low = *(const struct value *)sorted[rank];
    *high = *(const struct value *)sorted[rank + 1 < filled ? rank + 1 : rank];
}

static void select_sorted(const struct sorted *s, uint64_t rank, struct value *low,
                          struct value *high)
{
    *low = *sorted_rank(s, rank);
    *high = *sorted_rank(s, rank + 1 < s->n ? rank + 1 : rank);
}

static void quantile_result(const struct agg *agg, const void *acc, struct datum *result,
                            struct buf *scratch)
{
    const struct samples *s = acc;
    *result = (struct datum){.kind = DATUM_NULL};
    if (s->n == 0)
        return;
    u128 h = (u128)(s->n - 1) * agg->q_numerator;
    uint64_t rank = (uint64_t)(h / agg->q_denominator);
    uint64_t rest = (uint64_t)(h % agg->q_denominator);
    struct value low, high;
    if (s->in_order)
        select_sorted(s->sorted, rank, &low, &high);
    else
        (s->wide ? select_wide : select_narrow)(s, rank, &low, &high, scratch);
    size_t start = scratch->len;
    number_interpolate_print(scratch, &low, rest == 0 ? &low : &high, rest, agg->q_denominator);
    *result = (struct datum){DATUM_NUMBER, scratch->data + start, scratch->len - start};
}

static void quantile_reset(const struct agg *agg, void *acc)
{
    struct samples *s = acc;
    if (s->in_order) {
        quantile_init(agg, acc);
        return;
    }
    chunks_reset(&s->chunks);
    s->n = 0;
    s->wide = false;
}

/*
 * In a snapshot:
 *     u64 n, u8 wide, not wide: u32 exp, n * i64 mantissa;  wide: n canonical encodings
 */
static void quantile_save(const struct agg *agg, const void *acc, struct buf *to)
{
    (void)agg;
    const struct samples *s = acc;
    struct sample_cursor cursor = {0};
    struct value v;
    wire_put_u64(to, s->n);
    wire_put_u8(to, s->wide);
    if (!s->wide)
        wire_put_u32(to, (uint32_t)(int32_t)(s->n == 0 ? 0 : s->exp));
    while (next_sample(s, &cursor, &v)) {
        if (s->wide)
            value_encode(to, &v);
        else
            wire_put_i64(to, v.mant);
    }
}

static bool load_wide(struct samples *s, uint64_t n, const unsigned char **at,
                      const unsigned char *end, struct arena *arena)
{
    struct buf text = {0};
    s->wide = true;
    for (; s->n < n; text.len = 0) {
        struct value v;
        if (!value_decode(at, end, &v, &text) || (v.kind != VALUE_NUMBER && v.kind != VALUE_WIDE))
            break;
        push_wide(s, &v, arena);
    }
    buf_free(&text);
    return s->n == n;
}

static bool quantile_load(const struct agg *agg, void *acc, const unsigned char **at,
                          const unsigned char *end, struct arena *arena)
{
    (void)agg;
    struct samples *s = acc;
    uint64_t n;
    uint8_t wide;
    uint32_t exp;
    if (!wire_u64(at, end, &n) || !wire_u8(at, end, &wide) || wide > 1)
        return false;
    if (wide)
        return load_wide(s, n, at, end, arena);
    if (!wire_u32(at, end, &exp) || (int32_t)exp < LOWEST_EXP || (int32_t)exp > HIGHEST_EXP)
        return false;
    s->exp = (int16_t)exp;
    for (int64_t mant; s->n < n && wire_i64(at, end, &mant);)
        push_narrow(s, mant, arena);
    return s->n == n;
}

static const char median_doc[] = "exact median";
static const struct agg_ops median_view = VIEW_OPS("median", median_doc, quantile_result);

const struct agg_ops median_ops = {
    .name = "median",
    .doc = median_doc,
    .size = sizeof(struct samples),
    .input = AGG_NUMBER,
    .running = &quantile_running,
    .view = &median_view,
    .init = quantile_init,
    .add = quantile_add,
    .merge = quantile_merge,
    .result = quantile_result,
    .often = quantile_often,
    .reset = quantile_reset,
    .save = quantile_save,
    .load = quantile_load,
};

static const char quantile_doc[] = "exact quantile, interpolated: p95, p99.9";
static const struct agg_ops quantile_view = VIEW_OPS("p", quantile_doc, quantile_result);

const struct agg_ops quantile_ops = {
    .name = "p",
    .doc = quantile_doc,
    .size = sizeof(struct samples),
    .input = AGG_NUMBER,
    .param = AGG_RANK_FIELD,
    .running = &quantile_running,
    .view = &quantile_view,
    .init = quantile_init,
    .add = quantile_add,
    .merge = quantile_merge,
    .result = quantile_result,
    .often = quantile_often,
    .reset = quantile_reset,
    .save = quantile_save,
    .load = quantile_load,
};
