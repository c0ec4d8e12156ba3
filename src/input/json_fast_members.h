/*
 * input/json_fast_members.h - the structure of a record by its outline.
 *
 * Where shapes (json_fast_shape.h) come and go, a slice is marked by its outline (scan/marks.h):
 * the colons, commas and brackets outside strings. So a member is two marks, whatever it is: its
 * name ends before a colon, and its value before a comma or a bracket. No step depends on what the
 * one before has found.
 *
 *     {"host":"a","n":7,"x":[1,2]}\n
 *     ^      ^   ^   ^ ^   ^^ ^ ^ ^
 *
 * Where values stand is noted, and only once these have been read is the record known to be valid.
 */
#ifndef INPUT_JSON_FAST_MEMBERS_H
#define INPUT_JSON_FAST_MEMBERS_H

#include <stdbool.h>
#include <stdint.h>

#include "input/json_fast_spans.h"
#include "scan/marks.h"

/* A slice, and who goes through it. */
struct members {
    struct spans *spans;
    const struct marker *marker;
    const char *slice;
    bool escapes; /* names may have some */
    /* How its members are written, as these know who walk them; NULL: *stop is no such member. */
    const uint32_t *(*walk)(struct members *m, const uint32_t *mark,
                            const struct projection_node *parent);
    const uint32_t *stop;
    uint32_t depth;
    uint32_t first; /* how the last record began; whether members come in some order is told by */
    uint32_t n_strayed, n_walked; /* how many begin otherwise than the one before, of how many */
};

/* What comes stands in that slice, which has these marks. */
void members_begin(struct members *m, const char *slice, const struct marks *marks);

/*
 * Notes the values of the record whose marks begin there. Returns the mark of its newline; NULL,
 * with something of it noted perhaps, if it is not plain, or not valid. If names have escapes all
 * escapes must be valid.
 */
const uint32_t *members_walk(struct members *m, const uint32_t *mark, uint32_t row);

#endif
