/*
 * Exact sums. A sum is mant * 10^exp + big: values go into mant as long as that takes no more than
 * a checked 64-bit operation, and what does not fit is moved over to big, an array of limbs that
 * covers every decimal position that values can have. Sums of ordinary values never have a big;
 * sums of 17-digit doubles move over every few dozen values, for some ten nanoseconds.
 *
 *     position   ... 10^36      10^18      10^0       10^-18     10^-36 ...
 *     limb           [2]        [1]        [0]        [-1]       [-2]
 *
 * Limbs have signs of their own, between -10^18 and 10^18 exclusive: so a carry of one never runs
 * through long rows of nines and back again, and an addition costs two limbs on average, no matter
 * how wide the sum is. One sum then has many forms; number_total() brings it to the one with limbs
 * of one sign, from which everything visible is made.
 */
#include <string.h>

#include "base/number.h"
#include "base/number_text.h"
#include "base/number_total.h"
#include "base/wire.h"

#define LIMB_BASE INT64_C(1000000000000000000)

enum { CHUNK_DIGITS = 9, CHUNK_BASE = 1000000000, MAX_CHUNKS = DECIMAL_MAX_DIGITS / 9 + 2 };

struct number_big {
    int32_t low; /* index of limb[0] */
    uint32_t n;
    int64_t limb[];
};

/* Which limb the position 10^exp is in. */
static int32_t limb_of(int32_t exp)
{
    return (exp - LIMB_LOWEST * LIMB_DIGITS) / LIMB_DIGITS + LIMB_LOWEST;
}

/* Makes room for the limbs from low up to, not including, high. */
static struct number_big *cover(struct number_sum *s, int32_t low, int32_t high,
                                struct arena *arena)
{
    struct number_big *old = s->big;
    if (old != NULL && low >= old->low && high <= old->low + (int32_t)old->n)
        return old;
    if (old != NULL) {
        /* The old array is lost to the arena, so the new one gets room to spare where it grew. */
        int32_t spare = (int32_t)old->n;
        low = low < old->low ? low - spare : old->low;
        int32_t old_high = old->low + (int32_t)old->n;
        high = high > old_high ? high + spare : old_high;
    } else {
        high++; /* for carries */
    }
    if (low < LIMB_LOWEST)
        low = LIMB_LOWEST;
    if (high > LIMB_HIGHEST + 1)
        high = LIMB_HIGHEST + 1;
    size_t n = (size_t)(high - low);
    struct number_big *big = arena_alloc(arena, sizeof *big + n * sizeof big->limb[0]);
    big->low = low;
    big->n = (uint32_t)n;
    memset(big->limb, 0, n * sizeof big->limb[0]);
    if (old != NULL)
        memcpy(big->limb + (old->low - low), old->limb, old->n * sizeof old->limb[0]);
    s->big = big;
    return big;
}

/* Adds x, |x| < 10^18, to limb[at] and returns how far the carries reached. */
static uint32_t carry_into(int64_t *limb, uint32_t n, uint32_t at, int64_t *x)
{
    while (*x != 0 && at < n) {
        int64_t t = limb[at] + *x;
        *x = 0;
        if (t >= LIMB_BASE) {
            t -= LIMB_BASE;
            *x = 1;
        } else if (t <= -LIMB_BASE) {
            t += LIMB_BASE;
            *x = -1;
        }
        limb[at++] = t;
    }
    return at;
}

static void add_to_limb(struct number_sum *s, int32_t index, int64_t x, struct arena *arena)
{
    struct number_big *big = cover(s, index, index + 1, arena);
    uint32_t at = carry_into(big->limb, big->n, (uint32_t)(index - big->low), &x);
    if (x != 0) {
        index = big->low + (int32_t)at;
        big = cover(s, index, index + 1, arena);
        carry_into(big->limb, big->n, (uint32_t)(index - big->low), &x);
    }
}

/*
 * Division by 10^k as a multiplication: n / 10^k = n * factor >> shift for all n <= 2^63, with
 * factor = 2^shift / 10^k rounded up and 2^(shift - 63) the next power of two (Granlund and
 * Montgomery, Division by Invariant Integers using Multiplication, PLDI 1994). The machine's own
 * division takes several times as long, and every value that goes to a limb needs one.
 */
#define BY_POW10(k, bits)                                                                          \
    {                                                                                              \
        (uint64_t)((((u128)1 << (63 + (bits))) + POWER(k) - 1) / POWER(k)), 63 + (bits)            \
    }
#define POWER(k) UINT64_C(1##k)

static const struct {
    uint64_t factor;
    unsigned shift;
} by_pow10[LIMB_DIGITS + 1] = {
    BY_POW10(, 0),
    BY_POW10(0, 4),
    BY_POW10(00, 7),
    BY_POW10(000, 10),
    BY_POW10(0000, 14),
    BY_POW10(00000, 17),
    BY_POW10(000000, 20),
    BY_POW10(0000000, 24),
    BY_POW10(00000000, 27),
    BY_POW10(000000000, 30),
    BY_POW10(0000000000, 34),
    BY_POW10(00000000000, 37),
    BY_POW10(000000000000, 40),
    BY_POW10(0000000000000, 44),
    BY_POW10(00000000000000, 47),
    BY_POW10(000000000000000, 50),
    BY_POW10(0000000000000000, 54),
    BY_POW10(00000000000000000, 57),
    BY_POW10(000000000000000000, 60),
};

/* Splits mant * 10^exp over the limb that it starts in, and the one above. */
static int32_t split(int64_t mant, int32_t exp, int64_t *low, int64_t *high)
{
    int32_t index = limb_of(exp), shift = exp - index * LIMB_DIGITS, cut = LIMB_DIGITS - shift;
    uint64_t n = i64_magnitude(mant);
    uint64_t above = (uint64_t)((u128)n * by_pow10[cut].factor >> by_pow10[cut].shift);
    uint64_t below = (n - above * pow10_u64[cut]) * pow10_u64[shift];
    *high = mant < 0 ? -(int64_t)above : (int64_t)above;
    *low = mant < 0 ? -(int64_t)below : (int64_t)below;
    return index;
}

static void add_to_big(struct number_sum *s, int64_t mant, int32_t exp, struct arena *arena)
{
    int64_t low, high;
    int32_t index = split(mant, exp, &low, &high);
    struct number_big *big = cover(s, index, index + 2, arena);
    uint32_t at = (uint32_t)(index - big->low);
    int64_t t = big->limb[at] + low, above = big->limb[at + 1] + high;
    /* Nearly always nothing is carried beyond these two. */
    if (t < LIMB_BASE && t > -LIMB_BASE && above < LIMB_BASE && above > -LIMB_BASE) {
        big->limb[at] = t;
        big->limb[at + 1] = above;
        return;
    }
    add_to_limb(s, index, low, arena);
    add_to_limb(s, index + 1, high, arena);
}

/* s += mant * 10^exp */
static void add_term(struct number_sum *s, int64_t mant, int32_t exp, struct arena *arena)
{
    int64_t total;
    if (s->mant == 0 || !s->any) {
        s->mant = mant;
        s->exp = exp;
        s->any = true;
        return;
    }
    if (mant == 0)
        return;
    int32_t apart = exp - s->exp;
    if (apart > 0) {
        if (apart > LIMB_DIGITS ||
            __builtin_mul_overflow(mant, (int64_t)pow10_u64[apart], &total)) {
            add_to_big(s, mant, exp, arena);
            return;
        }
        mant = total;
        exp = s->exp;
    } else if (apart < 0) {
        if (-apart > LIMB_DIGITS ||
            __builtin_mul_overflow(s->mant, (int64_t)pow10_u64[-apart], &total)) {
            add_to_big(s, s->mant, s->exp, arena);
            total = 0;
        }
        s->mant = total;
        s->exp = exp;
    }
    if (__builtin_add_overflow(s->mant, mant, &total)) {
        add_to_big(s, s->mant, exp, arena);
        total = mant;
    }
    s->mant = total;
}

static void add_wide(struct number_sum *s, const struct value *v, struct arena *arena)
{
    struct number_text t;
    s->any = true;
    number_text_of(&t, v);
    if (t.n == 0)
        return;
    const char *p = t.first;
    while (t.n > 0) {
        char digits[LIMB_DIGITS];
        int64_t n = t.n < LIMB_DIGITS ? t.n : LIMB_DIGITS, part = 0;
        p = number_text_copy(digits, p, (size_t)n);
        for (int64_t i = 0; i < n; i++)
            part = part * 10 + (digits[i] - '0');
        t.n -= n;
        add_to_big(s, t.negative ? -part : part, (int32_t)(t.exp + t.n), arena);
    }
}

void number_sum_add_slow(struct number_sum *s, const struct value *v, struct arena *arena)
{
    if (v->kind == VALUE_WIDE)
        add_wide(s, v, arena);
    else
        add_term(s, v->mant, v->exp, arena);
}

void number_sum_merge(struct number_sum *into, const struct number_sum *from, struct arena *arena)
{
    if (!from->any)
        return;
    add_term(into, from->mant, from->exp, arena);
    const struct number_big *big = from->big;
    for (uint32_t i = 0; big != NULL && i < big->n; i++)
        if (big->limb[i] != 0)
            add_to_limb(into, big->low + (int32_t)i, big->limb[i], arena);
}

void number_sum_reset(struct number_sum *s)
{
    struct number_big *big = s->big;
    if (big != NULL)
        memset(big->limb, 0, big->n * sizeof big->limb[0]);
    *s = (struct number_sum){.big = big};
}

/* A magnitude in base 10^9, the least first: products of two chunks fit an int64, even twice. */
struct chunks {
    bool negative;
    int32_t exp; /* of chunk[0] */
    uint32_t n;
    uint32_t chunk[MAX_CHUNKS];
};

static void chunk_u64(struct chunks *c, uint64_t mant)
{
    c->negative = false;
    c->exp = 0;
    c->n = 0;
    for (; mant > 0; mant /= CHUNK_BASE)
        c->chunk[c->n++] = (uint32_t)(mant % CHUNK_BASE);
}

static void chunk_value(struct chunks *c, const struct value *v)
{
    if (v->kind == VALUE_NUMBER) {
        chunk_u64(c, i64_magnitude(v->mant));
        c->negative = v->mant < 0;
        c->exp = v->exp;
        return;
    }
    struct decimal d;
    number_digits(&d, v);
    c->negative = d.negative;
    c->exp = d.exp;
    c->n = 0;
    for (uint32_t end = d.n; end > 0;) {
        uint32_t start = end > CHUNK_DIGITS ? end - CHUNK_DIGITS : 0, part = 0;
        for (uint32_t i = start; i < end; i++)
            part = part * 10 + (uint32_t)(d.digits[i] - '0');
        c->chunk[c->n++] = part;
        end = start;
    }
}

static void add_square_slow(struct number_sum *s, const struct value *v, struct arena *arena)
{
    struct chunks c;
    chunk_value(&c, v);
    s->any = true;
    for (uint32_t i = 0; i < c.n; i++) {
        for (uint32_t j = i; j < c.n; j++) {
            int64_t product = (int64_t)c.chunk[i] * c.chunk[j] * (i == j ? 1 : 2);
            add_to_big(s, product, 2 * c.exp + CHUNK_DIGITS * (int32_t)(i + j), arena);
        }
    }
}

void number_sum_add_square(struct number_sum *s, const struct value *v, struct arena *arena)
{
    int64_t square, total;
    if (v->kind != VALUE_NUMBER || __builtin_mul_overflow(v->mant, v->mant, &square)) {
        add_square_slow(s, v, arena);
        return;
    }
    int32_t exp = 2 * v->exp;
    if (s->any && exp == s->exp && !__builtin_add_overflow(s->mant, square, &total))
        s->mant = total;
    else
        add_term(s, square, exp, arena);
}

void number_sum_add_product(struct number_sum *s, const struct value *a, uint64_t b, int32_t exp,
                            struct arena *arena)
{
    struct chunks x, y;
    chunk_value(&x, a);
    chunk_u64(&y, b);
    s->any = true;
    for (uint32_t i = 0; i < x.n; i++) {
        for (uint32_t j = 0; j < y.n; j++) {
            int64_t product = (int64_t)x.chunk[i] * y.chunk[j];
            add_to_big(s, x.negative ? -product : product,
                       x.exp + exp + CHUNK_DIGITS * (int32_t)(i + j), arena);
        }
    }
}

/* Gives all limbs the sign of the highest, which is that of the sum, and takes it off. */
static void unify_signs(struct number_total *t)
{
    while (t->n > 0 && t->limb[t->n - 1] == 0)
        t->n--;
    t->negative = t->n > 0 && t->limb[t->n - 1] < 0;
    int64_t borrow = 0;
    for (uint32_t i = 0; i < t->n; i++) {
        int64_t limb = (t->negative ? -t->limb[i] : t->limb[i]) - borrow;
        borrow = limb < 0;
        t->limb[i] = borrow ? limb + LIMB_BASE : limb;
    }
    while (t->n > 0 && t->limb[t->n - 1] == 0)
        t->n--;
    uint32_t zeros = 0;
    while (zeros < t->n && t->limb[zeros] == 0)
        zeros++;
    t->n -= zeros;
    t->low = t->n == 0 ? 0 : t->low + (int32_t)zeros;
    memmove(t->limb, t->limb + zeros, t->n * sizeof t->limb[0]);
}

void number_total(struct number_total *t, const struct number_sum *s)
{
    int64_t low, high;
    int32_t index = split(s->mant, s->exp, &low, &high);
    const struct number_big *big = s->big;
    int32_t start = index, end = index + 3; /* one above for the carry */
    if (big != NULL) {
        start = big->low < start ? big->low : start;
        int32_t above = big->low + (int32_t)big->n + 1;
        end = above > end ? above : end;
    }
    if (end > LIMB_HIGHEST + 1)
        end = LIMB_HIGHEST + 1;
    t->low = start;
    t->n = (uint32_t)(end - start);
    memset(t->limb, 0, t->n * sizeof t->limb[0]);
    if (big != NULL)
        memcpy(t->limb + (big->low - start), big->limb, big->n * sizeof big->limb[0]);
    carry_into(t->limb, t->n, (uint32_t)(index - start), &low);
    carry_into(t->limb, t->n, (uint32_t)(index - start) + 1, &high);
    unify_signs(t);
}

void number_total_digits(struct decimal *d, const struct number_total *t)
{
    d->negative = t->negative;
    d->exp = t->low * LIMB_DIGITS;
    d->n = t->n * LIMB_DIGITS;
    char *end = d->digits + d->n;
    for (uint32_t i = 0; i < t->n; i++) {
        int64_t limb = t->limb[i];
        for (int k = 0; k < LIMB_DIGITS; k++, limb /= 10)
            *--end = (char)('0' + limb % 10);
    }
    decimal_strip(d);
}

void number_sum_print(struct buf *to, const struct number_sum *s)
{
    struct decimal d;
    if (s->big == NULL) {
        if (s->exp == 0) {
            buf_put_i64(to, s->mant);
            return;
        }
        decimal_set(&d, s->mant < 0, i64_magnitude(s->mant), s->exp);
        decimal_print(to, &d);
        return;
    }
    struct number_total t;
    number_total(&t, s);
    number_total_digits(&d, &t);
    double nearest = d.n > DECIMAL_EXACT_DIGITS ? decimal_double(&d) : 0;
    decimal_print_result(to, &d, false, nearest);
}

/*
 * In a snapshot a sum is
 *     u8 0                                            nothing was added
 *     u8 1, i64 mant, u32 exp                         mant not a multiple of 10, or 0 with exp 0
 *     u8 2, u8 negative, u32 low, u32 n, n * u64      limbs as in struct number_total
 * with form 1 whenever mant fits: one sum has one form, whatever order it was added up in.
 */
enum { FORM_NONE, FORM_SMALL, FORM_LIMBS };

/* t as mant * 10^exp, mant without trailing zeros, if that fits. */
static bool total_is_small(const struct number_total *t, struct value *v, int32_t *exp)
{
    /* Three limbs, the outer ones not 0, are more than 19 digits. */
    if (t->n > 2)
        return false;
    u128 mant = 0;
    for (uint32_t i = t->n; i-- > 0;)
        mant = mant * pow10_u64[LIMB_DIGITS] + (uint64_t)t->limb[i];
    *exp = t->low * LIMB_DIGITS;
    for (; mant != 0 && mant % 10 == 0; mant /= 10)
        ++*exp;
    if (mant > (u128)INT64_MAX + t->negative)
        return false;
    v->mant = (int64_t)(t->negative ? 0 - (uint64_t)mant : (uint64_t)mant);
    return true;
}

static void put_small(struct buf *to, int64_t mant, int32_t exp)
{
    const uint64_t mant_bits = htole64((uint64_t)mant);
    const uint32_t exp_bits = htole32((uint32_t)exp);
    char *p = buf_reserve(to, 1 + sizeof mant_bits + sizeof exp_bits);
    p[0] = FORM_SMALL;
    memcpy(p + 1, &mant_bits, sizeof mant_bits);
    memcpy(p + 1 + sizeof mant_bits, &exp_bits, sizeof exp_bits);
    to->len += 1 + sizeof mant_bits + sizeof exp_bits;
}

void number_sum_save(const struct number_sum *s, struct buf *to)
{
    if (!s->any) {
        wire_put_u8(to, FORM_NONE);
        return;
    }
    if (s->big == NULL) {
        int64_t mant = s->mant;
        int32_t exp = mant == 0 ? 0 : s->exp;
        for (; mant != 0 && mant % 10 == 0; mant /= 10)
            exp++;
        put_small(to, mant, exp);
        return;
    }
    struct number_total t;
    struct value small;
    int32_t exp;
    number_total(&t, s);
    if (total_is_small(&t, &small, &exp)) {
        put_small(to, small.mant, exp);
        return;
    }
    wire_put_u8(to, FORM_LIMBS);
    wire_put_u8(to, t.negative);
    wire_put_u32(to, (uint32_t)t.low);
    wire_put_u32(to, t.n);
    for (uint32_t i = 0; i < t.n; i++)
        wire_put_u64(to, (uint64_t)t.limb[i]);
}

static bool load_limbs(struct number_sum *s, const unsigned char **at, const unsigned char *end,
                       struct arena *arena)
{
    uint8_t negative;
    uint32_t low_bits, n;
    if (!wire_u8(at, end, &negative) || !wire_u32(at, end, &low_bits) || !wire_u32(at, end, &n))
        return false;
    int32_t low = (int32_t)low_bits;
    if (negative > 1 || low < LIMB_LOWEST || n == 0 || n > LIMB_COUNT ||
        low > LIMB_HIGHEST - (int32_t)n)
        return false;
    struct number_big *big = cover(s, low, low + (int32_t)n, arena);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t limb;
        if (!wire_u64(at, end, &limb) || limb >= (uint64_t)LIMB_BASE)
            return false;
        big->limb[i] = negative ? -(int64_t)limb : (int64_t)limb;
    }
    struct number_total t;
    struct value small;
    int32_t exp;
    number_total(&t, s);
    return t.low == low && t.n == n && !total_is_small(&t, &small, &exp);
}

/* Else it would be saved in another form, in which its exponent may be out of bounds. */
static bool is_short(int64_t mant, int32_t exp)
{
    return mant == 0 ? exp == 0 : mant % 10 != 0;
}

bool number_sum_load(struct number_sum *s, const unsigned char **at, const unsigned char *end,
                     struct arena *arena)
{
    const unsigned char *p = *at;
    uint8_t form;
    uint32_t exp;
    *s = (struct number_sum){0};
    if (!wire_u8(&p, end, &form) || form > FORM_LIMBS)
        return false;
    s->any = form != FORM_NONE;
    if (form == FORM_SMALL) {
        if (!wire_i64(&p, end, &s->mant) || !wire_u32(&p, end, &exp))
            return false;
        s->exp = (int32_t)exp;
        if (!is_short(s->mant, s->exp) || s->exp < LIMB_LOWEST * LIMB_DIGITS ||
            s->exp > (LIMB_HIGHEST - 4) * LIMB_DIGITS)
            return false;
    } else if (form == FORM_LIMBS && !load_limbs(s, &p, end, arena)) {
        return false;
    }
    *at = p;
    return true;
}
