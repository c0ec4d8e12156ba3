/*
 * base/base64.h - bytes as text: RFC 4648, with padding.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

void base64_put(struct buf *to, const void *bytes, size_t len);

/* Appends what text[0..len) stands for; false, with some of it appended, if it is no base64. */
bool base64_read(struct buf *to, const char *text, size_t len);

#endif
