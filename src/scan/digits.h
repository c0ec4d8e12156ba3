/*
 * scan/digits.h - decimal digits eight at a time, in a general register.
 *
 * A word of digits holds n of them in its high bytes, the last one highest, as 0 to 9; the bytes
 * below are zero, as leading zeros are. All readers here load 8 bytes whatever n is: text needs
 * that much readable memory behind it (a block's padding).
 */
#ifndef SCAN_DIGITS_H
#define SCAN_DIGITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* Always, so that the constants stay in registers over a loop of readings. */
#define DIGITS_INLINE static inline __attribute__((always_inline))

/* 1 <= n <= 8. What is not a digit makes a word that is not digits_valid(). */
DIGITS_INLINE uint64_t digits_load(const char *text, size_t n)
{
    return (bytes_u64_le(text) ^ UINT64_C(0x3030303030303030)) << (64 - 8 * n);
}

DIGITS_INLINE bool digits_valid(uint64_t word)
{
    return ((word | (word + UINT64_C(0x7676767676767676))) & UINT64_C(0x8080808080808080)) == 0;
}

/* Pairs, then fours, then all eight: three multiplications (D. Lemire, "Number parsing at a
 * gigabyte per second", Software: Practice and Experience 51(8), 2021). */
DIGITS_INLINE uint64_t digits_value(uint64_t word)
{
    word = word * 10 + (word >> 8);
    return ((word & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x000F424000000064) +
            (word >> 16 & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x0000271000000001)) >>
           32;
}

/*
 * Takes a '.' out of the word, closing up from below; *decimals: how many digits stood behind it.
 * False if there is none.
 */
DIGITS_INLINE bool digits_remove_point(uint64_t *word, unsigned *decimals)
{
    uint64_t zero_at_point = *word ^ UINT64_C(0x1e1e1e1e1e1e1e1e);
    uint64_t points = (zero_at_point - UINT64_C(0x0101010101010101)) & ~zero_at_point &
                      UINT64_C(0x8080808080808080);
    if (points == 0)
        return false;
    unsigned at = (unsigned)__builtin_ctzll(points) / 8; /* the lowest mark is exact */
    uint64_t from = ~UINT64_C(0) << (8 * at);
    *word = (*word & from << 8) | (*word & ~from) << 8;
    *decimals = 7 - at;
    return true;
}

/* [0-9]{1,19} and nothing else. */
DIGITS_INLINE bool digits_read(const char *text, size_t len, uint64_t *n)
{
    if (len - 1 >= 19)
        return false;
    size_t first = (len - 1) % 8 + 1;
    uint64_t word = digits_load(text, first);
    bool valid = digits_valid(word);
    uint64_t value = digits_value(word);
    for (size_t i = first; i < len; i += 8) {
        word = digits_load(text + i, 8);
        valid = valid && digits_valid(word);
        value = value * 100000000 + digits_value(word);
    }
    *n = value;
    return valid;
}

/* -?([0-9]+|[0-9]*\.[0-9]*) of at most 16 bytes behind the sign: mant * 10^-decimals. */
DIGITS_INLINE bool digits_read_decimal(const char *text, size_t len, int64_t *mant,
                                       unsigned *decimals)
{
    bool negative = *text == '-';
    uint64_t value;
    *decimals = 0;
    text += negative;
    len -= negative;
    if (len - 1 >= 16)
        return false;
    if (len <= 8) {
        uint64_t word = digits_load(text, len);
        if (!digits_valid(word) && (len == 1 || !digits_remove_point(&word, decimals)))
            return false;
        if (!digits_valid(word))
            return false;
        value = digits_value(word);
    } else {
        uint64_t high = digits_load(text, len - 8), low = digits_load(text + len - 8, 8);
        uint64_t scale = 100000000;
        if (digits_remove_point(&low, decimals))
            scale = 10000000;
        else if (digits_remove_point(&high, decimals))
            *decimals += 8;
        if (!digits_valid(high) || !digits_valid(low))
            return false;
        value = digits_value(high) * scale + digits_value(low);
    }
    *mant = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

#endif
