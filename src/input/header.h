/*
 * input/header.h - the beginning of the input: byte order mark, format, and the CSV header.
 */
#ifndef INPUT_HEADER_H
#define INPUT_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "input/plan.h"

enum header_status {
    HEADER_MORE,   /* cannot tell yet: call again with more bytes behind these */
    HEADER_DONE,   /* plan->format and plan->layout are settled */
    HEADER_FAILED, /* *err says why */
};

/*
 * data[0..len) are the first bytes of the input; `ended`: there are no more. On HEADER_DONE the
 * first *used of them are not records. What it answers depends on the bytes alone, never on how
 * many of them came at a time.
 */
enum header_status header_read(struct input_plan *plan, const char *name, const char *data,
                               size_t len, bool ended, size_t *used, struct error *err);

/* With --comment '#': is this line one of Zeek's #fields or W3C's #Fields: ? */
bool header_is_fields(const struct input_options *options, const char *line, size_t len);

/* Reads a later one of these, data[0..len) from its beginning, into *layout. */
bool header_again(const struct input_plan *plan, const char *name, const char *data, size_t len,
                  struct csv_layout *layout, struct error *err);

/* A byte order mark (concatenated files) and a record separator (RFC 7464), which may stand before
 * any record of JSON: their bytes. */
size_t header_marks(const char *p, size_t len);

void header_free(struct csv_layout *layout);

#endif
