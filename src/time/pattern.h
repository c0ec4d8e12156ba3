/*
 * time/pattern.h - strptime(3) patterns, with %f for a fraction of a second. Internal to time/.
 *
 * The C library does the common conversions. %f, %z, %s and %Z are ours: it has no %f, keeps %z
 * to half a day, reads %s in the time zone of the process, and skips whatever stands for %Z.
 * %f is 1 to 9 digits; %z as in RFC 3339, blanks before it skipped; %s is seconds since 1970, and
 * overrules all other fields but %f; %Z takes only names of UTC (UTC GMT UT Z).
 */
#ifndef TIME_PATTERN_H
#define TIME_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "time/timestamp.h"

/* Can it give a time? If not, *err (EXIT_USAGE) names the conversion. */
bool pattern_check(const char *pattern, struct error *err);

/*
 * Reads all of text[0..len) by a checked pattern. What the pattern does not set is that of
 * 1970-01-01T00:00:00Z. A text of more than 255 bytes is malformed.
 */
enum time_status pattern_parse(const char *pattern, const char *text, size_t len, int64_t *ns);

#endif
