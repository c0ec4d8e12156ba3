/*
 * agg/value_set.h - a byte_set of canonical encodings, with a uint64_t count beside each or without
 * payload, to and from a snapshot:
 *
 *     u64 n, n times { encoding, u64 count if counted }
 */
#ifndef AGG_VALUE_SET_H
#define AGG_VALUE_SET_H

#include <stdbool.h>

#include "agg/byte_set.h"
#include "base/buf.h"

void value_set_save(const struct byte_set *s, struct buf *to);

/* s is empty, its payload_bytes set (0 or 8). */
bool value_set_load(struct byte_set *s, const unsigned char **at, const unsigned char *end,
                    struct arena *arena);

static inline uint64_t value_set_count(const char *payload)
{
    uint64_t count;
    memcpy(&count, payload, sizeof count);
    return count;
}

static inline void value_set_add_count(char *payload, uint64_t more)
{
    more += value_set_count(payload);
    memcpy(payload, &more, sizeof more);
}

#endif
