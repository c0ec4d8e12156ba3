/*
 * agg/sorted.h - numbers in order, that come and go: what an exact quantile keeps while its window
 * slides.
 *
 *     spans         4          6         ...         the last number of each block, and how many
 *     blocks   | 1 2 3 4 | 5 6 |   7 8 9 ... |      each in order, and all of them, up to 256
 * numbers
 *
 * A number is found by bisection among spans, then within one block, and moves those behind it in
 * that block; a block that is full is cut in two. The number of a rank is found by counting spans.
 * Blocks lie scattered, so spans say what would take a look into each. So all of it costs the root
 * of the number of numbers, with a small factor, and nothing is allocated where as many go as come.
 */
#ifndef AGG_SORTED_H
#define AGG_SORTED_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/value.h"

struct sorted_block;

struct sorted_span {
    struct value last;
    struct sorted_block *block;
    uint32_t n;
};

/* Start: {0}. */
struct sorted {
    struct sorted_span *spans;
    size_t n_spans, capacity;
    struct sorted_block *spare;
    uint64_t n;
};

/* VALUE_NUMBER or VALUE_WIDE, whose digits are copied to the arena. */
void sorted_put(struct sorted *s, const struct value *v, struct arena *arena);

/* Takes away one that equals v; there is one. */
void sorted_take(struct sorted *s, const struct value *v);

/* The number of that rank, from 0; rank < n. */
const struct value *sorted_rank(const struct sorted *s, uint64_t rank);

/* Steps through all of them in order: start with {0}; NULL at the end. */
struct sorted_cursor {
    size_t span;
    uint32_t place;
};
const struct value *sorted_next(const struct sorted *s, struct sorted_cursor *cursor);

#endif
