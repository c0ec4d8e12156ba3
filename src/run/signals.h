/*
 * run/signals.h - SIGINT, SIGTERM (and SIGHUP) as a request to stop between two records.
 *
 *     signals_start(hangup, &err)
 *     signals_block(), start threads, signals_unblock()
 *
 * The first signal sets signals_stop and makes signals_fd readable, so that a request is never
 * lost between looking and waiting. The second one ends the process at once, also where it is
 * stuck in a write to a reader that does not read. Only the first thread takes them: what another
 * thread passes on to it after a signal came finds signals_stop set.
 */
#ifndef RUN_SIGNALS_H
#define RUN_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

#include "base/error.h"

extern volatile sig_atomic_t signals_stop; /* the signal that asked to stop, or 0 */
extern int signals_fd;                     /* readable once that is set; to be polled, not read */

/* Installs the handlers, once in a process; false (EXIT_RUNTIME) on failure. `hangup`: SIGHUP too.
 */
bool signals_start(bool hangup, struct error *err);

/* For the calling thread and those that it starts. */
void signals_block(void);
void signals_unblock(void);

#endif
