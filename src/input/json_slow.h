/*
 * input/json_slow.h - one JSON record through jansson: the grammar, and the oracle of json_fast.h.
 *
 * jansson would lose the text of numbers, and refuse 1e400 or 2^64 even where nobody asks for
 * them. So before it reads a record, every number token is replaced by its index in a table:
 *
 *     {"ts": 17.50, "bytes": 1e400, "id": 12345678901234567890}
 *     {"ts": 0, "bytes": 1, "id": 2}
 *
 * and an integer k in the loaded value stands for the text of token k, in the record itself. Only
 * tokens of the JSON grammar are replaced, so what jansson would refuse it still refuses.
 */
#ifndef INPUT_JSON_SLOW_H
#define INPUT_JSON_SLOW_H

#include <stddef.h>

#include "input/input.h"

struct json_slow; /* per parser: scratch memory */

struct json_slow *json_slow_new(const struct input_options *options);
void json_slow_free(struct json_slow *slow);

/*
 * Reads record[0..len), its newline not counted, into the lane (time_ns and every column). Returns
 * NULL, or why the record is bad (in the batch's arena). The record is not blank.
 */
const char *json_slow_record(struct json_slow *slow, const char *record, size_t len,
                             struct batch *batch, size_t lane, bool *timeless);

#endif
