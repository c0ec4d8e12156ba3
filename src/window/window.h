/*
 * window/window.h - which windows an event time belongs to.
 *
 * Aligned windows (tumbling, sliding) start at offset + k * slide and are `size` long; a tumbling
 * window is a sliding one whose slide is its size. Session windows depend on the other records of
 * the key, so only their gap stands here; engine/sessions.h keeps them.
 * All lengths are nanoseconds. Bounds saturate at the ends of int64.
 */
#ifndef WINDOW_WINDOW_H
#define WINDOW_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum window_kind { WINDOW_ALIGNED, WINDOW_SESSION };

struct window_spec {
    enum window_kind kind;
    int64_t size_ns, slide_ns; /* aligned */
    int64_t offset_ns;         /* aligned; any sign */
    int64_t gap_ns;            /* session */
};

/* More windows over one record than that are refused: each costs time and memory. */
enum { WINDOWS_PER_RECORD_MAX = 100000 };

struct window_bounds {
    int64_t start_ns, end_ns; /* [start, end) */
};

/* Reads -w: `SIZE`, `tumbling:SIZE`, `sliding:SIZE/SLIDE`, `session:GAP`. EXIT_USAGE if it isn't.
 */
bool window_parse(struct window_spec *spec, const char *text, struct error *err);

/*
 * Window number k of time t among the aligned windows that hold it: k = 0 starts last, k = 1 one
 * slide earlier, and so on. Returns false when there are only k of them (none at all if k is 0:
 * with a slide above the size, t may lie between windows).
 */
bool window_at(const struct window_spec *spec, int64_t t_ns, int64_t k,
               struct window_bounds *bounds);

#endif
