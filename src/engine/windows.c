#include "engine/windows.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/wire.h"

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

/* Lays the array out anew, with room at both ends. */
static void make_room(struct windows *windows)
{
    size_t capacity = windows->n < 8 ? 16 : windows->n * 2;
    struct window **memory = memory_calloc(capacity, sizeof(struct window *));
    struct window **at = memory + (capacity - windows->n) / 2;
    if (windows->n > 0)
        memcpy(at, windows->at, windows->n * sizeof(struct window *));
    free(windows->memory);
    windows->memory = memory;
    windows->at = at;
    windows->capacity = capacity;
}

/* Opens a gap: whichever side of it is shorter moves, so that neither end is dear. */
static void open_gap(struct windows *windows, size_t place)
{
    bool front = place < windows->n / 2;
    size_t head = (size_t)(windows->at - windows->memory);
    if (front ? head == 0 : head + windows->n >= windows->capacity)
        make_room(windows);
    if (front) {
        memmove(windows->at - 1, windows->at, place * sizeof(struct window *));
        windows->at--;
    } else {
        memmove(&windows->at[place + 1], &windows->at[place],
                (windows->n - place) * sizeof(struct window *));
    }
    windows->n++;
}

struct window *windows_insert(struct windows *windows, size_t place,
                              const struct window_bounds *bounds, size_t acc_bytes)
{
    struct window *w = memory_alloc(sizeof *w);
    *w = (struct window){.bounds = *bounds};
    table_init(&w->table, acc_bytes);
    open_gap(windows, place);
    windows->at[place] = w;
    return w;
}

static void free_window(struct window *w)
{
    table_free(&w->table);
    free(w->fresh);
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

/* Each window: start, end (i64), number of cells (u64); each of these: key, cell. */
void windows_save(const struct windows *windows, const struct panes *panes, struct buf *to)
{
    for (size_t i = 0; i < windows->n; i++) {
        const struct window *w = windows->at[i];
        wire_put_i64(to, w->bounds.start_ns);
        wire_put_i64(to, w->bounds.end_ns);
        wire_put_u64(to, w->table.n);
        for (uint32_t c = 0; c < w->table.n; c++) {
            const struct cell *cell = table_cell(&w->table, c);
            wire_put_bytes(to, cell_key(cell), cell->key_len);
            cell_save(panes, cell, to);
        }
    }
}

static bool load_cells(struct window *w, const struct windows_load *load, const unsigned char **at,
                       const unsigned char *end)
{
    uint64_t n;
    if (!wire_u64(at, end, &n) || n > (uint64_t)(end - *at)) /* a cell has bytes, many */
        return false;
    table_reserve(&w->table, n);
    for (uint64_t i = 0; i < n; i++) {
        const void *key;
        size_t key_len;
        bool made;
        if (!wire_bytes(at, end, &key, &key_len) || key_len > UINT32_MAX)
            return false;
        struct cell *cell = table_get(&w->table, keys_hash(load->key_seed, key, key_len), key,
                                      (uint32_t)key_len, &made);
        if (!made)
            return false;
        pane_start(load->panes, cell);
        if (!cell_load(load->panes, cell, at, end, &w->table.arena))
            return false;
    }
    return true;
}

bool windows_load(struct windows *windows, uint64_t n, const struct windows_load *load,
                  const unsigned char **at, const unsigned char *end)
{
    for (uint64_t i = 0; i < n; i++) {
        struct window_bounds bounds;
        size_t place;
        if (!wire_i64(at, end, &bounds.start_ns) || !wire_i64(at, end, &bounds.end_ns))
            return false;
        if (windows_find(windows, &bounds, &place) || place != windows->n) /* not in order */
            return false;
        if (!load_cells(windows_insert(windows, place, &bounds, load->acc_bytes), load, at, end))
            return false;
    }
    return true;
}
