/*
 * time/rfc3339.h - RFC 3339 and what people take for it (ISO 8601's calendar dates). Internal to
 * time/; its fast reader is time/time_fast.h.
 */
#ifndef TIME_RFC3339_H
#define TIME_RFC3339_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "time/timestamp.h"

/* Does it begin like one (dddd-)? No number does. */
bool rfc3339_begins(const char *text, size_t len);

/* YYYY-MM-DD, or that and [Tt ]hh:mm[:ss[(.|,)fraction]][zone]; no zone is UTC. */
enum time_status rfc3339_parse(const char *text, size_t len, int64_t *ns);

/* Appends YYYY-MM-DDThh:mm:ss[.fraction]Z with 0, 3, 6 or 9 digits of fraction. */
void rfc3339_print(struct buf *to, int64_t ns);

#endif
