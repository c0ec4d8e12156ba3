/*
 * engine/dedup.h - the ids that are remembered (--dedup), each until its time has come.
 *
 *     slots     [ hash | index ] ...     open addressing, linear probing, power of two
 *                        |
 *     entries   [entry] [free] [entry]   an id's place in the log, when it is to be forgotten
 *                  |
 *     log       id key id key ...        copied together when half of it is dead
 *
 *     line      of (time, entry), in order; what does not come in order, and what is kept for
 *               longer, stands in a heap
 *
 * Nothing is allocated for a single id, and what is forgotten gives its memory back to those that
 * come, so memory follows the ids of the time that windows are open, not of the input.
 */
#ifndef ENGINE_DEDUP_H
#define ENGINE_DEDUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct dedup;

struct dedup *dedup_new(void);
void dedup_free(struct dedup *d); /* may be NULL */

/* An id, and which record it came with. Views that the memory hands out live until it changes. */
struct dedup_id {
    uint32_t hash; /* keys_hash() of the id */
    uint32_t len, key_len;
    const unsigned char *id, *key; /* encoded; no key where it tells nothing */
    int64_t time_ns;
};

bool dedup_holds(const struct dedup *d, uint32_t hash, const unsigned char *id, uint32_t len);
/* *found: what it came with. False: it is not held. */
bool dedup_find(const struct dedup *d, uint32_t hash, const unsigned char *id, uint32_t len,
                struct dedup_id *found);

/* Who knows that it will ask for an id soon says so. */
void dedup_prefetch(const struct dedup *d, uint32_t hash);

/*
 * Remembers an id; at until_ns it may be forgotten. One that it holds, of a record that counts no
 * more, came with this one now; its time stays what it was.
 */
void dedup_add(struct dedup *d, const struct dedup_id *id, int64_t until_ns);

/* When the time of the first one comes; INT64_MAX: it holds none, or none that comes. */
int64_t dedup_next_ns(const struct dedup *d);

/* The one whose time comes first; false: it holds none. */
bool dedup_first(const struct dedup *d, struct dedup_id *id, int64_t *until_ns);
void dedup_forget_first(struct dedup *d);
void dedup_keep_first(struct dedup *d, int64_t until_ns); /* until then */

size_t dedup_bytes(const struct dedup *d);  /* about as many as dedup_save() writes */
size_t dedup_memory(const struct dedup *d); /* that it takes of the heap */

/*
 * State for a snapshot. Layout, version 1: number of ids (u64); each: id, key (counted bytes), time
 * of its record, until when (i64). dedup_load() wants an empty memory; false: damaged.
 */
enum { DEDUP_STATE_VERSION = 1 };
void dedup_save(const struct dedup *d, struct buf *to);
bool dedup_load(struct dedup *d, uint64_t key_seed, const unsigned char **at,
                const unsigned char *end);

#endif
