/*
 * time/pattern.h - strptime(3) patterns, with %f for a fraction of a second. Internal to time/.
 *
 * What a pattern means the C library says; patterns of the common conversions are compiled
 * (time/steps.h). %f, %z and %s are ours: it has no %f, keeps %z to half a day and reads %s in the
 * time zone of the process.
 * %f is 1 to 9 digits; %z as in RFC 3339, blanks before it skipped; %s is seconds since 1970, and
 * overrules all other fields but %f. What strptime(3) reads and then ignores (%U %W %V %G %g %Z) is
 * refused: a time would be read as another.
 */
#ifndef TIME_PATTERN_H
#define TIME_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "time/civil.h"
#include "time/timestamp.h"

/* Flags of strftime(3) behind the %; the C library reads over them. */
#define PATTERN_FLAGS "-_0^#"

/* What a text gives. */
struct time_fields {
    struct civil civil;
    int day_of_year; /* from 0 */
    bool of_12, afternoon;
    bool has_epoch;
    int64_t epoch_s;
    bool odd, laid; /* see steps.h */
    size_t seen;    /* the bytes up to the one that is not what the pattern has there, or 0 */
};

/* Can its text give a day? Notes how, and compiles it. If not, *err (EXIT_USAGE) says why. */
bool pattern_check(struct time_pattern *pattern, struct error *err);

/*
 * Reads all of text[0..len) by the format's pattern number i. Hours and less that the pattern does
 * not set are 0, a year is the one that makes it the first time at or after --year-from. A text of
 * more than 255 bytes is malformed. *places, if not NULL, is filled if it is steady;
 * if not, only `seen` may be.
 */
enum time_status pattern_parse(const struct time_format *format, size_t i, const char *text,
                               size_t len, int64_t *ns, struct time_places *places);

/* The same with strptime(3), compiled or not. */
enum time_status pattern_parse_slow(const struct time_format *format, size_t i, const char *text,
                                    size_t len, int64_t *ns);

/* The bounds of the year that --year-from begins. */
void pattern_set_year(struct time_format *format);

/* The digits at *at, which it steps over; false if there are none. */
bool pattern_read_epoch(const char **at, const char *end, int64_t *seconds);

#endif
