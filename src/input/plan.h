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
    /* What was enough for no answer yet is not looked at again with the bytes that follow it. */
    struct {
        size_t blank;   /* bytes behind the mark that are blank */
        size_t skipped; /* bytes behind the mark that are empty lines and comments */
        size_t bad;     /* where the first record begins that may say how many columns there are */
    } seen;
    struct buf *names; /* if not NULL, the names of all columns are appended, a NUL behind each */
};

/* Lives as long as the input. */
const struct input_plan *input_plan(const struct input *in);

#endif
