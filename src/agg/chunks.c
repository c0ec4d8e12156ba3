#include "agg/chunks.h"

/* The largest is 2040 bytes in all: so 2, 4, 8 ... of them fill the arena's own chunks. */
enum { FIRST_CHUNK = 32, LARGEST_CHUNK = 2040 - sizeof(struct chunk), MOST_LOOKS = 64 };

/*
 * They come back in the order in which they were taken, so what is alike finds its like soon. Where
 * thousands are too small for a long piece, it is not worth a look at all of them.
 */
static struct chunk *take_spare(struct chunks *c, size_t bytes)
{
    struct chunk **link = &c->spare;
    for (int i = 0; i < MOST_LOOKS && *link != NULL; i++, link = &(*link)->next) {
        struct chunk *chunk = *link;
        if (chunk->size >= bytes) {
            *link = chunk->next;
            return chunk;
        }
    }
    return NULL;
}

static struct chunk *new_chunk(struct chunks *c, size_t bytes, struct arena *arena)
{
    size_t size = c->used == NULL ? FIRST_CHUNK : 2 * c->used->size;
    if (size > LARGEST_CHUNK)
        size = LARGEST_CHUNK;
    if (size < bytes)
        size = (bytes + 7) & ~(size_t)7;
    struct chunk *chunk = arena_alloc(arena, sizeof(struct chunk) + size);
    chunk->size = size;
    return chunk;
}

char *chunks_take_slow(struct chunks *c, size_t bytes, struct arena *arena)
{
    struct chunk *chunk = take_spare(c, bytes);
    if (chunk == NULL)
        chunk = new_chunk(c, bytes, arena);
    chunk->used = bytes;
    /* A long piece that leaves less room than the current chunk has is not worth giving that up. */
    if (c->used != NULL && chunk->size - chunk->used < c->used->size - c->used->used) {
        chunk->next = c->used->next;
        c->used->next = chunk;
    } else {
        chunk->next = c->used;
        c->used = chunk;
    }
    return chunk->data;
}

void chunks_reset(struct chunks *c)
{
    while (c->used != NULL) {
        struct chunk *chunk = c->used;
        c->used = chunk->next;
        chunk->next = c->spare;
        c->spare = chunk;
    }
}
