#include "time/timestamp.h"

#include <string.h>

#include "base/int128.h"
#include "base/number.h"
#include "time/civil.h"
#include "time/duration.h"
#include "time/pattern.h"
#include "time/rfc3339.h"

const char *const time_format_names[] = {"auto", "s", "ms", "us", "ns", NULL};

static bool refuse_mixture(const char *name, const char *pattern, struct error *err)
{
    return error_set(err, EXIT_USAGE,
                     "--time-format: several may be given if all are patterns with a %%, "
                     "found '%s' beside '%s'",
                     name, pattern);
}

bool time_format_add(struct time_format *format, const char *text, struct error *err)
{
    for (size_t i = 0; time_format_names[i] != NULL; i++) {
        if (strcmp(text, time_format_names[i]) != 0)
            continue;
        if (format->n_patterns > 0)
            return refuse_mixture(text, format->patterns[0].text, err);
        format->form = (enum time_form)(TIME_AUTO + i);
        format->is_named = true;
        return true;
    }
    if (!strchr(text, '%'))
        return error_set(err, EXIT_USAGE,
                         "--time-format: expected auto, s, ms, us, ns or a strptime(3) pattern "
                         "like %%d/%%b/%%Y:%%H:%%M:%%S, found '%s'",
                         text);
    if (format->is_named)
        return refuse_mixture(time_format_names[format->form], text, err);
    if (format->n_patterns == TIME_MOST_PATTERNS)
        return error_set(err, EXIT_USAGE, "--time-format: expected at most %d patterns, found more",
                         TIME_MOST_PATTERNS);
    format->form = TIME_PATTERN;
    struct time_pattern *pattern = &format->patterns[format->n_patterns++];
    pattern->text = text;
    return pattern_check(pattern, err);
}

bool time_format_needs_year(const struct time_format *format)
{
    for (size_t i = 0; i < format->n_patterns; i++)
        if (!format->patterns[i].has_year)
            return true;
    return false;
}

bool time_format_finish(struct time_format *format, const char *year_from, struct error *err)
{
    for (size_t i = 0; year_from == NULL && i < format->n_patterns; i++)
        if (!format->patterns[i].has_year)
            return error_set(err, EXIT_USAGE,
                             "--time-format: '%s' gives no year; expected --year-from DATE beside "
                             "it, the day from which on the times are",
                             format->patterns[i].text);
    if (year_from == NULL)
        return true;
    format->has_year_from = true;
    if (rfc3339_date(year_from, &format->year_from, &format->year_from_month,
                     &format->year_from_day)) {
        pattern_set_year(format);
        return true;
    }
    return error_set(err, EXIT_USAGE, "--year-from: expected a date like 2024-03-01, found '%s'",
                     year_from);
}

/* Could a pattern before, which has seen so many bytes, fit another clock? */
static bool may_fit(const struct time_places *places, size_t seen)
{
    return seen > places->hour || seen > places->minute || seen > places->second ||
           (places->n_fraction > 0 && seen > places->fraction);
}

static enum time_status parse_patterns(const struct time_format *format, const char *text,
                                       size_t len, int64_t *ns, struct time_places *places)
{
    enum time_status first = TIME_MALFORMED;
    size_t seen = 0;
    for (size_t i = 0; i < format->n_patterns; i++) {
        struct time_places own = {.seen = UINT8_MAX};
        enum time_status status = pattern_parse(format, i, text, len, ns, &own);
        if (status == TIME_OK) {
            if (places != NULL && own.steady && !may_fit(&own, seen))
                *places = own;
            return status;
        }
        seen = own.seen > seen ? own.seen : seen;
        if (first == TIME_MALFORMED)
            first = status;
    }
    return first;
}

const char *time_status_text(enum time_status status)
{
    switch (status) {
    case TIME_OK:
        return "a time";
    case TIME_MALFORMED:
        return "not a time in the given format";
    case TIME_NOT_A_DATE:
        return "no such date or time of day";
    case TIME_OUT_OF_RANGE:
        break;
    }
    return "outside 1677-09-21 to 2262-04-11";
}

enum time_status time_parse(const struct time_format *format, const char *text, size_t len,
                            int64_t *ns)
{
    return time_parse_placed(format, text, len, ns, NULL);
}

enum time_status time_parse_placed(const struct time_format *format, const char *text, size_t len,
                                   int64_t *ns, struct time_places *places)
{
    if (places != NULL)
        places->steady = false;
    if (format->form == TIME_PATTERN)
        return parse_patterns(format, text, len, ns, places);
    if (format->form == TIME_AUTO && rfc3339_begins(text, len))
        return rfc3339_parse(text, len, format->zone, ns, places);
    struct value number;
    switch (number_parse(text, len, &number)) {
    case NUMBER_OK:
        return time_from_number(format, &number, ns);
    case NUMBER_TOO_LARGE:
        return TIME_OUT_OF_RANGE;
    case NUMBER_MALFORMED:
    case NUMBER_TOO_FINE:
        break;
    }
    return TIME_MALFORMED;
}

/*
 * The power of ten that makes nanoseconds of a number whose first digit stands `places` before the
 * decimal point: 10^(places - 1) <= |number| < 10^places.
 */
static int unit_shift(enum time_form form, int64_t places)
{
    switch (form) {
    case TIME_S:
        return 9;
    case TIME_MS:
        return 6;
    case TIME_US:
        return 3;
    case TIME_AUTO:
        return places <= 11 ? 9 : places <= 14 ? 6 : places <= 17 ? 3 : 0;
    case TIME_NS:
    case TIME_PATTERN:
        break;
    }
    return 0;
}

/* How many digits n > 0 has. */
static int count_digits(uint64_t n)
{
    int estimate = (64 - __builtin_clzll(n)) * 1233 >> 12; /* times log10(2), at most one short */
    return estimate + (n >= pow10_u64[estimate]);
}

static enum time_status from_decimal(enum time_form form, int64_t mant, int exp, int64_t *ns)
{
    *ns = 0;
    if (mant == 0)
        return TIME_OK;
    int shift = exp + unit_shift(form, count_digits(i64_magnitude(mant)) + exp);
    if (shift >= 0)
        return shift <= 18 && !__builtin_mul_overflow(mant, (int64_t)pow10_u64[shift], ns)
                   ? TIME_OK
                   : TIME_OUT_OF_RANGE;
    if (shift < -18) {
        *ns = mant < 0 ? -1 : 0;
        return TIME_OK;
    }
    int64_t divisor = (int64_t)pow10_u64[-shift];
    *ns = mant / divisor - (mant % divisor < 0);
    return TIME_OK;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* [+-]?digits, at the ends of int32 if it is beyond them: more than any text has digits. */
static int64_t exponent_value(const char *at, const char *end)
{
    bool negative = at < end && *at == '-';
    int64_t value = 0;
    for (; at < end; at++) {
        if (is_digit(*at) && value < INT32_MAX)
            value = value * 10 + (*at - '0');
    }
    return negative ? -value : value;
}

/* The first `n` significant digits of a number's text as an integer, towards -infinity. */
static enum time_status leading_digits(const char *first, const char *end, int n, bool negative,
                                       int64_t *ns)
{
    uint64_t value = 0;
    bool rest = false;
    int taken = 0;
    for (const char *at = first; at < end; at++) {
        if (!is_digit(*at))
            continue;
        if (taken < n) {
            value = value * 10 + (uint64_t)(*at - '0');
            taken++;
        } else {
            rest |= *at != '0';
        }
    }
    value *= pow10_u64[n - taken];
    if (negative)
        value += rest;
    if (value > (uint64_t)INT64_MAX + negative)
        return TIME_OUT_OF_RANGE;
    *ns = (int64_t)(negative ? 0 - value : value);
    return TIME_OK;
}

/* A number of any length, digit by digit: its text says all there is to know. */
static enum time_status from_text(enum time_form form, const char *text, size_t len, int64_t *ns)
{
    const char *end = text + len, *first = NULL, *at;
    bool behind_point = false;
    int64_t places = 0;
    for (at = text; at < end && *at != 'e' && *at != 'E'; at++) {
        behind_point |= *at == '.';
        if (!first && *at >= '1' && *at <= '9')
            first = at;
        if (is_digit(*at))
            places += first ? !behind_point : -behind_point;
    }
    *ns = 0;
    if (!first)
        return TIME_OK;
    if (at < end)
        places += exponent_value(at + 1, end);
    int64_t n = places + unit_shift(form, places);
    if (n > 19)
        return TIME_OUT_OF_RANGE;
    return leading_digits(first, at, n < 0 ? 0 : (int)n, *text == '-', ns);
}

enum time_status time_from_number(const struct time_format *format, const struct value *number,
                                  int64_t *ns)
{
    if (format->form == TIME_PATTERN)
        return TIME_MALFORMED;
    if (number->kind == VALUE_NUMBER)
        return from_decimal(format->form, number->mant, number->exp, ns);
    return from_text(format->form, number->text, number->len, ns);
}

/* The dates from 1900 to 2100, as seconds. */
#define FIRST_DATE_NS (INT64_C(19000101) * SECOND_NS)
#define DATES_NS (INT64_C(21001231) * SECOND_NS - FIRST_DATE_NS)

bool time_may_be_dates(const int64_t *ns, size_t n)
{
    typedef uint64_t lanes __attribute__((vector_size(32)));
    enum { LANES = sizeof(lanes) / sizeof(uint64_t) };
    lanes any = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        lanes behind;
        memcpy(&behind, ns + i, sizeof behind);
        behind -= (uint64_t)FIRST_DATE_NS;
        any |= (behind - (uint64_t)(DATES_NS + 1)) &
               ~behind; /* the sign: not behind the last, nor before the first */
    }
    uint64_t found = any[0] | any[1] | any[2] | any[3];
    for (; i < n; i++) {
        uint64_t behind = (uint64_t)ns[i] - (uint64_t)FIRST_DATE_NS;
        found |= (behind - (uint64_t)(DATES_NS + 1)) & ~behind;
    }
    return found >> 63 != 0;
}

bool time_was_date(int64_t ns, char digits[9])
{
    int date = (int)(ns / SECOND_NS);
    if (ns < FIRST_DATE_NS || ns > FIRST_DATE_NS + DATES_NS || ns % SECOND_NS != 0 ||
        !civil_is_date(date / 10000, date / 100 % 100, date % 100))
        return false;
    digits[8] = '\0';
    for (int i = 8; i-- > 0; date /= 10)
        digits[i] = (char)('0' + date % 10);
    return true;
}

void time_print(struct buf *to, int64_t ns, enum time_unit unit, const struct zone *zone)
{
    static const uint64_t UNIT_NS[] = {
        [TIME_UNIT_S] = 1000000000,
        [TIME_UNIT_MS] = 1000000,
        [TIME_UNIT_US] = 1000,
        [TIME_UNIT_NS] = 1,
    };
    if (time_unit_is_text(unit))
        rfc3339_print(to, ns, unit == TIME_UNIT_LOCAL ? zone : NULL);
    else
        duration_print_decimal(to, ns, UNIT_NS[unit]);
}
