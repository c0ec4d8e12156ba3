/*
 * input/split.h - how the rows of reader_table split a record of texts; see reader.h.
 */
#ifndef INPUT_SPLIT_H
#define INPUT_SPLIT_H

#include "input/reader.h"

/* RFC 4180, as libcsv reads it in its strict mode: csv_slow.h. */
const char *split_csv(struct splitter *s, const char *record, size_t len, struct arena *arena);

/* TSV as IANA registered it: \t, \n, \r, \\ are escapes, a quote is a byte like any other. */
const char *split_tsv(struct splitter *s, const char *record, size_t len, struct arena *arena);

/* The names of the fields of split_combined(), in its order. */
enum { SPLIT_COMBINED_FIELDS = 12 };
extern char *const split_combined_names[SPLIT_COMBINED_FIELDS];

/* The access log of Apache and nginx, common or combined. Fields not wanted may be left empty. */
const char *split_combined(struct splitter *s, const char *record, size_t len, struct arena *arena);

/*
 * key=value pairs. The fields are those asked for, in the order of options->time, then of
 * options->fields.
 */
const char *split_logfmt(struct splitter *s, const char *record, size_t len, struct arena *arena);

/* The keys of a record, in order, up to a quote that nothing closes. Eight bytes behind it can be
 * read. */
void split_logfmt_keys(const char *record, size_t len,
                       void (*each)(void *to, const char *key, size_t len), void *to);

#endif
