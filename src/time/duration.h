/*
 * time/duration.h - lengths of time on the command line: `1h30m`, `1.5s`, `0`.
 */
#ifndef TIME_DURATION_H
#define TIME_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Reads all of `text`: numbers with a unit (ns us ms s m h d w), several in a row add up, decimals
 * allowed where they come out at whole nanoseconds; a bare 0 needs no unit. One leading sign
 * (+ or -) is accepted if `signed_ok`. On failure *err (EXIT_USAGE) says what was expected, naming
 * the option with `what` ("--delay"): `--delay: expected a duration like 90s or 1h30m, found '5'`.
 */
bool duration_parse(const char *text, bool signed_ok, int64_t *ns, const char *what,
                    struct error *err);

/* Appends the shortest text that duration_parse() reads back: 90s -> 1m30s. */
void duration_print(struct buf *to, int64_t ns);

/*
 * Appends ns / unit_ns as an exact decimal without needless zeros: 1500 in microseconds is 1.5.
 * unit_ns is a power of ten.
 */
void duration_print_decimal(struct buf *to, int64_t ns, uint64_t unit_ns);

#endif
