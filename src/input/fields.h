/*
 * input/fields.h - the fields of one record whose values are texts, and what becomes of them.
 *
 * CSV, TSV, combined and logfmt differ in how a line is split (split_*.c and csv_slow.c); from
 * there on they are read alike: blanks around numbers and times do not count, a text that --null
 * names is no value, nor is an empty one but as a key.
 */
#ifndef INPUT_FIELDS_H
#define INPUT_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "input/csv_layout.h"
#include "input/input.h"
#include "time/memo.h"

struct fields_one {
    const char *text; /* NULL: no value */
    size_t len;
};

/* Of the record at hand; {0}, then fields_free(). */
struct fields {
    struct fields_one *at;
    size_t n, capacity;
    struct fields_one absent; /* what stands in the columns behind them, as --ragged lets it */
    bool scratch;             /* the texts die with the next record: what is kept is copied */
    struct fields_one record; /* whose names can be listed; text NULL: it has none of its own */
    struct buf time;          /* the time fields, joined */
    struct time_memo memo;
};
void fields_free(struct fields *fields);

/* Takes the blanks around a text away. */
void fields_trim(const char **text, size_t *len);

/* The inside of a quoted CSV field, in which two quotes are one: a copy in the arena. */
const char *fields_undouble(const char *text, size_t *len, struct arena *arena);

/* These many, none of which has a value. */
void fields_clear(struct fields *fields, size_t n);

/* A further field. */
void fields_add(struct fields *fields, const char *text, size_t len);

/* Is this text, as it stands in the input, no value? */
bool fields_is_named_null(const struct input_options *options, const char *text, size_t len);
static inline bool fields_is_null(const struct input_options *options, const char *text, size_t len)
{
    return options->n_nulls > 0 && fields_is_named_null(options, text, len);
}

/*
 * Reads the fields of a record into the lane (time_ns and every column). Returns NULL, or why the
 * record is bad; *timeless is set if only its time is, and the lane holds the rest.
 */
const char *fields_read(struct fields *fields, const struct input_options *options,
                        const struct csv_layout *layout, struct batch *batch, size_t lane,
                        bool *timeless);

#endif
