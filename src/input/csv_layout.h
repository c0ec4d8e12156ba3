/*
 * input/csv_layout.h - what the header settled: which column of a CSV record is what.
 *
 * Made once by input.c, constant afterwards, so that any number of parsers may read it.
 */
#ifndef INPUT_CSV_LAYOUT_H
#define INPUT_CSV_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct csv_layout {
    char delimiter;
    size_t n_columns; /* of every record; 0: as many as there are */
    size_t *time;     /* column of input_options.time[i] */
    size_t *fields;   /* column of input_options.fields[f] */
    bool is_given; /* by --columns, or by a line of #fields, which blanks divide: not as rows are */
    bool has_first_row;
    uint64_t first_row; /* where in the input that begins, straight behind a header */
};

#endif
