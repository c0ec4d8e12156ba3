/*
 * run/explain.h - --explain: what the command line means, in plain words, instead of a run.
 */
#ifndef RUN_EXPLAIN_H
#define RUN_EXPLAIN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "run/plan.h"

/* Appends the text. The first record of the input is read, and nothing else. */
void explain(const struct plan *plan, struct buf *to);

/* A script for DuckDB that gives the same rows. False (EXIT_USAGE): what has no equal there, and
   why not; or the input can't be read. A sample of it tells its types. */
bool explain_duckdb(const struct plan *plan, struct buf *to, struct error *err);

/* The same for Flink's SQL client. */
bool explain_flink(const struct plan *plan, struct buf *to, struct error *err);

#endif
