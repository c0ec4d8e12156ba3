/* AVX2: two loads a block, bitmaps from compares and sign bits. */
#include "input/marks.h"

#ifdef __x86_64__

#include <immintrin.h>

#define MARKS_TARGET __attribute__((target("avx2,bmi,popcnt")))
#define MARKS_NAME marker_avx2
#define MARKS_TEXT "avx2"
#define MARKS_LOWEST(bits) _tzcnt_u64(bits)
#include "input/marks_write.h"

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

MARKS_TARGET static inline uint64_t block_high(const struct block *b)
{
    return sign_bits(b->low, b->high);
}

#include "input/marks_body.h"

#endif
