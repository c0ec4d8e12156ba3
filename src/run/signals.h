/*
 * run/signals.h - SIGINT, SIGTERM (and SIGHUP) as a request to stop between two records.
 *
 * They are blocked while the run works and let in only where it waits for input (ppoll in
 * input/input.c), so a request is never lost between looking and waiting. The first one sets
 * signals_stop; the second one ends the process at once.
 */
#ifndef RUN_SIGNALS_H
#define RUN_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

extern volatile sig_atomic_t signals_stop; /* the signal that asked to stop, or 0 */

/*
 * Installs the handlers and blocks; call before threads are started. `hangup`: SIGHUP too.
 */
void signals_hold(bool hangup);

void signals_release(void); /* unblock: from here a further signal ends the process */

#endif
