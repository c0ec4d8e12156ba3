/* SSE2, which every x86-64 has: four loads a block. */
#include "scan/marks.h"

#ifdef __x86_64__

#include <emmintrin.h>

#define MARKS_TARGET
#define MARKS_NAME marker_sse2
#define MARKS_TEXT "sse2"
#define MARKS_LOWEST(bits) __builtin_ctzll((bits) | UINT64_C(1) << 63)
#include "scan/marks_write.h"

struct block {
    __m128i part[4];
};

static inline struct block block_load(const char *p)
{
    struct block b;
    for (int i = 0; i < 4; i++)
        b.part[i] = _mm_loadu_si128((const void *)(p + 16 * i));
    return b;
}

static inline uint64_t sign_bits(__m128i part, int i)
{
    return (uint64_t)(unsigned)_mm_movemask_epi8(part) << (16 * i);
}

static inline uint64_t block_equal(const struct block *b, char c)
{
    uint64_t bits = 0;
    for (int i = 0; i < 4; i++)
        bits |= sign_bits(_mm_cmpeq_epi8(b->part[i], _mm_set1_epi8(c)), i);
    return bits;
}

static inline uint64_t block_below(const struct block *b, char c)
{
    __m128i most = _mm_set1_epi8((char)(c - 1));
    uint64_t bits = 0;
    for (int i = 0; i < 4; i++)
        bits |= sign_bits(_mm_cmpeq_epi8(_mm_min_epu8(b->part[i], most), b->part[i]), i);
    return bits;
}

static inline uint64_t block_outline(const struct block *b)
{
    const __m128i brace = _mm_set1_epi8(0x20); /* what makes one of a bracket */
    uint64_t bits = 0;
    for (int i = 0; i < 4; i++) {
        __m128i part = _mm_or_si128(b->part[i], brace);
        __m128i inner = _mm_or_si128(_mm_cmpeq_epi8(part, _mm_set1_epi8(':')),
                                     _mm_cmpeq_epi8(part, _mm_set1_epi8(',')));
        __m128i outer = _mm_or_si128(_mm_cmpeq_epi8(part, _mm_set1_epi8('{')),
                                     _mm_cmpeq_epi8(part, _mm_set1_epi8('}')));
        bits |= sign_bits(_mm_or_si128(inner, outer), i);
    }
    return bits;
}

static inline uint64_t block_high(const struct block *b)
{
    uint64_t bits = 0;
    for (int i = 0; i < 4; i++)
        bits |= sign_bits(b->part[i], i);
    return bits;
}

#include "scan/marks_body.h"

#endif
