/*
 * run/spread.h - how many numbers are how large: exact order statistics of a stream.
 *
 * Numbers pile up and are sorted into (number, how many) pairs now and then, so memory follows how
 * many different ones there are. Zeros, which most are, are only counted.
 */
#ifndef RUN_SPREAD_H
#define RUN_SPREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spread_pair {
    int64_t number;
    uint64_t n;
};

struct spread { /* {0} is an empty one */
    uint64_t n, zeros;
    struct spread_pair *pairs; /* in order */
    size_t n_pairs;
    int64_t *recent;
    size_t n_recent, capacity;
};

void spread_add(struct spread *s, int64_t number); /* 0 or more */
void spread_free(struct spread *s);

/* The smallest number that `wanted` of them do not exceed; 1 <= wanted <= n. *above: how many do.
 */
int64_t spread_at(struct spread *s, uint64_t wanted, uint64_t *above);

#endif
