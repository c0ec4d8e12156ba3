/*
 * base/suggest.h - "did you mean": the known word nearest to a mistyped one.
 */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include <stddef.h>

struct suggest {
    const char *typed;
    const char *best; /* the nearest word offered so far, or NULL: none is near */
    size_t cost;      /* of best; the lower the nearer */
};

/*
 *     struct suggest s = {.typed = "--latenes"};
 *     suggest_offer(&s, word);          for every known word
 *     if (s.best != NULL) ...
 *
 * A word is near if one of the two begins with the other (3 bytes at least) or if a third of the
 * typed letters at most must change (edit distance with swapped neighbours as one change: optimal
 * string alignment). Words over 63 bytes are never near.
 */
void suggest_offer(struct suggest *s, const char *word);

#endif
