/*
 * verdict/source_memo.h - from a value as it was read to the source that it names, without encoding
 * and hashing it anew for each record.
 *
 *     value ─ memo_key() ─> [ key | cell ] [ key | cell ]     two places, the second for the older
 *
 * Only a memory of lookups in a table of cells, which decides: what is not in here is looked up
 * there. A text that is too long for a key is compared by its hash here, and then with the key of
 * the cell that is remembered. It is no state, and in no books.
 */
#ifndef VERDICT_SOURCE_MEMO_H
#define VERDICT_SOURCE_MEMO_H

#include <stdlib.h>

#include "base/memory.h"
#include "engine/memo.h"
#include "engine/table.h"

enum { SOURCE_MEMO_WAYS = 2, SOURCE_MEMO_FIRST = 64, SOURCE_MEMO_MOST = 8192 };

struct memo_place {
    struct memo_key key;
    struct cell *cell; /* NULL: it is free */
};

struct source_memo { /* {0} is an empty one */
    struct memo_place *places;
    size_t n; /* a power of two */
};

static inline void source_memo_free(struct source_memo *memo)
{
    free(memo->places);
    *memo = (struct source_memo){0};
}

/*
 * Makes places for so many sources, so many that hardly three want the same two; what was
 * remembered is forgotten then. False: of more than SOURCE_MEMO_MOST few would be at hand, and it
 * is not worth it.
 */
static inline bool source_memo_reserve(struct source_memo *memo, size_t sources)
{
    size_t n = memo->n == 0 ? SOURCE_MEMO_FIRST : memo->n;
    if (sources > SOURCE_MEMO_MOST)
        return false;
    while (n < 8 * sources)
        n *= 2;
    if (n == memo->n)
        return true;
    source_memo_free(memo);
    memo->places = memory_calloc(n, sizeof *memo->places);
    memo->n = n;
    return true;
}

static inline struct memo_key source_memo_key(const struct value *v)
{
    struct memo_key key;
    if (!memo_key(v, &key))
        key = (struct memo_key){.a = keys_hash(0, v->text, v->len), .rest = v->len};
    return key;
}

static inline struct memo_place *source_memo_places(const struct source_memo *memo,
                                                    const struct memo_key *key)
{
    return &memo->places[memo_hash(key) & (memo->n - 1) & ~(uint64_t)(SOURCE_MEMO_WAYS - 1)];
}

/* Is it this one, where the hash alone does not say so? A long number never is. */
static inline bool source_memo_is_sure(const struct cell *cell, const struct value *v)
{
    if (!memo_is_text(v) || v->len <= MEMO_TEXT)
        return true;
    const unsigned char *key = cell_key(cell);
    return v->kind == VALUE_STRING && cell->key_len == v->len + 3 &&
           bytes_equal(key + 1, (const unsigned char *)v->text, v->len);
}

/* The cell that `key`, of the value v, was remembered with; NULL: look it up. */
static inline struct cell *source_memo_find(const struct memo_place *places,
                                            const struct memo_key *key, const struct value *v)
{
    for (int i = 0; i < SOURCE_MEMO_WAYS; i++)
        if (places[i].cell != NULL && memo_same(&places[i].key, key) &&
            source_memo_is_sure(places[i].cell, v))
            return places[i].cell;
    return NULL;
}

static inline void source_memo_keep(struct memo_place *places, const struct memo_key *key,
                                    struct cell *cell)
{
    places[1] = places[0];
    places[0] = (struct memo_place){*key, cell};
}

#endif
