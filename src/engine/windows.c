#include "engine/windows.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Saturated starts or ends may be equal, never both. */
static bool before(const struct window_bounds *a, const struct window_bounds *b)
{
    return a->start_ns != b->start_ns ? a->start_ns < b->start_ns : a->end_ns < b->end_ns;
}

bool windows_find(const struct windows *windows, const struct window_bounds *bounds, size_t *place)
{
    size_t low = 0, high = windows->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (before(&windows->at[middle]->bounds, bounds))
            low = middle + 1;
        else
            high = middle;
    }
    *place = low;
    return low < windows->n && !before(bounds, &windows->at[low]->bounds);
}

struct window *windows_holding(const struct windows *windows, int64_t t_ns)
{
    size_t place;
    const struct window_bounds behind = {t_ns, INT64_MAX};
    if (windows_find(windows, &behind, &place))
        return windows->at[place];
    struct window *last = place == 0 ? NULL : windows->at[place - 1];
    if (last == NULL || (last->bounds.end_ns <= t_ns && last->bounds.end_ns != INT64_MAX))
        return NULL;
    return last;
}

/* Makes room for one more at the end. */
static void make_room(struct windows *windows)
{
    size_t head = (size_t)(windows->at - windows->memory);
    if (head + windows->n < windows->capacity)
        return;
    if (head <= windows->n) {
        windows->capacity = windows->capacity ? windows->capacity * 2 : 16;
        windows->memory =
            memory_realloc(windows->memory, windows->capacity * sizeof(struct window *));
        windows->at = windows->memory + head;
    } else {
        memmove(windows->memory, windows->at, windows->n * sizeof(struct window *));
        windows->at = windows->memory;
    }
}

struct window *windows_insert(struct windows *windows, size_t place,
                              const struct window_bounds *bounds, size_t acc_bytes)
{
    struct window *w = memory_alloc(sizeof *w);
    w->bounds = *bounds;
    table_init(&w->table, acc_bytes);
    make_room(windows);
    memmove(&windows->at[place + 1], &windows->at[place],
            (windows->n - place) * sizeof(struct window *));
    windows->at[place] = w;
    windows->n++;
    return w;
}

static void free_window(struct window *w)
{
    table_free(&w->table);
    free(w);
}

void windows_drop_first(struct windows *windows)
{
    free_window(windows->at[0]);
    windows->at++;
    windows->n--;
}

void windows_free(struct windows *windows)
{
    for (size_t i = 0; i < windows->n; i++)
        free_window(windows->at[i]);
    free(windows->memory);
    *windows = (struct windows){0};
}
