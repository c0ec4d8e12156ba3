/*
 * base/json_text.h - strings and values as JSON text.
 */
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H

#include <stddef.h>

#include "base/buf.h"
#include "base/value.h"

/*
 * Appends text[0..len) as a JSON string, quotes included. Escaped are `"`, `\` and the control
 * characters (\b \f \n \r \t, else \u00XX). What is no UTF-8 becomes U+FFFD (base/utf8.h), so that
 * the result is JSON whatever a CSV field held.
 */
void json_text_string(struct buf *to, const char *text, size_t len);

void json_text_datum(struct buf *to, const struct datum *datum);

/* A value in its canonical encoding; without bytes, or damaged, null. */
void json_text_encoded(struct buf *to, const void *encoded, size_t len);

#endif
