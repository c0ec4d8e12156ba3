/*
 * base/escape.h - backslashes in names on the command line.
 *
 * A FIELD or NAME may hold the characters that divide it from what stands beside it; a backslash
 * before one of `. , : = [ ]` or before a backslash takes it literally. Any other backslash stands
 * for itself. Who divides a text steps over escapes with escape_span() and leaves them in; they are
 * undone once, where the name itself is read.
 */
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Does a backslash at text[0] take text[1] literally? text ends at `len`. */
bool escape_at(const char *text, size_t len);

/* How far it is to one of `stops` or the end; what a backslash stands before is no stop. */
size_t escape_span(const char *text, const char *stops);

/* A copy of text[0..len) without the backslashes that take something literally; free() it. */
char *escape_undo(const char *text, size_t len);

/*
 * Appends a plain name so that escape_undo() gives it back: a backslash before every backslash and
 * before each character of `special`, which are some of those above.
 */
void escape_put(struct buf *to, const char *plain, const char *special);

#endif
