/*
 * run/progress.h - --progress: one line on stderr, drawn again at most four times a second, and
 * gone before anything else is written there and at the end. A chart on the same terminal is left
 * standing then, and drawn anew below.
 */
#ifndef RUN_PROGRESS_H
#define RUN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct running;

struct progress {
    bool on;
    int64_t due_ns;
};

/* It is on if it was asked for, or stderr is a terminal and rows go to a regular file. */
void progress_start(struct running *r);
void progress_if_due(struct running *r);
void progress_end(struct running *r);

#endif
