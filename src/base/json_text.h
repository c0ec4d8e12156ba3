/*
 * base/json_text.h - strings as JSON text.
 */
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H

#include <stddef.h>

#include "base/buf.h"

/*
 * Appends text[0..len) as a JSON string, quotes included. Escaped are `"`, `\` and the control
 * characters (\b \f \n \r \t, else \u00XX). A byte that belongs to no UTF-8 character becomes
 * U+FFFD, so that the result is JSON whatever a CSV field held.
 */
void json_text_string(struct buf *to, const char *text, size_t len);

#endif
