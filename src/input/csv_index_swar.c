/* Eight bytes in a general register: for machines that no other instance is for. */
#include "input/csv_index.h"

#include <string.h>

#define INDEX_TARGET
#define INDEX_NAME csv_indexer_swar
#define INDEX_TEXT "swar"
#define INDEX_LOWEST(bits) __builtin_ctzll((bits) | UINT64_C(1) << 63)
#include "input/csv_index_body.h"

static const uint64_t ONES = UINT64_C(0x0101010101010101);
static const uint64_t LOW_BITS = UINT64_C(0x7f7f7f7f7f7f7f7f);

/* The eight sign bits, that of the first byte lowest. */
static inline uint64_t sign_bits(uint64_t word)
{
    return (word >> 7 & ONES) * UINT64_C(0x0102040810204080) >> 56;
}

/* Sets the sign bit of each byte that is c, and no other bit. */
static inline uint64_t equal(uint64_t word, char c)
{
    uint64_t zero_if_equal = word ^ ONES * (unsigned char)c;
    return ~(((zero_if_equal & LOW_BITS) + LOW_BITS) | zero_if_equal | LOW_BITS);
}

static inline void index_masks(const char *p, char delimiter, struct index_masks *masks)
{
    *masks = (struct index_masks){0};
    for (int i = 0; i < 8; i++) {
        uint64_t word;
        memcpy(&word, p + 8 * i, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        masks->delimiters |= sign_bits(equal(word, delimiter)) << (8 * i);
        masks->newlines |= sign_bits(equal(word, '\n')) << (8 * i);
        masks->quotes |= sign_bits(equal(word, '"')) << (8 * i);
        masks->high |= sign_bits(word) << (8 * i);
    }
}
