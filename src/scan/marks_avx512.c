/* AVX-512 with VBMI2: a load a block, and the bits are written down sixteen at a time. */
#include "scan/marks.h"

#ifdef __x86_64__

#include <immintrin.h>

#define MARKS_TARGET __attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi,pclmul,popcnt")))
#define MARKS_NAME marker_avx512
#define MARKS_TEXT "avx512"

struct block {
    __m512i bytes;
};

MARKS_TARGET static inline struct block block_load(const char *p)
{
    return (struct block){_mm512_loadu_si512((const void *)p)};
}

MARKS_TARGET static inline uint64_t block_equal(const struct block *b, char c)
{
    return _mm512_cmpeq_epi8_mask(b->bytes, _mm512_set1_epi8(c));
}

MARKS_TARGET static inline uint64_t block_below(const struct block *b, char c)
{
    return _mm512_cmplt_epu8_mask(b->bytes, _mm512_set1_epi8(c));
}

MARKS_TARGET static inline uint64_t block_outline(const struct block *b)
{
    /* By the lower half of a byte: no two of them have the same. */
    const __m512i marks = _mm512_broadcast_i32x4(
        _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0));
    const __m512i brace = _mm512_set1_epi8(0x20); /* what makes one of a bracket */
    return _mm512_cmpeq_epi8_mask(_mm512_or_si512(b->bytes, brace),
                                  _mm512_shuffle_epi8(marks, b->bytes));
}

MARKS_TARGET static inline uint64_t block_high(const struct block *b)
{
    return _mm512_movepi8_mask(b->bytes);
}

MARKS_TARGET static inline uint32_t *block_write(uint32_t *to, uint64_t bits, uint32_t base)
{
    const __m512i all = _mm512_set_epi8(
        63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41,
        40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18,
        17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i bases = _mm512_set1_epi32((int)base);
    __m512i places = _mm512_maskz_compress_epi8(bits, all);
    long long n = _mm_popcnt_u64(bits);
#define WRITE(part)                                                                                \
    _mm512_storeu_si512(                                                                           \
        to + 16 * (part),                                                                          \
        _mm512_add_epi32(bases, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(places, part))))
    WRITE(0);
    if (__builtin_expect(n > 16, 0)) {
        WRITE(1);
        WRITE(2);
        WRITE(3);
    }
#undef WRITE
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
