/*
 * run/signals.h - SIGINT, SIGTERM (and SIGHUP) as a request to stop between two records, SIGUSR1
 * as one for --stats.
 *
 *     signals_expect()             first of all: SIGUSR1 ends nothing from here on
 *     signals_start(hangup, &err)
 *     signals_end()                if what follows may be ended at once again
 *     signals_block(), start threads, signals_unblock()
 *
 * The first signal sets signals_stop and makes signals_fd readable, so that a request is never
 * lost between looking and waiting. The second one ends the process at once. Only the first thread
 * takes them: what another thread passes on to it after a signal came finds signals_stop set.
 *
 * A request that comes just before a write(2) that blocks would not be seen there: from the first
 * request on a timer interrupts system calls of the first thread every 50 ms.
 */
#ifndef RUN_SIGNALS_H
#define RUN_SIGNALS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

extern atomic_int signals_stop; /* the signal that asked to stop, or 0 */
extern int signals_fd;          /* readable once that is set; to be polled, not read */

/* A request for statistics that comes before there are any waits for them. */
void signals_expect(void);

/*
 * Installs the handlers; false (EXIT_RUNTIME) on failure. `hangup`: SIGHUP too. A second run of one
 * process has the pipe and the timer of the first.
 */
bool signals_start(bool hangup, struct error *err);

/* As before signals_start(), unless a request to stop has come: then the run deals with it. */
void signals_end(void);

/*
 * What was read already is dealt with before the request to stop, if one came, is heeded: there is
 * none until signals_repeat() makes it one of just now. A further signal ends the process.
 */
void signals_put_off(void);
void signals_repeat(void); /* nothing, if none was put off */

int64_t signals_since_ns(void); /* how long ago it was that we were asked to stop; -1: never */
bool signals_take_report(void); /* was SIGUSR1 sent since the last call? */

/* For the calling thread and those that it starts. */
void signals_block(void);
void signals_unblock(void);

#endif
