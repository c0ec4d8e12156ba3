/*
 * base/utf8.h - is it UTF-8? (Unicode 15, table 3-7: no surrogates, no overlong forms, nothing
 * above U+10FFFF)
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Length of the longest prefix that is UTF-8: len if all of it is. Runs of ASCII pass eight bytes
 * at a time. */
size_t utf8_valid_prefix(const char *text, size_t len);

static inline bool utf8_valid(const char *text, size_t len)
{
    return utf8_valid_prefix(text, len) == len;
}

/*
 * Appends the text, U+FFFD in the place of each maximal subpart of an ill-formed sequence (Unicode
 * 15, section 3.9, as browsers and Python do).
 */
void utf8_repair(struct buf *to, const char *text, size_t len);

/* Writes the character, up to U+10FFFF, and returns the byte behind it: at most four on. */
char *utf8_put(char *to, uint32_t c);

/* The longest prefix of at most `most` bytes that does not end inside a character. */
size_t utf8_prefix(const char *text, size_t len, size_t most);

#endif
