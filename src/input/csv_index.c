#include "input/csv_index.h"

const struct csv_indexer *csv_indexer_get(size_t i)
{
#ifdef __x86_64__
    static const struct csv_indexer *const all[] = {&csv_indexer_avx2, &csv_indexer_sse2,
                                                    &csv_indexer_swar, NULL};
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                __builtin_cpu_supports("popcnt");
    return all[avx2 ? i : i + 1];
#else
    return i == 0 ? &csv_indexer_swar : NULL;
#endif
}
