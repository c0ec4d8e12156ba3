/*
 * input/column.h - a field in one record after the other, found by the marks around it (marks.h).
 *
 * Both formats read numbers and times here, many at once (lanes.h); what is not plain goes to a
 * function of their own, which knows their grammar.
 */
#ifndef INPUT_COLUMN_H
#define INPUT_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/value.h"
#include "input/epoch.h"
#include "input/lanes.h"
#include "time/time_fast.h"

/* Compiled anew wherever it is called, for what is constant there. */
#define COLUMN_INLINE static inline __attribute__((always_inline))

struct column {
    const char *slice;
    const uint32_t *mark; /* the one before the next field */
    size_t to;            /* mark[to]: the one behind it */
    size_t stride;        /* from one record to the next */
    size_t n;             /* records */
    uint32_t skip;        /* the field starts so many bytes behind its mark */
    uint32_t cut;         /* and is shorter by so many than the marks are apart */
    bool drop_cr;         /* a CR at its end does not belong to it */
};

/* The next field. Where it ends before it starts (json_fast_shape.h) its length is huge. */
COLUMN_INLINE const char *column_next(struct column *c, bool drop_cr, size_t *len)
{
    const char *text = c->slice + (uint32_t)(*c->mark + c->skip);
    *len = (uint32_t)(c->mark[c->to] - *c->mark - c->cut);
    if (drop_cr && *len > 0 && text[*len - 1] == '\r')
        --*len;
    c->mark += c->stride;
    return text;
}

/* Reads the field of record i, or returns false. */
typedef bool column_other(void *context, size_t i, const char *text, size_t len);

/* All return how many records could be read, up to the first one that `other` gave up. */

/* v NULL: only whether they are numbers matters. */
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
