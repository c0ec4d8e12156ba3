/*
 * base/number_total.h - a sum as one integer in base 10^18, with a sign: what results and snapshots
 * are made from. Behind base/number.h.
 */
#ifndef BASE_NUMBER_TOTAL_H
#define BASE_NUMBER_TOTAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/decimal.h"
#include "base/number.h"

enum {
    LIMB_DIGITS = 18,
    LIMB_LOWEST = -570, /* limb i counts 10^(18 i); squares reach down to 10^-10036 */
    LIMB_HIGHEST = 39,  /* and up to 10^617, times 2^64 of them */
    LIMB_COUNT = LIMB_HIGHEST - LIMB_LOWEST + 1
};

struct number_total {
    bool negative;
    int32_t low;              /* index of limb[0] */
    uint32_t n;               /* 0: zero. The first and the last limb are not 0 */
    int64_t limb[LIMB_COUNT]; /* 0 <= limb < 10^18 */
};

void number_total(struct number_total *t, const struct number_sum *s);

void number_total_digits(struct decimal *d, const struct number_total *t);

/* s += a * b * 10^exp, a of any kind. */
void number_sum_add_product(struct number_sum *s, const struct value *a, uint64_t b, int32_t exp,
                            struct arena *arena);

#endif
