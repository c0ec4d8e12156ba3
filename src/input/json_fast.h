/*
 * input/json_fast.h - the projecting fast path beside jansson.
 *
 * A slice of the block is marked (marks.h). Records that fit the outline of an earlier one, as
 * nearly all of many logs do, are read as rows of a matrix, hole by hole (json_fast_shape.h,
 * json_fast_columns.h). Others are walked (json_fast_walk.h), and their outline is learnt; where
 * outlines come and go, records are gone through member by member instead (json_fast_members.h).
 * What these two find is read in columns, too. Only the fields that the plan needs are read.
 *
 * The moment a record is not plain (half a surrogate pair, a needed string that is no UTF-8, an odd
 * number, deep nesting, anything malformed) this gives up, having written nothing that counts,
 * and the caller hands the whole record to json_slow.c, which decides. So what this accepts must be
 * exactly what the slow path accepts, with the same values; what it refuses costs only time.
 */
#ifndef INPUT_JSON_FAST_H
#define INPUT_JSON_FAST_H

#include <stdbool.h>
#include <stddef.h>

#include "input/input.h"

struct json_fast; /* per parser: the compiled projection, outlines, caches */

struct json_fast *json_fast_new(const struct input_options *options);
void json_fast_free(struct json_fast *fast);

/* Call first with each block: the marks of the last one are void. */
void json_fast_begin(struct json_fast *fast);

/*
 * Appends the plain records from p on to the batch, batch->n included. Returns where the first
 * record starts that is not plain, or blank, or has no newline (only the last of an input may have
 * none), or `end`. p is the start of a record of batch->block, `end` its end. Texts are views of
 * the block's bytes, or stand in the batch's arena.
 */
const char *json_fast_records(struct json_fast *fast, const char *p, const char *end,
                              struct batch *batch);

/*
 * For tests: the vector code to use, 0 (the fastest that this machine has; the default), 1, ...
 * False, and no change, if there are not that many.
 */
bool json_fast_use(struct json_fast *fast, size_t instance);

/* For tests: records are read by their outlines, as if these had never come again. */
void json_fast_by_outline(struct json_fast *fast);

/* For tests, which can't afford a new one each time: as if it were new, but for its vector code. */
void json_fast_forget(struct json_fast *fast);

#endif
