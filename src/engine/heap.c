#include "engine/heap.h"

#include <stdlib.h>

#include "base/memory.h"

void heap_push(struct heap *heap, int64_t time_ns, void *owner)
{
    if (heap->n == heap->capacity) {
        heap->capacity = heap->capacity ? heap->capacity * 2 : 64;
        heap->timers = memory_realloc(heap->timers, heap->capacity * sizeof *heap->timers);
    }
    size_t at = heap->n++;
    while (at > 0 && heap->timers[(at - 1) / 2].time_ns > time_ns) {
        heap->timers[at] = heap->timers[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap->timers[at] = (struct timer){time_ns, owner};
}

struct timer heap_pop(struct heap *heap)
{
    struct timer first = heap->timers[0];
    struct timer last = heap->timers[--heap->n];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= heap->n)
            break;
        if (child + 1 < heap->n && heap->timers[child + 1].time_ns < heap->timers[child].time_ns)
            child++;
        if (heap->timers[child].time_ns >= last.time_ns)
            break;
        heap->timers[at] = heap->timers[child];
        at = child;
    }
    heap->timers[at] = last;
    return first;
}

void heap_free(struct heap *heap)
{
    free(heap->timers);
    *heap = (struct heap){0};
}
