/*
 * input/json_fast_text.h - the text of a needed string whose escapes json_fast.c has checked: each
 * backslash begins a valid escape, surrogates come in pairs, and none is U+0000.
 */
#ifndef INPUT_JSON_FAST_TEXT_H
#define INPUT_JSON_FAST_TEXT_H

#include "base/arena.h"
#include "base/value.h"

/* Undoes them: the text stands in the arena then. */
void json_fast_undo(struct value *text, struct arena *arena);

#endif
