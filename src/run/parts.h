/*
 * run/parts.h - the state of a run that lasts, a row for each part: what it is called in a
 * snapshot, and how it is saved, read and described. Its layout stands above what writes it.
 *
 *     a snapshot      each part's save()
 *     going on        parse() of what is needed before anything is opened, then, in a run that
 *                     stands, load() of the state
 *     --inspect       each part's describe()
 *
 * A new option that changes results, or a new state, is a row, and nothing else knows of it.
 */
#ifndef RUN_PARTS_H
#define RUN_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct resume;
struct running;

struct part {
    const char *tag; /* four letters; NULL ends the table */
    uint32_t version;
    bool is_slow;                                    /* engine_save_begin() can write it, too */
    bool (*is_there)(const struct running *r);       /* not every run has every part */
    bool (*save)(struct running *r, struct buf *to); /* false: r->err says why */
    bool (*parse)(const unsigned char *at, const unsigned char *end, struct resume *to);
    bool (*load)(struct running *r, const unsigned char **at, const unsigned char *end);
    /* The snapshot has none, for its run had no need of it; false, and where it is NULL: it is
       damaged. */
    bool (*begin)(struct running *r, const struct resume *from);
    /* Members of a JSON object, each with a comma before it; NULL: there is nothing to say. */
    bool (*describe)(const struct resume *r, const unsigned char *at, const unsigned char *end,
                     struct buf *to);
};
extern const struct part parts[];

#endif
