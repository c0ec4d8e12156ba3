/*
 * verdict/replay.h - records that were there before (--position): those of a replayable log that
 * starts again further back than we are.
 *
 * A position is a number that grows within a source (an offset of Kafka's, a sequence number). A
 * record whose position is not above the last one of its source is replayed: it is counted, and
 * touches nothing. One that is too broken to have a position goes with the record before it.
 */
#ifndef VERDICT_REPLAY_H
#define VERDICT_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/value.h"
#include "engine/keys.h"

struct replay;

struct replay *replay_new(uint64_t key_seed);
void replay_free(struct replay *replay); /* may be NULL */

/*
 * Was the record of this source (NULL, 0: the only one) and position there before? If not, it is
 * the last one now. Positions are numbers, compared exactly.
 */
bool replay_is_old(struct replay *replay, uint32_t hash, const unsigned char *source,
                   uint32_t source_len, const struct value *position);

/* And one without a position? */
bool replay_was_old(const struct replay *replay);

/*
 * State for a snapshot. Layout, version 1: was the last record replayed (u8), number of sources
 * (u64), each: encoded value, encoded position (counted bytes). false: damaged.
 */
enum { REPLAY_STATE_VERSION = 1 };
void replay_save(const struct replay *replay, struct buf *to);
bool replay_load(struct replay *replay, const unsigned char **at, const unsigned char *end);

/* Calls back for each source of such a state. */
bool replay_state_visit(const unsigned char **at, const unsigned char *end,
                        void (*visit)(void *context, const void *source, size_t source_len,
                                      const void *position, size_t position_len),
                        void *context);

#endif
