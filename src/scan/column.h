/*
 * scan/column.h - a field in one record after the other, found by the marks around it (marks.h).
 *
 * Both formats read numbers and times here, many at once (lanes.h); what is not plain goes to a
 * function of their own, which knows their grammar.
 */
#ifndef SCAN_COLUMN_H
#define SCAN_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/value.h"
#include "scan/epoch.h"
#include "scan/lanes.h"
#include "time/time_fast.h"

/* Compiled anew wherever it is called, for what is constant there. */
#define COLUMN_INLINE static inline __attribute__((always_inline))

/*
 * Records lie one behind the other, or not. Which it is, and whether a field may end with a CR that
 * does not belong to it, is constant where loops over records are compiled.
 */
enum column_form {
    COLUMN_EVEN,    /* their marks lie `stride` apart, what is read goes into lanes one by one */
    COLUMN_EVEN_CR, /* the same, and a CR at the end is dropped */
    COLUMN_QUOTED,  /* the same, if it is the last column; and quotes around a field are dropped */
    COLUMN_ROWS,    /* row and lane say where marks and lanes are */
    COLUMN_LANES,   /* marks lie `stride` apart, and behind mark `to` stands the lane */
};

struct column {
    enum column_form form;
    const char *slice;
    const uint32_t *marks; /* EVEN, LANES: of the first record. ROWS: of the slice */
    size_t stride;         /* EVEN, LANES */
    size_t first_lane;     /* EVEN */
    const uint32_t *row;   /* ROWS: where in `marks` those of each record begin */
    const uint32_t *lane;  /* ROWS: where what is read of each record goes */
    size_t n;              /* records */
    uint32_t from, skip;   /* the field starts so many bytes behind its record's mark `from` */
    uint32_t to, cut;      /* and is shorter by `cut` than it is from there to mark `to` */
    bool is_last;          /* QUOTED */
    bool doubled;          /* QUOTED: some fields may have quotes within; these keep all theirs */
};

/* The field of record i. Where it ends before it starts (json_fast_shape.h) its length is huge. */
COLUMN_INLINE const char *column_text(const struct column *c, size_t i, enum column_form form,
                                      size_t *len)
{
    if (form == COLUMN_ROWS && c->row == NULL)
        __builtin_unreachable(); /* for analysers: who builds rows has them */
    const uint32_t *marks = c->marks + (form == COLUMN_ROWS ? c->row[i] : i * c->stride);
    const char *text = c->slice + (uint32_t)(marks[c->from] + c->skip);
    *len = (uint32_t)(marks[c->to] - marks[c->from] - c->cut);
    if ((form == COLUMN_EVEN_CR || (form == COLUMN_QUOTED && c->is_last)) && *len > 0 &&
        text[*len - 1] == '\r')
        --*len;
    if (form == COLUMN_QUOTED && *len >= 2 && *text == '"' &&
        !(c->doubled && memchr(text + 1, '"', *len - 2) != NULL)) {
        text++;
        *len -= 2;
    }
    return text;
}

COLUMN_INLINE size_t column_lane(const struct column *c, size_t i, enum column_form form)
{
    return form == COLUMN_ROWS    ? c->lane[i]
           : form == COLUMN_LANES ? c->marks[i * c->stride + c->to + 1]
                                  : c->first_lane + i;
}

/* Calls a COLUMN_INLINE function (column, form, ...), compiled for each form. */
#define COLUMN_CALL(function, c, ...)                                                              \
    ((c)->form == COLUMN_EVEN      ? function(c, COLUMN_EVEN, __VA_ARGS__)                         \
     : (c)->form == COLUMN_EVEN_CR ? function(c, COLUMN_EVEN_CR, __VA_ARGS__)                      \
     : (c)->form == COLUMN_QUOTED  ? function(c, COLUMN_QUOTED, __VA_ARGS__)                       \
     : (c)->form == COLUMN_LANES   ? function(c, COLUMN_LANES, __VA_ARGS__)                        \
                                   : function(c, COLUMN_ROWS, __VA_ARGS__))

/* Reads a field for that lane, or returns false. */
typedef bool column_other(void *context, size_t lane, const char *text, size_t len);

/* All return how many records could be read, up to the first one that `other` gave up. */

/* v NULL: only whether they are numbers, or literals, matters. */
size_t column_numbers(const struct column *c, const struct lanes *lanes, struct value *v,
                      column_other *other, void *context);

/* Numbers that are times. */
size_t column_epochs(const struct column *c, const struct lanes *lanes,
                     const struct epoch_units *units, int64_t *ns, column_other *other,
                     void *context);

/* RFC 3339 as machines write it. `cache` is to be kept up to date by `other`. */
size_t column_times(const struct column *c, const struct lanes *lanes,
                    const struct time_cache *cache, int64_t *ns, column_other *other,
                    void *context);

#endif
