/*
 * input/batch.h - filling a batch: for the parsers of this directory only.
 *
 * A parser writes the lane behind the last good record (time_ns, columns) and counts it only once
 * the whole record has proved good; a record given up half-way leaves nothing behind.
 */
#ifndef INPUT_BATCH_H
#define INPUT_BATCH_H

#include <stddef.h>

#include "input/input.h"

/* How many columns a parser needs: of the fields, then of several times that make one. */
static inline size_t batch_columns(const struct input_options *options)
{
    return options->n_fields + (options->n_time > 1 ? options->n_time : 0);
}

/* Empties the batch for a new block. The options are the same every time. */
void batch_begin(struct batch *batch, const struct block *block,
                 const struct input_options *options);

void batch_grow(struct batch *batch); /* slow path of batch_lane() */

/* A new last entry of batch->bad, standing before the next good record. */
struct bad_record *batch_add_bad(struct batch *batch);

/*
 * A value of the lane can't be what it is needed as. Returns the reason, which makes the record bad
 * now, or NULL: it is noted in the value, to be judged when it is known whether it is needed.
 */
static inline const char *batch_bad_value(struct batch *batch, const struct input_options *options,
                                          struct value *v, const char *reason)
{
    if (reason == NULL || !options->defer_bad)
        return reason;
    *v = (struct value){.text = reason, .kind = VALUE_BAD};
    batch->n_deferred++;
    return NULL;
}

/* The lane that comes next, with room for it. */
static inline size_t batch_lane(struct batch *batch)
{
    if (batch->n == batch->capacity)
        batch_grow(batch);
    return batch->n;
}

#endif
