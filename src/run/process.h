/*
 * run/process.h - the records of a batch on their way into the engine, in order.
 */
#ifndef RUN_PROCESS_H
#define RUN_PROCESS_H

#include <stdbool.h>

struct inlet;
struct running;

/*
 * Good and bad records of the batch at hand in their order, in pieces that end where a snapshot is
 * due by number of records, until it is another FILE's turn. False on a failure, or when --strict
 * has met a bad record.
 */
bool process_batch(struct running *r, struct inlet *in);

/* Settles all inlets, in the midst of a batch, too, for who tells how far it is. */
void process_settle(struct running *r);

/*
 * Was all of the batch at hand there before (--position)? Records that have none, and are bad,
 * can't tell, and are taken for such.
 */
bool process_is_replayed(struct running *r, const struct inlet *in);

#endif
