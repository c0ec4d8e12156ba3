/*
 * time/timestamp.h - event times: text or number in, int64 nanoseconds since 1970 (UTC), and back.
 *
 * Covers 1677-09-21 to 2262-04-11, the range of int64 nanoseconds; anything outside is refused.
 */
#ifndef TIME_TIMESTAMP_H
#define TIME_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/value.h"

/* A compiled --time-format; immutable after compiling, so any number of threads may read it. */
struct time_format {
    enum time_form { TIME_AUTO, TIME_S, TIME_MS, TIME_US, TIME_NS, TIME_PATTERN } form;
    const char *pattern; /* TIME_PATTERN: the strptime(3) pattern; borrowed from the caller */
};

/* `text`: auto, s, ms, us, ns or a pattern with a %. *err (EXIT_USAGE) on anything else. */
bool time_format_compile(struct time_format *format, const char *text, struct error *err);

enum time_status {
    TIME_OK,
    TIME_MALFORMED,    /* not of the format */
    TIME_NOT_A_DATE,   /* Feb 30, month 13, hour 25 */
    TIME_OUT_OF_RANGE, /* not within the int64 nanoseconds */
};
const char *time_status_text(enum time_status status); /* a few words for a message */

/* Reads a string (all of it). Nothing in it needs to be NUL-terminated. */
enum time_status time_parse(const struct time_format *format, const char *text, size_t len,
                            int64_t *ns);

/*
 * Reads a JSON number (VALUE_NUMBER or VALUE_WIDE): an epoch in the format's unit, digits below
 * the nanosecond floored. TIME_MALFORMED for a pattern (its text is what a pattern reads; call
 * time_parse with the number's text instead).
 */
enum time_status time_from_number(const struct time_format *format, const struct value *number,
                                  int64_t *ns);

enum time_unit { TIME_UNIT_RFC3339, TIME_UNIT_S, TIME_UNIT_MS, TIME_UNIT_US, TIME_UNIT_NS };

/* Appends RFC 3339 in UTC with 0, 3, 6 or 9 digits of fraction as needed, or a plain number. */
void time_print(struct buf *to, int64_t ns, enum time_unit unit);

#endif
