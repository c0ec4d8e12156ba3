/*
 * base/clock.h - the only place that reads a clock. Results never depend on it.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Nanoseconds since some fixed point; never steps back. */
int64_t clock_monotonic_ns(void);

/* The time of day, in nanoseconds since 1970-01-01T00:00:00Z; for what is shown only. */
int64_t clock_real_ns(void);

/* Processor time of all threads of this process, in nanoseconds. */
int64_t clock_process_ns(void);

/* Processor time of this thread, in nanoseconds. */
int64_t clock_thread_ns(void);

#endif
