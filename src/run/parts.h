/*
 * run/parts.h - the state of a run that lasts, a row for each part: what it is called in a
 * snapshot, and how it is saved and loaded. Its layout stands above the function that writes it.
 */
#ifndef RUN_PARTS_H
#define RUN_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct running;

struct part {
    const char *tag; /* four letters; NULL ends the table */
    uint32_t version;
    bool (*is_there)(const struct running *r); /* not every run has every part */
    void (*save)(const struct running *r, struct buf *to);
    bool (*load)(struct running *r, const unsigned char **at, const unsigned char *end);
};
extern const struct part parts[];

#endif
