/*
 * base/arena.h - memory that dies all at once.
 *
 *     struct arena a = {0};
 *     p = arena_alloc(&a, n);      any number of times
 *     arena_free(&a);              everything goes; a is empty and usable again
 *
 * A window owns one: its keys, cells and what its accumulators grow into go with it. Chunks double
 * from 256 bytes to 1 MiB, so an arena for a single small session costs little and one for a
 * million keys is a few hundred chunks. There is no freeing of single pieces: something that grows
 * (a hash set) abandons its old piece, which at doubling costs at most as much again.
 * Not thread-safe; an arena belongs to one thread.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *chunk; /* the newest; older ones hang behind it */
    char *next, *limit;
    size_t bytes; /* held from the heap, for the books */
};

/* Aligned to 8 bytes, uninitialised, never NULL (see base/memory.h). */
void *arena_alloc(struct arena *a, size_t bytes);

/* A copy of `len` bytes, with a NUL behind them. */
char *arena_copy(struct arena *a, const void *bytes, size_t len);

void arena_free(struct arena *a);

/* Takes over all that the other one holds: it stays where it is, and dies with this one. */
void arena_adopt(struct arena *a, struct arena *other);

/* Forgets everything but keeps the newest chunk: for scratch memory used batch after batch. */
void arena_reset(struct arena *a);

#endif
