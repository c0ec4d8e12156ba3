/*
 * scan/epoch.h - whole epoch numbers, for the hot paths: what time/timestamp.h says of them,
 * without a case for what is not whole.
 */
#ifndef SCAN_EPOCH_H
#define SCAN_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

#include "time/timestamp.h"

/* Epoch numbers below these, and not below the one before, are seconds, milliseconds,
   microseconds; any others are nanoseconds. */
struct epoch_units {
    uint64_t s, ms, us;
};

/* Not for TIME_PATTERN. */
static inline struct epoch_units epoch_units(enum time_form form)
{
    switch (form) {
    case TIME_AUTO:
        return (struct epoch_units){UINT64_C(100000000000), UINT64_C(100000000000000),
                                    UINT64_C(100000000000000000)};
    case TIME_S:
        return (struct epoch_units){.s = UINT64_MAX};
    case TIME_MS:
        return (struct epoch_units){.ms = UINT64_MAX};
    case TIME_US:
        return (struct epoch_units){.us = UINT64_MAX};
    case TIME_NS:
    case TIME_PATTERN:
        break;
    }
    return (struct epoch_units){0};
}

/* A whole number of seconds, milliseconds, ...; false if it is out of range. */
static inline bool epoch_ns(const struct epoch_units *units, uint64_t n, int64_t *ns)
{
    if (n < units->s)
        return !__builtin_mul_overflow(n, 1000000000, ns);
    if (n < units->ms)
        return !__builtin_mul_overflow(n, 1000000, ns);
    return !__builtin_mul_overflow(n, n < units->us ? 1000 : 1, ns);
}

#endif
