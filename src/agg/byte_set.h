/*
 * agg/byte_set.h - an exact set of byte strings in an arena, each with a few bytes of payload.
 *
 *     slots:   | tag, pointer | 0 | tag, pointer | ...        8 bytes each, at most 7/8 in use
 *     entry:   [payload][length: 1 byte, or 255 and 8 bytes][bytes]      packed into chunks
 *
 * Open addressing with linear probing over XXH3-64. A slot holds the entry's address in its low
 * 48 bits (all that a Linux process has) and the hash's high 16 bits above, so that hardly any
 * probe touches an entry that is not the one.
 *
 * The slots double. An arena cannot take the old ones back, so they stay, and as many are set
 * beside them; then all entries are put in again:
 *
 *     part 0: slots 0..3    part 1: slots 4..7    part 2: slots 8..15    part 3: slots 16..31 ...
 *
 * In all a string costs its bytes and 10 to 19 more. A big set is a cache miss for the slot and
 * one for the entry; who has many strings to put says so beforehand and waits for them together:
 *
 *     hash all, byte_set_expect() all, byte_set_expect_entry() all, byte_set_put() all
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
    uint64_t **parts;
    uint32_t n_slots, payload_bytes;
    uint32_t n, n_gone; /* entries; those among them that who put them counts as gone */
    struct chunks entries;
};

uint64_t byte_set_hash(const void *bytes, size_t len);

/* Start to fetch the slot, and then what it points to, that byte_set_put() will look at. */
void byte_set_expect(const struct byte_set *s, uint64_t hash);
void byte_set_expect_entry(const struct byte_set *s, uint64_t hash);

/* The payload of the entry for bytes[0..len) with that hash, zeroed if it was added just now. Never
 * moves; not aligned. */
char *byte_set_put(struct byte_set *s, uint64_t hash, const void *bytes, size_t len,
                   struct arena *arena);

/* The payload of the entry, or NULL if there is none. */
char *byte_set_get(const struct byte_set *s, uint64_t hash, const void *bytes, size_t len);

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
