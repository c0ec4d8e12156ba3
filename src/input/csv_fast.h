/*
 * input/csv_fast.h - the projecting fast path beside libcsv.
 *
 * A slice of the block is marked (marks.h); as long as every line has as many separators as there
 * are columns, the marks are a matrix with a row per record, and the columns that are needed are
 * read one after the other, each by its own loop; the others cost nothing. A record that is not
 * plain (a stray quote, another number of fields, a time or number that cannot be read, no newline)
 * is left to the caller, who hands it to csv_slow.c, which decides. So what this accepts must be
 * exactly what the slow path accepts, with the same values.
 */
#ifndef INPUT_CSV_FAST_H
#define INPUT_CSV_FAST_H

#include <stdbool.h>
#include <stddef.h>

#include "input/csv_layout.h"
#include "input/input.h"

struct csv_fast; /* per parser */

/* Both must outlive it. quoted: CSV; else TSV, where a backslash is never plain. */
struct csv_fast *csv_fast_new(const struct input_options *options, const struct csv_layout *layout,
                              bool quoted);
void csv_fast_free(struct csv_fast *fast);

/* Call first with each block: the marks of the last one are void. */
void csv_fast_begin(struct csv_fast *fast);

/*
 * Appends the plain records from p on to the batch, batch->n and batch->lines included. Returns
 * where the first record starts that is not plain, or `end`. p is the start of a record of
 * batch->block, `end` its end. Texts are views of the block's bytes,
 * or stand in the batch's arena.
 */
const char *csv_fast_records(struct csv_fast *fast, const char *p, const char *end,
                             struct batch *batch);

/*
 * For tests: the vector code to use, 0 (the fastest that this machine has; the default), 1, ...
 * False, and no change, if there are not that many.
 */
bool csv_fast_use(struct csv_fast *fast, size_t instance);

#endif
