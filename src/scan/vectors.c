#include "scan/vectors.h"

const struct vectors *vectors_get(size_t i)
{
    static const struct vectors all[] = {
#if defined __x86_64__
        {&marker_avx512, &lanes_avx512},
        {&marker_avx2, &lanes_avx2},
        {&marker_sse2, &lanes_two},
#elif defined __aarch64__
        {&marker_neon, &lanes_two},
#endif
        {&marker_swar, &lanes_two},
    };
#if defined __x86_64__
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("popcnt");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512vbmi2");
    i += avx512 ? 0 : avx2 ? 1 : 2;
#endif
    return i < sizeof all / sizeof all[0] ? &all[i] : NULL;
}
