/* The skip list of sessions against an array that is searched from one end. */
#include <stdlib.h>

#include "engine/chain.h"
#include "unit/unit.h"

enum { MOST = 2000, STEPS = 60000 };

static struct chain_node nodes[MOST]; /* node i stands at start 10 * i while it is in */
static bool is_in[MOST];

static struct chain_node *naive_find(int64_t t_ns)
{
    for (size_t i = 0; i < MOST; i++)
        if (is_in[i] && !chain_ends_before(&nodes[i].bounds, t_ns))
            return &nodes[i];
    return NULL;
}

int main(void)
{
    struct chain chain = {0};
    srand(3);
    for (int step = 0; step < STEPS; step++) {
        /* Long, empty, and long again. */
        bool grows = (step / 5000) % 2 == 0;
        size_t i = (size_t)rand() % MOST;
        if (!is_in[i] && grows) {
            nodes[i].bounds =
                (struct window_bounds){10 * (int64_t)i, 10 * (int64_t)i + 1 + rand() % 9};
            chain_insert(&chain, &nodes[i]);
            is_in[i] = true;
        } else if (is_in[i] && (!grows || rand() % 4 == 0)) {
            chain_remove(&chain, &nodes[i]);
            is_in[i] = false;
        }
        int64_t t_ns = rand() % (10 * MOST + 20) - 10;
        CHECK(chain_find(&chain, t_ns) == naive_find(t_ns), "step %d", step);
    }
    size_t n = 0;
    int64_t last_ns = -1;
    for (const struct chain_node *node = chain.first; node != NULL; node = node->next, n++) {
        CHECK(node->bounds.start_ns > last_ns, "order");
        last_ns = node->bounds.start_ns;
    }
    CHECK(n == chain.n, "%zu of %u", n, chain.n);
    while (chain.first != NULL)
        chain_remove(&chain, chain.first);
    CHECK(chain.heads == NULL && chain.n == 0, "not empty");
    return unit_done();
}
