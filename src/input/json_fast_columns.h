/*
 * input/json_fast_columns.h - rows of one shape, read hole by hole, and others, by their spans.
 *
 * Each hole has a loop of its own over the rows, so what it does is never a branch, and the
 * processor works on several rows at once.
 */
#ifndef INPUT_JSON_FAST_COLUMNS_H
#define INPUT_JSON_FAST_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input/json_fast_projection.h"
#include "input/json_fast_shape.h"
#include "scan/epoch.h"
#include "scan/lanes.h"

/* Records that one shape fits, on their way into lanes of the batch. */
struct rows {
    const struct shape *shape;
    const char *slice;
    const uint32_t *marks; /* of the slice */
    const uint32_t *row;   /* where in `marks` those of each begin; the one before ends another */
    const uint32_t *lane;  /* each one's place in the batch, in ascending order */
    bool even;             /* rows and lanes follow each other */
    size_t n;
    bool escapes; /* some have backslashes; each is one of a valid escape */
    bool high;    /* some have bytes that are not ASCII, which need not be UTF-8 */
    struct batch *batch;
};

struct columns_reader {
    struct projection *projection;
    const struct lanes *lanes;
    const struct marker *marker;
    struct epoch_units units;
};

/*
 * Reads times and columns of the rows, and drops those from the first one on in which something is
 * not plain: rows->n says how many are left.
 */
void columns_read(const struct columns_reader *reader, struct rows *rows);

/*
 * The same for records whose values are in spans: rows holds their lanes, which are those of the
 * spans' rows from batch->n on, no shape and no marks.
 */
void columns_read_spans(const struct columns_reader *reader, const struct spans *spans,
                        struct rows *rows);

#endif
