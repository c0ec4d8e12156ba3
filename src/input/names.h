/*
 * input/names.h - the names of an input's fields, as a FIELD on the command line is written.
 */
#ifndef INPUT_NAMES_H
#define INPUT_NAMES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "input/input.h"

/* name[0..len): with its nesting and its escapes; key: its last part, plain. Views, both. */
typedef void names_take(void *to, const char *name, size_t len, const char *key,
                        const json_t *value);

/* Every member of an object, and of the objects in it: `user`, `user.name`. Nothing of arrays. */
void names_of_object(json_t *object, names_take *take, void *to);

/*
 * Appends the names that are in the header, or in the first records, of an input that begins with
 * data[0..len), each with a NUL behind it; of JSON only fields that hold a scalar. `ended`: that is
 * all of the input. What can't be read has no names. Eight bytes behind `len` can be read.
 */
void names_read(const struct input_options *options, const char *data, size_t len, bool ended,
                struct buf *to);

#endif
