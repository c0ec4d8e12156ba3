/*
 * input/plan.h - what a parser must know of the input: settled before the first block is handed
 * out, constant from then on.
 */
#ifndef INPUT_PLAN_H
#define INPUT_PLAN_H

#include "input/csv_cut.h"
#include "input/csv_layout.h"
#include "input/input.h"

struct input_plan {
    const struct input_options *options;
    enum input_format format; /* INPUT_AUTO until it is settled */
    enum input_format found;  /* the same, known before the header is */
    struct csv_rules rules;   /* of CSV */
    struct csv_layout layout; /* of texts */
    struct buf *names; /* if not NULL, the names of all columns are appended, a NUL behind each */
};

/* Lives as long as the input. */
const struct input_plan *input_plan(const struct input *in);

#endif
