/*
 * input/json_fast_scalar.h - numbers and literals, byte by byte: what the vector code leaves.
 */
#ifndef INPUT_JSON_FAST_SCALAR_H
#define INPUT_JSON_FAST_SCALAR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/value.h"

/*
 * Is text[0..len) a number of the JSON grammar, true, false or null? If so and `needed`, *v becomes
 * its value (a view of the text, if the number is wide); false too if winagg cannot hold it.
 */
bool scalar_read(const char *text, size_t len, bool needed, struct value *v);

#endif
