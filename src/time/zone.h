/*
 * time/zone.h - local time: the zones of the system's tz database.
 *
 *     struct zone *zone = zone_open("Europe/Berlin", &err);
 *     zone_offset_at(zone, utc_s)          how far local time is ahead
 *     zone_local_to_utc(zone, local_s)     what a clock on the wall meant
 *     zone_day_start(zone, day)            where a day begins
 *     zone_free(zone);
 *
 * Local seconds count from 1970-01-01T00:00:00 on the zone's clocks. NULL is UTC in every function.
 * A zone is read whole when it is opened (time/tzif.h) and its rule for the years to come is
 * unrolled over all times that int64 nanoseconds reach; after that nothing in it changes, any
 * number of threads may use it, and every question is a search in a sorted table of some hundred
 * entries. Neither the environment's TZ nor any function of the C library's time has a part in it.
 */
#ifndef TIME_ZONE_H
#define TIME_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct zone;

/*
 * By its exact name in the tz database. `UTC` is there even without a database. NULL and *err: a
 * name that the database lacks (EXIT_USAGE; the nearest one is suggested), or a database that is
 * missing or damaged (EXIT_RUNTIME).
 */
struct zone *zone_open(const char *name, struct error *err);

/* Calls take() with each name of the tz database, in no order. */
void zone_each(void (*take)(void *to, const char *name), void *to);

/* For tests: from now on the database is there and nowhere else. */
void zone_look_into(const char *directory);

/* From the bytes of a TZif file. NULL and *why, a few words, if they are damaged. */
struct zone *zone_from_bytes(const void *bytes, size_t len, const char **why);

void zone_free(struct zone *zone); /* NULL is fine */

/* Is it UTC itself (UTC, Etc/UTC, Zulu, ...), and not just a zone whose clocks agree with it? */
bool zone_is_utc(const struct zone *zone);

/*
 * A stretch of seconds [from_s, to_s) over which the offset does not change: what a caller who asks
 * for one time after the other keeps, so that most questions cost two comparisons. {0} holds none.
 */
struct zone_span {
    int64_t from_s, to_s;
    int offset_s; /* east of UTC */
};

struct zone_span zone_span_at(const struct zone *zone, int64_t utc_s);

/*
 * The same for local seconds: utc = local - offset_s. A local time that a change of the clocks
 * skipped has the offset in force before the change, so it moves forward by what was skipped; one
 * that comes twice is the first of the two.
 */
struct zone_span zone_span_of_local(const struct zone *zone, int64_t local_s);

static inline int zone_offset_at(const struct zone *zone, int64_t utc_s)
{
    return zone_span_at(zone, utc_s).offset_s;
}

static inline int64_t zone_local_to_utc(const struct zone *zone, int64_t local_s)
{
    return local_s - zone_span_of_local(zone, local_s).offset_s;
}

/* The same with the caller's span, for loops over records. */
static inline int zone_offset_near(const struct zone *zone, struct zone_span *span, int64_t utc_s)
{
    if (utc_s < span->from_s || utc_s >= span->to_s)
        *span = zone_span_at(zone, utc_s);
    return span->offset_s;
}

static inline int64_t zone_local_to_utc_near(const struct zone *zone, struct zone_span *span,
                                             int64_t local_s)
{
    if (local_s < span->from_s || local_s >= span->to_s)
        *span = zone_span_of_local(zone, local_s);
    return local_s - span->offset_s;
}

/*
 * Days count from 1970-01-01. A day begins at the first instant at which the local date has reached
 * it: where its midnight was skipped that is the change, where midnight comes twice the first. A
 * day that was skipped as a whole begins where the next one does.
 */
int64_t zone_day_start(const struct zone *zone, int64_t day);

/* The day whose [start, start of the next) holds the instant: the latest date reached so far. */
int64_t zone_day_at(const struct zone *zone, int64_t utc_s);

#endif
