#include "engine/key_memo.h"

#include <stdlib.h>

#include "base/memory.h"

enum {
    FIRST_PLACES = 256,
    PLACES_A_KEY = 32, /* so that few want the same one; memory that nobody touches costs nothing */
    MOST_PLACES = 16384,
    MOST_KEYS = 4096,   /* with more, a lookup waits for memory anyway */
    TRIAL = 65536,      /* of so many records */
    MOST_MISSES = 8192, /* so many may miss */
    SLEEP = 1 << 20,
};

void key_memo_init(struct key_memo *memo, size_t n_columns)
{
    *memo = (struct key_memo){.n_columns = n_columns};
}

void key_memo_free(struct key_memo *memo)
{
    free(memo->places);
    memo->places = NULL;
    memo->n = 0;
}

/* Makes places for so many keys; what was remembered is forgotten then. */
static void reserve(struct key_memo *memo, uint32_t keys)
{
    size_t n = memo->places == NULL ? FIRST_PLACES : memo->n;
    while (n < (size_t)keys * PLACES_A_KEY && n < MOST_PLACES)
        n *= 2;
    if (n == memo->n)
        return;
    free(memo->places);
    memo->places = memory_calloc(n + 2, sizeof *memo->places);
    memo->n = n;
    memo->to = 0;
}

void key_memo_judge(struct key_memo *memo, size_t n, uint32_t keys)
{
    if (memo->n_columns == 0 || memo->n_columns > 2)
        return;
    if (memo->sleeps > 0) {
        memo->sleeps -= memo->sleeps < n ? memo->sleeps : n;
        return;
    }
    memo->tried += n;
    bool useless = keys > MOST_KEYS || memo->missed > MOST_MISSES;
    if (useless || memo->tried >= TRIAL)
        memo->tried = memo->missed = 0;
    if (useless) {
        key_memo_free(memo);
        memo->sleeps = SLEEP;
    } else {
        reserve(memo, keys);
    }
}

/* The place that is nobody's. */
static bool is_nowhere(const struct key_memo *memo, uint32_t at)
{
    return at == memo->n;
}

void key_memo_prepare(struct key_memo *memo, struct value *const *columns, size_t i, size_t to)
{
    const struct value *first = columns[0] + i,
                       *second = memo->n_columns > 1 ? columns[1] + i : NULL;
    const uint64_t mask = memo->n - 1;
    size_t n = to - i < KEY_MEMO_AHEAD ? to - i : KEY_MEMO_AHEAD;
    memo->from = i;
    memo->to = i + n;
    for (size_t r = 0; r < n; r++) {
        struct memo_key key = {0};
        bool ok = second == NULL ? memo_key(&first[r], &key)
                                 : memo_key_of_two(&first[r], &second[r], &key);
        memo->keys[r] = key;
        memo->at[r] = (uint32_t)(ok ? memo_hash(&key) & mask : memo->n);
    }
}

void key_memo_keep(struct key_memo *memo, size_t i, const struct window *window, struct cell *cell)
{
    const struct memo_key *key = &memo->keys[i - memo->from];
    uint32_t at = memo->at[i - memo->from];
    size_t side = window->number & 1;
    struct key_place *place = &memo->places[at], *beside = &memo->places[at ^ 1];
    memo->missed++;
    if (is_nowhere(memo, at))
        return;
    if (!memo_same(&place->key, key) && memo_same(&beside->key, key))
        place = beside;
    if (!memo_same(&place->key, key)) {
        if ((place->window[0] | place->window[1]) != 0) /* else the one beside may stay there */
            *beside = *place;
        *place = (struct key_place){.key = *key};
    }
    place->window[side] = window->number;
    place->cell[side] = cell;
}
