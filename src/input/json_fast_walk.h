/*
 * input/json_fast_walk.h - the structure of one record, whatever its outline.
 *
 * Where no outline fits (json_fast_shape.h), a record is walked: from mark to mark, so that no byte
 * of a string is looked at, and by one look-up for each name. The walk judges structure alone. It
 * notes where the values stand, list by list, and these are read and judged afterwards, those of
 * many records at once, as the holes of a shape are (json_fast_columns.h):
 *
 *     {"b":7,"ts":"…","x":[1,2]}  {"ts":"…","host":"a","b":8}     lists: ts    strings  … …
 *                                                                        host  strings  a
 *                                                                        b     numbers  7 8
 *
 * Values that nobody wants are in a list, too, but for strings, of which any will do. So a record
 * is valid if its structure is and all that stands in the lists of it: what is noted as a number or
 * literal goes up to where the walk goes on.
 */
#ifndef INPUT_JSON_FAST_WALK_H
#define INPUT_JSON_FAST_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "input/json_fast_projection.h"
#include "scan/marks.h"

enum { WALK_DEEPEST = 64, WALK_MOST_HOLES = 512 };

/* A record of a slice that was marked: its marks are marks[0 .. n_marks), the last its newline. */
struct walk_record {
    const char *slice;
    uint32_t start; /* where in the slice it begins */
    const uint32_t *marks;
    size_t n_marks; /* walk_record() counts them */
    bool escapes;   /* there are backslashes; each is one of a valid escape or outside a string */
};

enum walk_kind {
    WALK_SCALAR,    /* a number or a literal, to be judged */
    WALK_STRING,    /* without its quotes */
    WALK_CONTAINER, /* an object or an array: only that it is there */
    WALK_KINDS,
    WALK_NUMBERS = WALK_KINDS, /* of holes: the inside of an array of nothing but numbers */
};

/* A value: bytes [from, to) of the slice, in the record of that lane. */
struct walk_value {
    uint32_t from, to, lane, unused;
};

/* The values of one kind at one node, a record at most one; at nobody's node any number. */
struct walk_list {
    struct walk_value *values, *next,
        *end;    /* what has been noted; where it ends; the room there is */
    size_t step; /* 0: they are not kept */
};

/* A node, as the walk needs it: a cache line. */
struct walk_place {
    struct projection_key key; /* its name */
    uint64_t seen;             /* the serial of the last record that held it; nobody's: 0 */
    uint64_t care;             /* all bits; nobody's: 0 */
    struct walk_list *list;    /* WALK_KINDS of them, nobody's if no one wants what stands there */
};

struct walk {
    const struct projection *projection;
    const struct marker *marker;
    struct arena *arena;       /* for names with escapes */
    struct walk_list *lists;   /* WALK_KINDS for each slot of the projection */
    struct walk_place *places; /* of each slot */
    uint32_t lane;             /* of the record at hand */

    uint64_t serial; /* of this record */
    struct walk_record record;
    const char *at;
    const uint32_t *mark; /* none before it lies behind `at` */
    uint32_t depth;

    bool noting;    /* holes, in their order, for an outline to be learnt */
    bool twice;     /* something wanted was there twice: no outline for that */
    size_t n_holes; /* beyond WALK_MOST_HOLES they are counted only */
    struct walk_hole {
        uint32_t start, end; /* in the slice */
        const struct projection_node *node;
        uint32_t kind; /* enum walk_kind */
    } holes[WALK_MOST_HOLES];
};

void walk_init(struct walk *w, const struct projection *projection, const struct marker *marker);
void walk_free(struct walk *w);

/* Forgets what stands in the lists. */
void walk_clear(struct walk *w);

/*
 * Adds the values of a record to the lists; w->record (but for n_marks), w->noting and w->arena are
 * the caller's to set before. Returns how many marks it has; 0, with something of it in the lists
 * perhaps, if it is not plain, or not valid. Its escapes must be valid. Only once the lists have
 * been read is it known to be valid.
 */
size_t walk_record(struct walk *w, uint32_t lane);

/* Takes what stands in lanes from that one on off the lists. */
void walk_drop(struct walk *w, uint32_t lane);

static inline size_t walk_count(const struct walk_list *list)
{
    return (size_t)(list->next - list->values);
}

static inline struct walk_list *walk_list(const struct walk *w, uint32_t slot, enum walk_kind kind)
{
    return &w->lists[slot * WALK_KINDS + kind];
}

#endif
