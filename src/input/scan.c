#include "input/scan.h"

#include <stdlib.h>

#include "base/memory.h"

const struct scan *scan_get(size_t i)
{
#ifdef __x86_64__
    static const struct scan *const with_avx2[] = {&scan_avx2, &scan_sse2, &scan_swar, NULL};
    static const struct scan *const *const without = with_avx2 + 1;
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                __builtin_cpu_supports("popcnt");
    return avx2 ? with_avx2[i] : without[i];
#else
    return i == 0 ? &scan_swar : NULL;
#endif
}

bool scan_index_grow(struct scan_index *index)
{
    if (index->capacity >= SCAN_MOST_ENTRIES)
        return false;
    index->capacity = index->capacity * 2 + 4 * SCAN_BLOCK;
    index->at = memory_realloc(index->at, index->capacity * sizeof index->at[0]);
    return true;
}

void scan_index_free(struct scan_index *index)
{
    free(index->at);
    *index = (struct scan_index){0};
}
