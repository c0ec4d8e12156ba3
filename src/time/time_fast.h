/*
 * time/time_fast.h - RFC 3339 as machines write it, for the hot path: inlined into its loops.
 */
#ifndef TIME_TIME_FAST_H
#define TIME_TIME_FAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* The last date seen; start with {0}; one per thread. */
struct time_cache {
    char date[11]; /* with the separator; see time_parse_uncached() */
    int64_t midnight_s;
};

/* time_parse_fast() when the date is not the one in the cache. */
bool time_parse_uncached(struct time_cache *cache, const char *text, size_t len, int64_t *ns);

/*
 * The fast reader. Eight characters are a 64-bit word, the first in its lowest byte; xor with '0's
 * (and the colons that must be there) leaves digit values, and adding 127 minus the most that a
 * byte may be sets the top bit of each byte that is more. After Johnny Lee's and Daniel Lemire's
 * parsing of eight digits with three multiplications.
 */
#define TIME_HIGH_BITS 0x8080808080808080U
#define TIME_EIGHT_ZEROS 0x3030303030303030U
#define TIME_DIGIT_LIMITS 0x7676767676767676U /* 9 each */
#define TIME_CLOCK_ZEROS 0x30303A30303A3030U  /* 00:00:00 */
#define TIME_CLOCK_LIMITS 0x767A7F767A7F767DU /* 29:59:59 */
#define TIME_EPOCH_HEAD 0x2D31302D30373931U   /* 1970-01- */
#define TIME_EPOCH_TAIL 0x5431302D31302D30U   /* 0-01-01T */

/* The number that eight digit values are. */
static inline uint64_t time_eight_digits(uint64_t digits)
{
    digits = digits * 10 + (digits >> 8); /* pairs, in bytes 0 2 4 6 */
    uint64_t first = (digits & 0x000000FF000000FF) * (100 + (1000000ULL << 32));
    uint64_t second = ((digits >> 16) & 0x000000FF000000FF) * (1 + (10000ULL << 32));
    return (first + second) >> 32;
}

/* text[19..len-1), a '.' and 1 to 9 digits; len >= 22. Anything else sets bits in *bad. */
static inline uint64_t time_fraction(const char *text, size_t len, uint64_t *bad)
{
    static const uint32_t SCALE[] = {0,     100000000, 10000000, 1000000, 100000,
                                     10000, 1000,      100,      10,      1};
    size_t n = len - 21;
    /* The word that ends with the last digit; what precedes the first is set to 0. */
    uint64_t digits = bytes_u64_le(text + len - 9) ^ TIME_EIGHT_ZEROS;
    digits &= ~(uint64_t)0 << (n < 8 ? 64 - 8 * n : 0);
    *bad |= (digits | (digits + TIME_DIGIT_LIMITS)) & TIME_HIGH_BITS;
    *bad |= (unsigned char)text[19] ^ '.';
    uint64_t value = time_eight_digits(digits);
    if (n == 9) {
        uint64_t leading = (uint64_t)((unsigned char)text[20] ^ '0');
        *bad |= leading > 9;
        value += leading * 100000000;
    }
    return value * SCALE[n];
}

/*
 * YYYY-MM-DD[Tt ]hh:mm:ss[.fraction](Z|z) of 20 to 30 bytes. Returns false when the text is
 * anything else; the caller then asks time_parse(), which decides.
 */
static inline __attribute__((always_inline)) bool
time_parse_fast(struct time_cache *cache, const char *text, size_t len, int64_t *ns)
{
    if (len < 20 || len > 30 || len == 21 || ((unsigned char)text[len - 1] | 0x20U) != 'z')
        return false;
    if (((bytes_u64_le(text) ^ TIME_EPOCH_HEAD ^ bytes_u64_le(cache->date)) |
         (bytes_u64_le(text + 3) ^ TIME_EPOCH_TAIL ^ bytes_u64_le(cache->date + 3))) != 0)
        return time_parse_uncached(cache, text, len, ns);

    uint64_t clock = bytes_u64_le(text + 11) ^ TIME_CLOCK_ZEROS;
    uint64_t pairs = clock * 10 + (clock >> 8); /* hours in byte 0, minutes in 3, seconds in 6 */
    uint64_t bad = (clock | (clock + TIME_CLOCK_LIMITS)) & TIME_HIGH_BITS;
    bad |= (pairs + (127 - 23)) & 0x80; /* 29 at most, if not bad already */
    uint64_t seconds = (pairs & 0xFF) * 3600 + (pairs >> 24 & 0xFF) * 60 + (pairs >> 48 & 0xFF);
    uint64_t fraction_ns = len > 20 ? time_fraction(text, len, &bad) : 0;
    if (bad)
        return false;
    *ns = (cache->midnight_s + (int64_t)seconds) * INT64_C(1000000000) + (int64_t)fraction_ns;
    return true;
}

#endif
