#include "engine/keys.h"

#include <stdlib.h>

#define XXH_INLINE_ALL /* keys are short: the call would cost as much as the hash */
#include <xxhash.h>

#include "base/memory.h"
#include "base/value_encode.h"

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

bool keys_is_key(const void *key, size_t len, size_t n_columns)
{
    const unsigned char *at = key, *end = at + len;
    struct value v;
    struct buf text = {0};
    bool ok = true;
    for (size_t c = 0; c < n_columns && ok; c++)
        ok = value_decode(&at, end, &v, &text);
    buf_free(&text);
    return ok && at == end;
}

/* value_encode(), with the usual case inlined. Returns where the next encoding goes. */
static inline char *encode(struct buf *to, char *at, const struct value *v)
{
    if (v->kind == VALUE_STRING && (size_t)(to->data + to->cap - at) >= v->len + (size_t)3) {
        size_t done = value_encode_string(at, v->text, v->len);
        if (done > 0)
            return at + done;
    }
    to->len = (size_t)(at - to->data);
    value_encode(to, v);
    return to->data + to->len;
}

/* The empty key, n times. */
static void encode_nothing(struct keys *keys, uint64_t seed, size_t n)
{
    const uint32_t hash = keys_hash(seed, buf_reserve(&keys->bytes, 1), 0); /* it has an address */
    for (size_t i = 0; i < n; i++) {
        keys->start[i] = 0;
        keys->hash[i] = hash;
    }
    keys->start[n] = 0;
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
    keys->n = n;
    if (n_columns == 0) {
        encode_nothing(keys, seed, n);
        return;
    }
    struct buf bytes = keys->bytes; /* a copy, which characters that are stored can't alias */
    char *at = buf_reserve(&bytes, 1);
    uint32_t *start = keys->start;
    for (size_t i = 0; i < n; i++) {
        start[i] = (uint32_t)(at - bytes.data);
        for (size_t c = 0; c < n_columns; c++)
            at = encode(&bytes, at, &columns[c][i]);
    }
    bytes.len = (size_t)(at - bytes.data);
    keys->bytes = bytes;
    keys->start[n] = (uint32_t)keys->bytes.len;
    /* Not above: bytes that were just stored piece by piece can't be loaded as words at once. */
    for (size_t i = 0; i < n; i++)
        keys->hash[i] =
            keys_hash(seed, keys->bytes.data + keys->start[i], keys->start[i + 1] - keys->start[i]);
}
