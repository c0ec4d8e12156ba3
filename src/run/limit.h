/*
 * run/limit.h - how much memory the live state takes, and --max-state.
 *
 * It is looked at between two batches or, with --max-state, every LIMIT_RECORDS records and at
 * the end, so that a run ends at the same record however its input is cut up; and while windows
 * fire, before each timer and each so many rows, since putting together what is refined later takes
 * memory as well. One look costs a few additions. What goes
 * over the limit ends the run as a failure does: nothing that is open fires, for such rows could
 * not be told from whole ones. With --state a last snapshot is taken, which a run with a larger
 * limit goes on from; firing that is given up leaves the one before in force.
 */
#ifndef RUN_LIMIT_H
#define RUN_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct running;

enum { LIMIT_RECORDS = 256 };

/* Looks: is the state larger than --max-state? Once it was, it stays so. */
bool limit_is_over(struct running *r);

/* With --max-state: after so many records it looks next. */
uint64_t limit_room(const struct running *r);

/* So many more have been processed, limit_room() at most: looks if it is time to. */
bool limit_after(struct running *r, uint64_t records);

/* The most that any look has seen. */
size_t limit_peak_bytes(const struct running *r);

/* Fills *r->err (EXIT_RUNTIME): what the state is, and what would make it smaller; false. */
bool limit_fail(struct running *r);

#endif
