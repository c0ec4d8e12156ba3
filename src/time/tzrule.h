/*
 * time/tzrule.h - the last line of a TZif file: how its clocks go on behind its last change.
 * Internal to time/.
 *
 * The grammar of POSIX' TZ, as RFC 9636 extends it (hours -167 to 167 in a rule's time):
 *
 *     name offset [name [offset] , day [/time] , day [/time]]
 *     name    three letters or more, or <letters, digits, + and ->
 *     offset  [+-]hh[:mm[:ss]], west of UTC; of summer time, an hour ahead if it is not there
 *     day     Jn 1 to 365 without Feb 29; n 0 to 365; Mm.w.d weekday d (0: Sunday) of week w, 5:
 * the last time    of the clock before the change; 02:00 if it is not there
 */
#ifndef TIME_TZRULE_H
#define TIME_TZRULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tz_rule_day {
    enum tz_rule_kind { TZ_RULE_JULIAN, TZ_RULE_ZERO_BASED, TZ_RULE_WEEKDAY } kind;
    int day;         /* of the year; of the week */
    int month, week; /* TZ_RULE_WEEKDAY */
    int time_s;
};

struct tz_rule {
    int standard_s, summer_s; /* offsets east of UTC; summer time may be behind standard time */
    bool changes;             /* is there a summer time? */
    struct tz_rule_day start, end;
};

/* All of text[0..len); false if it is no rule. */
bool tz_rule_parse(struct tz_rule *rule, const char *text, size_t len);

/* The instant of that day and time of a year, of clocks that are offset_s ahead. */
int64_t tz_rule_instant(const struct tz_rule_day *day, int year, int offset_s);

#endif
