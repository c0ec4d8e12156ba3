#include "input/marks.h"

#include <stdlib.h>

#include "base/memory.h"

const struct marker *marker_get(size_t i)
{
#if defined __x86_64__
    static const struct marker *const all[] = {&marker_avx512, &marker_avx2, &marker_sse2,
                                               &marker_swar, NULL};
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                __builtin_cpu_supports("popcnt");
    bool avx512 =
        avx2 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2");
    return all[avx512 ? i : avx2 ? i + 1 : i + 2];
#elif defined __aarch64__
    static const struct marker *const all[] = {&marker_neon, &marker_swar, NULL};
    return all[i];
#else
    return i == 0 ? &marker_swar : NULL;
#endif
}

void marks_reserve(struct marks *marks, size_t bytes)
{
    if (bytes <= marks->capacity)
        return;
    marks_free(marks);
    marks->at = memory_alloc((1 + bytes + MARKS_BLOCK) * sizeof marks->at[0]);
    marks->odd = memory_alloc((bytes / MARKS_BLOCK + 2) * sizeof marks->odd[0]);
    marks->capacity = bytes;
}

void marks_free(struct marks *marks)
{
    free(marks->at);
    free(marks->odd);
    *marks = (struct marks){0};
}
