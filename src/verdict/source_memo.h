/*
 * verdict/source_memo.h - from a value as it was read to the source that it names, without encoding
 * and hashing it anew for each record.
 *
 *     value ─ memo_key() ─> [ key | cell ] [ key | cell ]     two places, the second for the older
 *
 * Only a memory of lookups in a table of cells, which decides: what is not in here is looked up
 * there. Texts of up to 16 bytes and numbers are compared as they are; a longer text by its hash
 * here, and then with the key of the cell that is remembered.
 */
#ifndef VERDICT_SOURCE_MEMO_H
#define VERDICT_SOURCE_MEMO_H

#include <stdlib.h>

#include "base/books.h"
#include "base/memory.h"
#include "base/value_encode.h"
#include "engine/table.h"

enum { MEMO_TEXT = 16, MEMO_WAYS = 2, MEMO_FIRST = 64, MEMO_MOST = 8192 };

/* kind, exponent and length are one word, and 0 in a place that is free. */
struct memo_key {
    uint64_t a, b, rest;
};

struct memo_place {
    struct memo_key key;
    struct cell *cell;
};

struct source_memo { /* {0} is an empty one */
    struct memo_place *places;
    size_t n; /* a power of two */
};

static inline void source_memo_free(struct source_memo *memo)
{
    books_take_off(memo->n * sizeof *memo->places);
    free(memo->places);
    *memo = (struct source_memo){0};
}

/*
 * Makes places for so many sources, so many that hardly three want the same two; what was
 * remembered is forgotten then. False: of more than MEMO_MOST few would be at hand, and it is not
 * worth it.
 */
static inline bool source_memo_reserve(struct source_memo *memo, size_t sources)
{
    size_t n = memo->n == 0 ? MEMO_FIRST : memo->n;
    if (sources > MEMO_MOST)
        return false;
    while (n < 8 * sources)
        n *= 2;
    if (n == memo->n)
        return true;
    source_memo_free(memo);
    memo->places = memory_calloc(n, sizeof *memo->places);
    memo->n = n;
    books_enter(n * sizeof *memo->places);
    return true;
}

static inline struct memo_key memo_key(const struct value *v)
{
    struct memo_key key = {.rest = (uint64_t)v->kind + 1};
    if (v->kind == VALUE_NUMBER) {
        key.a = (uint64_t)v->mant;
        key.rest |= (uint64_t)(uint16_t)v->exp << 8;
    } else if (v->kind == VALUE_STRING || v->kind == VALUE_WIDE) {
        key.rest |= (uint64_t)v->len << 32;
        if (v->len > MEMO_TEXT) {
            key.a = keys_hash(0, v->text, v->len);
        } else if (v->len >= 8) {
            key.a = bytes_u64(v->text);
            key.b = bytes_u64(v->text + v->len - 8);
        } else if (v->len >= 4) {
            key.a = bytes_u32(v->text);
            key.b = bytes_u32(v->text + v->len - 4);
        } else {
            for (uint32_t i = 0; i < v->len; i++)
                key.a = key.a << 8 | (unsigned char)v->text[i];
        }
    }
    return key;
}

static inline struct memo_place *memo_places(const struct source_memo *memo,
                                             const struct memo_key *key)
{
    uint64_t mixed = (key->a * 0x9e3779b97f4a7c15u ^ key->b) * 0xff51afd7ed558ccdu + key->rest;
    mixed = (mixed ^ mixed >> 32) * 0xc4ceb9fe1a85ec53u >> 32;
    return &memo->places[mixed & (memo->n - 1) & ~(uint64_t)(MEMO_WAYS - 1)];
}

/* Is it this one, where the hash alone does not say so? A number that is wide is never sure. */
static inline bool memo_is_sure(const struct cell *cell, const struct value *v)
{
    if (v->kind == VALUE_WIDE)
        return false;
    if (v->kind != VALUE_STRING || v->len <= MEMO_TEXT)
        return true;
    const unsigned char *key = cell_key(cell);
    return cell->key_len == v->len + 3 &&
           bytes_equal(key + 1, (const unsigned char *)v->text, v->len);
}

/* The cell that `key`, of the value v, was remembered with; NULL: look it up. */
static inline struct cell *memo_find(const struct memo_place *places, const struct memo_key *key,
                                     const struct value *v)
{
    for (int i = 0; i < MEMO_WAYS; i++) {
        const struct memo_key *at = &places[i].key;
        if (at->a == key->a && at->b == key->b && at->rest == key->rest &&
            memo_is_sure(places[i].cell, v))
            return places[i].cell;
    }
    return NULL;
}

static inline void memo_keep(struct memo_place *places, const struct memo_key *key,
                             struct cell *cell)
{
    places[1] = places[0];
    places[0] = (struct memo_place){*key, cell};
}

#endif
