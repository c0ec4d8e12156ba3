/* Eight bytes in a general register: for machines that no other instance is for. */
#include "scan/marks.h"

#include <string.h>

#define MARKS_TARGET
#define MARKS_NAME marker_swar
#define MARKS_TEXT "swar"
#define MARKS_LOWEST(bits) __builtin_ctzll((bits) | UINT64_C(1) << 63)
#include "scan/marks_write.h"

static const uint64_t ONES = UINT64_C(0x0101010101010101);
static const uint64_t LOW_BITS = UINT64_C(0x7f7f7f7f7f7f7f7f);

struct block {
    uint64_t word[8];
};

static inline struct block block_load(const char *p)
{
    struct block b;
    memcpy(&b, p, sizeof b);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    for (int i = 0; i < 8; i++)
        b.word[i] = __builtin_bswap64(b.word[i]);
#endif
    return b;
}

/* The eight sign bits, that of the first byte lowest, in the place of word i. */
static inline uint64_t sign_bits(uint64_t word, int i)
{
    return ((word >> 7 & ONES) * UINT64_C(0x0102040810204080) >> 56) << (8 * i);
}

static inline uint64_t block_equal(const struct block *b, char c)
{
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t zero_if_equal = b->word[i] ^ ONES * (unsigned char)c;
        bits |= sign_bits(~(((zero_if_equal & LOW_BITS) + LOW_BITS) | zero_if_equal), i);
    }
    return bits;
}

static inline uint64_t block_below(const struct block *b, char c)
{
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++) /* the sum has a sign bit from c on */
        bits |= sign_bits(
            ~(((b->word[i] & LOW_BITS) + ONES * (0x80 - (uint64_t)(unsigned char)c)) | b->word[i]),
            i);
    return bits;
}

static inline uint64_t block_outline(const struct block *b)
{
    struct block folded; /* brackets are braces */
    for (int i = 0; i < 8; i++)
        folded.word[i] = b->word[i] | ONES * 0x20;
    return block_equal(&folded, ':') | block_equal(&folded, ',') | block_equal(&folded, '{') |
           block_equal(&folded, '}');
}

static inline uint64_t block_high(const struct block *b)
{
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++)
        bits |= sign_bits(b->word[i], i);
    return bits;
}

#include "scan/marks_body.h"
