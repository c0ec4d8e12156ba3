#include "time/civil.h"

bool civil_is_date(int year, int month, int day)
{
    static const signed char DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1)
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= DAYS[month - 1] + (month == 2 && leap);
}

bool civil_join(int64_t seconds, int nanosecond, int64_t *ns)
{
    /* The product alone may be just below int64 where the sum is not: round towards zero first. */
    int64_t rest = nanosecond;
    if (seconds < 0) {
        seconds++;
        rest -= SECOND_NS;
    }
    return !__builtin_mul_overflow(seconds, (int64_t)SECOND_NS, ns) &&
           !__builtin_add_overflow(*ns, rest, ns);
}

enum time_status civil_ns(const struct civil *c, const struct zone *zone, int64_t *ns)
{
    bool midnight = c->hour == 24 && c->minute == 0 && c->second == 0 && c->nanosecond == 0;
    if (!civil_is_date(c->year, c->month, c->day) || c->hour < 0 || (c->hour > 23 && !midnight) ||
        c->minute < 0 || c->minute > 59 || c->second < 0 || c->second > 60)
        return TIME_NOT_A_DATE;
    int64_t seconds = (int64_t)civil_days(c->year, c->month, c->day) * DAY_S + c->hour * 3600 +
                      c->minute * 60 + c->second;
    if (!c->has_zone)
        seconds = zone_local_to_utc(zone, seconds);
    else if (c->offset_s > -DAY_S && c->offset_s < DAY_S)
        seconds -= c->offset_s;
    else
        return TIME_NOT_A_DATE;
    return civil_join(seconds, c->nanosecond, ns) ? TIME_OK : TIME_OUT_OF_RANGE;
}

bool civil_is_steady(const struct civil *c, const struct zone *zone)
{
    if (c->has_zone || zone == NULL)
        return true;
    int64_t midnight_s = (int64_t)civil_days(c->year, c->month, c->day) * DAY_S;
    struct zone_span span = zone_span_of_local(zone, midnight_s);
    return span.to_s - DAY_S >= midnight_s;
}

bool civil_read_fraction(const char **at, const char *end, int *nanosecond, int *digits)
{
    static const int SCALE[] = {0, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1};
    int value = 0, n = 0;
    const char *p = *at;
    for (; p < end && n < 9 && *p >= '0' && *p <= '9'; p++, n++)
        value = value * 10 + (*p - '0');
    *nanosecond = value * SCALE[n];
    *digits = n;
    for (; p < end && *p >= '0' && *p <= '9'; p++)
        *digits = 10;
    *at = p;
    return n > 0;
}

bool civil_read_zone(const char **at, const char *end, struct civil *c)
{
    if (*at == end)
        return false;
    char sign = *(*at)++;
    c->has_zone = true;
    c->offset_s = 0;
    if (sign == 'Z' || sign == 'z')
        return true;
    int hours, minutes = 0;
    if ((sign != '+' && sign != '-') || !civil_read_two(at, end, &hours))
        return false;
    bool colon = *at < end && **at == ':';
    *at += colon;
    bool more = *at < end && **at >= '0' && **at <= '9';
    if ((colon || more) && !civil_read_two(at, end, &minutes))
        return false;
    c->offset_s = minutes > 59 ? DAY_S : hours * 3600 + minutes * 60;
    if (sign == '-')
        c->offset_s = -c->offset_s;
    return true;
}
