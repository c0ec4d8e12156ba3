/*
 * agg/byte_set.h - an exact set of byte strings in an arena, each with a few bytes of payload.
 *
 *     slots:   | tag, pointer | 0 | tag, pointer | ...        8 bytes each, at most 7/8 in use
 *     entry:   [payload][length: 1 byte, or 255 and 8 bytes][bytes]      packed into chunks
 *
 * Open addressing with linear probing over XXH3-64. A slot holds the entry's address in its low
 * 48 bits (all that a Linux process has) and 16 bits of the hash above, so that hardly any probe
 * touches an entry that is not the one. The slots grow by half, which leaves them 7/12 to 7/8 full;
 * outgrown ones become room for entries. In all a string costs its bytes and 10.2 to 14.7 more.
 */
#ifndef AGG_BYTE_SET_H
#define AGG_BYTE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agg/chunks.h"
#include "base/arena.h"

/* {0} is empty; set payload_bytes before the first byte_set_put(). */
struct byte_set {
    uint64_t *slots;
    uint32_t n_slots, payload_bytes;
    uint64_t n;
    struct chunks entries;
};

/* The payload of the entry for bytes[0..len), zeroed if it was added just now. Never moves; not
 * aligned. */
char *byte_set_put(struct byte_set *s, const void *bytes, size_t len, struct arena *arena);

/* Empty, keeping its memory. */
void byte_set_reset(struct byte_set *s);

struct byte_set_entry {
    const char *payload;
    const unsigned char *bytes;
    size_t len;
};

/* The entry behind a payload that byte_set_put() returned. */
struct byte_set_entry byte_set_entry(const struct byte_set *s, const char *payload);

/* Steps through all entries, in no promised order: start with {0}; false at the end. */
struct byte_set_cursor {
    const struct chunk *chunk;
    size_t at;
    bool started;
};
bool byte_set_next(const struct byte_set *s, struct byte_set_cursor *cursor,
                   struct byte_set_entry *entry);

#endif
