/*
 * input/json_fast_walk.h - the structure of one record by its quotes, for its outline to be learnt.
 *
 * Where no shape fits (json_fast_shape.h), a record is walked: from mark to mark, so that no byte
 * of a string is looked at. The walk judges structure alone, and says where the holes of a shape
 * are. Only once the values have been read is the record known to be valid.
 */
#ifndef INPUT_JSON_FAST_WALK_H
#define INPUT_JSON_FAST_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input/json_fast_spans.h"
#include "scan/marks.h"

enum { WALK_DEEPEST = 64, WALK_MOST_HOLES = 512 };

/* A record of a slice that was marked: its marks are marks[0 .. n_marks), the last its newline. */
struct walk_record {
    const char *slice;
    uint32_t start; /* where in the slice it begins */
    const uint32_t *marks;
    size_t n_marks; /* walk_record() counts them */
    bool escapes;   /* there are backslashes; each is one of a valid escape or outside a string */
};

/* Of a hole, beside those of spans: the inside of an array of nothing but numbers. */
enum { WALK_NUMBERS = SPAN_CONTAINER + 1 };

struct walk {
    struct spans *spans;
    const struct marker *marker;
    struct walk_record record;
    const uint32_t *mark; /* the next one */
    uint32_t depth;

    size_t n_holes; /* in their order; beyond WALK_MOST_HOLES they are counted only */
    struct walk_hole {
        uint32_t start, end; /* in the slice */
        const struct projection_node *node;
        uint32_t kind; /* enum span_kind, or WALK_NUMBERS */
    } holes[WALK_MOST_HOLES];
};

/*
 * Notes the values of a record; all but w->mark, depth, the holes and w->record.n_marks is the
 * caller's to set before. Returns how many marks it has; 0, with something of it noted perhaps, if
 * it is not plain, or not valid. Its escapes must be valid.
 */
size_t walk_record(struct walk *w, uint32_t row);

#endif
