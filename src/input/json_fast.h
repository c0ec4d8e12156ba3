/*
 * input/json_fast.h - the projecting fast path beside jansson.
 *
 * Walks one record once, validating as it goes, and reads only the fields that the plan needs. The
 * moment a record is not plain (an escape in a needed string or in a name, invalid UTF-8, an odd
 * number, deep nesting, anything malformed) it gives up, having written nothing that counts, and
 * the caller hands the whole record to json_slow.c, which decides. So what this accepts must be
 * exactly what the slow path accepts, with the same values; what it refuses costs only time.
 */
#ifndef INPUT_JSON_FAST_H
#define INPUT_JSON_FAST_H

#include <stdbool.h>
#include <stddef.h>

#include "input/input.h"

/* Blocks have this many readable bytes behind their last one, so vectors may be loaded whole. */
enum { BLOCK_PADDING = 64 };

struct json_fast; /* per parser: the compiled projection, what the last record looked like, caches
                   */

struct json_fast *json_fast_new(const struct input_options *options);
void json_fast_free(struct json_fast *fast);

/*
 * Reads the record that starts at p into lane `lane` of the batch (time_ns and every column;
 * start and len are the caller's). Returns the first byte behind its newline; NULL if the record is
 * not plain, or blank, or has no newline (only the last of an input may have none). Texts are views
 * of the record's bytes.
 */
const char *json_fast_record(struct json_fast *fast, const char *p, const char *end,
                             struct batch *batch, size_t lane);

/*
 * For tests: the vector code to use, 0 (the fastest that this machine has; the default), 1, ...
 * False, and no change, if there are not that many.
 */
bool json_fast_use(struct json_fast *fast, size_t instance);

#endif
