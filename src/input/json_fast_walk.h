/*
 * input/json_fast_walk.h - one record, token by token.
 *
 * The part of the fast path that decides: it validates a whole record and reads its needed fields,
 * stepping over strings with the index. As it goes it notes where the values stand, so that
 * the next records of the same outline need no walk.
 */
#ifndef INPUT_JSON_FAST_WALK_H
#define INPUT_JSON_FAST_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input/json_fast_projection.h"
#include "input/scan.h"

enum { WALK_DEEPEST = 64, WALK_MOST_HOLES = 512 };

struct walk {
    struct projection *projection;
    uint64_t *seen;   /* per node: the serial of the last record that held it */
    uint64_t serial;  /* of this record */
    const char *base; /* of this record */
    const char *at;
    const struct scan_index *index;
    uint32_t depth;
    struct batch *batch;
    size_t lane;
    size_t n_holes; /* beyond WALK_MOST_HOLES they are counted only */
    struct walk_hole {
        const char *start, *end;
        const struct projection_node *node;
        bool is_string;
    } holes[WALK_MOST_HOLES];
};

void walk_init(struct walk *w, struct projection *projection);
void walk_free(struct walk *w);

/* Reads the indexed record at p into the lane. False if it is not plain, or not valid. */
bool walk_record(struct walk *w, const struct scan_index *index, const char *p, struct batch *batch,
                 size_t lane);

#endif
