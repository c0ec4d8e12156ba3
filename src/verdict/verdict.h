/*
 * verdict/verdict.h - what becomes of the records of a batch before any window sees them.
 *
 * A byte a record: used, filtered (a condition of --where does not hold; only the clocks see it) or
 * bad for a value. Whether a value is bad is judged only where it is needed: of records that pass
 * --where, and of an aggregate with [COND] only where COND holds; until then it is VALUE_BAD. The
 * conditions of aggregates leave a bit each.
 *
 * All of it follows from the batch alone, so any thread may do it, in any order.
 */
#ifndef VERDICT_VERDICT_H
#define VERDICT_VERDICT_H

#include "input/input.h"
#include "verdict/condition.h"

/* Whose values a column holds. */
struct verdict_column {
    bool always;      /* of every record that is used */
    const char *must; /* --position: of every record; the field's name. NULL: none must be there */
    bool of_clock;    /* of those that --where filters out, too: they move their source's clock */
    uint64_t if_met;  /* of those that meet one of these conditions */
};

struct verdict_rules {
    struct condition **where; /* all of them must hold */
    size_t n_where;
    struct condition **conditions; /* of the aggregates; 64 at most */
    size_t n_conditions;
    struct verdict_column *columns; /* one for each column of the batch; NULL: nothing to judge */
};

void verdict_rules_free(struct verdict_rules *rules);

/*
 * Fills batch->verdict and batch->meets, and enters records that are bad for a value among the
 * batch's bad ones; does nothing if there are no rules. One scratch for each thread.
 */
void verdict_batch(const struct verdict_rules *rules, struct condition_scratch *scratch,
                   struct batch *batch);

#endif
