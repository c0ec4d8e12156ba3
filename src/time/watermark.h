/*
 * time/watermark.h - how far event time has come.
 *
 * The watermark W says "no record with event time < W is expected any more". It starts at
 * -infinity, follows the highest event time seen, `delay` behind it (bounded out-of-orderness),
 * and never goes back. After the Dataflow model (Akidau et al., VLDB 2015), section 2.3.
 * All times are int64 nanoseconds; arithmetic saturates at the ends of the type.
 */
#ifndef TIME_WATERMARK_H
#define TIME_WATERMARK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct watermark {
    int64_t delay_ns;
    int64_t now_ns;   /* W; INT64_MIN is -infinity, where it starts */
    int64_t clock_ns; /* the highest event time seen; meaningful once `started` */
    bool started;
    bool finite; /* W has left -infinity; INT64_MIN may also be a W that saturated */
};

/* a + b, at the ends of int64 instead of beyond. */
static inline int64_t time_add(int64_t a, int64_t b)
{
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum))
        return sum;
    return b > 0 ? INT64_MAX : INT64_MIN;
}

static inline int64_t time_sub(int64_t a, int64_t b)
{
    int64_t difference;
    if (!__builtin_sub_overflow(a, b, &difference))
        return difference;
    return b < 0 ? INT64_MAX : INT64_MIN;
}

/* A record with this event time was read: moves the clock and W. */
static inline void watermark_observe(struct watermark *w, int64_t time_ns)
{
    if (w->started && time_ns <= w->clock_ns)
        return;
    w->clock_ns = time_ns;
    w->started = w->finite = true;
    int64_t clock = time_sub(time_ns, w->delay_ns);
    if (clock > w->now_ns)
        w->now_ns = clock;
}

#endif
