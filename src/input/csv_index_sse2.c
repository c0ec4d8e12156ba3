/* SSE2, which every x86-64 has: four loads a block. */
#ifdef __x86_64__

#include "input/csv_index.h"

#include <emmintrin.h>

#define INDEX_TARGET
#define INDEX_NAME csv_indexer_sse2
#define INDEX_TEXT "sse2"
#define INDEX_LOWEST(bits) __builtin_ctzll((bits) | UINT64_C(1) << 63)
#include "input/csv_index_body.h"

static inline void index_masks(const char *p, char delimiter, struct index_masks *masks)
{
    *masks = (struct index_masks){0};
    for (int i = 0; i < 4; i++) {
        __m128i v = _mm_loadu_si128((const void *)(p + 16 * i));
#define BITS(vector) ((uint64_t)(unsigned)_mm_movemask_epi8(vector) << (16 * i))
        masks->delimiters |= BITS(_mm_cmpeq_epi8(v, _mm_set1_epi8(delimiter)));
        masks->newlines |= BITS(_mm_cmpeq_epi8(v, _mm_set1_epi8('\n')));
        masks->quotes |= BITS(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
        masks->high |= BITS(v);
#undef BITS
    }
}

#endif
