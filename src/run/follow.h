/*
 * run/follow.h - --follow: FILEs that grow, are rotated away, or truncated in place.
 *
 *     follow_start(r)               once: watches them
 *     follow_next(r, file, &in)     which generation of a FILE is read now; NULL: all are at their
 *                                   ends, and none has grown
 *     follow_wait(r, ns)            until something has happened, a signal came, or so long
 *
 * A file that was rotated away stays open and is read before the new one whenever it has grown,
 * until it was quiet for a minute: its writer may go on for a while. Several that were rotated away
 * between two looks are all found, by their names and contents (source/rotated.h).
 *
 * A file that was truncated in place holds other bytes before the position than were read there. A
 * copy of what it was (logrotate's copytruncate) is looked for and read to its end first.
 */
#ifndef RUN_FOLLOW_H
#define RUN_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "run/inlet.h"

struct running;

void follow_start(struct running *r);

/* False (in r->err): a file can't be read. */
bool follow_next(struct running *r, struct inlet *file, struct inlet **in);

/* Has nothing of the FILE more to read, as far as a look tells that changes nothing? */
bool follow_is_quiet(const struct inlet *file);

void follow_wait(struct running *r, int64_t ns);

/* At a restart the FILE is another one than the snapshot's, which is nowhere: says so. */
void follow_say_lost(const struct inlet *file, uint64_t offset);

/* A FILE that --follow can't follow is wrong usage. */
bool follow_check(const char *path, struct error *err);

#endif
