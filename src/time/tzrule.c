#include "time/tzrule.h"

#include "time/civil.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool take(const char **at, const char *end, char wanted)
{
    bool there = *at < end && **at == wanted;
    *at += there;
    return there;
}

/* 1 to 3 digits, min to max. */
static bool read_int(const char **at, const char *end, int min, int max, int *value)
{
    int n = 0;
    *value = 0;
    for (; *at < end && is_digit(**at) && n < 3; n++)
        *value = *value * 10 + (*(*at)++ - '0');
    return n > 0 && *value >= min && *value <= max;
}

static bool read_name(const char **at, const char *end)
{
    bool quoted = take(at, end, '<');
    const char *start = *at;
    while (*at < end &&
           (is_letter(**at) || (quoted && (is_digit(**at) || **at == '+' || **at == '-'))))
        ++*at;
    return *at - start >= 3 && (!quoted || take(at, end, '>'));
}

/* [+-]h[:mm[:ss]] in seconds. */
static bool read_clock(const char **at, const char *end, int max_hours, int *seconds)
{
    bool negative = take(at, end, '-');
    if (!negative)
        take(at, end, '+');
    int hours, minutes = 0, rest = 0;
    if (!read_int(at, end, 0, max_hours, &hours))
        return false;
    if (take(at, end, ':')) {
        if (!read_int(at, end, 0, 59, &minutes))
            return false;
        if (take(at, end, ':') && !read_int(at, end, 0, 59, &rest))
            return false;
    }
    *seconds = hours * 3600 + minutes * 60 + rest;
    if (negative)
        *seconds = -*seconds;
    return true;
}

static bool read_weekday(const char **at, const char *end, struct tz_rule_day *day)
{
    return read_int(at, end, 1, 12, &day->month) && take(at, end, '.') &&
           read_int(at, end, 1, 5, &day->week) && take(at, end, '.') &&
           read_int(at, end, 0, 6, &day->day);
}

static bool read_day(const char **at, const char *end, struct tz_rule_day *day)
{
    bool ok;
    *day = (struct tz_rule_day){.time_s = 2 * 3600};
    if (!take(at, end, ','))
        return false;
    if (take(at, end, 'M')) {
        day->kind = TZ_RULE_WEEKDAY;
        ok = read_weekday(at, end, day);
    } else if (take(at, end, 'J')) {
        day->kind = TZ_RULE_JULIAN;
        ok = read_int(at, end, 1, 365, &day->day);
    } else {
        day->kind = TZ_RULE_ZERO_BASED;
        ok = read_int(at, end, 0, 365, &day->day);
    }
    return ok && (!take(at, end, '/') || read_clock(at, end, 167, &day->time_s));
}

bool tz_rule_parse(struct tz_rule *rule, const char *text, size_t len)
{
    const char *at = text, *end = text + len;
    int west_s;
    *rule = (struct tz_rule){0};
    if (!read_name(&at, end) || !read_clock(&at, end, 24, &west_s))
        return false;
    rule->standard_s = -west_s;
    if (at == end)
        return true;
    rule->changes = true;
    rule->summer_s = rule->standard_s + 3600;
    if (!read_name(&at, end))
        return false;
    if (at < end && *at != ',') {
        if (!read_clock(&at, end, 24, &west_s))
            return false;
        rule->summer_s = -west_s;
    }
    return read_day(&at, end, &rule->start) && read_day(&at, end, &rule->end) && at == end;
}

/* 0: Sunday. 1970-01-01 was a Thursday. */
static int weekday_of(int days)
{
    return ((days + 4) % 7 + 7) % 7;
}

static int rule_days(const struct tz_rule_day *day, int year)
{
    int january = civil_days(year, 1, 1);
    if (day->kind == TZ_RULE_ZERO_BASED)
        return january + day->day;
    if (day->kind == TZ_RULE_JULIAN)
        return january + day->day - 1 + (day->day >= 60 && civil_is_date(year, 2, 29));
    int first = civil_days(year, day->month, 1);
    int days = first + (day->day - weekday_of(first) + 7) % 7 + 7 * (day->week - 1);
    int next = day->month == 12 ? civil_days(year + 1, 1, 1) : civil_days(year, day->month + 1, 1);
    return days < next ? days : days - 7;
}

int64_t tz_rule_instant(const struct tz_rule_day *day, int year, int offset_s)
{
    return (int64_t)rule_days(day, year) * DAY_S + day->time_s - offset_s;
}
