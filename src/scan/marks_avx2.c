/* AVX2: two loads a block, bitmaps from compares and sign bits. */
#include "scan/marks.h"

#ifdef __x86_64__

#include <immintrin.h>

#define MARKS_TARGET __attribute__((target("avx2,bmi,pclmul,popcnt")))
#define MARKS_NAME marker_avx2
#define MARKS_TEXT "avx2"
struct block {
    __m256i low, high;
};

MARKS_TARGET static inline struct block block_load(const char *p)
{
    return (struct block){_mm256_loadu_si256((const void *)p),
                          _mm256_loadu_si256((const void *)(p + 32))};
}

MARKS_TARGET static inline uint64_t sign_bits(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
                                                     << 32;
}

MARKS_TARGET static inline uint64_t block_equal(const struct block *b, char c)
{
    __m256i all = _mm256_set1_epi8(c);
    return sign_bits(_mm256_cmpeq_epi8(b->low, all), _mm256_cmpeq_epi8(b->high, all));
}

MARKS_TARGET static inline uint64_t block_below(const struct block *b, char c)
{
    __m256i most = _mm256_set1_epi8((char)(c - 1));
    return sign_bits(_mm256_cmpeq_epi8(_mm256_min_epu8(b->low, most), b->low),
                     _mm256_cmpeq_epi8(_mm256_min_epu8(b->high, most), b->high));
}

MARKS_TARGET static inline uint64_t block_outline(const struct block *b)
{
    /* By the lower half of a byte: no two of them have the same. */
    const __m256i marks = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0,
                                           0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0);
    const __m256i brace = _mm256_set1_epi8(0x20); /* what makes one of a bracket */
    __m256i low = _mm256_shuffle_epi8(marks, b->low), high = _mm256_shuffle_epi8(marks, b->high);
    return sign_bits(_mm256_cmpeq_epi8(_mm256_or_si256(b->low, brace), low),
                     _mm256_cmpeq_epi8(_mm256_or_si256(b->high, brace), high));
}

MARKS_TARGET static inline uint64_t block_high(const struct block *b)
{
    return sign_bits(b->low, b->high);
}

/* Moving a sign's bits out of a vector is what costs: so once for all that is asked of a byte. */
MARKS_TARGET static inline __m256i quote_or_control(__m256i bytes)
{
    const __m256i quote = _mm256_set1_epi8('"'), most = _mm256_set1_epi8(' ' - 1);
    return _mm256_or_si256(_mm256_cmpeq_epi8(bytes, quote),
                           _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, most), bytes));
}
#define MARKS_JSON(b) sign_bits(quote_or_control((b)->low), quote_or_control((b)->high))

MARKS_TARGET static inline bool block_odd(const struct block *b)
{
    const __m256i backslash = _mm256_set1_epi8('\\');
    __m256i low = _mm256_or_si256(b->low, _mm256_cmpeq_epi8(b->low, backslash));
    __m256i high = _mm256_or_si256(b->high, _mm256_cmpeq_epi8(b->high, backslash));
    return _mm256_movemask_epi8(_mm256_or_si256(low, high)) != 0;
}
#define MARKS_ODD(b) block_odd(b)

/*
 * Where the set bits of a byte are, a byte each, the lowest first: what is above moves up by one
 * for each bit that is set.
 */
#define ABOVE_7(b) ((b) >> 7 ? UINT64_C(7) : 0)
#define ABOVE_6(b) (ABOVE_7(b) << 8 * ((b) >> 6 & 1) | ((b) >> 6 & 1) * 6)
#define ABOVE_5(b) (ABOVE_6(b) << 8 * ((b) >> 5 & 1) | ((b) >> 5 & 1) * 5)
#define ABOVE_4(b) (ABOVE_5(b) << 8 * ((b) >> 4 & 1) | ((b) >> 4 & 1) * 4)
#define ABOVE_3(b) (ABOVE_4(b) << 8 * ((b) >> 3 & 1) | ((b) >> 3 & 1) * 3)
#define ABOVE_2(b) (ABOVE_3(b) << 8 * ((b) >> 2 & 1) | ((b) >> 2 & 1) * 2)
#define ABOVE_1(b) (ABOVE_2(b) << 8 * ((b) >> 1 & 1) | ((b) >> 1 & 1) * 1)
#define PLACES(b) (ABOVE_1(b) << 8 * ((b)&1))
#define FOUR(b) PLACES(b), PLACES((b) + 1), PLACES((b) + 2), PLACES((b) + 3)
#define SIXTEEN(b) FOUR(b), FOUR((b) + 4), FOUR((b) + 8), FOUR((b) + 12)
#define SIXTY_FOUR(b) SIXTEEN(b), SIXTEEN((b) + 16), SIXTEEN((b) + 32), SIXTEEN((b) + 48)
static const uint64_t places[256] = {SIXTY_FOUR(0), SIXTY_FOUR(64), SIXTY_FOUR(128),
                                     SIXTY_FOUR(192)};

/* Byte by byte from the table, which takes as long for many as for few. */
MARKS_TARGET static inline uint32_t *block_write_many(uint32_t *to, uint64_t bits, uint32_t base)
{
    __m256i bases = _mm256_set1_epi32((int)base);
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) {
        uint64_t byte = bits >> (8 * i) & 0xff;
        __m256i found = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)&places[byte]));
        _mm256_storeu_si256((void *)to, _mm256_add_epi32(found, bases));
        to += _mm_popcnt_u64(byte);
        bases = _mm256_add_epi32(bases, _mm256_set1_epi32(8));
    }
    return to;
}
#define MARKS_WRITE_MANY(to, bits, base) block_write_many(to, bits, base)

/* Up to eight by themselves. */
MARKS_TARGET static inline uint32_t *block_write(uint32_t *to, uint64_t bits, uint32_t base)
{
    long long n = _mm_popcnt_u64(bits);
    if (n > 8)
        return block_write_many(to, bits, base);
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) {
        to[i] = base + (uint32_t)_tzcnt_u64(bits);
        bits &= bits - 1;
    }
    return to + n;
}

/* The product with all ones, without carries. */
MARKS_TARGET static inline uint64_t odd_before(uint64_t bits)
{
    __m128i product =
        _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)bits), _mm_set1_epi8(-1), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}
#define MARKS_ODD_BEFORE(bits) odd_before(bits)

#include "scan/marks_body.h"

#endif
