/* SSE2: what every x86-64 has. */
#ifdef __x86_64__

#include "input/scan.h"

#include <emmintrin.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "input/json_fast_scalar.h"

#define SCAN_TARGET
#define SCAN_NAME scan_sse2
#define SCAN_TEXT "sse2"
#include "input/scan_body.h"

static inline __m128i load(const char *p)
{
    return _mm_loadu_si128((const void *)p);
}

static inline uint32_t bits(__m128i bytes)
{
    return (uint32_t)_mm_movemask_epi8(bytes);
}

static inline void scan_two(const char *p, uint64_t *quotes, uint64_t *odd)
{
    *quotes = *odd = 0;
    for (int i = 0; i < SCAN_BLOCK; i += 16) {
        __m128i a = load(p + i);
        __m128i low = _mm_or_si128(_mm_cmplt_epi8(a, _mm_set1_epi8(' ')),
                                   _mm_cmpeq_epi8(a, _mm_set1_epi8('\\')));
        *quotes |= (uint64_t)bits(_mm_cmpeq_epi8(a, _mm_set1_epi8('"'))) << i;
        *odd |= (uint64_t)bits(low) << i;
    }
}

static inline void scan_four(const char *p, struct scan_masks *masks)
{
    *masks = (struct scan_masks){0};
    for (int i = 0; i < SCAN_BLOCK; i += 16) {
        __m128i a = load(p + i);
        masks->quotes |= (uint64_t)bits(_mm_cmpeq_epi8(a, _mm_set1_epi8('"'))) << i;
        masks->backslashes |= (uint64_t)bits(_mm_cmpeq_epi8(a, _mm_set1_epi8('\\'))) << i;
        masks->controls |= (uint64_t)bits(_mm_cmplt_epi8(a, _mm_set1_epi8(' '))) << i;
        masks->high |= (uint64_t)bits(a) << i;
    }
    masks->controls &= ~masks->high;
}

static inline bool scan_equal(const char *p, const struct scan_step *step)
{
    uint32_t same = bits(_mm_cmpeq_epi8(load(p), load(step->chunk))) |
                    bits(_mm_cmpeq_epi8(load(p + 16), load(step->chunk + 16))) << 16;
    return (~same & step->care) == 0;
}

static inline void scan_digits(const char *p, uint32_t *other, uint32_t *dots)
{
    __m128i a = load(p);
    __m128i digit = _mm_sub_epi8(a, _mm_set1_epi8('0'));
    *other = bits(_mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit)) ^ 0xFFFF;
    *dots = bits(_mm_cmpeq_epi8(a, _mm_set1_epi8('.')));
}

#endif
