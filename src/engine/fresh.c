#include "engine/fresh.h"

#include <stdlib.h>

#include "base/memory.h"

static void list_window(struct fresh *fresh, struct window *w)
{
    if (fresh->n == fresh->capacity) {
        fresh->capacity = fresh->capacity > 0 ? fresh->capacity * 2 : 16;
        fresh->windows = memory_realloc(fresh->windows, fresh->capacity * sizeof(struct window *));
    }
    fresh->windows[fresh->n++] = w;
    w->fresh_place = fresh->n;
}

void fresh_note(struct fresh *fresh, struct window *w, struct cell *cell)
{
    if (w->n_fresh == w->fresh_capacity) {
        w->fresh_capacity = w->fresh_capacity > 0 ? w->fresh_capacity * 2 : 8;
        w->fresh = memory_realloc(w->fresh, w->fresh_capacity * sizeof(struct cell *));
    }
    w->fresh[w->n_fresh++] = cell;
    if (w->fresh_place == 0)
        list_window(fresh, w);
}

void fresh_forget(struct fresh *fresh, struct window *w)
{
    w->n_fresh = 0;
    if (w->fresh_place == 0)
        return;
    struct window *last = fresh->windows[--fresh->n];
    fresh->windows[w->fresh_place - 1] = last;
    last->fresh_place = w->fresh_place;
    w->fresh_place = 0;
}

static int compare(const void *pa, const void *pb)
{
    const struct window *a = *(struct window *const *)pa, *b = *(struct window *const *)pb;
    if (a->bounds.end_ns != b->bounds.end_ns)
        return a->bounds.end_ns < b->bounds.end_ns ? -1 : 1;
    return (a->bounds.start_ns > b->bounds.start_ns) - (a->bounds.start_ns < b->bounds.start_ns);
}

void fresh_sort(struct fresh *fresh)
{
    if (fresh->n > 1)
        qsort(fresh->windows, fresh->n, sizeof(struct window *), compare);
}

void fresh_clear(struct fresh *fresh)
{
    for (size_t i = 0; i < fresh->n; i++) {
        fresh->windows[i]->n_fresh = 0;
        fresh->windows[i]->fresh_place = 0;
    }
    fresh->n = 0;
}

void fresh_free(struct fresh *fresh)
{
    free(fresh->windows);
    *fresh = (struct fresh){0};
}
