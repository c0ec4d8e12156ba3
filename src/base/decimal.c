#include "base/decimal.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const uint64_t pow10_u64[POW10_U64 + 1] = {
    1ULL,
    10ULL,
    100ULL,
    1000ULL,
    10000ULL,
    100000ULL,
    1000000ULL,
    10000000ULL,
    100000000ULL,
    1000000000ULL,
    10000000000ULL,
    100000000000ULL,
    1000000000000ULL,
    10000000000000ULL,
    100000000000000ULL,
    1000000000000000ULL,
    10000000000000000ULL,
    100000000000000000ULL,
    1000000000000000000ULL,
    10000000000000000000ULL,
};

void decimal_strip(struct decimal *d)
{
    uint32_t lead = 0;
    while (lead < d->n && d->digits[lead] == '0')
        lead++;
    while (d->n > lead && d->digits[d->n - 1] == '0') {
        d->n--;
        d->exp++;
    }
    d->n -= lead;
    if (lead > 0)
        memmove(d->digits, d->digits + lead, d->n);
    if (d->n == 0) {
        d->negative = false;
        d->exp = 0;
    }
}

void decimal_set(struct decimal *d, bool negative, u128 mant, int32_t exp)
{
    char reversed[40];
    uint32_t n = 0;
    while (mant >> 64 != 0) {
        uint64_t low = (uint64_t)(mant % pow10_u64[18]);
        mant /= pow10_u64[18];
        for (int i = 0; i < 18; i++, low /= 10)
            reversed[n++] = (char)('0' + low % 10);
    }
    for (uint64_t rest = (uint64_t)mant; rest > 0; rest /= 10)
        reversed[n++] = (char)('0' + rest % 10);
    uint32_t zeros = 0;
    while (zeros < n && reversed[zeros] == '0')
        zeros++;
    d->negative = negative && n > 0;
    d->exp = n == 0 ? 0 : exp + (int32_t)zeros;
    d->n = n - zeros;
    for (uint32_t i = 0; i < d->n; i++)
        d->digits[i] = reversed[n - 1 - i];
}

double decimal_double(struct decimal *d)
{
    if (d->n == 0)
        return 0;
    /* Without a decimal point the text means the same in every locale. */
    snprintf(d->digits + d->n, 16, "e%d", (int)d->exp);
    double nearest = strtod(d->digits, NULL);
    return d->negative ? -nearest : nearest;
}

static char *put_zeros(char *p, int32_t n)
{
    memset(p, '0', (size_t)n);
    return p + n;
}

static char *put_digits(char *p, const char *digits, int32_t n)
{
    memcpy(p, digits, (size_t)n);
    return p + n;
}

/* point: how many digits stand before the decimal point; may be negative. */
static char *put_plain(char *p, const struct decimal *d, int32_t point)
{
    int32_t n = (int32_t)d->n;
    if (point <= 0) {
        *p++ = '0';
        *p++ = '.';
        p = put_zeros(p, -point);
        return put_digits(p, d->digits, n);
    }
    if (point >= n) {
        p = put_digits(p, d->digits, n);
        return put_zeros(p, point - n);
    }
    p = put_digits(p, d->digits, point);
    *p++ = '.';
    return put_digits(p, d->digits + point, n - point);
}

void decimal_print(struct buf *to, const struct decimal *d)
{
    if (d->n == 0) {
        buf_putc(to, '0');
        return;
    }
    int32_t point = (int32_t)d->n + d->exp;
    char *start = buf_reserve(to, d->n + 40), *p = start;
    if (d->negative)
        *p++ = '-';
    if (point > -6 && point <= 21) {
        p = put_plain(p, d, point);
    } else {
        *p++ = d->digits[0];
        if (d->n > 1) {
            *p++ = '.';
            p = put_digits(p, d->digits + 1, (int32_t)d->n - 1);
        }
        p += snprintf(p, 16, "e%+d", (int)point - 1);
    }
    to->len += (size_t)(p - start);
}

/* Adds one to the last digit; 999 becomes 1000 with the last zero moved into the exponent. */
static void increment(struct decimal *d)
{
    uint32_t i = d->n;
    while (i > 0 && d->digits[i - 1] == '9')
        d->digits[--i] = '0';
    if (i > 0) {
        d->digits[i - 1]++;
        return;
    }
    d->digits[0] = '1';
    d->exp++;
}

/* Keeps the first 17 digits, rounded half to even. */
static void round_to_17(struct decimal *d, bool inexact)
{
    if (d->n <= DBL_DECIMAL_DIG)
        return;
    uint32_t dropped = d->n - DBL_DECIMAL_DIG;
    const char *rest = d->digits + DBL_DECIMAL_DIG;
    bool more = inexact;
    for (uint32_t i = 1; i < dropped && !more; i++)
        more = rest[i] != '0';
    bool odd = (rest[-1] - '0') % 2 != 0;
    bool up = rest[0] > '5' || (rest[0] == '5' && (more || odd));
    d->n = DBL_DECIMAL_DIG;
    d->exp += (int32_t)dropped;
    if (up)
        increment(d);
    decimal_strip(d);
}

void decimal_print_result(struct buf *to, struct decimal *d, bool inexact, double nearest)
{
    if (!inexact && d->n <= DECIMAL_EXACT_DIGITS) {
        decimal_print(to, d);
    } else if (isinf(nearest)) {
        round_to_17(d, inexact);
        decimal_print(to, d);
    } else {
        decimal_print_double(to, nearest);
    }
}

struct binary {
    uint64_t mant; /* the magnitude is mant * 2^exp */
    int exp;
    bool narrow_below; /* a power of two: the next double below is only half as far away */
    bool subnormal;
};

static struct binary take_apart(double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    uint64_t fraction = bits & ((1ULL << 52) - 1);
    int biased = (int)(bits >> 52 & 0x7ff);
    return (struct binary){
        .mant = biased == 0 ? fraction : fraction | 1ULL << 52,
        .exp = (biased == 0 ? 1 : biased) - 1075,
        .narrow_below = fraction == 0 && biased > 1,
        .subnormal = biased == 0,
    };
}

/* Of the multiples of the largest power of ten that has one in [lowest, highest], the one nearest
 * to value / 2^f. */
static uint64_t pick_shortest(uint64_t lowest, uint64_t highest, u128 value, unsigned f)
{
    uint64_t unit = 1;
    while (unit < pow10_u64[18] && highest / (unit * 10) * (unit * 10) >= lowest)
        unit *= 10;
    uint64_t whole = (uint64_t)(value >> f);
    uint64_t below = whole - whole % unit;
    u128 above_it = value - ((u128)below << f), half = ((u128)unit << f) / 2;
    bool up = above_it > half || (above_it == half && below / unit % 2 != 0);
    uint64_t picked = up ? below + unit : below;
    if (picked < lowest)
        picked += unit;
    else if (picked > highest)
        picked -= unit;
    return picked;
}

/*
 * The shortest digits, for magnitudes from about 1e-10 to 9e18, in exact 128-bit arithmetic: the
 * ends of the interval of numbers that round to b are scaled by a power of ten that leaves 17
 * digits or more before the point (so at least one integer lies inside), and then it is a matter
 * of finding the roundest integer. All of mant * 5^27 fits. Returns false outside that range.
 */
static bool shortest_fast(struct decimal *d, struct binary b)
{
    int log2 = 63 - __builtin_clzll(b.mant) + b.exp;
    int log10 = log2 * 1233 >> 12; /* rounded down: of the true logarithm, or one less */
    int k = log10 < 16 ? 16 - log10 : 0;
    int f = 2 - b.exp - k; /* bits behind the point, of four times the mantissa */
    if (log2 > 62 || k > 27 || f > 100)
        return false;
    u128 factor = 1;
    for (int i = 0; i < k; i++)
        factor *= 5;
    for (; f < 1; f++)
        factor *= 2;
    u128 value = (u128)(b.mant * 4) * factor;
    u128 low = value - factor * (b.narrow_below ? 1 : 2), high = value + factor * 2;
    u128 fraction = ((u128)1 << f) - 1;
    /* An end belongs to the interval only if ties round to it, that is, to an even mantissa. */
    bool closed = b.mant % 2 == 0;
    uint64_t lowest = (uint64_t)(low >> f), highest = (uint64_t)(high >> f);
    if ((low & fraction) != 0 || !closed)
        lowest++;
    if ((high & fraction) == 0 && !closed)
        highest--;
    decimal_set(d, false, pick_shortest(lowest, highest, value, (unsigned)f), -k);
    return true;
}

/* The same for any double, by trying; strtod() and printf() of the C library round correctly. */
static void shortest_slow(struct decimal *d, double magnitude, struct binary b)
{
    for (int n = b.subnormal ? 1 : DBL_DIG; n <= DBL_DECIMAL_DIG; n++) {
        char text[40];
        snprintf(text, sizeof text, "%.*e", n - 1, magnitude);
        d->n = 0;
        const char *p = text;
        for (; *p != 'e'; p++)
            if (*p >= '0' && *p <= '9')
                d->digits[d->n++] = *p;
        d->exp = atoi(p + 1) - (n - 1);
        d->negative = false;
        /* Where the gap below is narrower than the gap above, the nearest n digits may miss, and
         * those next above still hit. */
        bool hit = decimal_double(d) == magnitude;
        if (!hit && b.narrow_below) {
            increment(d);
            hit = decimal_double(d) == magnitude;
        }
        if (hit)
            break;
    }
    decimal_strip(d);
}

void decimal_print_double(struct buf *to, double value)
{
    struct decimal d;
    double magnitude = fabs(value);
    struct binary b = take_apart(magnitude);
    if (b.mant == 0) {
        buf_putc(to, '0');
        return;
    }
    if (!shortest_fast(&d, b))
        shortest_slow(&d, magnitude, b);
    d.negative = value < 0;
    decimal_print(to, &d);
}
