#include "engine/fill.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/wire.h"
#include "engine/keys.h"

struct known {
    int64_t first_ns;   /* start of its first window */
    int64_t seen_at_ns; /* W when it was first seen */
    uint32_t empty;     /* windows in a row, at most FILL_ROWS_MAX */
};

struct fill {
    const struct window_spec *spec;
    struct table keys;
    uint32_t n_full; /* keys with FILL_ROWS_MAX empty windows in a row */
    bool has_next;
    struct window_bounds next;
    uint64_t skipped;
};

struct fill *fill_new(const struct window_spec *spec)
{
    struct fill *f = memory_calloc(1, sizeof *f);
    f->spec = spec;
    table_init(&f->keys, sizeof(struct known));
    return f;
}

void fill_free(struct fill *f)
{
    if (f == NULL)
        return;
    table_free(&f->keys);
    free(f);
}

static struct known *known_of(struct cell *cell)
{
    return (void *)cell_accs(cell);
}

/* The first window of the grid that W has not passed. */
static bool first_after(const struct fill *f, int64_t w_ns, struct window_bounds *bounds)
{
    if (w_ns == INT64_MAX)
        return false;
    /* Of the windows that hold W itself: the one that ends first. */
    bool any = window_at(f->spec, w_ns, 0, bounds);
    struct window_bounds earlier;
    for (int64_t k = 1; any && window_at(f->spec, w_ns, k, &earlier); k++)
        *bounds = earlier;
    return any || window_after(f->spec, w_ns, bounds); /* between two windows */
}

void fill_see(struct fill *f, uint32_t hash, const unsigned char *key, uint32_t key_len,
              const struct window_bounds *first, int64_t w_ns)
{
    bool made;
    struct known *known = known_of(table_get(&f->keys, hash, key, key_len, &made));
    if (made)
        *known = (struct known){.first_ns = first->start_ns, .seen_at_ns = w_ns};
    else if (first->start_ns >= known->first_ns)
        return;
    known->first_ns = first->start_ns;
    struct window_bounds next = *first;
    bool any = first->end_ns > w_ns || first_after(f, w_ns, &next);
    if (any && (!f->has_next || next.start_ns < f->next.start_ns)) {
        f->has_next = true;
        f->next = next;
    }
}

bool fill_next(const struct fill *f, struct window_bounds *bounds)
{
    *bounds = f->next;
    return f->has_next;
}

uint32_t fill_keys(const struct fill *f)
{
    return f->keys.n;
}

/*
 * Windows that begin before the first of all times have one start, and none of them is ever empty:
 * a key whose first window ends before has a record in it, and is not asked for where that begins
 * later.
 */
const struct cell *fill_key(const struct fill *f, uint32_t i)
{
    struct cell *cell = table_cell(&f->keys, i);
    const struct known *known = known_of(cell);
    bool own = f->next.start_ns != INT64_MIN && known->first_ns <= f->next.start_ns &&
               known->seen_at_ns < f->next.end_ns;
    return own ? cell : NULL;
}

bool fill_note(struct fill *f, uint32_t i, bool has_record)
{
    struct known *known = known_of(table_cell(&f->keys, i));
    if (has_record) {
        f->n_full -= known->empty == FILL_ROWS_MAX;
        known->empty = 0;
        return false;
    }
    if (known->empty == FILL_ROWS_MAX) {
        f->skipped++;
        return false;
    }
    f->n_full += ++known->empty == FILL_ROWS_MAX;
    return true;
}

/*
 * The earlier of that time and the first start of a window that a key which is not full has, as
 * fill_key() says; of what starts before the next window any is as good.
 */
static i128 first_wanted(const struct fill *f, i128 before_ns)
{
    if (f->n_full == f->keys.n)
        return before_ns;
    for (uint32_t i = 0; i < f->keys.n && before_ns > f->next.start_ns; i++) {
        const struct known *known = known_of(table_cell(&f->keys, i));
        i128 unseen_ns = (i128)known->seen_at_ns - f->spec->size_ns + 1;
        i128 first_ns = known->first_ns > unseen_ns ? known->first_ns : unseen_ns;
        if (known->empty < FILL_ROWS_MAX && first_ns < before_ns)
            before_ns = first_ns;
    }
    return before_ns;
}

void fill_step(struct fill *f, int64_t w_ns, int64_t before_ns)
{
    int64_t start_ns = f->next.start_ns;
    f->has_next = window_after(f->spec, start_ns, &f->next);
    if (!f->has_next || f->spec->kind == WINDOW_CALENDAR)
        return;
    /* Windows as a number of slides, before one that has its own records, or has not passed. */
    int64_t slide_ns = f->spec->slide_ns;
    i128 to_before = first_wanted(f, before_ns) - f->next.start_ns,
         to_w = (i128)w_ns - f->next.end_ns;
    i128 before = to_before <= 0 ? 0 : (to_before + slide_ns - 1) / slide_ns;
    i128 passed = to_w < 0 ? 0 : to_w / slide_ns + 1;
    i128 skipped = before < passed ? before : passed;
    if (skipped == 0)
        return;
    f->skipped += (uint64_t)skipped * f->n_full; /* of others they are none */
    f->has_next =
        window_after(f->spec, (int64_t)(f->next.start_ns + (skipped - 1) * slide_ns), &f->next);
}

uint64_t fill_skipped(const struct fill *f)
{
    return f->skipped;
}

void fill_save(const struct fill *f, struct buf *to)
{
    wire_put_u8(to, f->has_next);
    wire_put_i64(to, f->next.start_ns);
    wire_put_i64(to, f->next.end_ns);
    wire_put_u64(to, f->skipped);
    wire_put_u64(to, f->keys.n);
    for (uint32_t i = 0; i < f->keys.n; i++) {
        struct cell *cell = table_cell(&f->keys, i);
        const struct known *known = known_of(cell);
        wire_put_bytes(to, cell_key(cell), cell->key_len);
        wire_put_i64(to, known->first_ns);
        wire_put_i64(to, known->seen_at_ns);
        wire_put_u32(to, known->empty);
    }
}

bool fill_load(struct fill *f, uint64_t key_seed, size_t n_keys, const unsigned char **at,
               const unsigned char *end)
{
    uint8_t has_next;
    uint64_t n;
    if (!wire_u8(at, end, &has_next) || !wire_i64(at, end, &f->next.start_ns) ||
        !wire_i64(at, end, &f->next.end_ns) || !wire_u64(at, end, &f->skipped) ||
        !wire_u64(at, end, &n) || (has_next && !window_is(f->spec, &f->next)))
        return false;
    f->has_next = has_next != 0;
    for (uint64_t i = 0; i < n; i++) {
        const void *key;
        size_t len;
        struct known loaded;
        bool made;
        if (!wire_bytes(at, end, &key, &len) || len > UINT32_MAX ||
            !keys_is_key(key, len, n_keys) || !wire_i64(at, end, &loaded.first_ns) ||
            !wire_i64(at, end, &loaded.seen_at_ns) || !wire_u32(at, end, &loaded.empty) ||
            loaded.empty > FILL_ROWS_MAX)
            return false;
        struct cell *cell =
            table_get(&f->keys, keys_hash(key_seed, key, len), key, (uint32_t)len, &made);
        if (!made)
            return false;
        *known_of(cell) = loaded;
        f->n_full += loaded.empty == FILL_ROWS_MAX;
    }
    return true;
}
