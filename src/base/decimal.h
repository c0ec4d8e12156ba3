/*
 * base/decimal.h - a number spread out as decimal digits: the form in which numbers of any size are
 * printed and rounded. Used behind base/number.h; nothing outside base/ needs it.
 */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/int128.h"

enum {
    DECIMAL_EXACT_DIGITS = 38, /* a result with more significant digits becomes a double */
    DECIMAL_MAX_DIGITS = 11000 /* a sum of squares: 10^-10036 up to 10^720 */
};

/* 11 KB on the stack of which only the digits in use are ever touched: do not zero it. */
struct decimal {
    bool negative;
    uint32_t n;  /* digits; 0: the number is zero */
    int32_t exp; /* the value is digits * 10^exp */
    char digits[DECIMAL_MAX_DIGITS + 16];
};

/* Takes zeros off both ends of the digits. */
void decimal_strip(struct decimal *d);

void decimal_set(struct decimal *d, bool negative, u128 mant, int32_t exp);

/* The nearest double, ties to even; infinite beyond the largest. */
double decimal_double(struct decimal *d);

/* Appends all digits: plain from 1e-6 up to 1e21, else with an exponent. d is stripped. */
void decimal_print(struct buf *to, const struct decimal *d);

/*
 * Appends d as a result: exactly, if it is exact and has at most 38 digits, else as `nearest`, the
 * double nearest to it. If that is infinite, rounded to the 17 digits that a double would have had.
 * `inexact`: the true value is a little more than d, which was cut off after 38 digits or more.
 * d is stripped.
 */
void decimal_print_result(struct buf *to, struct decimal *d, bool inexact, double nearest);

/* Appends the shortest digits that read back as d, the nearest of them. d is finite. */
void decimal_print_double(struct buf *to, double d);

#endif
