/*
 * run/script.h - what the scripts of --explain=duckdb and =flink-sql have in common: what no query
 * can do, what a sample of the input says of it, and texts as SQL writes them.
 */
#ifndef RUN_SCRIPT_H
#define RUN_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "run/plan.h"

/* Something that was asked for and has no equal in SYSTEM, and why not. */
struct script_refusal {
    bool given;
    const char *what, *why;
};

/* False and *err (EXIT_USAGE). */
bool script_refuse(const char *system, const char *what, const char *why, struct error *err);
/* The first that is given; true if none is. */
bool script_refuse_any(const char *system, const struct script_refusal *refusals, size_t n,
                       struct error *err);
/* The same for what no system of ours has. */
bool script_check(const struct plan *plan, const char *system, struct error *err);

/* Is the type of the field's values told by the sample? */
static inline bool script_is_typed(const struct field *field)
{
    return field->use == FIELD_KEY || field->use == FIELD_VALUE;
}

/*
 * In how many ways a path can be meant: a part that is a number, and not the first, counts the
 * elements of an array or is a name in an object. In each of the ways, from 0 on, is part i the
 * former?
 */
unsigned script_ways(const struct path *path);
bool script_is_index(const struct path *path, size_t i, unsigned way);

/* What the values of a column are in the sample. */
enum script_type {
    SCRIPT_NOTHING, /* nothing but nulls so far: in the end it is a text */
    SCRIPT_TEXT,
    SCRIPT_INTEGER,
    SCRIPT_NUMBER,
    SCRIPT_BOOLEAN,
    SCRIPT_MIXED,
};

/* RFC 3339 as winagg takes it, for any regular expressions; group 3: the zone, 5: as an offset. */
#define SCRIPT_RFC3339                                                                             \
    "[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}([.,][0-9]+)?"                      \
    "( ?([Zz]|UTC|GMT|([+-][0-9]{2}(:?[0-9]{2})?)))?)?"

/* What the first records say of the input. */
struct script_sample {
    enum input_format format;
    size_t n_good;           /* records */
    bool empty;              /* there is nothing in it, no header either */
    enum script_type *types; /* of each of plan->input.fields; nothing but nulls: text */
    bool *composites;        /* of each: an object or an array is among them, which has no type */
    bool packed;             /* the FILE is compressed */
    bool fine;               /* a time has a part below the millisecond */
    bool before_1970;        /* a time is that early */
    /* What times are: numbers; RFC 3339, with an offset, without a zone; the like of it, without
       seconds or with slashes; none of these. */
    bool number_times, text_times, zoned_times, local_times, loose_times, odd_times;
    bool not_utf8; /* bytes that are no UTF-8 are among them */
    bool bare_cr;  /* a CR that no LF follows */
    bool odd_rows; /* of CSV: one with a stray quote, or text around a quoted field */
    bool deep;     /* of JSON: one nested deeper than we read */
    /* Of texts in columns: how many there are, and which of them is what. */
    size_t n_columns, time;
    size_t *columns;
};

/* Of the FILE, NULL: of stdin. False and *err: it can't be read. To be freed either way. */
bool script_sample(const struct plan *plan, const char *path, struct script_sample *sample,
                   struct error *err);
void script_sample_free(struct script_sample *sample);

/* Refuses what the sample has and no system of ours. `judges`: the script finds objects and arrays
   where winagg wants a single value. */
bool script_check_sample(const struct plan *plan, const struct script_sample *sample,
                         const char *system, bool judges, struct error *err);

void script_put_string(struct buf *to, const char *text);
/* All of --where; see condition_put_sql(). */
bool script_put_where(const struct plan *plan, const struct condition_sql *sql, struct buf *to);

#endif
