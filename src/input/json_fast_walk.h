/*
 * input/json_fast_walk.h - one record, token by token.
 *
 * The part of the fast path that decides: it validates a whole record and reads its needed fields,
 * stepping over strings from mark to mark. As it goes it notes where the values stand, so that
 * the next records of the same outline need no walk.
 */
#ifndef INPUT_JSON_FAST_WALK_H
#define INPUT_JSON_FAST_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input/json_fast_projection.h"

enum { WALK_DEEPEST = 64, WALK_MOST_HOLES = 512 };

/* A record of a slice that was marked: its marks are marks[0 .. n_marks), the last its newline. */
struct walk_record {
    const char *slice;
    uint32_t start; /* where in the slice it begins */
    const uint32_t *marks;
    size_t n_marks;
    bool escapes; /* there are backslashes; each is one of a valid escape or outside a string */
};

struct walk {
    struct projection *projection;
    uint64_t *seen;  /* per node: the serial of the last record that held it */
    uint64_t serial; /* of this record */
    struct walk_record record;
    const char *at;
    const uint32_t *mark; /* none before it lies behind `at` */
    uint32_t depth;
    struct batch *batch;
    size_t lane;
    size_t n_holes; /* beyond WALK_MOST_HOLES they are counted only */
    struct walk_hole {
        uint32_t start, end; /* in the slice */
        const struct projection_node *node;
        bool is_string;
    } holes[WALK_MOST_HOLES];
};

void walk_init(struct walk *w, struct projection *projection);
void walk_free(struct walk *w);

/*
 * Reads the record into the lane. False if it is not plain, or not valid. Its bytes must be UTF-8
 * and its escapes valid.
 */
bool walk_read(struct walk *w, const struct walk_record *record, struct batch *batch, size_t lane);

#endif
