#include "state/keys.h"

#include <stdlib.h>
#include <sys/random.h>

#define XXH_INLINE_ALL /* keys are short: the call would cost as much as the hash */
#include <xxhash.h>

#include "base/memory.h"

uint64_t keys_seed(void)
{
    uint64_t seed;
    /* Without entropy it is 0: slower under attack, never wrong. */
    return getrandom(&seed, sizeof seed, GRND_NONBLOCK) == sizeof seed ? seed : 0;
}

void keys_free(struct keys *keys)
{
    buf_free(&keys->bytes);
    free(keys->start);
    free(keys->hash);
}

uint32_t keys_hash(uint64_t seed, const void *key, size_t len)
{
    return (uint32_t)(XXH3_64bits_withSeed(key, len, seed) >> 32);
}

void keys_encode(struct keys *keys, uint64_t seed, struct value *const *columns, size_t n_columns,
                 size_t n)
{
    if (n + 1 > keys->capacity) {
        keys->capacity = n + 1;
        keys->start = memory_realloc(keys->start, keys->capacity * sizeof *keys->start);
        keys->hash = memory_realloc(keys->hash, keys->capacity * sizeof *keys->hash);
    }
    keys->bytes.len = 0;
    buf_reserve(&keys->bytes, 1); /* so that an empty key has an address */
    for (size_t i = 0; i < n; i++) {
        keys->start[i] = (uint32_t)keys->bytes.len;
        for (size_t c = 0; c < n_columns; c++)
            value_encode(&keys->bytes, &columns[c][i]);
    }
    keys->start[n] = (uint32_t)keys->bytes.len;
    /* Not above: bytes that were just stored piece by piece can't be loaded as words at once. */
    for (size_t i = 0; i < n; i++)
        keys->hash[i] =
            keys_hash(seed, keys->bytes.data + keys->start[i], keys->start[i + 1] - keys->start[i]);
}
