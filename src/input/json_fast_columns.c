#include "input/json_fast_columns.h"

#include <string.h>

#include "input/digits.h"
#include "input/json_fast_scalar.h"

/* Compiled anew wherever it is called, for what is constant there. */
#define INLINE static inline __attribute__((always_inline))

/* A hole in one row after the other; a copy of its own for each loop, to stay in registers. */
struct column {
    const char *slice;
    const uint32_t *marks;
    size_t n_marks, n;
    uint32_t from, skip, to, back;
};

static inline struct column column_of(const struct rows *rows, const struct shape *shape,
                                      const struct shape_hole *hole)
{
    return (struct column){
        .slice = rows->slice,
        .marks = rows->marks,
        .n_marks = shape->n_marks,
        .n = rows->n,
        .from = hole->from,
        .skip = hole->skip,
        .to = hole->to,
        .back = hole->back,
    };
}

/* What is in the hole of the next row. */
INLINE struct value next_text(struct column *c)
{
    uint32_t start = c->marks[c->from] + c->skip, end = c->marks[c->to] - c->back;
    c->marks += c->n_marks;
    return (struct value){.text = c->slice + start, .len = end - start, .kind = VALUE_STRING};
}

/* A number with so many decimals but for its mantissa: two stores make a value. */
#define DECIMAL(n)                                                                                 \
    {                                                                                              \
        .exp = -(n), .kind = VALUE_NUMBER                                                          \
    }
static const struct value decimal[8] = {DECIMAL(0), DECIMAL(1), DECIMAL(2), DECIMAL(3),
                                        DECIMAL(4), DECIMAL(5), DECIMAL(6), DECIMAL(7)};

/*
 * [0-9]+ or [0-9]+\.[0-9]+, of at most eight bytes and without needless zeros before: most numbers.
 * A hole whose end lies before its start has a huge length.
 */
INLINE bool read_short_number(const char *text, size_t len, struct value *v)
{
    unsigned decimals = 0, first = (unsigned char)text[0];
    if (len - 1 >= 8)
        return false;
    uint64_t word = digits_load(text, len);
    bool whole = digits_valid(word);
    size_t before_point = len;
    if (!whole) {
        if (!digits_remove_point(&word, &decimals) || !digits_valid(word) || decimals == 0)
            return false;
        before_point = len - 1 - decimals;
    }
    if (before_point != 1 && (first == '0' || first == '.'))
        return false;
    *v = decimal[decimals];
    v->mant = (int64_t)digits_value(word);
    return true;
}

/*
 * The same of at most 16 bytes, behind a sign. What is longer or has an exponent is left to others.
 */
static bool read_long_number(const char *text, size_t len, struct value *v)
{
    int64_t mant;
    unsigned decimals;
    size_t sign = *text == '-';
    char first = text[sign];
    if (!digits_read_decimal(text, len, &mant, &decimals) || first == '.' ||
        (first == '0' && len - sign > 1 && text[sign + 1] != '.') ||
        (decimals == 0 && text[len - 1] == '.'))
        return false;
    *v = (struct value){.mant = mant, .exp = (int16_t)(0 - (int)decimals), .kind = VALUE_NUMBER};
    return true;
}

/* Any scalar; v holds its text. */
static __attribute__((noinline)) bool read_scalar(struct value *v, bool needed)
{
    struct value text = *v;
    return text.len <= INPUT_MAX_RECORD_BYTES && (read_long_number(text.text, text.len, v) ||
                                                  scalar_read(text.text, text.len, needed, v));
}

/* All of these return how many rows they could read. */

static __attribute__((noinline)) size_t read_strings(struct column c, bool escapes, struct value *v)
{
    for (size_t i = 0; i < c.n; i++) {
        struct value text = next_text(&c);
        if (escapes && memchr(text.text, '\\', text.len) != NULL)
            return i;
        v[i] = text;
    }
    return c.n;
}

static __attribute__((noinline)) size_t read_times(struct projection *p, struct column c,
                                                   int64_t *ns)
{
    for (size_t i = 0; i < c.n; i++) {
        struct value text = next_text(&c);
        if (!time_parse_fast(&p->time_cache, text.text, text.len, &ns[i]) &&
            (memchr(text.text, '\\', text.len) != NULL || !projection_time(p, &text, &ns[i])))
            return i;
    }
    return c.n;
}

static size_t read_epochs(struct projection *p, const struct epoch_units *units, struct column c,
                          int64_t *ns)
{
    const struct epoch_units u = *units;
    for (size_t i = 0; i < c.n; i++) {
        struct value text = next_text(&c), v = text;
        uint64_t n;
        if (text.len >= 9 && text.len <= 16 && text.text[0] != '0' &&
            digits_read_two(text.text, text.len, &n)) {
            if (!epoch_ns(&u, n, &ns[i]))
                return i;
        } else if (!read_scalar(&v, true) || !projection_time(p, &v, &ns[i])) {
            return i;
        }
    }
    return c.n;
}

static __attribute__((noinline)) bool put_number(struct projection *p,
                                                 const struct projection_want *want, struct value v,
                                                 struct batch *batch, size_t lane)
{
    return read_scalar(&v, true) && projection_put(p, want, &v, batch, lane);
}

static __attribute__((noinline)) size_t read_numbers(struct projection *p,
                                                     const struct projection_want *want,
                                                     struct column c, struct batch *batch,
                                                     size_t lane)
{
    struct value *to = batch->columns[want->column] + lane;
    for (size_t i = 0; i < c.n; i++) {
        struct value v = next_text(&c);
        if (!read_short_number(v.text, v.len, &to[i]) && !put_number(p, want, v, batch, lane + i))
            return i;
    }
    return c.n;
}

static __attribute__((noinline)) bool check_scalar(struct value v)
{
    return read_scalar(&v, false);
}

static __attribute__((noinline)) size_t check_numbers(struct column c)
{
    for (size_t i = 0; i < c.n; i++) {
        struct value v = next_text(&c), number;
        if (!read_short_number(v.text, v.len, &number) && !check_scalar(v))
            return i;
    }
    return c.n;
}

static bool in_token(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
           c == '+' || c == '.';
}

static size_t token_len(const char *p, const char *end)
{
    const char *start = p;
    while (p < end && in_token(*p))
        p++;
    return (size_t)(p - start);
}

/* Is the text like the one that was validated but for its numbers and literals? */
static bool like_list(const char *p, size_t len, const char *list, size_t list_len)
{
    const char *end = p + len, *list_end = list + list_len;
    while (p < end && list < list_end) {
        size_t token = token_len(p, end), list_token = token_len(list, list_end);
        struct value v;
        if ((token == 0) != (list_token == 0) || (token > 0 && !scalar_read(p, token, false, &v)))
            return false;
        for (p += token, list += list_token; p < end && list < list_end && !in_token(*p);)
            if (*p++ != *list++)
                return false;
    }
    return p == end && list == list_end;
}

static size_t check_lists(struct column c, const struct shape_hole *hole)
{
    for (size_t i = 0; i < c.n; i++) {
        struct value v = next_text(&c);
        if (v.len > INPUT_MAX_RECORD_BYTES || !like_list(v.text, v.len, hole->list, hole->list_len))
            return i;
    }
    return c.n;
}

static size_t put_all(struct projection *p, const struct shape_hole *hole, struct column c,
                      struct rows *rows)
{
    for (size_t i = 0; i < c.n; i++) {
        struct value v = next_text(&c);
        if (hole->is_string ? rows->escapes && memchr(v.text, '\\', v.len) != NULL
                            : !read_scalar(&v, true))
            return i;
        if (!projection_put(p, hole->want, &v, rows->batch, rows->lane + i))
            return i;
    }
    return c.n;
}

static void put_constants(const struct shape *shape, struct rows *rows)
{
    for (size_t k = 0; k < shape->n_constants; k++) {
        struct value *v = rows->batch->columns[shape->constants[k].column] + rows->lane;
        for (size_t i = 0; i < rows->n; i++)
            v[i] = (struct value){.kind = shape->constants[k].kind};
    }
}

static size_t read_hole(struct projection *p, const struct epoch_units *units,
                        const struct shape *shape, const struct shape_hole *hole, struct rows *rows)
{
    struct column c = column_of(rows, shape, hole);
    int64_t *ns = rows->batch->time_ns + rows->lane;
    switch ((enum shape_action)hole->action) {
    case SHAPE_STRING:
        return read_strings(c, rows->escapes,
                            rows->batch->columns[hole->want->column] + rows->lane);
    case SHAPE_TIME:
        return read_times(p, c, ns);
    case SHAPE_EPOCH:
        return read_epochs(p, units, c, ns);
    case SHAPE_NUMBER:
        return read_numbers(p, hole->want, c, rows->batch, rows->lane);
    case SHAPE_CHECK_NUMBER:
        return check_numbers(c);
    case SHAPE_CHECK_LIST:
        return check_lists(c, hole);
    case SHAPE_PUT:
        break;
    }
    return put_all(p, hole, c, rows);
}

void columns_read(struct projection *projection, const struct epoch_units *units,
                  const struct shape *shape, struct rows *rows)
{
    put_constants(shape, rows);
    for (size_t i = 0; i < shape->n_holes && rows->n > 0; i++)
        rows->n = read_hole(projection, units, shape, &shape->holes[i], rows);
}
