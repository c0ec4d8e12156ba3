/*
 * engine/key_memo.h - from the key of a record, as it was read, to its cell in one of the last two
 * windows.
 *
 *     values ─ memo_key() ─> [ key | window, cell | window, cell ] ...     or the place beside it
 *
 * Only a memory of lookups in the windows' tables, which decide: what is not in here is looked up
 * there, and costs that much more. So it sleeps while it is of no use: more keys than it has places
 * for, hardly any that come twice, or ones that were chosen to meet in one place.
 *
 * Cells never move, and a window's number is no other's: what is remembered of one that is gone is
 * never found.
 */
#ifndef ENGINE_KEY_MEMO_H
#define ENGINE_KEY_MEMO_H

#include <stddef.h>
#include <stdint.h>

#include "engine/memo.h"
#include "engine/windows.h"

enum { KEY_MEMO_AHEAD = 64 };

struct key_place {
    struct memo_key key;
    uint64_t window[2]; /* their numbers, even and odd; 0: none */
    struct cell *cell[2];
};

struct key_memo {
    struct key_place *places; /* NULL: asleep */
    size_t n;                 /* a power of two; two places more are nobody's */
    size_t n_columns;         /* of a key */
    size_t tried, missed;     /* records, since it was judged last */
    size_t sleeps;            /* for so many records more */
    size_t from, to;          /* records of the batch that were prepared */
    struct memo_key keys[KEY_MEMO_AHEAD];
    uint32_t at[KEY_MEMO_AHEAD]; /* their first places */
};

void key_memo_init(struct key_memo *memo, size_t n_columns);
void key_memo_free(struct key_memo *memo);

/*
 * After n records that went into windows with so many keys: wakes it, or puts it to sleep, as it
 * has proved.
 */
void key_memo_judge(struct key_memo *memo, size_t n, uint32_t keys);

/* Forgets what was prepared: another batch comes. */
static inline void key_memo_begin(struct key_memo *memo)
{
    memo->to = 0;
}

/* Prepares some of the records i..to of a batch. */
void key_memo_prepare(struct key_memo *memo, struct value *const *columns, size_t i, size_t to);

/* The cell of record i, which was prepared; NULL: it is not remembered. */
static inline struct cell *key_memo_find(const struct key_memo *memo, size_t i,
                                         const struct window *window)
{
    const struct memo_key *key = &memo->keys[i - memo->from];
    const struct key_place *place = &memo->places[memo->at[i - memo->from]];
    size_t side = window->number & 1;
    if (!memo_same(&place->key, key)) {
        place = &memo->places[memo->at[i - memo->from] ^ 1];
        if (!memo_same(&place->key, key))
            return NULL;
    }
    return place->window[side] == window->number ? place->cell[side] : NULL;
}

/* Remembers where a lookup ended. */
void key_memo_keep(struct key_memo *memo, size_t i, const struct window *window, struct cell *cell);

#endif
