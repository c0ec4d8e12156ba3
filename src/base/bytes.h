/*
 * base/bytes.h - short runs of bytes as words: loading and comparing them without a call.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t bytes_u64(const void *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* The first byte in the lowest bits, whatever the machine. */
static inline uint64_t bytes_u64_le(const void *p)
{
    uint64_t word = bytes_u64(p);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* As a number that orders as the bytes do. */
static inline uint64_t bytes_u64_ordered(const void *p)
{
    uint64_t word = bytes_u64(p);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline uint32_t bytes_u32(const void *p)
{
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static inline uint32_t bytes_u32_le(const void *p)
{
    uint32_t word = bytes_u32(p);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    return word;
}

/* Keys have 5 to 30 bytes, mostly: two or three words, the last one overlapping the one before. */
static inline bool bytes_equal(const unsigned char *a, const unsigned char *b, size_t len)
{
    enum { SHORT = 32 };
    if (len > SHORT)
        return memcmp(a, b, len) == 0;
    if (len >= 8) {
        for (size_t i = 0; i + 8 < len; i += 8)
            if (bytes_u64(a + i) != bytes_u64(b + i))
                return false;
        return bytes_u64(a + len - 8) == bytes_u64(b + len - 8);
    }
    if (len >= 4)
        return bytes_u32(a) == bytes_u32(b) && bytes_u32(a + len - 4) == bytes_u32(b + len - 4);
    for (size_t i = 0; i < len; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

/* Is one of the bytes of the word zero? */
static inline bool bytes_have_zero(uint64_t word)
{
    return ((word - 0x0101010101010101u) & ~word & 0x8080808080808080u) != 0;
}

#endif
