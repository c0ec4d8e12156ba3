/*
 * engine/heap.h - timers: a binary heap of (time, owner), the earliest first.
 *
 * There is no removal from the middle: who owns an entry recognises one that is out of date when
 * it comes up, and drops it.
 */
#ifndef ENGINE_HEAP_H
#define ENGINE_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct timer {
    int64_t time_ns;
    void *owner;
};

struct heap {
    struct timer *timers; /* timers[0] is the earliest; n of them */
    size_t n, capacity;
};

void heap_push(struct heap *heap, int64_t time_ns, void *owner);
struct timer heap_pop(struct heap *heap); /* n > 0 */
void heap_free(struct heap *heap);

#endif
