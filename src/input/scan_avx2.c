/* AVX2: two loads a block, all four bitmaps from compares and sign bits. */
#ifdef __x86_64__

#include "input/scan.h"

#include <immintrin.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "input/json_fast_scalar.h"

#define SCAN_TARGET __attribute__((target("avx2,bmi,bmi2")))
#define SCAN_NAME scan_avx2
#define SCAN_TEXT "avx2"
#include "input/scan_body.h"

SCAN_TARGET static inline uint64_t bits(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
                                                     << 32;
}

SCAN_TARGET static inline __m256i load(const char *p)
{
    return _mm256_loadu_si256((const void *)p);
}

/* As signed bytes, both control characters and bytes >= 0x80 are less than a blank. */
SCAN_TARGET static inline void scan_two(const char *p, uint64_t *quotes, uint64_t *odd)
{
    const __m256i quote = _mm256_set1_epi8('"'), backslash = _mm256_set1_epi8('\\');
    const __m256i blank = _mm256_set1_epi8(' ');
    __m256i a = load(p), b = load(p + 32);
    *quotes = bits(_mm256_cmpeq_epi8(a, quote), _mm256_cmpeq_epi8(b, quote));
    *odd = bits(_mm256_or_si256(_mm256_cmpgt_epi8(blank, a), _mm256_cmpeq_epi8(a, backslash)),
                _mm256_or_si256(_mm256_cmpgt_epi8(blank, b), _mm256_cmpeq_epi8(b, backslash)));
}

SCAN_TARGET static inline void scan_four(const char *p, struct scan_masks *masks)
{
    const __m256i quote = _mm256_set1_epi8('"'), backslash = _mm256_set1_epi8('\\');
    const __m256i blank = _mm256_set1_epi8(' ');
    __m256i a = load(p), b = load(p + 32);
    masks->quotes = bits(_mm256_cmpeq_epi8(a, quote), _mm256_cmpeq_epi8(b, quote));
    masks->backslashes = bits(_mm256_cmpeq_epi8(a, backslash), _mm256_cmpeq_epi8(b, backslash));
    masks->high = bits(a, b);
    masks->controls = bits(_mm256_cmpgt_epi8(blank, a), _mm256_cmpgt_epi8(blank, b)) & ~masks->high;
}

SCAN_TARGET static inline bool scan_equal(const char *p, const struct scan_step *step)
{
    __m256i same = _mm256_cmpeq_epi8(load(p), load(step->chunk));
    return (~(uint32_t)_mm256_movemask_epi8(same) & step->care) == 0;
}

SCAN_TARGET static inline void scan_digits(const char *p, uint32_t *other, uint32_t *dots)
{
    __m128i a = _mm_loadu_si128((const void *)p);
    __m128i digit = _mm_sub_epi8(a, _mm_set1_epi8('0'));
    __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit);
    *other = (uint32_t)_mm_movemask_epi8(is_digit) ^ 0xFFFF;
    *dots = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(a, _mm_set1_epi8('.')));
}

#endif
