#include "time/zone.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "time/civil.h"
#include "time/tzif.h"
#include "time/tzrule.h"

enum {
    /* int64 nanoseconds reach 2262, the window of a time there somewhat further. */
    FIRST_RULE_YEAR = 1670,
    LAST_RULE_YEAR = 2290,
};

/* All that is asked for lies far within these (in year -32000 and 36000). */
#define FIRST_S (-(INT64_C(1) << 40))
#define LAST_S (INT64_C(1) << 40)

/* A step function: offset_s[i] holds from from_s[i] up to from_s[i + 1]. from_s[0] is FIRST_S. */
struct steps {
    size_t n;
    int64_t *from_s;
    int *offset_s;
};

/*
 * Stretches of one offset, seen from both sides. Local clocks may jump ahead, over local times that
 * never come, or back, to some that come again:
 *
 *     utc      |----- 0 -----|----- 1 -----|----- 2 -----
 *     local    0000000000000   1111111111111              a gap before 1
 *                                       222222222222222   1 and 2 overlap
 *
 * reach_s[i] is the local time that the clocks have come to by the end of stretch i, if they had
 * not been set back: the highest end of any stretch up to it. It ascends, so a search in it finds
 * where a local time was reached first.
 */
struct zone {
    struct steps utc, local;
    int64_t *reach_s;
    bool is_utc;
};

/* The last step that begins at or before s; the first one is before all. */
static size_t step_at(const struct steps *steps, int64_t s)
{
    size_t first = 0, n = steps->n;
    while (n > 1) {
        size_t half = n / 2;
        first = steps->from_s[first + half] <= s ? first + half : first;
        n -= half;
    }
    return first;
}

static int64_t step_end(const struct steps *steps, size_t i)
{
    return i + 1 < steps->n ? steps->from_s[i + 1] : LAST_S;
}

static void steps_alloc(struct steps *steps, size_t capacity)
{
    steps->n = 0;
    steps->from_s = memory_calloc(capacity, sizeof *steps->from_s);
    steps->offset_s = memory_calloc(capacity, sizeof *steps->offset_s);
}

static void steps_free(struct steps *steps)
{
    free(steps->from_s);
    free(steps->offset_s);
}

/* One that changes nothing is none; of two at the same time the later one counts. */
static void steps_add(struct steps *steps, int64_t from_s, int offset_s)
{
    if (steps->n > 0 && steps->from_s[steps->n - 1] == from_s)
        steps->n--;
    if (steps->n > 0 && steps->offset_s[steps->n - 1] == offset_s)
        return;
    steps->from_s[steps->n] = from_s;
    steps->offset_s[steps->n] = offset_s;
    steps->n++;
}

/* Into a sorted list; behind others of the same time, and never far from its end. */
static void insert_change(struct tz_change *changes, size_t n, int64_t at_s, int offset_s)
{
    for (; n > 0 && changes[n - 1].at_s > at_s; n--)
        changes[n] = changes[n - 1];
    changes[n] = (struct tz_change){at_s, offset_s};
}

/* The changes by rule behind `after_s`, in every year that matters. */
static void add_rule(struct steps *steps, const struct tz_rule *rule, int64_t after_s)
{
    enum { YEARS = LAST_RULE_YEAR - FIRST_RULE_YEAR + 1 };
    if (!rule->changes) {
        if (after_s == FIRST_S)
            steps_add(steps, FIRST_S, rule->standard_s);
        return;
    }
    struct tz_change changes[2 * YEARS];
    size_t n = 0;
    /*
     * A rule's time may be a week off its day, so changes of two years may come out of order; and a
     * summer may begin at the instant at which the last one ends.
     */
    for (int year = FIRST_RULE_YEAR; year <= LAST_RULE_YEAR; year++) {
        int64_t start_s = tz_rule_instant(&rule->start, year, rule->standard_s);
        int64_t end_s = tz_rule_instant(&rule->end, year, rule->summer_s);
        insert_change(changes, n++, start_s, rule->summer_s);
        insert_change(changes, n++, end_s, rule->standard_s);
    }
    if (after_s == FIRST_S)
        steps_add(steps, FIRST_S, rule->standard_s);
    for (size_t i = 0; i < n; i++)
        if (changes[i].at_s > after_s)
            steps_add(steps, changes[i].at_s, changes[i].offset_s);
}

static const char *fill_utc(struct steps *steps, const struct tzif *tzif)
{
    int64_t last_s = FIRST_S;
    steps_alloc(steps, 1 + tzif->n_changes + 2 * (LAST_RULE_YEAR - FIRST_RULE_YEAR + 1));
    steps_add(steps, FIRST_S, tzif->first_offset_s);
    for (size_t i = 0; i < tzif->n_changes && tzif->changes[i].at_s < LAST_S; i++) {
        if (tzif->changes[i].at_s > last_s)
            last_s = tzif->changes[i].at_s;
        steps_add(steps, last_s, tzif->changes[i].offset_s);
    }
    struct tz_rule rule;
    if (tzif->rule_len == 0)
        return NULL;
    if (!tz_rule_parse(&rule, tzif->rule, tzif->rule_len))
        return "its last line is no rule";
    add_rule(steps, &rule, last_s);
    return NULL;
}

static void fill_reach(struct zone *zone)
{
    const struct steps *utc = &zone->utc;
    zone->reach_s = memory_calloc(utc->n, sizeof *zone->reach_s);
    for (size_t i = 0; i < utc->n; i++) {
        int64_t end = step_end(utc, i) + utc->offset_s[i];
        zone->reach_s[i] = i > 0 && zone->reach_s[i - 1] > end ? zone->reach_s[i - 1] : end;
    }
}

/* The first stretch by whose end the clocks have passed that local time. */
static size_t reached_in(const struct zone *zone, int64_t local_s)
{
    size_t first = 0, n = zone->utc.n;
    while (n > 0) {
        size_t half = n / 2;
        if (zone->reach_s[first + half] <= local_s) {
            first += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return first < zone->utc.n ? first : zone->utc.n - 1;
}

/* The offset of a local time, by definition. Looks at the changes of two days at most. */
static int local_offset(const struct zone *zone, int64_t local_s)
{
    const struct steps *utc = &zone->utc;
    size_t reached = reached_in(zone, local_s);
    if (reached == 0 || local_s - utc->offset_s[reached] >= utc->from_s[reached])
        return utc->offset_s[reached];
    /* Skipped; but the clocks may be set back to it soon after. */
    for (size_t i = reached + 1; i < utc->n && utc->from_s[i] <= local_s + TZIF_MOST_OFFSET_S;
         i++) {
        int64_t utc_s = local_s - utc->offset_s[i];
        if (utc_s >= utc->from_s[i] && utc_s < step_end(utc, i))
            return utc->offset_s[i];
    }
    return utc->offset_s[reached - 1];
}

static int compare_times(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* What is true of a local time can only change where a stretch begins or ends on local clocks. */
static void fill_local(struct zone *zone)
{
    const struct steps *utc = &zone->utc;
    size_t n = 0;
    int64_t *edges = memory_calloc(2 * utc->n, sizeof *edges);
    for (size_t i = 1; i < utc->n; i++) {
        edges[n++] = utc->from_s[i] + utc->offset_s[i - 1];
        edges[n++] = utc->from_s[i] + utc->offset_s[i];
    }
    qsort(edges, n, sizeof *edges, compare_times);
    steps_alloc(&zone->local, n + 1);
    steps_add(&zone->local, FIRST_S, utc->offset_s[0]);
    for (size_t i = 0; i < n; i++)
        steps_add(&zone->local, edges[i], local_offset(zone, edges[i]));
    free(edges);
}

struct zone *zone_from_bytes(const void *bytes, size_t len, const char **why)
{
    struct tzif *tzif = memory_calloc(1, sizeof *tzif);
    struct zone *zone = memory_calloc(1, sizeof *zone);
    *why = tzif_read(tzif, bytes, len);
    if (*why == NULL)
        *why = fill_utc(&zone->utc, tzif);
    if (*why == NULL) {
        fill_reach(zone);
        fill_local(zone);
        zone->is_utc = tzif->named_utc && zone->utc.n == 1 && zone->utc.offset_s[0] == 0;
    } else {
        zone_free(zone);
        zone = NULL;
    }
    free(tzif);
    return zone;
}

void zone_free(struct zone *zone)
{
    if (zone == NULL)
        return;
    steps_free(&zone->utc);
    steps_free(&zone->local);
    free(zone->reach_s);
    free(zone);
}

bool zone_is_utc(const struct zone *zone)
{
    return zone == NULL || zone->is_utc;
}

/* The first and the last stretch have no end that matters. */
static struct zone_span span_at(const struct steps *steps, int64_t s)
{
    size_t i = step_at(steps, s);
    return (struct zone_span){.from_s = i > 0 ? steps->from_s[i] : INT64_MIN,
                              .to_s = i + 1 < steps->n ? steps->from_s[i + 1] : INT64_MAX,
                              .offset_s = steps->offset_s[i]};
}

static const struct zone_span UTC_SPAN = {INT64_MIN, INT64_MAX, 0};

struct zone_span zone_span_at(const struct zone *zone, int64_t utc_s)
{
    return zone == NULL ? UTC_SPAN : span_at(&zone->utc, utc_s);
}

struct zone_span zone_span_of_local(const struct zone *zone, int64_t local_s)
{
    return zone == NULL ? UTC_SPAN : span_at(&zone->local, local_s);
}

int64_t zone_day_start(const struct zone *zone, int64_t day)
{
    int64_t midnight_s = day * DAY_S;
    if (zone == NULL)
        return midnight_s;
    size_t i = reached_in(zone, midnight_s);
    int64_t utc_s = midnight_s - zone->utc.offset_s[i];
    return utc_s < zone->utc.from_s[i] ? zone->utc.from_s[i] : utc_s;
}

int64_t zone_day_at(const struct zone *zone, int64_t utc_s)
{
    int64_t local_s = utc_s;
    if (zone != NULL) {
        size_t i = step_at(&zone->utc, utc_s);
        local_s += zone->utc.offset_s[i];
        /* Clocks set back do not bring the day before again. */
        if (i > 0 && local_s < zone->reach_s[i - 1] - 1)
            local_s = zone->reach_s[i - 1] - 1;
    }
    int64_t day = local_s / DAY_S;
    return day - (local_s % DAY_S < 0);
}
