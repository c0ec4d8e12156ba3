/*
 * time/civil.h - dates and clocks as people write them, and the pieces that every text form of a
 * time shares: the fraction of a second and the zone. Internal to time/.
 *
 * Day numbers count from 1970-01-01 in the proleptic Gregorian calendar; the arithmetic is that of
 * Howard Hinnant, "chrono-compatible low-level date algorithms".
 */
#ifndef TIME_CIVIL_H
#define TIME_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

#include "time/timestamp.h"
#include "time/zone.h"

enum { DAY_S = 86400, SECOND_NS = 1000000000 };

struct civil {
    int year, month, day; /* month and day from 1 */
    int hour, minute, second;
    int nanosecond;
    int offset_s;  /* east of UTC, if has_zone */
    bool has_zone; /* if not, it is local time */
};

/* Of any month 1..12; a day beyond the end of its month counts on. */
static inline int civil_days(int year, int month, int day)
{
    /* Years begin in March here, so that the leap day is the last. */
    int y = month <= 2 ? year - 1 : year;
    int era = (y >= 0 ? y : y - 399) / 400;
    int year_of_era = y - era * 400;
    int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

/* The date of a day number that is not before 0000-03-01. Sets year, month and day only. */
static inline void civil_from_days(int days, struct civil *c)
{
    unsigned shifted = (unsigned)(days + 719468);
    unsigned era = shifted / 146097;
    unsigned day_of_era = shifted % 146097;
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month = (5 * day_of_year + 2) / 153; /* from March */
    c->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    c->month = (int)(month < 10 ? month + 3 : month - 9);
    c->year = (int)(year_of_era + era * 400) + (month >= 10);
}

/* Is there such a day? */
bool civil_is_date(int year, int month, int day);

/*
 * The instant; without a zone of its own, that of the zone's clocks (NULL: UTC). A second 60 (a
 * leap second) is the one after it, 24:00:00 the midnight that follows. TIME_NOT_A_DATE if a field
 * is out of its range or the offset is a day or more, TIME_OUT_OF_RANGE if the nanoseconds are.
 */
enum time_status civil_ns(const struct civil *c, const struct zone *zone, int64_t *ns);

/* Has all of its day, which is one, the same offset? */
bool civil_is_steady(const struct civil *c, const struct zone *zone);

/* seconds * 1e9 + nanosecond, 0 <= nanosecond < 1e9; false if int64 cannot hold it. */
bool civil_join(int64_t seconds, int nanosecond, int64_t *ns);

/*
 * Readers step *at behind what they read and return false if it is not there, *at then being
 * anywhere. Both read as much as there is.
 */
/* One digit or more, those behind the ninth floored; *digits says how many. */
bool civil_read_fraction(const char **at, const char *end, int *nanosecond, int *digits);
/* Z z +hh:mm +hhmm +hh; an impossible one (+24:00, +01:60) gives an offset civil_ns() refuses. */
bool civil_read_zone(const char **at, const char *end, struct civil *c);

/* Exactly two digits. */
static inline bool civil_read_two(const char **at, const char *end, int *value)
{
    if (end - *at < 2)
        return false;
    unsigned tens = (unsigned)((*at)[0] - '0'), ones = (unsigned)((*at)[1] - '0');
    *value = (int)(tens * 10 + ones);
    *at += 2;
    return tens <= 9 && ones <= 9;
}

#endif
