/*
 * engine/chain.h - the sessions of one key, by start: a list, and a skip list once it is long.
 *
 *     first -> [a) -> [b) -> [c) -> [d) -> ...      never overlapping, so in the order of their
 * ends heads ---------> [b) --------> [d) -> ...     every fourth or so again, and so on upwards
 *
 * Most keys have one session or two, and pay one pointer for that; a key with a million finds, adds
 * and removes one in some twenty steps. After Pugh, "Skip lists" (CACM 33(6), 1990). The levels are
 * drawn from the list's own counter and the seed of the process; no output shows them.
 */
#ifndef ENGINE_CHAIN_H
#define ENGINE_CHAIN_H

#include <stdint.h>

#include "window/window.h"

struct chain_node {
    struct window_bounds bounds; /* may grow as long as none overlaps another */
    struct chain_node *next;
    struct chain_node **higher; /* the next ones on levels 1 .. levels - 1 */
    unsigned levels;
};

struct chain { /* {0} is an empty one */
    struct chain_node *first;
    struct chain_node **heads; /* of levels 1 and up; NULL: the list is short */
    uint32_t n, drawn;
};

/* The first one that does not end before t (an end that saturated lies behind the last instant). */
struct chain_node *chain_find(const struct chain *chain, int64_t t_ns);

void chain_insert(struct chain *chain, struct chain_node *node);
void chain_remove(struct chain *chain, struct chain_node *node); /* which is in it */

static inline bool chain_ends_before(const struct window_bounds *bounds, int64_t start_ns)
{
    return bounds->end_ns <= start_ns && bounds->end_ns != INT64_MAX;
}

#endif
