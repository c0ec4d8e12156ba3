/*
 * verdict/clock.h - the clock of one source: the highest event time that moved it.
 *
 * A time more than max_jump ahead does not move it until CLOCK_JUMPS_BELIEVED in a row were so;
 * then it moves to the lowest of them. The first time always moves it.
 */
#ifndef VERDICT_CLOCK_H
#define VERDICT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/wire.h"
#include "time/watermark.h"

enum { CLOCK_JUMPS_BELIEVED = 10 };

struct clock {               /* {0} has seen nothing */
    int64_t ns;              /* once started */
    int64_t lowest_ahead_ns; /* of the jumps in a row */
    uint32_t n_ahead;        /* how many there were */
    bool started;
};

/* A record of this time came. max_jump_ns 0: every jump is believed. */
static inline void clock_see(struct clock *c, int64_t time_ns, int64_t max_jump_ns)
{
    if (!c->started) {
        c->started = true;
        c->ns = time_ns;
        return;
    }
    if (max_jump_ns > 0 && time_ns > time_add(c->ns, max_jump_ns)) {
        if (c->n_ahead == 0 || time_ns < c->lowest_ahead_ns)
            c->lowest_ahead_ns = time_ns;
        if (++c->n_ahead < CLOCK_JUMPS_BELIEVED)
            return;
        time_ns = c->lowest_ahead_ns;
    }
    c->n_ahead = 0;
    if (time_ns > c->ns)
        c->ns = time_ns;
}

/* started (u8), time (i64), jumps in a row (u32), the lowest of them (i64). */
static inline void clock_save(const struct clock *c, struct buf *to)
{
    wire_put_u8(to, c->started);
    wire_put_i64(to, c->ns);
    wire_put_u32(to, c->n_ahead);
    wire_put_i64(to, c->lowest_ahead_ns);
}

static inline bool clock_load(struct clock *c, const unsigned char **at, const unsigned char *end)
{
    uint8_t started;
    if (!wire_u8(at, end, &started) || !wire_i64(at, end, &c->ns) ||
        !wire_u32(at, end, &c->n_ahead) || !wire_i64(at, end, &c->lowest_ahead_ns))
        return false;
    c->started = started != 0;
    return c->n_ahead < CLOCK_JUMPS_BELIEVED;
}

#endif
