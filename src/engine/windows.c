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

static bool starts_before(const struct windows_run *run, const struct window_bounds *bounds)
{
    return before(&run->at[0]->bounds, bounds);
}

/* The last run that starts before the bounds, or the first one. */
static size_t find_run(const struct windows *windows, const struct window_bounds *bounds)
{
    size_t low = 0, high = windows->n_runs;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (starts_before(&windows->runs[middle], bounds))
            low = middle;
        else
            high = middle;
    }
    return low;
}

static size_t find_in_run(const struct windows_run *run, const struct window_bounds *bounds)
{
    size_t low = 0, high = run->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (before(&run->at[middle]->bounds, bounds))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool windows_find(const struct windows *windows, const struct window_bounds *bounds, size_t *place)
{
    *place = 0;
    if (windows->n == 0)
        return false;
    size_t r = find_run(windows, bounds);
    const struct windows_run *run = &windows->runs[r];
    size_t in_run = find_in_run(run, bounds);
    for (size_t i = 0; i < r; i++)
        *place += windows->runs[i].n;
    *place += in_run;
    if (in_run == run->n && r + 1 < windows->n_runs) { /* the next one's first may be it */
        in_run = 0;
        run++;
    }
    return in_run < run->n && !before(bounds, &run->at[in_run]->bounds);
}

struct window *windows_holding(const struct windows *windows, int64_t t_ns)
{
    size_t place;
    const struct window_bounds behind = {t_ns, INT64_MAX};
    if (windows_find(windows, &behind, &place))
        return windows_at(windows, place);
    struct window *last = place == 0 ? NULL : windows_at(windows, place - 1);
    if (last == NULL || (last->bounds.end_ns <= t_ns && last->bounds.end_ns != INT64_MAX))
        return NULL;
    return last;
}

/* Lays the run out anew, with room at both ends. */
static void make_room(struct windows_run *run)
{
    size_t capacity = run->n < 8 ? 16 : run->n * 2;
    struct window **memory = memory_calloc(capacity, sizeof(struct window *));
    struct window **at = memory + (capacity - run->n) / 2;
    if (run->n > 0)
        memcpy(at, run->at, run->n * sizeof(struct window *));
    free(run->memory);
    run->memory = memory;
    run->at = at;
    run->capacity = capacity;
}

/* Opens a gap: whichever side of it is shorter moves, so that neither end is dear. */
static void open_gap(struct windows_run *run, size_t place)
{
    bool front = place < run->n / 2;
    size_t head = (size_t)(run->at - run->memory);
    if (front ? head == 0 : head + run->n >= run->capacity)
        make_room(run);
    if (front) {
        memmove(run->at - 1, run->at, place * sizeof(struct window *));
        run->at--;
    } else {
        memmove(&run->at[place + 1], &run->at[place], (run->n - place) * sizeof(struct window *));
    }
    run->n++;
}

/* Puts a new, empty run in its place. */
static struct windows_run *add_run(struct windows *windows, size_t r)
{
    size_t head = (size_t)(windows->runs - windows->memory);
    if (head + windows->n_runs >= windows->capacity) {
        size_t capacity = windows->n_runs * 2 + 1;
        struct windows_run *memory = memory_calloc(capacity, sizeof *memory);
        if (windows->n_runs > 0)
            memcpy(memory, windows->runs, windows->n_runs * sizeof *memory);
        free(windows->memory);
        windows->memory = windows->runs = memory;
        windows->capacity = capacity;
    }
    memmove(&windows->runs[r + 1], &windows->runs[r],
            (windows->n_runs - r) * sizeof *windows->runs);
    windows->n_runs++;
    windows->runs[r] = (struct windows_run){0};
    return &windows->runs[r];
}

/* Those behind the first `keep` of run r become a run of their own. */
static void split(struct windows *windows, size_t r, size_t keep)
{
    struct windows_run *behind = add_run(windows, r + 1), *run = behind - 1;
    *behind = (struct windows_run){.at = run->at + keep, .n = run->n - keep};
    make_room(behind);
    run->n = keep;
}

/* The run in which there is room for one more at *place, which becomes the one in the run. */
static struct windows_run *run_for(struct windows *windows, size_t *place)
{
    enum { LONGEST = 4096 };
    size_t r = 0;
    if (windows->n_runs == 0)
        return add_run(windows, 0);
    for (; *place > windows->runs[r].n; r++)
        *place -= windows->runs[r].n;
    size_t n = windows->runs[r].n;
    if (n < LONGEST)
        return &windows->runs[r];
    bool last = *place == n && r + 1 == windows->n_runs, first = *place == 0;
    size_t keep = last ? n : first ? 0 : n / 2; /* input in order leaves full runs behind */
    split(windows, r, keep);
    if (*place <= keep && !last)
        return &windows->runs[r];
    *place -= keep;
    return &windows->runs[r + 1];
}

struct window *windows_insert(struct windows *windows, size_t place,
                              const struct window_bounds *bounds, size_t acc_bytes)
{
    struct window *w = memory_alloc(sizeof *w);
    *w = (struct window){.bounds = *bounds, .number = ++windows->made};
    table_init(&w->table, acc_bytes);
    struct windows_run *run = run_for(windows, &place);
    open_gap(run, place);
    run->at[place] = w;
    windows->n++;
    return w;
}

static void free_window(struct window *w)
{
    table_free(&w->table);
    free(w->fresh);
    free(w);
}

size_t windows_cells(const struct windows *windows)
{
    size_t n = 0;
    for (size_t r = 0; r < windows->n_runs; r++)
        for (size_t i = 0; i < windows->runs[r].n; i++)
            n += windows->runs[r].at[i]->table.n;
    return n;
}

void windows_list(const struct windows *windows, struct window **to)
{
    for (size_t r = 0; r < windows->n_runs; r++)
        for (size_t i = 0; i < windows->runs[r].n; i++)
            *to++ = windows->runs[r].at[i];
}

void windows_drop_first(struct windows *windows)
{
    struct windows_run *run = windows->runs;
    free_window(run->at[0]);
    run->at++;
    run->n--;
    windows->n--;
    if (run->n > 0 || windows->n_runs == 1)
        return;
    free(run->memory);
    windows->runs++;
    windows->n_runs--;
}

void windows_free(struct windows *windows)
{
    for (size_t r = 0; r < windows->n_runs; r++) {
        for (size_t i = 0; i < windows->runs[r].n; i++)
            free_window(windows->runs[r].at[i]);
        free(windows->runs[r].memory);
    }
    free(windows->memory);
    *windows = (struct windows){.made = windows->made};
}

/* Each window: start, end (i64), number of cells (u64). */
void windows_save(const struct windows *windows, struct buf *to)
{
    for (size_t r = 0; r < windows->n_runs; r++) {
        for (size_t i = 0; i < windows->runs[r].n; i++) {
            const struct window *w = windows->runs[r].at[i];
            wire_put_i64(to, w->bounds.start_ns);
            wire_put_i64(to, w->bounds.end_ns);
            wire_put_u64(to, w->table.n);
        }
    }
}

bool windows_load(struct windows *windows, uint64_t n, size_t acc_bytes, const unsigned char **at,
                  const unsigned char *end)
{
    for (uint64_t i = 0; i < n; i++) {
        struct window_bounds bounds;
        uint64_t cells;
        size_t place;
        if (!wire_i64(at, end, &bounds.start_ns) || !wire_i64(at, end, &bounds.end_ns) ||
            !wire_u64(at, end, &cells) || cells > UINT32_MAX)
            return false;
        if (windows_find(windows, &bounds, &place) || place != windows->n) /* not in order */
            return false;
        windows_insert(windows, place, &bounds, acc_bytes)->saved_cells = (uint32_t)cells;
    }
    return true;
}
