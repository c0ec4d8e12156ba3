/*
 * input/csv_slow.h - one CSV record through libcsv: the grammar, and the oracle of csv_fast.h.
 *
 * libcsv runs in its strict mode, on a whole record, with no blanks stripped and nothing but a
 * newline (which the splitter has removed) ending a record.
 */
#ifndef INPUT_CSV_SLOW_H
#define INPUT_CSV_SLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "input/csv_layout.h"
#include "input/input.h"

struct csv_slow; /* a libcsv parser and the fields of the last record */

struct csv_slow *csv_slow_new(char delimiter);
void csv_slow_free(struct csv_slow *csv);

/* What is left of a record without its newline and one CR before that; 0: an empty line. */
size_t csv_record_len(const char *record, const char *end);

/*
 * Splits record[0..len) (see csv_record_len()) into fields. On failure returns false and *reason,
 * in the arena, says why. The fields live until the next record.
 */
bool csv_slow_split(struct csv_slow *csv, const char *record, size_t len, struct arena *arena,
                    const char **reason);
size_t csv_slow_n(const struct csv_slow *csv);
const char *csv_slow_field(const struct csv_slow *csv, size_t i, size_t *len); /* NUL-terminated */

#endif
