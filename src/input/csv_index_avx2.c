/* AVX2: two loads a block, bitmaps from compares and sign bits. */
#ifdef __x86_64__

#include "input/csv_index.h"

#include <immintrin.h>

#define INDEX_TARGET __attribute__((target("avx2,bmi,popcnt")))
#define INDEX_NAME csv_indexer_avx2
#define INDEX_TEXT "avx2"
#define INDEX_LOWEST(bits) _tzcnt_u64(bits)
#include "input/csv_index_body.h"

INDEX_TARGET static inline uint64_t bits(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
                                                     << 32;
}

INDEX_TARGET static inline uint64_t equal(__m256i low, __m256i high, char c)
{
    __m256i all = _mm256_set1_epi8(c);
    return bits(_mm256_cmpeq_epi8(low, all), _mm256_cmpeq_epi8(high, all));
}

INDEX_TARGET static inline void index_masks(const char *p, char delimiter,
                                            struct index_masks *masks)
{
    __m256i low = _mm256_loadu_si256((const void *)p);
    __m256i high = _mm256_loadu_si256((const void *)(p + 32));
    masks->delimiters = equal(low, high, delimiter);
    masks->newlines = equal(low, high, '\n');
    masks->quotes = equal(low, high, '"');
    masks->high = bits(low, high);
}

#endif
