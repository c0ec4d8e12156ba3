/*
 * run/counters.h - what a run has counted, for --stats, --metrics and --progress.
 */
#ifndef RUN_COUNTERS_H
#define RUN_COUNTERS_H

#include <stdint.h>

struct running;

enum counter {
    COUNTER_RECORDS,
    COUNTER_BYTES,
    COUNTER_USED,
    COUNTER_BAD,
    COUNTER_LATE,
    COUNTER_TOO_LATE,
    COUNTER_UNASSIGNED,
    COUNTER_FILTERED,
    COUNTER_DUPLICATES,
    COUNTER_WINDOWS,
    COUNTER_ROWS,
    COUNTER_PARTLY_LATE,
    COUNTER_REPLAYED,
    COUNTER_FILL_SKIPPED,
    N_COUNTERS,
};
extern const struct counter_text {
    const char *name, *doc;
} counter_texts[N_COUNTERS];

uint64_t counter_value(const struct running *r, enum counter counter);

#endif
