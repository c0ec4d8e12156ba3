/*
 * base/number.h - exact decimal numbers: reading, comparing, printing, adding up.
 *
 * A number is a decimal, mant * 10^exp, and stays one. Results are exact decimals when 38
 * significant digits hold them, and otherwise the double nearest to the exact result (ties to
 * even), in its shortest form. Nothing here depends on the order in which numbers came.
 *
 * Limits: a number that rounds to an infinite double is refused, as is one with a nonzero digit
 * below 10^-5000: so every exact sum fits in a few kilobytes, whatever comes.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/value.h"

enum number_status {
    NUMBER_OK,
    NUMBER_MALFORMED, /* not a number at all */
    NUMBER_TOO_LARGE, /* beyond the largest double */
    NUMBER_TOO_FINE,  /* a nonzero digit below 10^-5000 */
};

/*
 * Reads all of text[0..len): [+-]? (digits [. digits*] | . digits) ([eE] [+-]? digits)?
 * (the JSON grammar is a part of this one; who must insist on it checks before). On NUMBER_OK *v
 * is VALUE_NUMBER, or VALUE_WIDE with the text itself as its view when the significant digits
 * (zeros stripped at both ends) do not fit an int64 or the exponent an int16.
 */
enum number_status number_parse(const char *text, size_t len, struct value *v);

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? and nothing else */
bool number_is_json(const char *text, size_t len);

/* As many significant digits as a number can have, from 10^308 down to 10^-5000. */
enum { NUMBER_MAX_DIGITS = 5309 };

/*
 * Brings a VALUE_WIDE as it was written, which may be padded with zeros without end, to its bare
 * digits, which stand in digits[] then: what looks at it again and again doesn't look for them each
 * time. One that is bare already stays as it is, and so does a VALUE_NUMBER.
 */
void number_bare(struct value *v, char digits[NUMBER_MAX_DIGITS]);

/* v, to outlive its batch: bare, with its digits in the arena. */
struct value number_keep(const struct value *v, struct arena *arena);

/* One line for a message: "not a number", "beyond the largest double", ... */
const char *number_status_text(enum number_status status);

/* -1, 0, 1 by value. Both are VALUE_NUMBER or VALUE_WIDE. */
int number_compare(const struct value *a, const struct value *b);

/* Strips trailing zeros off mant, so that equal VALUE_NUMBERs have equal fields. */
void number_normalise(struct value *v);

/* Appends the number as winagg prints it: plain from 1e-6 up to 1e21, else 1.5e+21, 1.5e-7. */
void number_print(struct buf *to, const struct value *v);

/* Appends all of its digits in the same style, however many there are. */
void number_print_exact(struct buf *to, const struct value *v);

/* Appends a double in the same style, shortest digits that read back as d. d is finite. */
void number_print_double(struct buf *to, double d);

/* The nearest double. */
double number_double(const struct value *v);

/*
 * An exact sum of any numbers: 24 bytes, of which most sums never need the pointer. While values
 * share an exponent, adding is one checked 64-bit addition, inlined below. {0} is the sum 0.
 */
struct number_sum {
    int64_t mant;
    struct number_big *big; /* NULL until mant * 10^exp is not enough; lives in the arena */
    int32_t exp;
    bool any; /* false: nothing was added, exp is not set yet */
};

void number_sum_add_slow(struct number_sum *s, const struct value *v, struct arena *arena);

/* v is VALUE_NUMBER or VALUE_WIDE. Memory, if needed, is taken from arena. */
static inline void number_sum_add(struct number_sum *s, const struct value *v, struct arena *arena)
{
    int64_t total;
    if (v->kind == VALUE_NUMBER && v->exp == s->exp && s->any &&
        !__builtin_add_overflow(s->mant, v->mant, &total))
        s->mant = total;
    else
        number_sum_add_slow(s, v, arena);
}

/* into += from. from is left as it is and shares no memory with into afterwards. */
void number_sum_merge(struct number_sum *into, const struct number_sum *from, struct arena *arena);

/* Back to nothing added, keeping the memory for what comes next. */
void number_sum_reset(struct number_sum *s);

void number_sum_print(struct buf *to, const struct number_sum *s);

/* s += v * v, exactly. */
void number_sum_add_square(struct number_sum *s, const struct value *v, struct arena *arena);

/* s1 / n * 10^shift, n >= 1. */
void number_quotient_print(struct buf *to, const struct number_sum *s1, uint64_t n, int shift);

/* Results over n values with sum s1 and sum of squares s2. n >= 1, for the second two n >= 2. */
void number_mean_print(struct buf *to, const struct number_sum *s1, uint64_t n);
void number_variance_print(struct buf *to, const struct number_sum *s1, const struct number_sum *s2,
                           uint64_t n);
void number_stddev_print(struct buf *to, const struct number_sum *s1, const struct number_sum *s2,
                         uint64_t n);

/* low + (high - low) * numerator / denominator, denominator a power of ten. */
void number_interpolate_print(struct buf *to, const struct value *low, const struct value *high,
                              uint64_t numerator, uint64_t denominator);

/* State for a snapshot: appends bytes; load takes exactly those bytes back, false if damaged. */
void number_sum_save(const struct number_sum *s, struct buf *to);
bool number_sum_load(struct number_sum *s, const unsigned char **at, const unsigned char *end,
                     struct arena *arena);

#endif
