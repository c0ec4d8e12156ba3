/*
 * base/bignum.h - natural numbers of any size, for results that 128 bits do not hold.
 *
 *     struct bignum a = {0};      is 0
 *     bignum_set(&a, 7); ...      operands may be any numbers, results are overwritten
 *     bignum_free(&a);            a is 0 again
 *
 * Up to 20 limbs (385 digits) are held without the heap; a struct bignum is not to be copied or
 * moved. Schoolbook methods: larger operands have a few hundred limbs and are rare. Results are
 * never the same object as an operand unless the comment says "in place".
 */
#ifndef BASE_BIGNUM_H
#define BASE_BIGNUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/int128.h"

enum { BIGNUM_OWN_LIMBS = 20 };

struct bignum {
    uint64_t *limb; /* base 2^64, the least first; the highest is not 0 */
    size_t n, cap;
    uint64_t own[BIGNUM_OWN_LIMBS];
};

void bignum_free(struct bignum *a);
void bignum_set(struct bignum *a, u128 value);
void bignum_copy(struct bignum *to, const struct bignum *from);

size_t bignum_bits(const struct bignum *a); /* 0 has none */
int bignum_compare(const struct bignum *a, const struct bignum *b);
u128 bignum_low(const struct bignum *a); /* a modulo 2^128 */

void bignum_mul_add(struct bignum *a, uint64_t factor, uint64_t term); /* a = a * factor + term */
void bignum_mul_pow10(struct bignum *a, unsigned k);                   /* in place */
void bignum_shift_left(struct bignum *a, size_t bits);                 /* in place */
void bignum_add(struct bignum *a, const struct bignum *b);             /* a += b */
void bignum_sub(struct bignum *a, const struct bignum *b);             /* a -= b; a >= b */
void bignum_mul(struct bignum *product, const struct bignum *a, const struct bignum *b);

/* a /= divisor in place; returns the remainder. */
uint64_t bignum_div_u64(struct bignum *a, uint64_t divisor);

/* b > 0. remainder < b. (Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D.) */
void bignum_divide(struct bignum *quotient, struct bignum *remainder, const struct bignum *a,
                   const struct bignum *b);

/* *root = floor(sqrt(a)); returns whether it is exact. */
bool bignum_sqrt(struct bignum *root, const struct bignum *a);

#endif
