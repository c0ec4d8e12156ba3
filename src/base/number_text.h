/*
 * base/number_text.h - the digits behind a struct value, whatever its kind. Behind base/number.h.
 */
#ifndef BASE_NUMBER_TEXT_H
#define BASE_NUMBER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/decimal.h"
#include "base/value.h"

/* Where the significant digits of a number's text are: those from the first to the last nonzero. */
struct number_text {
    bool negative;
    const char *first; /* there may be a decimal point among them */
    int64_t n;         /* 0: the number is zero, and nothing else here means anything */
    int64_t exp;       /* of the last of them */
};

/* Takes a number's text apart; false if it is none (see number_parse()). */
bool number_text_scan(struct number_text *t, const char *text, size_t len);

/*
 * The same of a VALUE_WIDE, whose bare digits need no look. t->n is 0, too, if it is none of those
 * that number_parse() makes.
 */
void number_text_of(struct number_text *t, const struct value *v);

/* v's digits, stripped. v is VALUE_NUMBER or VALUE_WIDE. */
void number_digits(struct decimal *d, const struct value *v);

/* v, a VALUE_WIDE whose exp is not 0: its text are all its digits, n of them, and t's exponent. */
void number_set_bare(struct value *v, const char *digits, const struct number_text *t);

/* Copies n digits, without the point, and returns where the rest begins. */
const char *number_text_copy(char *to, const char *from, size_t n);

#endif
