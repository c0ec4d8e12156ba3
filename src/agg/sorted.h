/*
 * agg/sorted.h - numbers in order, that come and go: what an exact quantile keeps while its window
 * slides.
 *
 *     blocks   | 1 2 3 4 | 5 6 | 7 8 9 ... |      each in order, and all of them, up to 256 numbers
 *
 * A number is found by bisection among blocks, then within one, and moves those behind it in that
 * block; a block that is full is cut in two. The number of a rank is found by counting blocks. So
 * all of it costs the root of the number of numbers, with a small factor, and nothing is allocated
 * where as many go as come.
 */
#ifndef AGG_SORTED_H
#define AGG_SORTED_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/value.h"

struct sorted_block;

/* Start: {0}. */
struct sorted {
    struct sorted_block **blocks;
    size_t n_blocks, capacity;
    struct sorted_block *spare;
    uint64_t n;
};

/* VALUE_NUMBER or VALUE_WIDE, whose text is copied to the arena. */
void sorted_put(struct sorted *s, const struct value *v, struct arena *arena);

/* Takes away one that equals v; there is one. */
void sorted_take(struct sorted *s, const struct value *v);

/* The number of that rank, from 0; rank < n. */
const struct value *sorted_rank(const struct sorted *s, uint64_t rank);

#endif
