/*
 * input/plan.h - what a parser must know of the input: settled before the first block is handed
 * out, constant from then on.
 */
#ifndef INPUT_PLAN_H
#define INPUT_PLAN_H

#include "input/csv_layout.h"
#include "input/input.h"

struct input_plan {
    const struct input_options *options;
    enum input_format format; /* INPUT_AUTO until it is settled */
    struct csv_layout layout; /* INPUT_CSV and INPUT_TSV */
};

/* Lives as long as the input. */
const struct input_plan *input_plan(const struct input *in);

#endif
