/*
 * input/path.h - where a field stands in a record: `user.tags.0`, `a\.b`, or a CSV column.
 *
 * A path is read from FIELD as the command line has it, with its escapes (base/escape.h).
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
    char *text; /* without escapes: the CSV column, and the name in output and messages */
    size_t text_len;
    char *escaped; /* the one way to type it: two paths are the same field if these are the same */
    struct path_part *parts;
    size_t n_parts;
};

/* Splits at dots that no backslash takes literally. Refuses empty parts (EXIT_USAGE). */
bool path_parse(struct path *path, const char *text, size_t len, struct error *err);
/* The name of a CSV column, taken whole: dots are no different from letters, there are no parts. */
bool path_parse_whole(struct path *path, const char *text, size_t len, struct error *err);
void path_free(struct path *path);

#endif
