/*
 * engine/recent.h - the windows that records go into, found without a search: with disorder, they
 * go to several by turns.
 *
 * The last two are tried first. Of windows of one length, each has a place by its number, and may
 * be driven out of it by another one; the others are few, and bisected.
 */
#ifndef ENGINE_RECENT_H
#define ENGINE_RECENT_H

#include <string.h>

#include "engine/windows.h"

enum { RECENT_PLACES = 256 };

/* Start: {0}, and recent_init() if all are of one length. */
struct recent {
    struct window *first, *second; /* the last one, and the one before; NULL: none */
    uint64_t length_ns;            /* 0: not all of one */
    uint64_t phase_ns;             /* a window starts there, modulo the length */
    bool is_placed;
    struct window *places[RECENT_PLACES];
};

/* Times as unsigned numbers in their order. */
static inline uint64_t recent_unsigned(int64_t t_ns)
{
    return (uint64_t)t_ns ^ (uint64_t)1 << 63;
}

static inline void recent_init(struct recent *recent, int64_t length_ns, int64_t offset_ns)
{
    recent->length_ns = (uint64_t)length_ns;
    recent->phase_ns = recent_unsigned(offset_ns) % recent->length_ns;
}

/* Where the window that holds the time may stand. */
static inline struct window **recent_place(struct recent *recent, int64_t t_ns)
{
    uint64_t from_phase = recent_unsigned(t_ns) - recent->phase_ns;
    return &recent->places[from_phase / recent->length_ns % RECENT_PLACES];
}

/* To be called when a window is freed. */
static inline void recent_forget(struct recent *recent)
{
    recent->first = recent->second = NULL;
    if (recent->is_placed)
        memset(recent->places, 0, sizeof recent->places);
    recent->is_placed = false;
}

static inline bool recent_holds(const struct window *w, int64_t t_ns)
{
    return (t_ns >= w->bounds.start_ns) & (t_ns < w->bounds.end_ns);
}

/*
 * That of the live ones which holds the time, or NULL. The last instant is never found: an end
 * there is the true one or one that saturated, and only the latter's window holds it.
 */
static inline struct window *recent_find(struct recent *recent, const struct windows *live,
                                         int64_t t_ns)
{
    if (t_ns == INT64_MAX)
        return NULL;
    if (recent->length_ns == 0)
        return live->n == 0 ? NULL : windows_holding(live, t_ns);
    struct window **place = recent_place(recent, t_ns);
    if (*place == NULL || !recent_holds(*place, t_ns)) {
        struct window *w = live->n == 0 ? NULL : windows_holding(live, t_ns);
        if (w == NULL)
            return NULL;
        *place = w;
        recent->is_placed = true;
    }
    return *place;
}

#endif
