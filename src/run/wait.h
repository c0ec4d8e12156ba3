/*
 * run/wait.h - while no input comes: snapshots that fall due, silence, signals.
 */
#ifndef RUN_WAIT_H
#define RUN_WAIT_H

#include <stdbool.h>

struct inlet;
struct running;

/* Does the silence of this input count, for --idle-timeout? */
bool wait_may_be_idle(const struct running *r, const struct inlet *in);

/*
 * Waits for the next batch; takes the snapshots that fall due meanwhile, lets the clocks know of
 * silence, and heeds SIGUSR1. *ready false: another input is to be looked at. False: a failure.
 */
bool wait_for_batch(struct running *r, struct inlet *in, bool *ready);

/*
 * --follow: nothing of the FILE that is to be read next has grown. Rows are out before it waits, a
 * slice of time. False: a failure.
 */
bool wait_for_growth(struct running *r, struct inlet *file);

#endif
