#include "state/keys.h"

#include <stdlib.h>
#include <sys/random.h>

#define XXH_INLINE_ALL /* keys are short: the call would cost as much as the hash */
#include <xxhash.h>

#include "base/memory.h"

void keys_init(struct keys *keys)
{
    *keys = (struct keys){0};
    /* Without entropy the seed stays 0: slower under attack, never wrong. */
    if (getrandom(&keys->seed, sizeof keys->seed, GRND_NONBLOCK) != sizeof keys->seed)
        keys->seed = 0;
    buf_reserve(&keys->bytes, 1); /* so that an empty key has an address */
}

void keys_free(struct keys *keys)
{
    buf_free(&keys->bytes);
    free(keys->start);
    free(keys->hash);
}

uint32_t keys_hash(const struct keys *keys, const void *key, size_t len)
{
    return (uint32_t)(XXH3_64bits_withSeed(key, len, keys->seed) >> 32);
}

void keys_encode(struct keys *keys, struct value *const *columns, size_t n_columns, size_t n)
{
    if (n + 1 > keys->capacity) {
        keys->capacity = n + 1;
        keys->start = memory_realloc(keys->start, keys->capacity * sizeof *keys->start);
        keys->hash = memory_realloc(keys->hash, keys->capacity * sizeof *keys->hash);
    }
    keys->bytes.len = 0;
    for (size_t i = 0; i < n; i++) {
        size_t start = keys->bytes.len;
        keys->start[i] = (uint32_t)start;
        for (size_t c = 0; c < n_columns; c++)
            value_encode(&keys->bytes, &columns[c][i]);
        keys->hash[i] = keys_hash(keys, keys->bytes.data + start, keys->bytes.len - start);
    }
    keys->start[n] = (uint32_t)keys->bytes.len;
}
