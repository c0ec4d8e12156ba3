#include "engine/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/books.h"
#include "base/memory.h"

enum { FIRST_SLOTS = 32 };

void table_init(struct table *table, size_t acc_bytes)
{
    *table = (struct table){.cell_bytes = (uint32_t)(sizeof(struct cell) + acc_bytes)};
}

static size_t chunk_bytes(const struct table *table, unsigned chunk)
{
    return ((size_t)TABLE_FIRST_CELLS << chunk) * table->cell_bytes;
}

static void free_slots(struct table *table)
{
    if (table->slots != NULL)
        books_take_off(((size_t)table->mask + 1) * sizeof *table->slots);
    free(table->slots);
}

void table_free(struct table *table)
{
    for (unsigned i = 0; i < sizeof table->chunks / sizeof table->chunks[0]; i++) {
        if (table->chunks[i] != NULL)
            books_take_off(chunk_bytes(table, i));
        free(table->chunks[i]);
    }
    free_slots(table);
    arena_free(&table->arena);
    table_init(table, table->cell_bytes - sizeof(struct cell));
}

static struct cell *new_cell(struct table *table)
{
    uint32_t i = table->n;
    if (i >= UINT32_MAX - TABLE_FIRST_CELLS)
        memory_exhausted(SIZE_MAX); /* four billion keys in a window */
    unsigned chunk = 31 - (unsigned)__builtin_clz(i + TABLE_FIRST_CELLS) - 4;
    if (table->chunks[chunk] == NULL) {
        table->chunks[chunk] = memory_alloc(chunk_bytes(table, chunk));
        books_enter(chunk_bytes(table, chunk));
    }
    table->n++;
    return table_cell(table, i);
}

static bool same_key(const struct cell *a, const struct cell *b)
{
    return a->key_len == b->key_len && memcmp(cell_key(a), cell_key(b), a->key_len) == 0;
}

/* Gives each cell its slot, of which there are none yet. False: two cells have one key. */
static bool fill_slots(struct table *table)
{
    enum { AHEAD = 16 };
    bool ok = true;
    for (uint32_t i = 0; i < table->n; i++) {
        if (i + AHEAD < table->n)
            table_prefetch_slot(table, table_cell(table, i + AHEAD)->hash);
        const struct cell *cell = table_cell(table, i);
        uint32_t at = cell->hash & table->mask;
        for (; table->slots[at] != 0; at = (at + 1) & table->mask) {
            uint64_t slot = table->slots[at];
            ok &= (uint32_t)(slot >> 32) != cell->hash ||
                  !same_key(table_cell(table, (uint32_t)slot - 1), cell);
        }
        table->slots[at] = (uint64_t)cell->hash << 32 | (i + 1);
    }
    return ok;
}

static bool grow(struct table *table, uint64_t slots)
{
    free_slots(table);
    table->slots = memory_calloc(slots, sizeof *table->slots);
    books_enter(slots * sizeof *table->slots);
    table->mask = (uint32_t)(slots - 1);
    return fill_slots(table);
}

struct cell *table_find(const struct table *table, uint32_t hash, const unsigned char *key,
                        uint32_t key_len)
{
    if (table->mask == 0)
        return NULL;
    for (uint32_t at = hash & table->mask; table->slots[at] != 0; at = (at + 1) & table->mask) {
        uint64_t slot = table->slots[at];
        if ((uint32_t)(slot >> 32) != hash)
            continue;
        struct cell *cell = table_cell(table, (uint32_t)slot - 1);
        if (cell->key_len == key_len && bytes_equal(cell_key(cell), key, key_len))
            return cell;
    }
    return NULL;
}

/* A small table is at most 1/4 full, so that the first slot is the right one; a large one 3/4. */
static bool is_full(const struct table *table)
{
    uint64_t parts = table_is_large(table) ? 3 : 1;
    if (table->mask == UINT32_MAX)
        return false; /* as many slots as hashes: cells run out first */
    return ((uint64_t)table->n + 1) * 4 > ((uint64_t)table->mask + 1) * parts;
}

struct cell *table_append(struct table *table, uint32_t hash, const unsigned char *key,
                          uint32_t key_len)
{
    struct cell *cell = new_cell(table);
    *cell = (struct cell){.key_len = key_len, .hash = hash, .saved = table->saved};
    if (key_len <= CELL_NEAR_KEY)
        memcpy(cell->key.near, key, key_len);
    else
        cell->key.far = (const unsigned char *)arena_copy(&table->arena, key, key_len);
    return cell;
}

bool table_index(struct table *table)
{
    uint64_t slots = FIRST_SLOTS;
    while (slots * 3 < (uint64_t)table->n * 4 && slots < (uint64_t)1 << 32)
        slots *= 2;
    return grow(table, slots);
}

static struct cell *insert(struct table *table, uint32_t hash, const unsigned char *key,
                           uint32_t key_len)
{
    if (table->mask == 0)
        grow(table, FIRST_SLOTS);
    else if (is_full(table))
        grow(table, ((uint64_t)table->mask + 1) * 2);
    struct cell *cell = table_append(table, hash, key, key_len);
    uint32_t at = hash & table->mask;
    while (table->slots[at] != 0)
        at = (at + 1) & table->mask;
    table->slots[at] = (uint64_t)hash << 32 | table->n;
    return cell;
}

struct cell *table_get_slow(struct table *table, uint32_t hash, const unsigned char *key,
                            uint32_t key_len, bool *made)
{
    struct cell *cell = table_find(table, hash, key, key_len);
    *made = cell == NULL;
    return cell != NULL ? cell : insert(table, hash, key, key_len);
}

/* The cell that a lookup will most likely end at: the first one of this hash; or NULL. */
static const struct cell *likely_cell(const struct table *table, uint32_t hash)
{
    for (uint32_t at = hash & table->mask; table->slots[at] != 0; at = (at + 1) & table->mask)
        if ((uint32_t)(table->slots[at] >> 32) == hash)
            return table_cell(table, (uint32_t)table->slots[at] - 1);
    return NULL;
}

void table_prefetch_cell(const struct table *table, uint32_t hash)
{
    const struct cell *cell = likely_cell(table, hash);
    if (cell == NULL)
        return;
    __builtin_prefetch(cell);
    __builtin_prefetch((const char *)cell + 64);
}

void table_prefetch_key(const struct table *table, uint32_t hash)
{
    const struct cell *cell = likely_cell(table, hash);
    if (cell != NULL)
        __builtin_prefetch(cell_key(cell));
}

int cell_compare_keys(const struct cell *a, const struct cell *b)
{
    size_t len = a->key_len < b->key_len ? a->key_len : b->key_len;
    return memcmp(cell_key(a), cell_key(b), len); /* no key is the beginning of another */
}

static void load_prefixes(struct sorted_cell *cells, size_t n, uint32_t depth)
{
    for (size_t i = 0; i < n; i++)
        cells[i].prefix = key_prefix(cells[i].cell, depth);
}

/*
 * Both sorts below go on by themselves with the largest part that is not in order yet, and call
 * themselves for the others, which are half of it at most: so the depth of recursion is bounded by
 * the logarithm of the number of cells, however long the keys and whatever they have in common.
 */
struct part {
    size_t start, n;
};

/* Returns which of the two is smaller, and leaves the larger in *largest. */
static struct part keep_larger(struct part *largest, struct part other)
{
    struct part smaller = other;
    if (other.n > largest->n) {
        smaller = *largest;
        *largest = other;
    }
    return smaller;
}

static void insert_in_order(struct sorted_cell *cells, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct sorted_cell cell = cells[i];
        size_t at = i;
        for (; at > 0 && cells[at - 1].prefix > cell.prefix; at--)
            cells[at] = cells[at - 1];
        cells[at] = cell;
    }
}

/*
 * A few of them, by insertion; then those with equal prefixes by their next eight bytes. Keys are
 * looked at only for that, once each: they lie all over memory.
 */
static void sort_few(struct sorted_cell *cells, size_t n, uint32_t depth)
{
    while (n > 1) {
        struct part largest = {0};
        insert_in_order(cells, n);
        for (size_t start = 0, end; start < n; start = end) {
            for (end = start + 1; end < n && cells[end].prefix == cells[start].prefix;)
                end++;
            if (end - start == 1)
                continue;
            struct part smaller = keep_larger(&largest, (struct part){start, end - start});
            if (smaller.n > 1) {
                load_prefixes(cells + smaller.start, smaller.n, depth + 8);
                sort_few(cells + smaller.start, smaller.n, depth + 8);
            }
        }
        cells += largest.start;
        n = largest.n;
        depth += 8;
        load_prefixes(cells, n, depth);
    }
}

/* Swaps each entry into the part of its byte: next[] is where each part begins, end[] its end. */
static void swap_into_parts(struct sorted_cell *cells, int shift, size_t next[256],
                            const size_t end[256])
{
    for (size_t byte = 0; byte < 256; byte++) {
        while (next[byte] < end[byte]) {
            struct sorted_cell entry = cells[next[byte]];
            for (size_t to; (to = entry.prefix >> shift & 0xff) != byte;) {
                struct sorted_cell other = cells[next[to]];
                cells[next[to]++] = entry;
                entry = other;
            }
            cells[next[byte]++] = entry;
        }
    }
}

/*
 * American flag sort (McIlroy, Bostic, McIlroy, "Engineering Radix Sort", 1993): counts the bytes
 * at `shift` of the prefix, then swaps each entry into the part of its byte. `depth`: how many
 * bytes of the keys, all equal, lie before those in the prefix.
 */
static void radix_sort(struct sorted_cell *cells, size_t n, int shift, uint32_t depth)
{
    enum { FEW = 32 };
    while (n >= FEW) {
        size_t next[256] = {0}, end[256], at = 0;
        struct part largest = {0};
        if (shift < 0) { /* eight equal bytes more: go on with the next eight */
            depth += 8;
            load_prefixes(cells, n, depth);
            shift = 56;
        }
        for (size_t i = 0; i < n; i++)
            next[cells[i].prefix >> shift & 0xff]++;
        if (next[cells[0].prefix >> shift & 0xff] == n) {
            shift -= 8;
            continue;
        }
        for (size_t byte = 0; byte < 256; byte++) {
            size_t count = next[byte];
            next[byte] = at;
            end[byte] = at += count;
        }
        swap_into_parts(cells, shift, next, end);
        shift -= 8;
        for (size_t byte = 0, start = 0; byte < 256; start = end[byte++]) {
            struct part smaller = keep_larger(&largest, (struct part){start, end[byte] - start});
            if (smaller.n > 1)
                radix_sort(cells + smaller.start, smaller.n, shift, depth);
        }
        cells += largest.start;
        n = largest.n;
    }
    sort_few(cells, n, depth);
}

/*
 * What all keys have in common (the type, and mostly a letter or two) tells nothing: prefixes start
 * behind it. Now the cells are still in the order in which they lie in memory.
 */
static uint32_t skip_common(struct sorted_cell *cells, size_t n)
{
    uint64_t differences = 0;
    for (size_t i = 1; i < n; i++)
        differences |= cells[i].prefix ^ cells[0].prefix;
    uint32_t common = differences == 0 ? 8 : (uint32_t)__builtin_clzll(differences) / 8;
    if (common > 0)
        load_prefixes(cells, n, common);
    return common;
}

void cells_sort(struct sorted_cell *cells, size_t n)
{
    if (n > 1)
        radix_sort(cells, n, 56, skip_common(cells, n));
}
