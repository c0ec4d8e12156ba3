/*
 * run/start.h - opens all that a run needs, and goes on from its snapshot if there is one.
 */
#ifndef RUN_START_H
#define RUN_START_H

#include <stdbool.h>

struct inlet;
struct running;

/*
 * Opens everything, from the snapshot if there is one; all is checked before anything is touched.
 * *goes_on: that snapshot still says what of the outputs is to be cut off at a restart. *finished:
 * there is nothing to read.
 */
bool start_run(struct running *r, bool *goes_on, bool *finished);

/*
 * Then, with signals handled: lets out the rows that the snapshot held, unless they are out
 * already. Where the reader does not take them, nothing more is to be saved: they come again.
 */
bool start_release(struct running *r);

/* A run that was finished has read all that it was to read: the input has more. */
bool start_refuse_grown(struct running *r, const struct inlet *in);

/*
 * --position and a pipe that starts again further back: only that shows whether a run that was
 * finished is to be given more.
 */
bool start_may_be_replayed(const struct running *r, const struct inlet *in);

/* What W alone does not tell the engine of the clocks; after each change of theirs. */
void start_tell_clocks(struct running *r);

#endif
