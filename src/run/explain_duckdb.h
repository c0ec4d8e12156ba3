/*
 * run/explain_duckdb.h - the parts of --explain=duckdb. Internal to explain_duckdb*.c.
 */
#ifndef RUN_EXPLAIN_DUCKDB_H
#define RUN_EXPLAIN_DUCKDB_H

#include "run/script.h"

/* The ends of int64, between which times and bounds lie. */
#define DUCKDB_LAST "9223372036854775807"
#define DUCKDB_FIRST "(-9223372036854775808)"

/* The macros that the query uses. */
void duckdb_put_macros(const struct script_sample *sample, struct buf *to);

/*
 * The tables up to `input`, a row for each record that is whole: its number i, its time t in
 * nanoseconds, NULL if it has none; for each of plan->input.fields the column c0, c1, ... and, of
 * JSON beside a key or a value, x0, x1, ...: may such a value not stand there?
 */
void duckdb_put_input(const struct plan *plan, const struct script_sample *sample, struct buf *to);

/* A text, without the blanks around it where these are none of it. */
void duckdb_put_trimmed(struct buf *to, const char *text, bool json);

void duckdb_put_name(struct buf *to, const char *text);

#endif
