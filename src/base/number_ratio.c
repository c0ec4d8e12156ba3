/*
 * Means, variances, standard deviations, interpolated quantiles: one division (and root) of exact
 * integers, rounded once at the end. Each result has two ways to the same text: 128-bit arithmetic
 * where numerator and denominator fit, which is nearly always, and bignums.
 *
 * A quotient is printed exactly if 38 digits hold it. Whether they do is seen by scaling it to 39
 * digits or more before the point: then it has so few exactly if nothing remains. If not, the
 * quotient is taken again in binary, to more bits than a double has; what remains then only matters
 * as "a little more" when those bits lie on the boundary between two doubles. The same for roots.
 */
#include <assert.h>
#include <math.h>

#include "base/bignum.h"
#include "base/number.h"
#include "base/number_total.h"

enum { DOUBLE_BITS = 53, DOUBLE_LOWEST_EXP = -1074, ROOT_BITS = 2 * 66, QUOTIENT_BITS = 66 };

/* The double nearest to mant * 2^exp, ties to even; `more`: to a little more than that. mant is not
 * 0, and has 55 bits at least if `more`. */
static double round_to_double(u128 mant, int exp, bool more)
{
    unsigned bits = u128_bits(mant);
    if (bits > 64) {
        unsigned drop = bits - 64;
        more = more || (mant & (((u128)1 << drop) - 1)) != 0;
        mant >>= drop;
        exp += (int)drop;
        bits = 64;
    }
    /* Subnormals have fewer bits: those above 2^-1074. */
    int room = (int)bits + exp - DOUBLE_LOWEST_EXP;
    int keep = room < DOUBLE_BITS ? room : DOUBLE_BITS;
    if (keep < 0)
        return 0;
    if ((int)bits <= keep)
        return ldexp((double)(uint64_t)mant, exp);
    unsigned drop = bits - (unsigned)keep;
    u128 rest = mant & (((u128)1 << drop) - 1), half = (u128)1 << (drop - 1);
    uint64_t kept = (uint64_t)(mant >> drop);
    if (rest > half || (rest == half && (more || kept % 2 != 0)))
        kept++;
    return ldexp((double)kept, exp + (int)drop);
}

/* ---- 128 bits ---- */

/* num / den * 2^-halvings, den > 0. (A power of ten costs den less without its powers of two.) */
struct fraction {
    bool negative;
    u128 num;
    uint64_t den;
    unsigned halvings;
};

static bool mul_pow5(u128 *n, unsigned k)
{
    u128 scaled = *n;
    if (k > 2 * POW10_U64)
        return false;
    if (k > POW10_U64) {
        if (!u128_mul(scaled, pow10_u64[POW10_U64] >> POW10_U64, &scaled))
            return false;
        k -= POW10_U64;
    }
    return u128_mul(scaled, pow10_u64[k] >> k, &scaled) && (*n = scaled, true);
}

/* num / den * 10^exp as a fraction, if it fits. */
static bool make_fraction(struct fraction *f, bool negative, u128 num, u128 den, int32_t exp)
{
    unsigned halvings = exp < 0 ? (unsigned)-exp : 0;
    if (exp > 0 && !u128_mul_pow10(&num, (unsigned)exp))
        return false;
    if (!mul_pow5(&den, halvings) || den >> 64 != 0)
        return false;
    *f = (struct fraction){
        .negative = negative, .num = num, .den = (uint64_t)den, .halvings = halvings};
    return true;
}

static unsigned trailing_zero_bits(u128 n)
{
    uint64_t low = (uint64_t)n;
    if (low != 0)
        return (unsigned)__builtin_ctzll(low);
    return 64 + (unsigned)__builtin_ctzll((uint64_t)(n >> 64) | 1ULL << 63);
}

enum expansion { ENDLESS, FINITE, UNKNOWN };

/* The fraction, not 0, as *mant * 10^-*decimals. UNKNOWN: 128 bits are not enough to say. */
static enum expansion expand(const struct fraction *f, u128 *mant, unsigned *decimals)
{
    uint64_t den = f->den;
    u128 num = f->num;
    unsigned twos = (unsigned)__builtin_ctzll(den), fives = 0;
    den >>= twos;
    twos += f->halvings;
    for (; den % 5 == 0; fives++)
        den /= 5;
    if (den != 1) {
        if (num % den != 0)
            return ENDLESS;
        num /= den;
    }
    unsigned common = trailing_zero_bits(num);
    if (common > twos)
        common = twos;
    num >>= common;
    twos -= common;
    *decimals = twos > fives ? twos : fives;
    if (!mul_pow5(&num, *decimals - fives) || u128_bits(num) + *decimals - twos > 127)
        return UNKNOWN;
    *mant = num << (*decimals - twos);
    return FINITE;
}

/* Shifts num up to 128 bits and divides by den: at least 64 bits of quotient. The fraction is
 * quotient * 2^-*shift. */
static u128 divide_shifted(const struct fraction *f, unsigned *shift, uint64_t *rest)
{
    assert(f->num > 0 && f->den > 0);
    unsigned up = 128 - u128_bits(f->num);
    u128 num = f->num << up;
    *shift = up + f->halvings;
    *rest = (uint64_t)(num % f->den);
    return num / f->den;
}

static double fraction_double(const struct fraction *f)
{
    unsigned shift;
    uint64_t rest;
    u128 quotient = divide_shifted(f, &shift, &rest);
    double nearest = round_to_double(quotient, -(int)shift, rest != 0);
    return f->negative ? -nearest : nearest;
}

/* Prints num / den; false: bignums have to. */
static bool print_fraction(struct buf *to, const struct fraction *f)
{
    u128 mant;
    unsigned decimals;
    struct decimal d;
    if (f->num == 0) {
        buf_putc(to, '0');
        return true;
    }
    enum expansion found = expand(f, &mant, &decimals);
    if (found == FINITE) {
        decimal_set(&d, f->negative, mant, -(int32_t)decimals);
        if (d.n <= DECIMAL_EXACT_DIGITS) {
            decimal_print(to, &d);
            return true;
        }
    }
    if (found != UNKNOWN)
        decimal_print_double(to, fraction_double(f));
    return found != UNKNOWN;
}

static uint64_t sqrt_u128(u128 n)
{
    if (n == 0)
        return 0;
    double guess = sqrt((double)n);
    u128 root = guess < 18446744073709551615.0 ? (u128)guess : UINT64_MAX;
    root = (root + n / root) / 2; /* one step of Newton's from 53 bits to nearly all */
    if (root > UINT64_MAX)
        root = UINT64_MAX;
    while (root * root > n)
        root--;
    while (root < UINT64_MAX && (root + 1) * (root + 1) <= n)
        root++;
    return (uint64_t)root;
}

static double fraction_sqrt(const struct fraction *f)
{
    unsigned shift;
    uint64_t rest;
    u128 quotient = divide_shifted(f, &shift, &rest);
    bool more = rest != 0;
    /* Go on dividing until there are 127 or 128 bits and the shift is even. */
    unsigned missing = 128 - u128_bits(quotient);
    assert(missing <= 64);
    if ((shift + missing) % 2 != 0) {
        if (missing > 0) {
            missing--;
        } else {
            more = more || quotient % 2 != 0;
            quotient >>= 1;
            shift--;
        }
    }
    if (missing > 0) {
        u128 next = (u128)rest << missing;
        quotient = quotient << missing | next / f->den;
        more = next % f->den != 0;
        shift += missing;
    }
    uint64_t root = sqrt_u128(quotient);
    more = more || (u128)root * root != quotient;
    return round_to_double(root, -(int)(shift / 2), more);
}

/* Prints sqrt(num / den); false: bignums have to. */
static bool print_fraction_sqrt(struct buf *to, const struct fraction *f)
{
    u128 mant;
    unsigned decimals;
    if (f->num == 0) {
        buf_putc(to, '0');
        return true;
    }
    enum expansion found = expand(f, &mant, &decimals);
    if (found == FINITE) {
        if (decimals % 2 != 0) {
            if (!u128_mul(mant, 10, &mant))
                return false;
            decimals++;
        }
        uint64_t root = sqrt_u128(mant);
        if ((u128)root * root == mant) {
            struct decimal d;
            decimal_set(&d, false, root, -(int32_t)(decimals / 2));
            decimal_print(to, &d);
            return true;
        }
    }
    /* The root of an endless fraction is endless. */
    if (found != UNKNOWN)
        decimal_print_double(to, fraction_sqrt(f));
    return found != UNKNOWN;
}

/* ---- any size ---- */

/* num / den * 10^exp */
struct ratio {
    bool negative;
    struct bignum num, den;
    int32_t exp;
};

static void ratio_free(struct ratio *r)
{
    bignum_free(&r->num);
    bignum_free(&r->den);
}

/* *quotient = floor(num / den * 10^(exp + k) * 2^shift); returns whether that is exact. */
static bool scaled_quotient(struct bignum *quotient, const struct ratio *r, int32_t k, long shift)
{
    struct bignum num = {0}, den = {0}, rest = {0};
    bignum_copy(&num, &r->num);
    bignum_copy(&den, &r->den);
    int32_t power = r->exp + k;
    bignum_mul_pow10(power > 0 ? &num : &den, (unsigned)(power > 0 ? power : -power));
    bignum_shift_left(shift > 0 ? &num : &den, (size_t)(shift > 0 ? shift : -shift));
    bignum_divide(quotient, &rest, &num, &den);
    bool exact = rest.n == 0;
    bignum_free(&num);
    bignum_free(&den);
    bignum_free(&rest);
    return exact;
}

/* A k for which num / den * 10^(exp + k) has at least `digits` digits before the point. */
static int32_t decimal_scale(const struct ratio *r, int32_t digits)
{
    /* num / den > 2^(apart - 1), and 10^x <= 2^(apart - 1) for this x. */
    int32_t apart = (int32_t)bignum_bits(&r->num) - (int32_t)bignum_bits(&r->den);
    int32_t x = (int32_t)floor((apart - 1) * 0.30102999566398) - 1;
    return digits - x - r->exp;
}

/* A shift for which num / den * 10^exp * 2^shift has at least `bits` bits before the point, and
 * not many more. */
static long binary_scale(const struct ratio *r, long bits)
{
    long apart = (long)bignum_bits(&r->num) - (long)bignum_bits(&r->den);
    return bits + 2 - apart - (long)floor(r->exp * 3.3219280948873623);
}

static void big_digits(struct decimal *d, struct bignum *n, bool negative, int32_t exp)
{
    char reversed[DECIMAL_EXACT_DIGITS * 3];
    uint32_t len = 0;
    while (n->n > 0) {
        uint64_t part = bignum_div_u64(n, pow10_u64[LIMB_DIGITS]);
        for (int i = 0; i < LIMB_DIGITS; i++, part /= 10)
            reversed[len++] = (char)('0' + part % 10);
    }
    d->negative = negative;
    d->exp = exp;
    d->n = len;
    for (uint32_t i = 0; i < len; i++)
        d->digits[i] = reversed[len - 1 - i];
    decimal_strip(d);
}

static double ratio_double(const struct ratio *r)
{
    struct bignum quotient = {0};
    long shift = binary_scale(r, QUOTIENT_BITS);
    bool exact = scaled_quotient(&quotient, r, 0, shift);
    double nearest = round_to_double(bignum_low(&quotient), (int)-shift, !exact);
    bignum_free(&quotient);
    return r->negative ? -nearest : nearest;
}

static void print_ratio(struct buf *to, const struct ratio *r)
{
    if (r->num.n == 0) {
        buf_putc(to, '0');
        return;
    }
    struct bignum quotient = {0};
    struct decimal d;
    int32_t k = decimal_scale(r, DECIMAL_EXACT_DIGITS + 1);
    bool exact = scaled_quotient(&quotient, r, k, 0);
    big_digits(&d, &quotient, r->negative, -k);
    bool shown = exact && d.n <= DECIMAL_EXACT_DIGITS;
    decimal_print_result(to, &d, !exact, shown ? 0 : ratio_double(r));
    bignum_free(&quotient);
}

static double ratio_sqrt(const struct ratio *r)
{
    struct bignum quotient = {0}, root = {0};
    long shift = binary_scale(r, ROOT_BITS);
    shift += shift & 1;
    bool exact = scaled_quotient(&quotient, r, 0, shift);
    exact = bignum_sqrt(&root, &quotient) && exact;
    double nearest = round_to_double(bignum_low(&root), (int)(-shift / 2), !exact);
    bignum_free(&quotient);
    bignum_free(&root);
    return nearest;
}

static void print_ratio_sqrt(struct buf *to, const struct ratio *r)
{
    if (r->num.n == 0) {
        buf_putc(to, '0');
        return;
    }
    struct bignum square = {0}, root = {0};
    struct decimal d;
    int32_t k = decimal_scale(r, 2 * DECIMAL_EXACT_DIGITS + 2);
    k += k & 1;
    bool exact = scaled_quotient(&square, r, k, 0);
    exact = bignum_sqrt(&root, &square) && exact;
    big_digits(&d, &root, false, -k / 2);
    bool shown = exact && d.n <= DECIMAL_EXACT_DIGITS;
    decimal_print_result(to, &d, !exact, shown ? 0 : ratio_sqrt(r));
    bignum_free(&square);
    bignum_free(&root);
}

/* |s| = *n * 10^(the result); tells the sign too. */
static int32_t sum_integer(struct bignum *n, const struct number_sum *s, bool *negative)
{
    struct number_total t;
    number_total(&t, s);
    bignum_set(n, 0);
    for (uint32_t i = t.n; i-- > 0;)
        bignum_mul_add(n, pow10_u64[LIMB_DIGITS], (uint64_t)t.limb[i]);
    *negative = t.negative;
    return t.low * LIMB_DIGITS;
}

/* ---- the results ---- */

/* |s| = *mant * 10^*exp, if 128 bits hold it. */
static bool sum_mant(const struct number_sum *s, u128 *mant, int32_t *exp, bool *negative)
{
    if (s->big == NULL) {
        *mant = i64_magnitude(s->mant);
        *exp = s->exp;
        *negative = s->mant < 0;
        return true;
    }
    struct number_total t;
    number_total(&t, s);
    if (t.n > 2)
        return false;
    *negative = t.negative;
    *exp = t.low * LIMB_DIGITS;
    *mant = 0;
    if (t.n == 0)
        return true;
    unsigned zeros = 0;
    while ((uint64_t)t.limb[0] % pow10_u64[zeros + 1] == 0)
        zeros++;
    if (t.n == 2)
        *mant = (u128)(uint64_t)t.limb[1] * pow10_u64[LIMB_DIGITS - zeros];
    *mant += (uint64_t)t.limb[0] / pow10_u64[zeros];
    *exp += (int32_t)zeros;
    return true;
}

void number_quotient_print(struct buf *to, const struct number_sum *s1, uint64_t n, int shift)
{
    struct fraction f;
    u128 mant;
    int32_t exp;
    bool negative;
    if (sum_mant(s1, &mant, &exp, &negative) && make_fraction(&f, negative, mant, n, exp + shift) &&
        print_fraction(to, &f))
        return;
    struct ratio r = {0};
    r.exp = sum_integer(&r.num, s1, &r.negative) + shift;
    bignum_set(&r.den, n);
    print_ratio(to, &r);
    ratio_free(&r);
}

void number_mean_print(struct buf *to, const struct number_sum *s1, uint64_t n)
{
    number_quotient_print(to, s1, n, 0);
}

/* The variance (n * s2 - s1^2) / (n * (n - 1)) in 128 bits, if it fits. */
static bool variance_fraction(struct fraction *f, const struct number_sum *s1,
                              const struct number_sum *s2, uint64_t n)
{
    u128 sum, square, squares, den;
    int32_t sum_exp, squares_exp;
    bool negative;
    if (!sum_mant(s1, &sum, &sum_exp, &negative) ||
        !sum_mant(s2, &squares, &squares_exp, &negative))
        return false;
    int32_t square_exp = 2 * sum_exp, exp = squares_exp < square_exp ? squares_exp : square_exp;
    if (!u128_mul(sum, sum, &square) || !u128_mul_pow10(&square, (unsigned)(square_exp - exp)) ||
        !u128_mul(squares, n, &squares) ||
        !u128_mul_pow10(&squares, (unsigned)(squares_exp - exp)) || !u128_mul(n, n - 1, &den))
        return false;
    return make_fraction(f, false, squares - square, den, exp);
}

static void variance_ratio(struct ratio *r, const struct number_sum *s1,
                           const struct number_sum *s2, uint64_t n)
{
    struct bignum sum = {0}, square = {0};
    bool negative;
    int32_t square_exp = 2 * sum_integer(&sum, s1, &negative);
    int32_t exp = sum_integer(&r->num, s2, &negative);
    bignum_mul(&square, &sum, &sum);
    bignum_mul_add(&r->num, n, 0);
    r->exp = exp < square_exp ? exp : square_exp;
    bignum_mul_pow10(&square, (unsigned)(square_exp - r->exp));
    bignum_mul_pow10(&r->num, (unsigned)(exp - r->exp));
    bignum_sub(&r->num, &square);
    bignum_set(&r->den, (u128)n * (n - 1));
    bignum_free(&sum);
    bignum_free(&square);
}

void number_variance_print(struct buf *to, const struct number_sum *s1, const struct number_sum *s2,
                           uint64_t n)
{
    struct fraction f;
    if (variance_fraction(&f, s1, s2, n) && print_fraction(to, &f))
        return;
    struct ratio r = {0};
    variance_ratio(&r, s1, s2, n);
    print_ratio(to, &r);
    ratio_free(&r);
}

void number_stddev_print(struct buf *to, const struct number_sum *s1, const struct number_sum *s2,
                         uint64_t n)
{
    struct fraction f;
    if (variance_fraction(&f, s1, s2, n) && print_fraction_sqrt(to, &f))
        return;
    struct ratio r = {0};
    variance_ratio(&r, s1, s2, n);
    print_ratio_sqrt(to, &r);
    ratio_free(&r);
}

/* As an integer times 10^exp, exp the lower of the two, in 127 bits each. */
static bool weighted_sum(const struct value *low, const struct value *high, uint64_t low_weight,
                         uint64_t high_weight, i128 *sum, int32_t *exp)
{
    if (low->kind != VALUE_NUMBER || high->kind != VALUE_NUMBER)
        return false;
    u128 a, b;
    *exp = low->exp < high->exp ? low->exp : high->exp;
    if (!u128_mul(i64_magnitude(low->mant), low_weight, &a) ||
        !u128_mul_pow10(&a, (unsigned)(low->exp - *exp)) ||
        !u128_mul(i64_magnitude(high->mant), high_weight, &b) ||
        !u128_mul_pow10(&b, (unsigned)(high->exp - *exp)) || (a | b) >> 126 != 0)
        return false;
    *sum = (low->mant < 0 ? -(i128)a : (i128)a) + (high->mant < 0 ? -(i128)b : (i128)b);
    return true;
}

void number_interpolate_print(struct buf *to, const struct value *low, const struct value *high,
                              uint64_t numerator, uint64_t denominator)
{
    i128 sum;
    int32_t exp, places = 0;
    while (denominator > pow10_u64[places])
        places++;
    if (weighted_sum(low, high, denominator - numerator, numerator, &sum, &exp)) {
        struct decimal d;
        decimal_set(&d, sum < 0, sum < 0 ? -(u128)sum : (u128)sum, exp - places);
        double nearest = d.n > DECIMAL_EXACT_DIGITS ? decimal_double(&d) : 0;
        decimal_print_result(to, &d, false, nearest);
        return;
    }
    struct arena arena = {0};
    struct number_sum s = {0};
    number_sum_add_product(&s, low, denominator - numerator, -places, &arena);
    number_sum_add_product(&s, high, numerator, -places, &arena);
    number_sum_print(to, &s);
    arena_free(&arena);
}
