#include "run/spread.h"

#include <stdlib.h>

#include "base/memory.h"

enum { FIRST_RECENT = 16, FEWEST_RECENT = 1 << 16 };

void spread_free(struct spread *s)
{
    free(s->pairs);
    free(s->recent);
    *s = (struct spread){0};
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Merges the recent numbers into the pairs. */
static void settle(struct spread *s)
{
    if (s->n_recent == 0)
        return;
    qsort(s->recent, s->n_recent, sizeof *s->recent, compare);
    struct spread_pair *pairs = memory_calloc(s->n_pairs + s->n_recent, sizeof *pairs);
    size_t n = 0, old = 0;
    for (size_t i = 0; i < s->n_recent || old < s->n_pairs;) {
        bool take_old =
            i == s->n_recent || (old < s->n_pairs && s->pairs[old].number <= s->recent[i]);
        struct spread_pair next =
            take_old ? s->pairs[old++] : (struct spread_pair){s->recent[i++], 1};
        if (n > 0 && pairs[n - 1].number == next.number)
            pairs[n - 1].n += next.n;
        else
            pairs[n++] = next;
    }
    free(s->pairs);
    s->pairs = memory_realloc(pairs, n * sizeof *pairs);
    s->n_pairs = n;
    s->n_recent = 0;
}

void spread_add(struct spread *s, int64_t number)
{
    s->n++;
    if (number == 0) {
        s->zeros++;
        return;
    }
    if (s->n_recent == s->capacity) {
        /* There may be one of these for each of a million sources: they start small. */
        bool is_small = s->capacity < FEWEST_RECENT;
        if (!is_small)
            settle(s);
        if (is_small || s->n_pairs > s->capacity) {
            s->capacity = !is_small          ? s->n_pairs
                          : s->capacity == 0 ? FIRST_RECENT
                                             : 2 * s->capacity;
            s->recent = memory_realloc(s->recent, s->capacity * sizeof *s->recent);
        }
    }
    s->recent[s->n_recent++] = number;
}

int64_t spread_at(struct spread *s, uint64_t wanted, uint64_t *above)
{
    settle(s);
    uint64_t covered = s->zeros;
    int64_t number = 0;
    for (size_t i = 0; covered < wanted && i < s->n_pairs; i++) {
        number = s->pairs[i].number;
        covered += s->pairs[i].n;
    }
    *above = s->n - covered;
    return number;
}
