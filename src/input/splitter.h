/*
 * input/splitter.h - a record to its fields, in the format of the input.
 */
#ifndef INPUT_SPLITTER_H
#define INPUT_SPLITTER_H

#include "input/csv_slow.h"
#include "input/fields.h"

struct splitter {
    const struct input_options *options;
    enum input_format format;
    struct csv_slow *csv; /* INPUT_CSV */
    uint64_t wanted;      /* the bits of the fields that somebody asks for, of 64; INPUT_COMBINED */
    struct fields fields; /* of the last record */
};

void splitter_init(struct splitter *s, const struct input_options *options,
                   enum input_format format, char delimiter);
void splitter_free(struct splitter *s);

/* Fills s->fields from record[0..len) (see csv_record_len()). Returns NULL, or why it is bad. */
const char *splitter_split(struct splitter *s, const char *record, size_t len, struct arena *arena);

#endif
