/*
 * pattern_differential.h - what a compiled pattern makes of a text, held to strptime(3).
 *
 * pattern_differential() returns false, and says what differs, if they do not agree. A pattern that
 * is refused, or has no steps, agrees with itself; *compiled says whether there was a comparison.
 */
#ifndef PATTERN_DIFFERENTIAL_H
#define PATTERN_DIFFERENTIAL_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "time/pattern.h"
#include "time/timestamp.h"

/* A zone that is ahead of UTC and changes its clocks. */
static inline const struct zone *differential_zone(void)
{
    static struct zone *zone;
    struct error err;
    if (zone == NULL)
        zone = zone_open("Europe/Berlin", &err);
    return zone;
}

/* `year_from` NULL: none. Memory ends where the text ends. */
static inline bool pattern_differential(const char *pattern, const char *year_from, bool local,
                                        const char *text, size_t len, bool *compiled)
{
    struct time_format format = {0};
    struct error err;
    *compiled = false;
    format.zone = local ? differential_zone() : NULL;
    if (strchr(pattern, '%') == NULL || !time_format_add(&format, pattern, &err) ||
        !time_format_finish(&format, year_from, &err) || format.patterns[0].steps.n == 0)
        return true;
    *compiled = true;
    char *exact = malloc(len > 0 ? len : 1);
    if (exact == NULL)
        abort();
    memcpy(exact, text, len);
    int64_t ns = 0, wanted_ns = 0;
    enum time_status status = pattern_parse(&format, 0, exact, len, &ns);
    enum time_status wanted = pattern_parse_slow(&format, 0, exact, len, &wanted_ns);
    free(exact);
    if (status == wanted && (status != TIME_OK || ns == wanted_ns))
        return true;
    fprintf(stderr, "'%s' of '%.*s' (%zu bytes): %d %" PRId64 ", by strptime(3) %d %" PRId64 "\n",
            pattern, (int)len, text, len, (int)status, ns, (int)wanted, wanted_ns);
    return false;
}

#endif
