/*
 * input/path.h - where a field stands in a record: `user.tags.0`, `a\.b`, or a CSV column.
 */
#ifndef INPUT_PATH_H
#define INPUT_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Parts of a JSON path. A part that is all digits indexes an array; on an object it is a name. */
struct path_part {
    char *name; /* unescaped, NUL-terminated */
    size_t len;
    long index; /* >= 0 if the name is all digits (and fits), else -1 */
};

struct path {
    char *text; /* as typed: the CSV column, and the name in output */
    struct path_part *parts;
    size_t n_parts;
};

/* Splits `text` at dots; `\.` is a dot, `\\` a backslash. Refuses empty parts (EXIT_USAGE). */
bool path_parse(struct path *path, const char *text, size_t len, struct error *err);
void path_free(struct path *path);
/* Of the same text. (By parts, `a\b` and `a\\b` would be one: in a CSV header they are two.) */
bool path_equal(const struct path *a, const struct path *b);

#endif
