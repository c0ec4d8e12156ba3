/*
 * run/metrics.h - --metrics FILE: the counters in Prometheus' text format, for the node exporter's
 * textfile collector. The file is replaced as a whole, so nobody reads half of it.
 */
#ifndef RUN_METRICS_H
#define RUN_METRICS_H

#include <stdbool.h>
#include <stdint.h>

struct running;

struct metrics {
    char *path; /* behind the links that lead to it; NULL: none */
    int64_t due_ns;
    bool failed; /* it could not be written, and that was said */
};

/* Writes it; false (EXIT_RUNTIME): it can't be written. At the start. */
bool metrics_start(struct running *r);

/* Writes it if ten seconds have gone by since the last time; and in any case. A failure is said
   once, and ends nothing. */
void metrics_if_due(struct running *r);
void metrics_write(struct running *r);

void metrics_free(struct metrics *m);

#endif
