/*
 * XXH3 with AVX2. The library that distributions build has SSE2 alone, and every byte of the input
 * goes through it as soon as there is a snapshot: here it takes a quarter of the time.
 */
#include "snapshot/digest.h"

#if defined __x86_64__

#include <immintrin.h>

#if defined __clang__
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

#define XXH_INLINE_ALL
#define XXH_VECTOR 2 /* XXH_AVX2 */
#include <xxhash.h>

struct digest_value digest_fold_avx2(uint64_t seed, const void *bytes, size_t len)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(bytes, len, seed);
    return (struct digest_value){hash.low64, hash.high64};
}

#if defined __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif
