#include "snapshot/digest.h"

#include <xxhash.h>

/* Folds one chunk into the chain; both halves of the value so far go into the seed. */
static struct digest_value fold(uint64_t low, uint64_t high, const void *bytes, size_t len)
{
    uint64_t seed = low ^ (high << 32 | high >> 32);
#if defined __x86_64__
    if (__builtin_cpu_supports("avx2"))
        return digest_fold_avx2(seed, bytes, len);
#endif
    XXH128_hash_t hash = XXH3_128bits_withSeed(bytes, len, seed);
    return (struct digest_value){hash.low64, hash.high64};
}

static void add_chunk(struct digest *digest, const void *chunk)
{
    struct digest_value v = fold(digest->low, digest->high, chunk, DIGEST_CHUNK_BYTES);
    digest->low = v.low;
    digest->high = v.high;
}

void digest_add(struct digest *digest, const void *bytes, size_t len)
{
    const char *at = bytes;
    digest->bytes += len;
    while (digest->rest.len + len >= DIGEST_CHUNK_BYTES) {
        size_t missing = DIGEST_CHUNK_BYTES - digest->rest.len;
        if (digest->rest.len == 0) {
            add_chunk(digest, at);
        } else {
            buf_put(&digest->rest, at, missing);
            add_chunk(digest, digest->rest.data);
            digest->rest.len = 0;
        }
        at += missing;
        len -= missing;
    }
    buf_put(&digest->rest, at, len);
}

struct digest_value digest_value(const struct digest *digest)
{
    return fold(digest->low, digest->high, digest->rest.data, digest->rest.len);
}

void digest_free(struct digest *digest)
{
    buf_free(&digest->rest);
    *digest = (struct digest){0};
}

struct digest_value digest_of(const void *bytes, size_t len)
{
    return fold(0, 0, bytes, len);
}

bool digest_equal(struct digest_value a, struct digest_value b)
{
    return a.low == b.low && a.high == b.high;
}
