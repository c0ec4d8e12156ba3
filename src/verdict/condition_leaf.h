/*
 * verdict/condition_leaf.h - one comparison of a condition. Internal to verdict/.
 *
 * A bare number is a number, and so is a field that an aggregate would read as one: these compare
 * as numbers. Anything else compares as text, by bytes; a number is then the text that it prints
 * as, true and false are the texts `true` and `false`. Patterns are POSIX extended regular
 * expressions; one that is a plain text, anchored or not, does without the library.
 */
#ifndef VERDICT_CONDITION_LEAF_H
#define VERDICT_CONDITION_LEAF_H

#include <regex.h>

#include "verdict/condition.h"

enum leaf_op {
    LEAF_EQUAL,
    LEAF_NOT_EQUAL,
    LEAF_BELOW,
    LEAF_AT_MOST,
    LEAF_ABOVE,
    LEAF_AT_LEAST,
    LEAF_MATCHES,
    LEAF_MATCHES_NOT,
    LEAF_IS_NULL,
    LEAF_IS_NOT_NULL,
};

enum { LEAF_SCALES = 19, LEAF_MOST_NESTING = 1000 /* of parentheses in a pattern */ };

/* A pattern without special characters, but for ^ at its start and $ at its end. */
struct leaf_literal {
    bool is_one, at_start, at_end;
};

struct leaf {
    enum leaf_op op;
    size_t column;
    char *text; /* the VALUE; of a bare number as it prints; of a literal pattern without anchors */
    size_t len;
    bool is_number;
    struct value number;
    int64_t scaled[LEAF_SCALES]; /* its mant for the exponents exp, exp - 1, ... */
    int n_scaled;                /* as far as they fit; 0: it is wide */
    char *number_text;           /* that `number` may point into */
    struct leaf_literal literal;
    regex_t *pattern; /* of a pattern that is no literal */
};

/* A JSON string, quotes included, as text; NULL if it is none. *len: it may hold NULs. */
char *leaf_unquote(const char *quoted, size_t len, size_t *text_len);

/* The VALUE behind the operator; the text is copied. *err says what is wrong with it. */
bool leaf_set_value(struct leaf *leaf, const char *text, size_t len, bool quoted,
                    struct error *err);
void leaf_clear(struct leaf *leaf);

/* See condition_put_sql(). */
bool leaf_put_sql(const struct leaf *leaf, const struct condition_sql *sql, struct buf *to);

void leaf_evaluate(const struct leaf *leaf, const struct condition_rows *rows, struct buf *scratch,
                   uint8_t *result);

#endif
