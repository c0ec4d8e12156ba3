/*
 * input/json_fast_spans.h - where the values of many records stand, row by row.
 *
 * Who goes through a record, by its quotes (json_fast_walk.h) or by its outline
 * (json_fast_members.h), judges structure alone. Where the values stand is noted, and these are
 * read and judged afterwards, those of many records at once, as the holes of a shape are
 * (json_fast_columns.h):
 *
 *     {"b":7,"ts":"…","x":[1,2]}                   ts    host  b
 *     {"ts":"…","host":"a","b":8}         row 0    "…          7
 *                                         row 1    "…    "a    8
 *
 * Numbers and literals that nobody wants are noted, too; any string will do. So a record is valid
 * if its structure is and all that is noted of it: what is noted as a number or literal goes up to
 * where the structure goes on.
 */
#ifndef INPUT_JSON_FAST_SPANS_H
#define INPUT_JSON_FAST_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "input/json_fast_projection.h"

enum { SPANS_MOST_ROWS = 256 };

/* Bytes [from, to) of the slice; none begins at 0. Of an object or an array `to` is 0. */
struct span {
    uint32_t from, to;
};

/* What a span is, as the byte before it and its end tell. */
enum span_kind {
    SPAN_SCALAR,    /* a number or a literal, to be judged */
    SPAN_STRING,    /* without its quotes: one stands before it */
    SPAN_CONTAINER, /* an object or an array: only that it is there */
};

/* One that nobody wants, of that row. */
struct span_spare {
    struct span span;
    uint32_t row;
};

/* Where nodes are told by their slots in the projection. */
struct spans {
    const struct projection *projection;
    const struct projection_key *keys; /* of the projection */
    struct span
        *rows; /* row by row, one for each slot; {0} where there is none; nobody's: anything */
    struct span_spare *spare, *next_spare, *end_spare; /* numbers and literals that nobody wants */
    size_t reserve;      /* so many more there is always room for: one for each member */
    struct arena *arena; /* for names with escapes; the caller's to set, and */
    const char *slice;   /*   this, too */
    uint32_t row;        /* of the record at hand */
    bool twice;          /* something wanted is there twice */
    struct span *now;    /* where in `rows` it is */
};

void spans_init(struct spans *spans, const struct projection *projection);
void spans_free(struct spans *spans);

/* Forgets all; the next rows are of records with at most so many members together. */
void spans_clear(struct spans *spans, size_t n_members);

static inline struct span *spans_row(const struct spans *spans, uint32_t row)
{
    return spans->rows + (size_t)row * spans->projection->n_nodes;
}

/* A record of that row, less than SPANS_MOST_ROWS. */
static inline void spans_begin(struct spans *spans, uint32_t row)
{
    spans->row = row;
    spans->twice = false;
    spans->now = spans_row(spans, row);
    for (uint32_t i = 0; i < spans->projection->n_nodes; i++)
        spans->now[i] = (struct span){0};
}

/* Where a member of an object at the node belongs. escapes: its name may have some. */
uint32_t spans_member(const struct spans *spans, const struct projection_node *node,
                      const char *name, size_t len, bool escapes);

/* Where element i belongs of an array of which some are wanted; ODD: it is not plain which. */
uint32_t spans_element(const struct projection_node *node, long i);

/*
 * What stood there, and below it, counts no longer: the name comes again. A number or literal must
 * be one all the same.
 */
void spans_forget(struct spans *spans, uint32_t slot);

void spans_add_spare(struct spans *spans, struct span span);

/* May an object or an array be there? So if nobody asks for more than whether something is. */
bool spans_may_contain(const struct spans *spans, uint32_t slot);

/*
 * The same as spans_member() for names without escapes, of which none is odd. There is no branch if
 * nobody can predict which name comes, nor will the compiler find one: *mask is all bits, but 0 if
 * the slot is nobody's.
 */
static inline __attribute__((always_inline)) uint32_t
spans_plain_member(const struct projection_key *keys, const struct projection_names *names,
                   const char *name, size_t len, bool predictable, uint32_t *mask)
{
    const uint32_t slot = projection_candidate(names, name, len);
    if (predictable)
        *mask = slot != PROJECTION_NOBODY && projection_is(&keys[slot], name, len) ? UINT32_MAX : 0;
    else
        *mask = -(uint32_t)projection_is(&keys[slot], name, len);
    return slot & *mask;
}

/* Did the record have something there? */
static inline bool spans_have(const struct spans *spans, uint32_t slot)
{
    return slot != PROJECTION_NOBODY && spans->now[slot].from != 0;
}

static inline enum span_kind span_kind(const char *slice, struct span span)
{
    return slice[span.from - 1] == '"' ? SPAN_STRING : span.to == 0 ? SPAN_CONTAINER : SPAN_SCALAR;
}

/* Enters what stands there. */
static inline void spans_add(struct spans *spans, uint32_t slot, struct span span)
{
    spans->now[slot] = span;
    if (slot == PROJECTION_NOBODY && span_kind(spans->slice, span) == SPAN_SCALAR)
        spans_add_spare(spans, span);
}

#endif
