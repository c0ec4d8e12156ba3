/*
 * base/int128.h - the compiler's 128-bit integers, and what C lacks for them.
 *
 * Overflow is checked by counting bits beforehand: __builtin_mul_overflow on 128 bits would need a
 * runtime function that clang does not find in libgcc.
 */
#ifndef BASE_INT128_H
#define BASE_INT128_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef __int128 i128;
__extension__ typedef unsigned __int128 u128;

enum { POW10_U64 = 19, POW10_U128 = 38 }; /* the largest powers of ten that fit */

extern const uint64_t pow10_u64[POW10_U64 + 1];

static inline unsigned u128_bits(u128 n)
{
    uint64_t high = (uint64_t)(n >> 64), low = (uint64_t)n;
    if (high != 0)
        return 128 - (unsigned)__builtin_clzll(high);
    return low == 0 ? 0 : 64 - (unsigned)__builtin_clzll(low);
}

/* *product = a * b and true, or false if that might not fit in 127 bits. */
static inline bool u128_mul(u128 a, u128 b, u128 *product)
{
    if (u128_bits(a) + u128_bits(b) > 127)
        return false;
    *product = a * b;
    return true;
}

/* *n *= 10^k, or false, *n as it was, if that might not fit in 127 bits. */
static inline bool u128_mul_pow10(u128 *n, unsigned k)
{
    u128 scaled = *n;
    if (k > POW10_U128)
        return *n == 0;
    while (k > POW10_U64) {
        if (!u128_mul(scaled, pow10_u64[POW10_U64], &scaled))
            return false;
        k -= POW10_U64;
    }
    return u128_mul(scaled, pow10_u64[k], &scaled) && (*n = scaled, true);
}

static inline uint64_t i64_magnitude(int64_t n)
{
    return n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
}

#endif
