/*
 * run/sinks.h - the places that a run writes to. What is done with each of them is a loop.
 */
#ifndef RUN_SINKS_H
#define RUN_SINKS_H

enum run_sink {
    SINK_ROWS, /* stdout, or --output */
    SINK_LATE, /* --late */
    SINK_BAD,  /* --bad */
    N_SINKS
};

#endif
