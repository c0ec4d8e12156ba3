/*
 * input/split.h - a line to its fields, for the formats whose records are lines.
 *
 * All take a record without its newline and a CR before that. Texts are views of the record, or, if
 * escapes were undone, live in the arena. They return NULL, or why the line is none of that format.
 */
#ifndef INPUT_SPLIT_H
#define INPUT_SPLIT_H

#include "input/fields.h"

/* TSV as IANA registered it: \t, \n, \r, \\ are escapes, a quote is a byte like any other. */
const char *split_tsv(struct fields *fields, const struct input_options *options,
                      const char *record, size_t len, struct arena *arena);

/* The names of the fields of split_combined(), in its order. */
enum { SPLIT_COMBINED_FIELDS = 12 };
extern char *split_combined_names[SPLIT_COMBINED_FIELDS];

/* The access log of Apache and nginx, common or combined. wanted: bits, as in struct splitter. */
const char *split_combined(struct fields *fields, const struct input_options *options,
                           uint64_t wanted, const char *record, size_t len, struct arena *arena);

/*
 * key=value pairs. The fields are those asked for, in the order of options->time, then of
 * options->fields.
 */
const char *split_logfmt(struct fields *fields, const struct input_options *options,
                         const char *record, size_t len, struct arena *arena);

#endif
