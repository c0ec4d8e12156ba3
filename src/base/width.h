/*
 * base/width.h - how many columns of a terminal a text takes.
 *
 * After Unicode 15's East_Asian_Width and general categories, in ranges as coarse as terminals
 * agree on: wide and full-width characters and emoji take two, combining marks and what has no
 * width none. No locale is asked.
 */
#ifndef BASE_WIDTH_H
#define BASE_WIDTH_H

#include <stddef.h>

#include "base/buf.h"

/* Of valid UTF-8 without control characters. */
size_t width_of(const char *text, size_t len);

/* Appends the text as a terminal may have it: control characters as \xHH, what is no UTF-8 as
   U+FFFD. */
void width_put_safe(struct buf *to, const char *text, size_t len);

/* The longest prefix of at most so many columns, in bytes. */
size_t width_prefix(const char *text, size_t len, size_t columns);

#endif
