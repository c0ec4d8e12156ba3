/*
 * input/reason.h - why a record is bad, in words that tell what was expected and what was found.
 *
 * Reasons live in the batch's arena. User data in them is quoted, escaped and cut, so that a
 * reason is one short line of UTF-8 whatever the record holds.
 */
#ifndef INPUT_REASON_H
#define INPUT_REASON_H

#include <stddef.h>

#include "base/arena.h"
#include "base/number.h"
#include "input/input.h"

/* Bytes that reason_quote() and reason_escape() may need, NUL included. */
enum { REASON_QUOTED = 200 };

const char *reason_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes the text, escaped, at most 40 bytes of it, into `to`; returns `to`. */
const char *reason_escape(char to[REASON_QUOTED], const char *text, size_t len);

/* The same in quotes. */
const char *reason_quote(char to[REASON_QUOTED], const char *text, size_t len);

/* What both formats say the same way. `shown` is the offending value, ready to be read. */
const char *reason_number(struct arena *arena, const struct field *field, enum number_status status,
                          const char *shown);
/* text: what was read, for a hint at the pattern that would read it; NULL: none is wanted. */
const char *reason_time(struct arena *arena, const struct input_options *options,
                        enum time_status status, const char *shown, const struct buf *text);
const char *reason_overlong(struct arena *arena, const struct input_options *options);

/* Of a record of more than one line, which begins at that one: where it ends; or "". */
enum { REASON_LINES = 96 }; /* two numbers of 20 digits, and 50 bytes of text */
void reason_lines(char to[REASON_LINES], uint64_t line, const char *record, size_t len);

/* So many bad records of a batch get hints: more messages than that are never shown. */
enum { REASON_HINTS = 10 };

#endif
