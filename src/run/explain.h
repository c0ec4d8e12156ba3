/*
 * run/explain.h - --explain: what the command line means, in plain words, instead of a run.
 */
#ifndef RUN_EXPLAIN_H
#define RUN_EXPLAIN_H

#include <stdbool.h>

#include "base/buf.h"
#include "run/plan.h"

/* Appends the text. The first record of the input is read, and nothing else. */
void explain(const struct plan *plan, struct buf *to);

#endif
