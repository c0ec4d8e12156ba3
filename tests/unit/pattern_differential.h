/*
 * pattern_differential.h - what a compiled pattern makes of a text, held to strptime(3).
 *
 * pattern_differential() returns false, and says what differs, if they do not agree. A pattern that
 * is refused, or has no steps, agrees with itself; *compiled says whether there was a comparison.
 * memo_differential() holds what is read with the memo of the line before to what is read without.
 */
#ifndef PATTERN_DIFFERENTIAL_H
#define PATTERN_DIFFERENTIAL_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "time/memo.h"
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
    enum time_status status = pattern_parse(&format, 0, exact, len, &ns, NULL);
    enum time_status wanted = pattern_parse_slow(&format, 0, exact, len, &wanted_ns);
    free(exact);
    if (status == wanted && (status != TIME_OK || ns == wanted_ns))
        return true;
    fprintf(stderr, "'%s' of '%.*s' (%zu bytes): %d %" PRId64 ", by strptime(3) %d %" PRId64 "\n",
            pattern, (int)len, text, len, (int)status, ns, (int)wanted, wanted_ns);
    return false;
}

/*
 * The lines of the text, one after the other; a format that is refused agrees with itself.
 * `before`: a pattern that comes first, or NULL.
 */
static inline bool memo_differential(const char *before, const char *name, const char *year_from,
                                     bool local, const char *text, size_t len)
{
    struct time_format format = {0};
    struct time_memo memo = {0};
    struct error err;
    format.zone = local ? differential_zone() : NULL;
    if ((before != NULL && !time_format_add(&format, before, &err)) ||
        !time_format_add(&format, name, &err) || !time_format_finish(&format, year_from, &err))
        return true;
    for (const char *line = text, *end = text + len; line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t n = (size_t)((newline ? newline : end) - line);
        int64_t ns = 0, wanted_ns = 0;
        enum time_status status = time_memo_parse(&memo, &format, line, n, &ns);
        enum time_status wanted = time_parse(&format, line, n, &wanted_ns);
        if (status != wanted || (status == TIME_OK && ns != wanted_ns)) {
            fprintf(stderr,
                    "'%s' of '%.*s': %d %" PRId64 " with the memo, without %d %" PRId64 "\n", name,
                    (int)n, line, (int)status, ns, (int)wanted, wanted_ns);
            return false;
        }
        line += n + 1;
    }
    return true;
}

#endif
