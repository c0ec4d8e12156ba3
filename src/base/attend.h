/*
 * base/attend.h - what whoever works or waits for long looks at now and then.
 *
 * Signals only leave a note. It is read between two batches, and by what may take longer than a
 * tenth of a second on the way: firing windows, writing to a reader that does not read, waiting.
 */
#ifndef BASE_ATTEND_H
#define BASE_ATTEND_H

#include <stddef.h>
#include <stdint.h>

struct attend { /* {0}: nobody asks for anything */
    int64_t (*look)(void *context);
    void *context;
};

/* Does what was asked for meanwhile; nanoseconds since the first request to stop, -1: none. */
static inline int64_t attend_look(const struct attend *attend)
{
    return attend->look == NULL ? -1 : attend->look(attend->context);
}

#endif
