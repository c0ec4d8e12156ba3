/*
 * time/rfc3339.h - what --time-format auto reads as text, and RFC 3339 as it is printed. Internal
 * to time/; the fast reader is time/time_fast.h.
 *
 *     YYYY-MM-DD, YYYY/MM/DD                          a date alone is its midnight
 *     the same, [Tt ]hh:mm[:ss[(.|,)digits]][[ ]zone] RFC 3339, ISO 8601 and what people take for
 * it YYYYMMDD[Tt ]hhmm[ss[(.|,)digits]][[ ]zone]     ISO 8601's basic form dd/Mon/YYYY:hh:mm[:ss][[
 * ]zone]                 access logs; in brackets or not
 *
 * A zone is Z z +hh:mm +hhmm +hh UTC GMT (- for +).
 */
#ifndef TIME_RFC3339_H
#define TIME_RFC3339_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "time/timestamp.h"
#include "time/zone.h"

/* Does it begin like one of these? No number does. */
bool rfc3339_begins(const char *text, size_t len);

/* `zone` is for times without one; NULL: UTC. *places, if not NULL, is filled if it is steady. */
enum time_status rfc3339_parse(const char *text, size_t len, const struct zone *zone, int64_t *ns,
                               struct time_places *places);

/* YYYY-MM-DD or YYYY/MM/DD, a real date within int64 nanoseconds. */
bool rfc3339_date(const char *text, int *year, int *month, int *day);

/*
 * Appends YYYY-MM-DDThh:mm:ss[.fraction] with 0, 3, 6 or 9 digits of fraction, and Z for UTC
 * itself, else +hh:mm, or +hh:mm:ss where an offset of old has seconds, as Python prints it.
 */
void rfc3339_print(struct buf *to, int64_t ns, const struct zone *zone);

#endif
