#include "base/suggest.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { WORD_MAX = 63, PREFIX_MIN = 3 };

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/*
 * Three rows of the classic table are enough; the oldest is for swapped neighbours. Where it is
 * beyond `most`, the result is only known to be that. No row has less than the least of the row
 * above, nor, for swapped ones, than one more than that of the row before.
 */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len, size_t most)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_len; j++)
        above[j] = before[j] = j;
    for (size_t i = 1, least = 0, least_above = 0; i <= a_len; i++) {
        if (least > most && least_above >= most)
            return least;
        least_above = least;
        least = row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t change = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = min(change, 1 + min(above[j], row[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = min(row[j], before[j - 2] + 1);
            least = min(least, row[j]);
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b_len];
}

void suggest_offer(struct suggest *s, const char *word)
{
    size_t typed_len = strlen(s->typed), word_len = strlen(word);
    if (typed_len > WORD_MAX || word_len > WORD_MAX)
        return;
    size_t common = min(typed_len, word_len), most = (typed_len + 2) / 3;
    bool prefix = common >= PREFIX_MIN && strncmp(s->typed, word, common) == 0;
    /* So many letters are missing at least, of one or the other. */
    if (!prefix && typed_len + word_len - 2 * common > most)
        return;
    size_t cost = edit_distance(s->typed, typed_len, word, word_len, prefix ? SIZE_MAX : most);
    if (prefix && typed_len < word_len)
        cost = 1; /* an abbreviation: as near as one wrong letter */
    else if (!prefix && cost > most)
        return;
    if (s->best == NULL || cost < s->cost) {
        s->best = word;
        s->cost = cost;
    }
}
