/*
 * input/json_fast_columns.h - rows of one shape, read hole by hole.
 *
 * Each hole has a loop of its own over the rows, so what it does is never a branch, and the
 * processor works on several rows at once.
 */
#ifndef INPUT_JSON_FAST_COLUMNS_H
#define INPUT_JSON_FAST_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input/epoch.h"
#include "input/json_fast_projection.h"
#include "input/json_fast_shape.h"
#include "input/lanes.h"

/* Records that shape_fits(), one behind the other, on their way into lanes of the batch. */
struct rows {
    const struct shape *shape;
    const char *slice;
    const uint32_t *marks; /* row i has marks[i * n_marks ..]; marks[-1] is the newline before */
    size_t n;
    bool escapes; /* some have backslashes; each is one of a valid escape */
    struct batch *batch;
    size_t lane; /* of the first */
};

struct columns_reader {
    struct projection *projection;
    const struct lanes *lanes;
    struct epoch_units units;
};

/*
 * Reads times and columns of the rows, and drops those from the first one on in which something is
 * not plain: rows->n says how many are left.
 */
void columns_read(const struct columns_reader *reader, struct rows *rows);

#endif
