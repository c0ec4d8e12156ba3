#include "input/scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

const struct scan *scan_get(size_t i)
{
#ifdef __x86_64__
    static const struct scan *const with_avx2[] = {&scan_avx2, &scan_sse2, &scan_swar, NULL};
    static const struct scan *const *const without = with_avx2 + 1;
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                __builtin_cpu_supports("bmi2");
    return avx2 ? with_avx2[i] : without[i];
#else
    return i == 0 ? &scan_swar : NULL;
#endif
}

bool scan_index_grow(struct scan_index *index)
{
    if (index->capacity >= SCAN_MOST_BLOCKS)
        return false;
    size_t capacity = index->capacity == 0 ? 64 : index->capacity * 2;
    index->marks = memory_realloc(index->marks, capacity * sizeof index->marks[0]);
    memset(index->marks + index->capacity, 0,
           (capacity - index->capacity) * sizeof index->marks[0]);
    index->capacity = capacity;
    return true;
}

size_t scan_next_far(const uint64_t *word, size_t at)
{
    size_t block = at - at % SCAN_BLOCK + SCAN_BLOCK;
    for (; *word == 0; word++)
        block += SCAN_BLOCK;
    return block + (size_t)__builtin_ctzll(*word);
}

void scan_index_free(struct scan_index *index)
{
    free(index->marks);
    *index = (struct scan_index){0};
}
