/*
 * agg/leaders.h - the most frequent values of a counted set whose counts go up and down: those that
 * may be among the best N, so that not all values are looked at each time the best are asked for.
 *
 *     rank   1 2 3 ... N ... bar | all others
 *            leaders, in order   | in none
 *
 * A value is a leader if it ranks no lower than the bar; so that is told by its count alone, and
 * most changes of a count cost a comparison. When fewer than N are left, all values are looked at
 * once and the bar is set anew, so low that it takes many changes to come to that: there are about
 * four times as many leaders as the square root of the number of values.
 */
#ifndef AGG_LEADERS_H
#define AGG_LEADERS_H

#include "agg/value_set.h"
#include "base/arena.h"

struct leaders;

/* For the best n of the values of `set`, in the arena; NULL: the set is too small to need it. */
struct leaders *leaders_new(const struct byte_set *set, size_t n, struct arena *arena);

/* Has the set grown so far that a new one should be made? */
bool leaders_outgrown(const struct leaders *leaders, const struct byte_set *set);

/* The count of a value was `before`. Its payload has the new one. */
void leaders_moved(struct leaders *leaders, const char *payload, uint64_t before);

/* The best n payloads of the set, n <= value_set_size(), in order. leaders may be NULL. */
void leaders_best(struct leaders *leaders, const struct byte_set *set, const void **best, size_t n);

#endif
