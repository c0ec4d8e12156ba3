/*
 * verdict/condition.h - conditions of --where and [COND]: parsed once, asked of whole batches.
 *
 *     COND = FIELD OP VALUE | FIELD is [not] null | not COND | COND and COND | COND or COND |
 * (COND) OP   = | != | < | <= | > | >= | =~ | !~
 *
 * `not` binds closest, then `and`. A condition becomes a program for a stack machine: a leaf
 * compares one column of the batch and pushes a byte a record, and, or and not combine what is on
 * top. There are no short cuts, so a batch costs the same whatever it holds, and nothing recurses.
 */
#ifndef VERDICT_CONDITION_H
#define VERDICT_CONDITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/value.h"

enum { CONDITION_MOST_DEPTH = 100 }; /* of parentheses and nots */

struct condition;

/* Gives the batch's column of a FIELD, as typed; *err if it is none. */
struct condition_columns {
    bool (*column_of)(void *context, const char *field, size_t *column, struct error *err);
    void *context;
};

/* NULL and *err (EXIT_USAGE), which points at the place, if the text is no condition. */
struct condition *condition_parse(const char *text, const struct condition_columns *columns,
                                  struct error *err);
void condition_free(struct condition *c);

/* Whose SQL a condition is written in, and what its columns are called there. */
struct condition_sql {
    enum condition_dialect { CONDITION_DUCKDB, CONDITION_FLINK } dialect;
    char *const *columns; /* of the batch, as expressions; NULL: c0, c1, ... */
};

/* The macro of DuckDB's script that reads a text as a number, or gives NULL. */
#define CONDITION_DUCKDB_NUMBER "number_of"

/*
 * Appends it as an expression; a column is a text or NULL. A comparison with no value is false, not
 * unknown. False: a pattern means something else there, and what was appended is of no use.
 */
bool condition_put_sql(const struct condition *c, const struct condition_sql *sql, struct buf *to);

/* Memory that evaluating needs; one for each thread. {0} is an empty one. */
struct condition_scratch {
    uint8_t *stack;
    size_t capacity; /* bytes */
    struct buf text;
};
void condition_scratch_free(struct condition_scratch *scratch);

struct condition_rows {
    struct value *const *columns;
    size_t n;
    bool trims; /* blanks around a number are none of it: CSV */
};

/*
 * A byte, 0 or 1, for each of the rows; it lives until the scratch is used again. A value that is
 * none, or an object or an array, meets no comparison.
 */
const uint8_t *condition_evaluate(const struct condition *c, const struct condition_rows *rows,
                                  struct condition_scratch *scratch);

#endif
