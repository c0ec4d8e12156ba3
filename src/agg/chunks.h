/*
 * agg/chunks.h - memory that grows piece by piece in an arena and can be used again.
 *
 * What an accumulator collects (samples, set entries) is appended to chunks that grow with it.
 * Nothing is ever moved or abandoned, as it would be in an array that doubles: at the end of a big
 * window that array would have cost three times its contents.
 */
#ifndef AGG_CHUNKS_H
#define AGG_CHUNKS_H

#include <stddef.h>

#include "base/arena.h"

struct chunk {
    struct chunk *next;
    size_t size, used; /* bytes of data[]; a spare one's `used` means nothing */
    char data[];
};

/* {0} is empty. Walk it by `for (c = chunks.used; c != NULL; c = c->next)`: no order is promised
 * among chunks, and within one the pieces stand as they were taken, without gaps. */
struct chunks {
    struct chunk *used;  /* the one being filled first */
    struct chunk *spare; /* to be used again */
};

char *chunks_take_slow(struct chunks *c, size_t bytes, struct arena *arena);

/* Room for a piece of `bytes`; aligned to 8 if all pieces are multiples of 8. */
static inline char *chunks_take(struct chunks *c, size_t bytes, struct arena *arena)
{
    struct chunk *chunk = c->used;
    if (chunk == NULL || chunk->size - chunk->used < bytes)
        return chunks_take_slow(c, bytes, arena);
    char *piece = chunk->data + chunk->used;
    chunk->used += bytes;
    return piece;
}

/* Empty, all chunks to be used again. */
void chunks_reset(struct chunks *c);

#endif
