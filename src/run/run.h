/*
 * run/run.h - carries out a plan: opens, reads, aggregates, writes, closes.
 */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include "base/error.h"
#include "run/plan.h"

struct run_result {
    int status; /* the exit status */
    int signal; /* the signal to die by instead; 0: none */
};

/*
 * Runs to the end of the input, or until SIGINT or SIGTERM. Rows go to stdout (or --output),
 * messages about bad records and --stats to stderr. On a status other than 0 err->text is the
 * message, if there is one. SIGPIPE must be ignored by the caller.
 */
struct run_result run(const struct plan *plan, struct error *err);

#endif
