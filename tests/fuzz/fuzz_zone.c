/*
 * Fuzzes zones: any bytes as a TZif file, or as the rule of one. What is taken answers as the
 * definitions in time/zone.h have it, applied here stretch by stretch; what is not gets a reason.
 *
 * The first byte chooses: 'f' a file follows, else a rule; behind it stand eight bytes that say
 * what is asked.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "time/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_STRETCHES = 8000, DAY = 86400, HEADER = 44 };
#define LIMIT_S (INT64_C(1) << 33) /* about what int64 nanoseconds reach */

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* A file of version 2 without changes: UTC up to its rule. */
static size_t make_file(uint8_t *file, const uint8_t *rule, size_t len)
{
    uint8_t *at = file;
    for (int part = 0; part < 2; part++) {
        memset(at, 0, HEADER + 10);
        memcpy(at, "TZif2", 5);
        at[39] = 1; /* a type */
        at[43] = 4; /* a name of so many bytes */
        memcpy(at + HEADER + 6, "UTC", 4);
        at += HEADER + 10;
    }
    *at++ = '\n';
    memcpy(at, rule, len);
    at[len] = '\n';
    return (size_t)(at + len + 1 - file);
}

struct stretches {
    size_t n;
    struct zone_span at[MOST_STRETCHES];
};

static void collect(const struct zone *zone, struct stretches *all)
{
    struct zone_span span = {.to_s = INT64_MIN};
    for (all->n = 0; span.to_s != INT64_MAX; all->n++) {
        int64_t from_s = span.to_s;
        span = zone_span_at(zone, from_s);
        require(span.from_s == from_s && span.to_s > from_s && all->n < MOST_STRETCHES);
        all->at[all->n] = span;
    }
}

/* The local time by which a stretch is over. */
static int64_t local_end(const struct zone_span *span)
{
    return span->to_s == INT64_MAX ? INT64_MAX : span->to_s + span->offset_s;
}

/* The first stretch by whose end the clocks have shown that time or a later one. */
static size_t reached(const struct stretches *all, int64_t local_s)
{
    size_t i = 0;
    while (local_end(&all->at[i]) <= local_s)
        i++;
    return i;
}

static int64_t naive_utc(const struct stretches *all, int64_t local_s)
{
    for (size_t i = 0; i < all->n; i++) {
        int64_t utc_s = local_s - all->at[i].offset_s;
        if (utc_s >= all->at[i].from_s && utc_s < all->at[i].to_s)
            return utc_s;
    }
    return local_s - all->at[reached(all, local_s) - 1].offset_s; /* skipped */
}

static int64_t naive_day_start(const struct stretches *all, int64_t day)
{
    const struct zone_span *span = &all->at[reached(all, day * DAY)];
    int64_t utc_s = day * DAY - span->offset_s;
    return utc_s < span->from_s ? span->from_s : utc_s;
}

static int64_t floor_day(int64_t s)
{
    return s / DAY - (s % DAY < 0);
}

/* The latest date that the clocks have shown by then. */
static int64_t naive_day_at(const struct stretches *all, int64_t utc_s)
{
    size_t i = 0;
    int64_t latest = INT64_MIN;
    for (; all->at[i].to_s <= utc_s; i++)
        if (local_end(&all->at[i]) - 1 > latest)
            latest = local_end(&all->at[i]) - 1;
    int64_t now = utc_s + all->at[i].offset_s;
    return floor_day(now > latest ? now : latest);
}

static void ask(const struct zone *zone, const struct stretches *all, int64_t s)
{
    if (s < -LIMIT_S || s > LIMIT_S)
        return;
    struct zone_span span = zone_span_at(zone, s);
    require(span.from_s <= s && s < span.to_s);
    struct zone_span local = zone_span_of_local(zone, s);
    require(local.from_s <= s && s < local.to_s);
    require(zone_local_to_utc(zone, s) == naive_utc(all, s));
    require(zone_day_at(zone, s) == naive_day_at(all, s));
    require(zone_day_start(zone, floor_day(s)) == naive_day_start(all, floor_day(s)));
}

static void check(const struct zone *zone, const uint8_t *wish)
{
    static struct stretches all;
    int64_t where;
    memcpy(&where, wish, sizeof where);
    collect(zone, &all);
    require(zone_is_utc(zone) <= (all.n == 1 && all.at[0].offset_s == 0));
    ask(zone, &all, where % LIMIT_S);
    const struct zone_span *span = &all.at[(uint64_t)where % all.n];
    for (int64_t k = -2; k <= 2 && span->from_s != INT64_MIN; k++) {
        ask(zone, &all, span->from_s + k);
        ask(zone, &all, span->from_s + span->offset_s + k);
        ask(zone, &all, span->from_s + span[-1].offset_s + k);
        ask(zone, &all, span->from_s + k * DAY / 2);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MOST_RULE = 200, WISH = 8 };
    uint8_t made[2 * (HEADER + 10) + MOST_RULE + 2];
    const char *why = NULL;
    if (size < 1 + WISH)
        return 0;
    const uint8_t *bytes = data + 1 + WISH;
    size_t len = size - 1 - WISH;
    if (*data != 'f') {
        if (len > MOST_RULE)
            return 0;
        len = make_file(made, bytes, len);
        bytes = made;
    }
    struct zone *zone = zone_from_bytes(bytes, len, &why);
    require((zone == NULL) == (why != NULL));
    if (zone != NULL)
        check(zone, data + 1);
    zone_free(zone);
    return 0;
}
