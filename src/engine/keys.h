/*
 * engine/keys.h - the keys of a batch as canonical bytes and hashes, all at once.
 *
 * Hashes are XXH3 with a seed (base/seed.h). It decides only where cells lie in memory: it shows
 * nowhere in the output.
 */
#ifndef ENGINE_KEYS_H
#define ENGINE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/value.h"

struct keys {
    struct buf bytes; /* all keys of the batch, one behind the other */
    uint32_t *start;  /* key i is bytes[start[i] .. start[i + 1]) */
    uint32_t *hash;
    size_t n; /* 0: those of this batch were not encoded */
    size_t capacity;
};

void keys_free(struct keys *keys); /* {0} is an empty one */

/* Encodes rows 0..n of the given columns. Views live until the next call. */
void keys_encode(struct keys *keys, uint64_t seed, struct value *const *columns, size_t n_columns,
                 size_t n);

uint32_t keys_hash(uint64_t seed, const void *key, size_t len);

/*
 * Are these the encodings of so many fields, as every key is? For what was read from a snapshot: of
 * keys that are, none is the beginning of another, and who sorts them counts on that.
 */
bool keys_is_key(const void *key, size_t len, size_t n_columns);

static inline const unsigned char *keys_at(const struct keys *keys, size_t i, uint32_t *len)
{
    *len = keys->start[i + 1] - keys->start[i];
    return (const unsigned char *)keys->bytes.data + keys->start[i];
}

#endif
