/*
 * input/json_fast_text.h - escapes in strings.
 */
#ifndef INPUT_JSON_FAST_TEXT_H
#define INPUT_JSON_FAST_TEXT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/value.h"

/*
 * Is it the character behind a backslash? U+0000 is left to the slow path, and so are halves of a
 * pair alone. *second: the second half of one has to stand here; it is told whether it has to next.
 */
bool json_fast_escape(const char *p, bool *second);

/*
 * Undoes those of a needed string, in which each backslash begins such an escape: the text stands
 * in the arena then.
 */
void json_fast_undo(struct value *text, struct arena *arena);

#endif
