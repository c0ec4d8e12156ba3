#include "verdict/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "scan/newline.h"

void verdict_rules_free(struct verdict_rules *rules)
{
    for (size_t i = 0; i < rules->n_where; i++)
        condition_free(rules->where[i]);
    for (size_t i = 0; i < rules->n_conditions; i++)
        condition_free(rules->conditions[i]);
    free(rules->where);
    free(rules->conditions);
    free(rules->columns);
    *rules = (struct verdict_rules){0};
}

static void reserve(struct batch *batch)
{
    if (batch->n <= batch->verdict_capacity && batch->verdict != NULL)
        return;
    batch->verdict_capacity = batch->n + batch->n / 2 + 1;
    batch->verdict = memory_realloc(batch->verdict, batch->verdict_capacity);
    batch->meets = memory_realloc(batch->meets, batch->verdict_capacity * sizeof *batch->meets);
}

static void evaluate(const struct verdict_rules *rules, struct condition_scratch *scratch,
                     struct batch *batch)
{
    const struct condition_rows rows = {
        .columns = batch->columns, .n = batch->n, .trims = batch->is_text};
    memset(batch->verdict, VERDICT_USE, batch->n);
    for (size_t c = 0; c < rules->n_where; c++) {
        const uint8_t *holds = condition_evaluate(rules->where[c], &rows, scratch);
        for (size_t i = 0; i < batch->n; i++)
            batch->verdict[i] = holds[i] ? batch->verdict[i] : VERDICT_FILTERED;
    }
    memset(batch->meets, 0, batch->n * sizeof *batch->meets);
    for (size_t c = 0; c < rules->n_conditions; c++) {
        const uint8_t *holds = condition_evaluate(rules->conditions[c], &rows, scratch);
        for (size_t i = 0; i < batch->n; i++)
            batch->meets[i] |= (uint64_t)holds[i] << c;
    }
}

/* The first bad value of the record that is needed, or NULL. *sourceless: its source is one. */
static const char *bad_value(const struct verdict_rules *rules, const struct batch *batch, size_t i,
                             bool *sourceless)
{
    bool used = batch->verdict[i] == VERDICT_USE;
    const char *reason = NULL;
    *sourceless = false;
    for (size_t f = 0; f < batch->n_columns; f++) {
        const struct verdict_column *column = &rules->columns[f];
        const struct value *v = &batch->columns[f][i];
        if (column->must != NULL && v->kind == VALUE_NULL) {
            *sourceless = true;
            return "no position: the field of --position is missing, or has no value";
        }
        if (v->kind != VALUE_BAD)
            continue;
        bool needed = used && (column->always || (column->if_met & batch->meets[i]) != 0);
        if (reason == NULL && (needed || column->of_clock))
            reason = batch->columns[f][i].text;
        *sourceless |= column->of_clock;
    }
    return reason;
}

/* Makes room behind for `more` bad records and returns the new array's end. */
static void grow_bad(struct batch *batch, size_t more)
{
    if (batch->n_bad + more <= batch->bad_capacity)
        return;
    batch->bad_capacity = batch->n_bad + more;
    batch->bad = memory_realloc(batch->bad, batch->bad_capacity * sizeof *batch->bad);
}

/*
 * Enters the bad lanes among the bad records, in order: those that stand before lane i were found
 * before it. The lists are merged from the end, so that no entry is moved twice.
 */
static void enter_bad(struct batch *batch, const struct bad_record *found, size_t n)
{
    grow_bad(batch, n);
    size_t old = batch->n_bad, new = n, to = old + n;
    batch->n_bad = to;
    while (new > 0) {
        if (old > 0 && batch->bad[old - 1].before > found[new - 1].before)
            batch->bad[--to] = batch->bad[--old];
        else
            batch->bad[--to] = found[--new];
    }
}

static void judge_values(const struct verdict_rules *rules, struct batch *batch)
{
    const char *bytes = batch->block->bytes.data;
    struct bad_record *found = NULL;
    size_t n = 0, capacity = 0, counted = 0;
    uint64_t line = 1;
    size_t old = 0;
    for (size_t i = 0; i < batch->n; i++) {
        while (old < batch->n_bad && batch->bad[old].before < i)
            old++;
        while (old < batch->n_bad && batch->bad[old].before == i && !batch->bad[old].has_lane)
            old++;
        if (old < batch->n_bad && batch->bad[old].before == i)
            continue; /* it has no time: bad as it is */
        bool sourceless;
        const char *reason = bad_value(rules, batch, i, &sourceless);
        if (reason == NULL)
            continue;
        batch->verdict[i] = VERDICT_BAD;
        if (n == capacity) {
            capacity = capacity * 2 + 8;
            found = memory_realloc(found, capacity * sizeof *found);
        }
        line += newline_count(bytes + counted, batch->start[i] - counted);
        counted = batch->start[i];
        found[n++] = (struct bad_record){
            .before = i,
            .start = batch->start[i],
            .len = batch->len[i],
            .line = line,
            .has_lane = true,
            .sourceless = sourceless,
            .reason = reason,
        };
    }
    enter_bad(batch, found, n);
    free(found);
}

void verdict_batch(const struct verdict_rules *rules, struct condition_scratch *scratch,
                   struct batch *batch)
{
    if (rules->columns == NULL)
        return;
    reserve(batch);
    evaluate(rules, scratch, batch);
    bool must = false;
    for (size_t f = 0; f < batch->n_columns; f++)
        must |= rules->columns[f].must != NULL;
    if (batch->n_deferred > 0 || must)
        judge_values(rules, batch);
}
