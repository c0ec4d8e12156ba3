/*
 * input/json_fast_shape.h - the outlines of the records seen lately.
 *
 * A shape is the outline of a record that the walk has judged: constant text with holes
 * where values stand.
 *
 *     {"ts":"▁▁▁▁▁▁","host":"▁▁▁","status":▁▁▁,"ok":▁▁▁}\n
 *     ─┬─────      ─────┬────   ─────┬─────   ──┬──  ─┬─
 *
 * All constant text between two holes holds a mark (scan/marks.h), so it is found by counting
 * marks: no step depends on the one before, and nothing on how long the values are. The text being
 * equal, and each hole holding a valid token of the same class, the record is valid and of the same
 * structure. Rows of one shape are then read hole by hole (json_fast_columns.h).
 *
 * An array of nothing but numbers is one hole, however many there are. A log has few shapes, and
 * mostly the next record has the last one's. They are kept in the order of their last use, as many
 * as are found faster than a record is gone through by its outline (json_fast_members.h); where
 * there are more, that is done (json_fast.c).
 */
#ifndef INPUT_JSON_FAST_SHAPE_H
#define INPUT_JSON_FAST_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "input/json_fast_walk.h"
#include "scan/marks.h"

enum { SHAPE_MOST = 6 };

/* Sixteen bytes at once, in whatever registers the machine has for that. */
typedef uint8_t shape_bytes __attribute__((vector_size(16)));

struct shape_piece {
    shape_bytes text; /* what stands here, then zeros */
    shape_bytes care; /* 0xff for each byte of it */
    uint32_t mark;    /* counts from the first one of the record */
    uint32_t offset;  /* from there; may be negative, modulo 2^32 */
};

/* How what is in a hole is read. What a case cannot do is done as by SHAPE_PUT. */
enum shape_action {
    SHAPE_STRING,        /* stored as it is */
    SHAPE_TIME,          /* RFC 3339 as machines write it */
    SHAPE_NUMBER,        /* stored */
    SHAPE_EPOCH,         /* a number that is the time */
    SHAPE_CHECK_NUMBER,  /* nobody wants it, but it must be valid: a number or a literal */
    SHAPE_CHECK_NUMBERS, /* the same for the inside of an array of numbers */
    SHAPE_CHECK_LIST,    /* the same for several of all these without a mark between */
    SHAPE_PUT,           /* projection_put() */
};

/* A hole and one that wants what is in it; if nobody wants a string, it is no hole. */
struct shape_hole {
    uint8_t action; /* enum shape_action */
    bool is_string;
    uint32_t from, skip;                /* starts so many bytes behind a mark */
    uint32_t to, back;                  /* ends so many bytes before another */
    const struct projection_want *want; /* NULL: nobody */
    char *list;                         /* SHAPE_CHECK_LIST: what stood there */
    size_t list_len;
};

struct shape {
    struct shape_piece *pieces; /* aligned */
    size_t n_pieces;
    struct shape_hole *holes;
    size_t n_holes;
    struct shape_constant {
        uint32_t column;
        uint8_t kind; /* VALUE_NULL for a field that such records lack, or VALUE_TRUE */
    } * constants;
    size_t n_constants;
    uint32_t n_marks;
    uint32_t first;  /* the first mark is so many bytes behind the start */
    uint32_t before; /* no piece starts so many bytes before its mark, but for the first mark */
    uint32_t behind; /* no piece ends so many bytes behind its mark */
};

struct shapes {
    struct shape *known[SHAPE_MOST]; /* the one used last comes first */
    size_t n;
};

void shapes_free(struct shapes *s);

/* Makes it the first one. */
void shapes_use(struct shapes *s, size_t i);

/*
 * Learns the record that walk_record() has walked last, and whose values have been read; or does
 * not.
 */
void shapes_learn(struct shapes *s, const struct walk *w);

/* How to read a value for one that wants it. */
enum shape_action shape_action(bool is_string, const struct projection_want *want,
                               enum time_form form);

/*
 * Could the record whose marks begin at `marks` fit, so that its pieces may be looked at? There are
 * shape->n_marks of them, and one before. `readable`: how many bytes of the slice may be loaded.
 */
static inline bool shape_may_fit(const struct shape *shape, const char *slice,
                                 const uint32_t *marks, size_t readable)
{
    uint32_t newline = marks[shape->n_marks - 1];
    return slice[newline] == '\n' && marks[0] - marks[-1] == shape->first + 1 &&
           marks[0] + 1 >= shape->before && newline + (size_t)shape->behind <= readable;
}

static inline bool shape_is_zero(shape_bytes bytes)
{
    uint64_t halves[2];
    memcpy(halves, &bytes, sizeof halves);
    return (halves[0] | halves[1]) == 0;
}

/* How the slice differs from a piece. */
static inline shape_bytes shape_difference(const struct shape_piece *piece, const char *slice,
                                           const uint32_t *marks)
{
    shape_bytes found;
    memcpy(&found, slice + (uint32_t)(marks[piece->mark] + piece->offset), sizeof found);
    return (found ^ piece->text) & piece->care;
}

/* Does the constant text of the shape stand in the record? */
static inline bool shape_fits(const struct shape *shape, const char *slice, const uint32_t *marks,
                              size_t readable)
{
    shape_bytes differences = {0};
    if (!shape_may_fit(shape, slice, marks, readable))
        return false;
    for (size_t i = 0; i < shape->n_pieces; i++)
        differences |= shape_difference(&shape->pieces[i], slice, marks);
    return shape_is_zero(differences);
}

/* And in this record and the next three? Half as dear as asking four times. */
static inline bool shape_fits_four(const struct shape *shape, const char *slice,
                                   const uint32_t *marks, size_t readable)
{
    const uint32_t *second = marks + shape->n_marks, *third = second + shape->n_marks;
    const uint32_t *fourth = third + shape->n_marks;
    shape_bytes a = {0}, b = {0}, c = {0}, d = {0};
    if (!shape_may_fit(shape, slice, marks, readable) ||
        !shape_may_fit(shape, slice, second, readable) ||
        !shape_may_fit(shape, slice, third, readable) ||
        !shape_may_fit(shape, slice, fourth, readable))
        return false;
    for (size_t i = 0; i < shape->n_pieces; i++) {
        const struct shape_piece *piece = &shape->pieces[i];
        a |= shape_difference(piece, slice, marks);
        b |= shape_difference(piece, slice, second);
        c |= shape_difference(piece, slice, third);
        d |= shape_difference(piece, slice, fourth);
    }
    return shape_is_zero(a | b | c | d);
}

#endif
