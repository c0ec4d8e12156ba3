/*
 * agg/value_set.h - a byte_set of canonical encodings, with a uint64_t count beside each or without
 * payload (payload_bytes 8 or 0): what distinct, topk and mode keep.
 */
#ifndef AGG_VALUE_SET_H
#define AGG_VALUE_SET_H

#include <stdbool.h>

#include "agg/agg.h"
#include "agg/byte_set.h"
#include "base/buf.h"

/* agg_ops.add, merge and reset for an accumulator that is such a set, or begins with one. */
void value_set_add(const struct agg *agg, const struct agg_rows *rows, const struct value *column);
void value_set_merge(const struct agg *agg, void *into, const void *from, struct arena *arena);
void value_set_reset(const struct agg *agg, void *acc);

/*
 * A running state: a counted set in which values of count 0 stay, as gone, until it starts anew.
 * What enters may be counted or not; then a value counts one for each set that has it.
 */
extern const struct agg_running value_set_running;

/*
 * The same for a larger state that has `set` in it. moved(), if it is not NULL, is told of each
 * value whose count was another one `before`.
 */
typedef void value_set_moved(void *context, const char *payload, uint64_t before);
/* As value_set_add(); the context is the accumulator. */
void value_set_add_moved(const struct agg *agg, const struct agg_rows *rows,
                         const struct value *column, value_set_moved *moved);
void value_set_enter(struct byte_set *set, const struct byte_set *from, struct arena *arena,
                     value_set_moved *moved, void *context);
void value_set_leave(struct byte_set *set, const struct byte_set *from, struct arena *arena,
                     value_set_moved *moved, void *context);

/* How many values are in it. */
static inline uint32_t value_set_size(const struct byte_set *s)
{
    return s->n - s->n_gone;
}

/* In a snapshot: u64 n, n times { encoding, u64 count if counted } */
void value_set_save(const struct agg *agg, const void *acc, struct buf *to);
bool value_set_load(const struct agg *agg, void *acc, const unsigned char **at,
                    const unsigned char *end, struct arena *arena);

static inline uint64_t value_set_count(const char *payload)
{
    uint64_t count;
    memcpy(&count, payload, sizeof count);
    return count;
}

#endif
