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
#include "time/steps.h"
#include "time/zone.h"

enum { TIME_MOST_PATTERNS = 32 };

/*
 * A compiled --time-format; immutable after compiling, so any number of threads may read it, and
 * copies are as good.
 */
struct time_format {
    enum time_form { TIME_AUTO, TIME_S, TIME_MS, TIME_US, TIME_NS, TIME_PATTERN } form;
    bool is_named; /* added by its name, auto too */
    struct time_pattern {
        const char *text; /* of strptime(3); borrowed from the caller */
        bool has_year;
        bool by_day_of_year; /* %j, and no month and day */
        struct time_steps steps;
    } patterns[TIME_MOST_PATTERNS]; /* TIME_PATTERN: the first that fits counts */
    size_t n_patterns;
    const struct zone *zone; /* of times without one; NULL: UTC */
    bool has_year_from;
    int year_from, year_from_month, year_from_day;
    int64_t year_from_ns, year_last_ns; /* first and last of the year that begins there */
};

/* What is no pattern: auto, s, ms, us, ns; then NULL. */
extern const char *const time_format_names[];

/*
 * `text`: one of these or a pattern with a %. *err (EXIT_USAGE) on anything else. A pattern
 * goes behind those that are there already, and may not stand beside a name; of names the last
 * one counts.
 */
bool time_format_add(struct time_format *format, const char *text, struct error *err);

/*
 * When all are there and the zone is set: `year_from` is --year-from's DATE, or NULL. *err
 * (EXIT_USAGE) if a pattern needs one and there is none, or it is no date.
 */
bool time_format_finish(struct time_format *format, const char *year_from, struct error *err);

/* Is there a pattern that gives no year? */
bool time_format_needs_year(const struct time_format *format);

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
 * Where the clock of a text stands. Another clock in its place would move the time by as much as it
 * differs, as long as both are of one day (00:00:00 to 23:59:59).
 */
struct time_places {
    bool steady;                  /* if not, nothing is said */
    uint8_t hour, minute, second; /* numbers of two digits */
    uint8_t fraction;             /* of a second: where its digits begin, if there are any */
    uint8_t n_fraction;           /* its digits, at most 9 */
    uint8_t seen; /* of a text that does not fit: so many bytes of it say so; all if it is 255 */
};

/* time_parse() that fills *places too, if it returns TIME_OK. */
enum time_status time_parse_placed(const struct time_format *format, const char *text, size_t len,
                                   int64_t *ns, struct time_places *places);

/*
 * Reads a JSON number (VALUE_NUMBER or VALUE_WIDE): an epoch in the format's unit, digits below
 * the nanosecond floored. TIME_MALFORMED for a pattern (its text is what a pattern reads; call
 * time_parse with the number's text instead).
 */
enum time_status time_from_number(const struct time_format *format, const struct value *number,
                                  int64_t *ns);

/*
 * auto reads 20240501 as seconds, like any number of its size: a time in August 1970. Writes the
 * eight digits if `ns` is what became of a date from 1900 to 2100; a quick check for most that
 * are not.
 */
bool time_was_date(int64_t ns, char digits[9]);

/* Can it be any of them at all? No is certain. */
bool time_may_be_dates(const int64_t *ns, size_t n);

enum time_unit {
    TIME_UNIT_RFC3339,
    TIME_UNIT_S,
    TIME_UNIT_MS,
    TIME_UNIT_US,
    TIME_UNIT_NS,
    TIME_UNIT_LOCAL,
};

/* Is it text and no number? */
static inline bool time_unit_is_text(enum time_unit unit)
{
    return unit == TIME_UNIT_RFC3339 || unit == TIME_UNIT_LOCAL;
}

/*
 * Appends RFC 3339 in UTC, or in `zone` with its offset, with 0, 3, 6 or 9 digits of fraction as
 * needed, or a plain number. Only TIME_UNIT_LOCAL looks at the zone.
 */
void time_print(struct buf *to, int64_t ns, enum time_unit unit, const struct zone *zone);

#endif
