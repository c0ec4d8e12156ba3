#include "base/number.h"

#include <math.h>
#include <string.h>

#include "base/number_text.h"

enum {
    LARGEST_POINT = 309, /* the largest double has 309 digits before the point */
    FINEST_EXP = -5000,  /* nothing but zeros below 10^-5000 */
    EXACT_POW10 = 22,    /* 10^22 is the largest power of ten that is a double */

    /* The exp of bare digits is theirs and this, which is above 0; of a number below 0, minus that.
     */
    BARE_BIAS = 1 - FINEST_EXP,
};

_Static_assert(NUMBER_MAX_DIGITS == LARGEST_POINT - FINEST_EXP, "number.h");

/* An exponent this large is not read on: no text is long enough to bring it back. */
static const int64_t exp_clamp = 1LL << 38;

static unsigned digit_of(char c)
{
    return (unsigned)(unsigned char)c - '0';
}

/* The exponent after the 'e' up to the end; false if there is none. */
static bool scan_exponent(const char *p, const char *end, int64_t *exp)
{
    bool negative = false;
    if (p < end && (*p == '-' || *p == '+'))
        negative = *p++ == '-';
    if (p == end)
        return false;
    int64_t n = 0;
    for (; p < end; p++) {
        unsigned digit = digit_of(*p);
        if (digit > 9)
            return false;
        if (n < exp_clamp)
            n = n * 10 + digit;
    }
    *exp = negative ? -n : n;
    return true;
}

bool number_text_scan(struct number_text *t, const char *text, size_t len)
{
    const char *p = text, *end = text + len;
    t->negative = false;
    if (p < end && (*p == '-' || *p == '+'))
        t->negative = *p++ == '-';
    int64_t digits = 0, first = -1, last = -1, point = -1, exp = 0;
    for (; p < end; p++) {
        if (digit_of(*p) <= 9) {
            if (*p != '0') {
                if (first < 0) {
                    first = digits;
                    t->first = p;
                }
                last = digits;
            }
            digits++;
        } else if (*p == '.' && point < 0) {
            point = digits;
        } else {
            break;
        }
    }
    if (digits == 0)
        return false;
    if (p < end && ((*p | 32) != 'e' || !scan_exponent(p + 1, end, &exp)))
        return false;
    t->n = first < 0 ? 0 : last - first + 1;
    t->exp = exp + (point < 0 ? digits : point) - 1 - last;
    return true;
}

void number_text_of(struct number_text *t, const struct value *v)
{
    if (v->exp != 0) {
        t->negative = v->exp < 0;
        t->first = v->text;
        t->n = v->len;
        t->exp = (t->negative ? -v->exp : v->exp) - BARE_BIAS;
    } else if (!number_text_scan(t, v->text, v->len) || t->n > NUMBER_MAX_DIGITS) {
        t->n = 0;
    }
}

void number_set_bare(struct value *v, const char *digits, const struct number_text *t)
{
    int exp = (int)t->exp + BARE_BIAS;
    *v = (struct value){.text = digits,
                        .len = (uint32_t)t->n,
                        .exp = (int16_t)(t->negative ? -exp : exp),
                        .kind = VALUE_WIDE};
}

const char *number_text_copy(char *to, const char *from, size_t n)
{
    while (n > 0) {
        if (*from != '.') {
            *to++ = *from;
            n--;
        }
        from++;
    }
    return from;
}

void number_digits(struct decimal *d, const struct value *v)
{
    if (v->kind == VALUE_NUMBER) {
        decimal_set(d, v->mant < 0, i64_magnitude(v->mant), v->exp);
        return;
    }
    struct number_text t;
    number_text_of(&t, v);
    if (t.n == 0) {
        d->negative = false;
        d->n = 0;
        d->exp = 0;
        return;
    }
    d->negative = t.negative;
    d->n = (uint32_t)t.n;
    d->exp = (int32_t)t.exp;
    number_text_copy(d->digits, t.first, d->n);
}

static void set_number(struct value *v, int64_t mant, int exp)
{
    *v = (struct value){.mant = mant, .exp = (int16_t)exp, .kind = VALUE_NUMBER};
}

/* Whether v, whose digits reach up to the largest double's first, rounds to infinity. */
static bool rounds_to_infinity(const struct number_text *t)
{
    struct decimal d;
    d.negative = false;
    d.n = (uint32_t)t->n;
    d.exp = (int32_t)t->exp;
    number_text_copy(d.digits, t->first, d.n);
    return isinf(decimal_double(&d));
}

/* Everything that number_parse() does not do in passing. */
static enum number_status parse_slow(const char *text, size_t len, struct value *v)
{
    struct number_text t;
    if (len > UINT32_MAX || !number_text_scan(&t, text, len))
        return NUMBER_MALFORMED;
    if (t.n == 0) {
        set_number(v, 0, 0);
        return NUMBER_OK;
    }
    if (t.exp + t.n > LARGEST_POINT)
        return NUMBER_TOO_LARGE;
    if (t.exp < FINEST_EXP)
        return NUMBER_TOO_FINE;
    if (t.exp + t.n == LARGEST_POINT && rounds_to_infinity(&t))
        return NUMBER_TOO_LARGE;
    if (t.n <= POW10_U64) {
        char digits[POW10_U64];
        number_text_copy(digits, t.first, (size_t)t.n);
        uint64_t mant = 0;
        for (int64_t i = 0; i < t.n; i++)
            mant = mant * 10 + digit_of(digits[i]);
        if (mant <= (uint64_t)INT64_MAX + t.negative) {
            set_number(v, (int64_t)(t.negative ? 0 - mant : mant), (int)t.exp);
            return NUMBER_OK;
        }
    }
    *v = (struct value){.text = text, .len = (uint32_t)len, .kind = VALUE_WIDE};
    return NUMBER_OK;
}

enum number_status number_parse(const char *text, size_t len, struct value *v)
{
    const char *p = text, *end = text + len;
    bool negative = false;
    if (p < end && (*p == '-' || *p == '+'))
        negative = *p++ == '-';
    /* 19 digits cannot overflow 64 bits; with more, mant is nonsense and not looked at. */
    uint64_t mant = 0;
    unsigned digit;
    const char *first = p;
    while (p < end && (digit = digit_of(*p)) <= 9) {
        mant = mant * 10 + digit;
        p++;
    }
    ptrdiff_t digits = p - first, decimals = 0;
    if (p < end && *p == '.') {
        first = ++p;
        while (p < end && (digit = digit_of(*p)) <= 9) {
            mant = mant * 10 + digit;
            p++;
        }
        decimals = p - first;
        digits += decimals;
    }
    if (p != end || digits == 0 || digits > POW10_U64 || mant > INT64_MAX)
        return parse_slow(text, len, v);
    set_number(v, negative ? -(int64_t)mant : (int64_t)mant, (int)-decimals);
    return NUMBER_OK;
}

const char *number_status_text(enum number_status status)
{
    switch (status) {
    case NUMBER_OK:
        return "a number";
    case NUMBER_TOO_LARGE:
        return "a number beyond the largest double, about 1.8e308";
    case NUMBER_TOO_FINE:
        return "a number with more than 5000 decimals";
    case NUMBER_MALFORMED:
        break;
    }
    return "not a number";
}

void number_bare(struct value *v, char digits[NUMBER_MAX_DIGITS])
{
    struct number_text t;
    if (v->kind != VALUE_WIDE || v->exp != 0)
        return;
    number_text_of(&t, v);
    if (t.n == 0) {
        set_number(v, 0, 0);
        return;
    }
    number_text_copy(digits, t.first, (size_t)t.n);
    number_set_bare(v, digits, &t);
}

struct value number_keep(const struct value *v, struct arena *arena)
{
    char digits[NUMBER_MAX_DIGITS];
    struct value kept = *v;
    number_bare(&kept, digits);
    if (kept.kind == VALUE_WIDE)
        kept.text = arena_copy(arena, kept.text, kept.len);
    return kept;
}

/* The text of any number; that of a VALUE_NUMBER is put into digits, and may end in zeros. */
static void text_of(struct number_text *t, const struct value *v, char digits[POW10_U64])
{
    if (v->kind == VALUE_WIDE) {
        number_text_of(t, v);
        return;
    }
    char *end = digits + POW10_U64, *p = end;
    for (uint64_t rest = i64_magnitude(v->mant); rest > 0; rest /= 10)
        *--p = (char)('0' + rest % 10);
    *t = (struct number_text){.negative = v->mant < 0, .first = p, .n = end - p, .exp = v->exp};
}

/* The next of the digits at *p. */
static char next_digit(const char **p)
{
    if (**p == '.')
        ++*p;
    return *(*p)++;
}

/* Of two numbers below 1, whose digits are those behind the point. */
static int compare_texts(const struct number_text *x, const struct number_text *y)
{
    const char *p = x->first, *q = y->first;
    int64_t i = 0, n = x->n < y->n ? x->n : y->n;
    if (memchr(p, '.', (size_t)n) == NULL && memchr(q, '.', (size_t)n) == NULL) {
        int order = memcmp(p, q, (size_t)n);
        if (order != 0)
            return order > 0 ? 1 : -1;
        i = n;
        p += n;
        q += n;
    }
    for (; i < x->n || i < y->n; i++) {
        char a = i < x->n ? next_digit(&p) : '0', b = i < y->n ? next_digit(&q) : '0';
        if (a != b)
            return a > b ? 1 : -1;
    }
    return 0;
}

/*
 * Texts are looked at no further than they differ: one of thousands of digits may be compared with
 * one small number after the other.
 */
static int compare_wide(const struct value *a, const struct value *b)
{
    struct number_text x, y;
    char digits_x[POW10_U64] = {0}, digits_y[POW10_U64] = {0};
    text_of(&x, a, digits_x);
    text_of(&y, b, digits_y);
    int sign_x = x.n == 0 ? 0 : x.negative ? -1 : 1;
    int sign_y = y.n == 0 ? 0 : y.negative ? -1 : 1;
    if (sign_x != sign_y || sign_x == 0)
        return (sign_x > sign_y) - (sign_x < sign_y);
    int64_t point_x = x.n + x.exp, point_y = y.n + y.exp;
    if (point_x != point_y)
        return point_x > point_y ? sign_x : -sign_x;
    return sign_x * compare_texts(&x, &y);
}

int number_compare(const struct value *a, const struct value *b)
{
    if (a->kind == VALUE_WIDE || b->kind == VALUE_WIDE)
        return compare_wide(a, b);
    i128 x = a->mant, y = b->mant;
    int apart = a->exp - b->exp;
    /* 10^19 exceeds every mantissa, so beyond that only which one is larger counts. */
    if (apart > 0)
        x *= (i128)pow10_u64[apart < POW10_U64 ? apart : POW10_U64];
    else if (apart < 0)
        y *= (i128)pow10_u64[-apart < POW10_U64 ? -apart : POW10_U64];
    return (x > y) - (x < y);
}

void number_normalise(struct value *v)
{
    if (v->kind != VALUE_NUMBER)
        return;
    if (v->mant == 0) {
        v->exp = 0;
        return;
    }
    while (v->mant % 10 == 0) {
        v->mant /= 10;
        v->exp++;
    }
}

void number_print(struct buf *to, const struct value *v)
{
    if (v->kind == VALUE_NUMBER && v->exp == 0) {
        buf_put_i64(to, v->mant);
        return;
    }
    struct decimal d;
    number_digits(&d, v);
    double nearest = d.n > DECIMAL_EXACT_DIGITS ? decimal_double(&d) : 0;
    decimal_print_result(to, &d, false, nearest);
}

void number_print_exact(struct buf *to, const struct value *v)
{
    struct decimal d;
    number_digits(&d, v);
    decimal_print(to, &d);
}

void number_print_double(struct buf *to, double d)
{
    decimal_print_double(to, d);
}

double number_double(const struct value *v)
{
    if (v->kind == VALUE_NUMBER && i64_magnitude(v->mant) < 1ULL << 53 && v->exp <= EXACT_POW10 &&
        v->exp >= -EXACT_POW10) {
        /* Both are doubles, so one correctly rounded operation is the nearest double (Clinger). */
        double power = v->exp > POW10_U64 || v->exp < -POW10_U64 ? 1e19 : 1;
        int k = v->exp < 0 ? -v->exp : v->exp;
        power *= (double)pow10_u64[k > POW10_U64 ? k - POW10_U64 : k];
        return v->exp < 0 ? (double)v->mant / power : (double)v->mant * power;
    }
    struct decimal d;
    number_digits(&d, v);
    return decimal_double(&d);
}

static const char *skip_digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

bool number_is_json(const char *p, size_t len)
{
    const char *end = p + len;
    if (p < end && *p == '-')
        p++;
    const char *digits = p;
    p = skip_digits(p, end);
    if (p == digits || (*digits == '0' && p - digits > 1))
        return false;
    if (p < end && *p == '.') {
        digits = ++p;
        p = skip_digits(p, end);
        if (p == digits)
            return false;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        digits = p;
        p = skip_digits(p, end);
        if (p == digits)
            return false;
    }
    return p == end;
}
