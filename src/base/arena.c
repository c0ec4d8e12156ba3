#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#include "base/books.h"
#include "base/memory.h"

enum { FIRST_CHUNK = 256, LARGEST_CHUNK = 1 << 20 };

struct arena_chunk {
    struct arena_chunk *older;
    struct arena_chunk *oldest; /* of the newest chunk: the end of the list */
    size_t bytes;               /* header included */
};

static void add_chunk(struct arena *a, size_t bytes)
{
    size_t size = a->chunk == NULL ? FIRST_CHUNK : a->chunk->bytes * 2;
    if (size > LARGEST_CHUNK)
        size = LARGEST_CHUNK;
    if (size < bytes + sizeof(struct arena_chunk))
        size = bytes + sizeof(struct arena_chunk);
    struct arena_chunk *chunk = memory_alloc(size);
    chunk->older = a->chunk;
    chunk->oldest = a->chunk == NULL ? chunk : a->chunk->oldest;
    chunk->bytes = size;
    a->chunk = chunk;
    a->next = (char *)(chunk + 1);
    a->limit = (char *)chunk + size;
    a->bytes += size;
    books_enter(size);
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    bytes = (bytes + 7) & ~(size_t)7;
    if ((size_t)(a->limit - a->next) < bytes)
        add_chunk(a, bytes);
    void *p = a->next;
    a->next += bytes;
    return p;
}

char *arena_copy(struct arena *a, const void *bytes, size_t len)
{
    char *copy = arena_alloc(a, len + 1);
    if (len > 0)
        memcpy(copy, bytes, len);
    copy[len] = '\0';
    return copy;
}

static void free_chunks(struct arena_chunk *chunk)
{
    while (chunk != NULL) {
        struct arena_chunk *older = chunk->older;
        books_take_off(chunk->bytes);
        free(chunk);
        chunk = older;
    }
}

void arena_free(struct arena *a)
{
    free_chunks(a->chunk);
    *a = (struct arena){0};
}

void arena_adopt(struct arena *a, struct arena *other)
{
    if (other->chunk == NULL)
        return;
    if (a->chunk == NULL) {
        *a = *other;
    } else { /* behind the newest, in which we go on */
        a->chunk->oldest->older = other->chunk;
        a->chunk->oldest = other->chunk->oldest;
        a->bytes += other->bytes;
    }
    *other = (struct arena){0};
}

void arena_reset(struct arena *a)
{
    if (a->chunk == NULL)
        return;
    free_chunks(a->chunk->older);
    a->chunk->older = NULL;
    a->chunk->oldest = a->chunk;
    a->bytes = a->chunk->bytes;
    a->next = (char *)(a->chunk + 1);
}
