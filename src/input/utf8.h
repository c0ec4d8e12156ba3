/*
 * input/utf8.h - is it UTF-8? (Unicode 15, table 3-7: no surrogates, no overlong forms, nothing
 * above U+10FFFF)
 */
#ifndef INPUT_UTF8_H
#define INPUT_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Runs of ASCII pass eight bytes at a time. */
bool utf8_valid(const char *text, size_t len);

/* The longest prefix of at most `most` bytes that does not end inside a character. */
size_t utf8_prefix(const char *text, size_t len, size_t most);

#endif
