/*
 * input/reader.h - what the input formats differ in, a row each; and a record to its fields.
 */
#ifndef INPUT_READER_H
#define INPUT_READER_H

#include "input/csv_slow.h"
#include "input/fields.h"

/* Splits records of texts; made for one format. */
struct splitter {
    const struct input_options *options;
    const struct reader_ops *ops;
    char delimiter;
    struct csv_slow *csv; /* of CSV, once there was a record */
    uint64_t wanted;      /* the bits of the fields that somebody asks for, of 64 */
    struct fields fields; /* of the last record */
};

struct reader_ops {
    bool is_text;       /* values are texts, in fields; else the record is JSON */
    bool has_lines;     /* a record is a line, whatever stands in it; else quotes hold newlines */
    bool has_columns;   /* rows of columns that a header names, and csv_fast.h reads */
    bool names_fields;  /* each record names the fields that it has */
    char delimiter;     /* of columns, if the command line names none */
    char *const *known; /* the columns of a format that has the same ones always, or NULL */
    size_t n_known;

    /* Of texts: as splitter_split(). */
    const char *(*split)(struct splitter *s, const char *record, size_t len, struct arena *arena);
};

/* By enum input_format. */
enum { READER_FORMATS = INPUT_LOGFMT + 1 };
extern const struct reader_ops reader_table[READER_FORMATS];

/* The names that --input-format takes, then NULL. */
extern const char *const reader_names[READER_FORMATS + 1];

void splitter_init(struct splitter *s, const struct input_options *options,
                   enum input_format format, char delimiter);
void splitter_free(struct splitter *s);

/*
 * Fills s->fields from record[0..len), which is without its newline and a CR before that (see
 * csv_record_len()). Texts are views of the record, or, if escapes were undone, live in the arena.
 * Returns NULL, or why the record is bad.
 */
const char *splitter_split(struct splitter *s, const char *record, size_t len, struct arena *arena);

#endif
