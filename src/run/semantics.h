/*
 * run/semantics.h - the options that decide what a run writes, as (name, value) texts.
 *
 * A snapshot carries them, so that going on with other ones is refused and each difference can be
 * named. The rows of cli/options.c that have a print function make them, from the finished plan and
 * not from argv: `-w 60s` and `--window tumbling:1m` are one.
 */
#ifndef RUN_SEMANTICS_H
#define RUN_SEMANTICS_H

#include "base/buf.h"
#include "base/error.h"
#include "run/plan.h"

/* Appends: number of options (u32), then name and value of each, counted. */
void semantics_save(const struct plan *plan, struct buf *to);

/* Compares the plan with what a snapshot holds; *err lists every option that differs. */
bool semantics_check(const struct plan *plan, const char *state_path, const unsigned char *at,
                     const unsigned char *end, struct error *err);

#endif
