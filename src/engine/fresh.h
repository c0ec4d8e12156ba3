/*
 * engine/fresh.h - the windows and cells that got something since the last tick of --early D.
 *
 * A tick looks at these alone: a million quiet keys, or a million quiet windows, cost it nothing.
 */
#ifndef ENGINE_FRESH_H
#define ENGINE_FRESH_H

#include <stddef.h>

#include "engine/windows.h"

struct fresh { /* {0} is empty */
    struct window **windows;
    size_t n, capacity;
};

/* The cell of this window got its first record since it fired. */
void fresh_note(struct fresh *fresh, struct window *w, struct cell *cell);

/* The window fires as a whole: its cells are new no more. */
void fresh_forget(struct fresh *fresh, struct window *w);

/* Puts the windows in the order in which they fire: by end, then start. All of them fire now: the
 * next call is fresh_clear(). */
void fresh_sort(struct fresh *fresh);

void fresh_clear(struct fresh *fresh); /* all have fired */
void fresh_free(struct fresh *fresh);

#endif
