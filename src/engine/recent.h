/*
 * engine/recent.h - the windows that the last records went into, found without a search: with
 * disorder, records go to several by turns.
 */
#ifndef ENGINE_RECENT_H
#define ENGINE_RECENT_H

#include <string.h>

#include "engine/windows.h"

enum { RECENT_WINDOWS = 8 };

/* Start: {0}. */
struct recent {
    struct window *at[RECENT_WINDOWS]; /* the last used first; NULL behind */
};

/* Makes it the first. */
static inline void recent_set(struct recent *recent, struct window *w)
{
    size_t i = 0;
    while (i < RECENT_WINDOWS - 1 && recent->at[i] != w && recent->at[i] != NULL)
        i++;
    memmove(recent->at + 1, recent->at, i * sizeof(struct window *));
    recent->at[0] = w;
}

/* To be called when a window is freed. */
static inline void recent_forget(struct recent *recent)
{
    *recent = (struct recent){0};
}

static inline bool recent_holds(const struct window *w, int64_t t_ns)
{
    return (t_ns >= w->bounds.start_ns) & (t_ns < w->bounds.end_ns);
}

/* The one that holds the time, now the first; or NULL. */
static inline struct window *recent_find(struct recent *recent, int64_t t_ns)
{
    for (size_t i = 0; i < RECENT_WINDOWS && recent->at[i] != NULL; i++) {
        if (recent_holds(recent->at[i], t_ns)) {
            recent_set(recent, recent->at[i]);
            return recent->at[0];
        }
    }
    return NULL;
}

#endif
