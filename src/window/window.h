/*
 * window/window.h - which windows an event time belongs to.
 *
 * Each kind is a row of the table in window.c: how it is written on the command line and in a
 * snapshot, and which windows hold a time.
 *
 *     tumbling, sliding   start at offset + k * slide and are `size` long; a tumbling window is a
 *                         sliding one whose slide is its size
 *     cumulate            [s, s + k * slide) for k = 1 ... size / slide, s as for tumbling
 *     calendar            days, weeks, months, quarters, years of a zone
 *     all                 one window for all time
 *     session             depends on the other records of the key: only the gap stands here;
 *                         engine/sessions.c keeps them
 *     slice               from one start or end of a sliding or cumulating window to the next: it
 *                         is in each of these wholly or not at all
 *
 * All but sessions are aligned: they follow from the time alone, and in the order of their starts
 * (of equal starts: of their ends) they are also in the order of their ends.
 * All lengths are nanoseconds. Bounds saturate at the ends of int64; an end that did so is one that
 * the watermark does not reach before the end of the input.
 */
#ifndef WINDOW_WINDOW_H
#define WINDOW_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/int128.h"
#include "time/zone.h"

enum window_kind {
    WINDOW_TUMBLING,
    WINDOW_SLIDING,
    WINDOW_CUMULATE,
    WINDOW_CALENDAR,
    WINDOW_ALL,
    WINDOW_SESSION,
    WINDOW_SLICE, /* what overlapping ones are cut into; nobody asks for them by name */
};

enum calendar_unit {
    CALENDAR_DAY,
    CALENDAR_WEEK, /* from Monday */
    CALENDAR_MONTH,
    CALENDAR_QUARTER,
    CALENDAR_YEAR,
};

/* Calls take() with each way to begin a WINDOW but a SIZE: `sliding:`, `tumbling:day`, `all`. */
void window_each_word(void (*take)(void *to, const char *word), void *to);

/* More windows over one record than that are refused: each costs time and memory. */
enum { WINDOWS_PER_RECORD_MAX = 100000 };

struct window_spec {
    enum window_kind kind;
    int64_t size_ns, slide_ns; /* tumbling, sliding, cumulate: its step */
    int64_t offset_ns;         /* of these; any sign */
    int64_t gap_ns;            /* session */
    enum calendar_unit unit;   /* calendar */
    const struct zone *zone;   /* calendar; borrowed, NULL: UTC */
};

struct window_bounds {
    int64_t start_ns, end_ns; /* [start, end) */
};

/*
 * Reads -w: `SIZE`, `tumbling:SIZE`, `tumbling:UNIT`, `sliding:SIZE/SLIDE`, `cumulate:SIZE/STEP`,
 * `session:GAP`, `all`. EXIT_USAGE if it isn't. Leaves offset_ns and zone as they are.
 */
bool window_parse(struct window_spec *spec, const char *text, struct error *err);

/* Appends the text that window_parse() reads back, the same for equal windows. */
void window_print(const struct window_spec *spec, struct buf *to);

/*
 * The first window of tumbling, sliding or calendar ones that starts after t; false: there is none
 * before the end of time.
 */
bool window_after(const struct window_spec *spec, int64_t t_ns, struct window_bounds *bounds);

/* The length of the longest aligned window that holds t; INT64_MAX: no end is in sight. */
int64_t window_length(const struct window_spec *spec, int64_t t_ns);

/*
 * Window number k of time t among the aligned windows that hold it: k = 0 ends last, k = 1 is the
 * one that ends before it, and so on. Returns false when there are only k of them (none at all if
 * k is 0: with a slide above the size, t may lie between windows).
 */
bool window_at(const struct window_spec *spec, int64_t t_ns, int64_t k,
               struct window_bounds *bounds);

/* Do several aligned windows hold one time? */
static inline bool window_overlaps(const struct window_spec *spec)
{
    return (spec->kind == WINDOW_SLIDING || spec->kind == WINDOW_CUMULATE) &&
           spec->slide_ns < spec->size_ns;
}

/* The windows without their overlap: slices, or the same. */
struct window_spec window_units(const struct window_spec *spec);

/* Can these be the bounds of a window of this kind? For what was read from a snapshot. */
bool window_is(const struct window_spec *spec, const struct window_bounds *bounds);

/* At the ends of int64 instead of beyond. */
static inline int64_t window_clamp(i128 ns)
{
    return ns > INT64_MAX ? INT64_MAX : ns < INT64_MIN ? INT64_MIN : (int64_t)ns;
}

/* floor(a / b) for b > 0; C's division truncates, which would shift times before 1970. */
static inline i128 window_floor_div(i128 a, int64_t b)
{
    /* 64-bit division is several times faster than 128-bit, and nearly always enough. */
    if (a >= 0 && a <= INT64_MAX)
        return (int64_t)a / b;
    i128 quotient = a / b;
    return quotient * b > a ? quotient - 1 : quotient;
}

#endif
