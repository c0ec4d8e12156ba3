/*
 * engine/table.h - the cells of one window: a hash table from key to cell.
 *
 * A cell is what one (window, key) keeps: its pane count, what came since the last pane, and its
 * block of accumulators. Cells never move; long keys live in the table's arena.
 *
 *     slots     [ hash | index ] ...         open addressing, linear probing, power of two
 *                        |
 *     chunks    [16 cells] [32 cells] [64 cells] ...      cell i by arithmetic, no pointer a cell
 *
 * 8 bytes a slot at a load of 3/8 to 3/4, so a large table costs 11 to 21 bytes a cell.
 */
#ifndef ENGINE_TABLE_H
#define ENGINE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "engine/keys.h"

/* A row that was written and may have to be taken back: the text of writer_results(). */
struct printed {
    uint32_t len, cap;
    char text[];
};

/* Canonical encodings of the key fields: in place if they are short. */
enum { CELL_NEAR_KEY = 16, CELL_PANE_MAX = (1 << 30) - 1 };
union cell_key {
    unsigned char near[CELL_NEAR_KEY];
    const unsigned char *far; /* in the table's arena */
};

struct cell {
    struct printed *printed; /* retract mode: the current row, NULL if none is out */
    uint32_t fresh;          /* records since the last pane, saturating */
    uint32_t pane : 30;      /* number of the next pane */
    uint32_t lent : 1;       /* what grows of it was lent to it, and it has it no more: slices.h */
    uint32_t saved : 1;      /* of that of the table, another: it is still to be saved: saving.h */
    uint32_t hash;           /* of the key; engine/keys.h */
    uint32_t key_len;
    union cell_key key; /* see cell_key() */
    /* the block of accumulators follows */
};

static inline const unsigned char *cell_key(const struct cell *cell)
{
    return cell->key_len <= CELL_NEAR_KEY ? cell->key.near : cell->key.far;
}

static inline char *cell_accs(struct cell *cell)
{
    return (char *)(cell + 1);
}

static inline const char *cell_accs_of(const struct cell *cell)
{
    return (const char *)(cell + 1);
}

static inline void cell_add_fresh(struct cell *cell, uint64_t more)
{
    uint64_t fresh = cell->fresh + more;
    cell->fresh = fresh > UINT32_MAX ? UINT32_MAX : (uint32_t)fresh;
}

enum { TABLE_FIRST_CELLS = 16 };

struct table {
    struct arena arena; /* everything below, the keys, and what accumulators grow into */
    uint64_t *slots;    /* 0: empty; else hash << 32 | index + 1 */
    uint32_t mask;      /* slots - 1; 0 while there are none */
    uint32_t n;         /* cells */
    uint32_t cell_bytes;
    uint32_t saved : 1; /* of new cells */
    char *chunks[28];
};

/* acc_bytes: of a block of accumulators, a multiple of 8. */
void table_init(struct table *table, size_t acc_bytes);
void table_free(struct table *table);

/* Cell number i, 0 <= i < table->n, in the order of insertion. */
static inline struct cell *table_cell(const struct table *table, uint32_t i)
{
    /* Chunk c holds 16 << c cells, so the top bit of i + 16 tells which it is. */
    uint32_t shifted = i + TABLE_FIRST_CELLS;
    unsigned top = 31 - (unsigned)__builtin_clz(shifted);
    size_t within = shifted - (1u << top);
    return (struct cell *)(void *)(table->chunks[top - 4] + within * table->cell_bytes);
}

/* The cell of the key if it is in the first slot that a lookup tries, where most are; else NULL. */
static inline struct cell *table_first(const struct table *table, uint32_t hash,
                                       const unsigned char *key, uint32_t key_len)
{
    if (table->mask == 0)
        return NULL;
    uint64_t slot = table->slots[hash & table->mask];
    if (slot == 0 || (uint32_t)(slot >> 32) != hash)
        return NULL;
    struct cell *cell = table_cell(table, (uint32_t)slot - 1);
    return cell->key_len == key_len && bytes_equal(cell_key(cell), key, key_len) ? cell : NULL;
}

/*
 * For loading many: a cell that is made as by table_get(), whether its key is there or not, and
 * found from table_index() on. False: some key is there twice.
 */
struct cell *table_append(struct table *table, uint32_t hash, const unsigned char *key,
                          uint32_t key_len);
bool table_index(struct table *table);

/* The cell of the key, or NULL. */
struct cell *table_find(const struct table *table, uint32_t hash, const unsigned char *key,
                        uint32_t key_len);

/* As table_get(), whichever slot the key is in. */
struct cell *table_get_slow(struct table *table, uint32_t hash, const unsigned char *key,
                            uint32_t key_len, bool *made);

/*
 * The cell of the key; one is made if there is none: the key is copied, *made is set, accumulators
 * are uninitialised.
 */
static inline struct cell *table_get(struct table *table, uint32_t hash, const unsigned char *key,
                                     uint32_t key_len, bool *made)
{
    struct cell *cell = table_first(table, hash, key, key_len);
    if (cell == NULL)
        return table_get_slow(table, hash, key, key_len, made);
    *made = false;
    return cell;
}

/*
 * A lookup in a large table waits for memory twice, for the slot and the cell, and with a long key
 * once more. Who knows the next hashes asks for each of them some records ahead, in this order;
 * each step wants the memory of the one before to be there.
 */
static inline void table_prefetch_slot(const struct table *table, uint32_t hash)
{
    __builtin_prefetch(&table->slots[hash & table->mask]);
}
void table_prefetch_cell(const struct table *table, uint32_t hash);
void table_prefetch_key(const struct table *table, uint32_t hash);

/* All of that for record i of the batch, of which those up to `to` follow, if their keys are
   encoded. */
static inline void table_prefetch(const struct table *table, const struct keys *keys, size_t i,
                                  size_t to)
{
    enum { SLOT_AHEAD = 24, CELL_AHEAD = 16, KEY_AHEAD = 8 };
    if (i + SLOT_AHEAD >= to || keys->n == 0)
        return;
    table_prefetch_slot(table, keys->hash[i + SLOT_AHEAD]);
    table_prefetch_cell(table, keys->hash[i + CELL_AHEAD]);
    if (keys->start[i + KEY_AHEAD + 1] - keys->start[i + KEY_AHEAD] > CELL_NEAR_KEY)
        table_prefetch_key(table, keys->hash[i + KEY_AHEAD]);
}

/* Is it so large that the above pays? */
static inline bool table_is_large(const struct table *table)
{
    enum { CACHED_CELLS = 4096 };
    return table->n > CACHED_CELLS;
}

/* A cell on its way into order: the first eight bytes of its key, as a number. */
struct sorted_cell {
    uint64_t prefix;
    struct cell *cell;
};

/* Eight bytes of the key from `depth` on, zeros behind its end, as a number that orders as they do.
 */
static inline uint64_t key_prefix(const struct cell *cell, uint32_t depth)
{
    const unsigned char *key = cell_key(cell);
    uint64_t prefix = 0;
    if (depth + 8 <= cell->key_len)
        return bytes_u64_ordered(key + depth);
    for (uint32_t i = depth; i < depth + 8; i++)
        prefix = prefix << 8 | (i < cell->key_len ? key[i] : 0);
    return prefix;
}

static inline struct sorted_cell sorted_cell(struct cell *cell)
{
    return (struct sorted_cell){key_prefix(cell, 0), cell};
}

/*
 * Sorts by key, in canonical order: what fires together is written in that order. In place, by
 * radix on the prefix, so that neither a million keys nor an unlucky order of them is dear.
 */
void cells_sort(struct sorted_cell *cells, size_t n);

int cell_compare_keys(const struct cell *a, const struct cell *b);

#endif
