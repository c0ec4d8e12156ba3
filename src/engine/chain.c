#include "engine/chain.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/seed.h"

enum { LEVELS = 16, SHORT = 16 };

/* The link out of a node (NULL: out of the list's head) on a level. */
static struct chain_node **link_of(const struct chain *chain, struct chain_node *node,
                                   unsigned level)
{
    if (node == NULL)
        return level == 0 ? (struct chain_node **)&chain->first : &chain->heads[level - 1];
    return level == 0 ? &node->next : &node->higher[level - 1];
}

static unsigned top_level(const struct chain *chain)
{
    return chain->heads == NULL ? 0 : LEVELS - 1;
}

struct chain_node *chain_find(const struct chain *chain, int64_t t_ns)
{
    struct chain_node *before = NULL;
    for (unsigned level = top_level(chain) + 1; level-- > 0;) {
        struct chain_node *next = *link_of(chain, before, level);
        while (next != NULL && chain_ends_before(&next->bounds, t_ns)) {
            before = next;
            next = *link_of(chain, before, level);
        }
    }
    return *link_of(chain, before, 0);
}

/* The last node on each level that starts before start_ns; NULL: the head. */
static void find_before(const struct chain *chain, int64_t start_ns,
                        struct chain_node *before[LEVELS])
{
    struct chain_node *node = NULL;
    for (unsigned level = top_level(chain) + 1; level-- > 0;) {
        struct chain_node *next = *link_of(chain, node, level);
        while (next != NULL && next->bounds.start_ns < start_ns) {
            node = next;
            next = *link_of(chain, node, level);
        }
        before[level] = node;
    }
}

/* One, and a further one with a chance of 1/4, and so on. Nobody who knows this can see to it that
   the high ones are merged away, and the rest is walked from end to end: the seed is unknown. */
static unsigned draw_levels(struct chain *chain)
{
    uint32_t x = ++chain->drawn * UINT32_C(2654435769); /* spreads a counter over all bits */
    x ^= (uint32_t)seed_of_process();
    x ^= x >> 15;
    x *= UINT32_C(2246822519);
    x ^= x >> 13;
    unsigned levels = 1;
    for (; levels < LEVELS && (x & 3) == 0; x >>= 2)
        levels++;
    return levels;
}

void chain_insert(struct chain *chain, struct chain_node *node)
{
    struct chain_node *before[LEVELS] = {NULL};
    if (chain->n >= SHORT && chain->heads == NULL)
        chain->heads = memory_calloc(LEVELS - 1, sizeof(struct chain_node *));
    node->levels = chain->heads == NULL ? 1 : draw_levels(chain);
    node->higher = NULL;
    if (node->levels > 1)
        node->higher = memory_calloc(node->levels - 1, sizeof(struct chain_node *));
    find_before(chain, node->bounds.start_ns, before);
    for (unsigned level = 0; level < node->levels; level++) {
        struct chain_node **link = link_of(chain, before[level], level);
        *link_of(chain, node, level) = *link;
        *link = node;
    }
    chain->n++;
}

void chain_remove(struct chain *chain, struct chain_node *node)
{
    struct chain_node *before[LEVELS] = {NULL};
    find_before(chain, node->bounds.start_ns, before);
    for (unsigned level = 0; level < node->levels; level++) {
        struct chain_node **link = link_of(chain, before[level], level); /* no two have one start */
        *link = node->next;
        if (level > 0)
            *link = node->higher[level - 1];
    }
    free(node->higher);
    node->higher = NULL;
    if (--chain->n == 0) {
        free(chain->heads);
        chain->heads = NULL;
    }
}
