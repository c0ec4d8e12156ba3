#include "input/json_fast_columns.h"

#include <string.h>

#include "base/utf8.h"
#include "input/json_fast_scalar.h"
#include "input/json_fast_text.h"
#include "scan/column.h"
#include "scan/digits.h"

/* What stands in one place of the rows, and one that wants it; NULL: nobody. */
struct reading {
    const struct columns_reader *reader;
    const struct rows *rows;
    const struct projection_want *want;
    struct column column;
    bool is_string;
};

static struct column column_of(const struct rows *rows, const struct shape_hole *hole)
{
    return (struct column){
        .form = rows->even ? COLUMN_EVEN : COLUMN_ROWS,
        .slice = rows->slice,
        .marks = rows->even ? rows->marks + rows->row[0] : rows->marks,
        .stride = rows->shape->n_marks,
        .first_lane = rows->lane[0],
        .row = rows->row,
        .lane = rows->lane,
        .n = rows->n,
        .from = hole->from,
        .skip = hole->skip,
        .to = hole->to,
        .cut = hole->skip + hole->back,
    };
}

static bool has_escape(const struct rows *rows, const char *text, size_t len)
{
    return rows->escapes && memchr(text, '\\', len) != NULL;
}

/* An integer or a decimal of the JSON grammar, of at most 16 bytes behind the sign. */
static bool read_decimal(const char *text, size_t len, struct value *v)
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

/*
 * The same with an exponent of up to three digits, that leaves the number far from the limits of
 * what winagg can hold.
 */
static bool read_exponential(const char *text, size_t len, struct value *v)
{
    enum { FARTHEST = 250 };
    const char *p = text + len;
    int exponent = 0, scale = 1;
    while (p > text && p[-1] >= '0' && p[-1] <= '9' && scale < 1000) {
        exponent += (*--p - '0') * scale;
        scale *= 10;
    }
    bool negative = p > text && p[-1] == '-';
    p -= negative || (p > text && p[-1] == '+');
    if (scale == 1 || p - text < 2 || (p[-1] | 0x20) != 'e' || exponent > FARTHEST ||
        !read_decimal(text, (size_t)(p - 1 - text), v))
        return false;
    v->exp = (int16_t)(v->exp + (negative ? -exponent : exponent));
    return true;
}

/* Any number or literal. */
static bool read_scalar(const char *text, size_t len, bool needed, struct value *v)
{
    if (len == 0 || len > INPUT_MAX_RECORD_BYTES)
        return false;
    bool may_be_number = *text < 'a';
    return (may_be_number && (read_exponential(text, len, v) || read_decimal(text, len, v))) ||
           scalar_read(text, len, needed, v);
}

static bool put(const struct reading *r, size_t lane, const struct value *v)
{
    return projection_put(r->reader->projection, r->want, v, r->rows->batch, lane);
}

/* These are a column_other each; the context is a struct reading. */

static bool put_scalar(void *context, size_t lane, const char *text, size_t len)
{
    struct value v;
    return read_scalar(text, len, true, &v) && put(context, lane, &v);
}

static bool check_scalar(void *context, size_t lane, const char *text, size_t len)
{
    struct value v;
    (void)context, (void)lane;
    return read_scalar(text, len, false, &v);
}

static bool put_string(void *context, size_t lane, const char *text, size_t len)
{
    const struct reading *r = context;
    struct value v = {.text = text, .len = (uint32_t)len, .kind = VALUE_STRING};
    if (r->rows->high && !utf8_valid(text, len))
        return false;
    if (has_escape(r->rows, text, len))
        json_fast_undo(&v, &r->rows->batch->arena);
    return put(r, lane, &v);
}

/* Returns how many rows it could read, as the other readers of columns do. */
COLUMN_INLINE size_t read_strings(const struct column *c, enum column_form form,
                                  const struct rows *rows, struct value *v)
{
    const bool odd = rows->high || rows->escapes;
    for (size_t i = 0; i < c->n; i++) {
        size_t len;
        const char *text = column_text(c, i, form, &len);
        struct value *to = &v[column_lane(c, i, form)];
        *to = (struct value){.text = text, .len = (uint32_t)len, .kind = VALUE_STRING};
        if (!odd)
            continue;
        if (rows->high && !utf8_valid(text, len))
            return i;
        if (has_escape(rows, text, len))
            json_fast_undo(to, &rows->batch->arena);
    }
    return c->n;
}

/* What numbers and literals are made of: digits, letters, signs and points. */
static bool in_token(char c)
{
    static const uint64_t words[4] = {
        UINT64_C(0x03ff680000000000), /* + - . 0-9 */
        UINT64_C(0x07fffffe07fffffe), /* A-Z a-z */
    };
    return words[(unsigned char)c / 64] >> ((unsigned char)c % 64) & 1;
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

static size_t check_lists(const struct reading *r, const struct shape_hole *hole)
{
    const struct column *c = &r->column;
    for (size_t i = 0; i < c->n; i++) {
        size_t len;
        const char *text = column_text(c, i, c->form, &len);
        if (len > INPUT_MAX_RECORD_BYTES || !like_list(text, len, hole->list, hole->list_len))
            return i;
    }
    return c->n;
}

static size_t check_numbers(const struct reading *r)
{
    const struct column *c = &r->column;
    for (size_t i = 0; i < c->n; i++) {
        size_t len;
        const char *text = column_text(c, i, c->form, &len);
        if (len > INPUT_MAX_RECORD_BYTES || (len > 0 && !r->reader->marker->numbers(text, len)))
            return i;
    }
    return c->n;
}

static size_t put_each(struct reading *r)
{
    const struct column *c = &r->column;
    column_other *put_one = r->is_string ? put_string : put_scalar;
    for (size_t i = 0; i < c->n; i++) {
        size_t len;
        const char *text = column_text(c, i, c->form, &len);
        if (!put_one(r, column_lane(c, i, c->form), text, len))
            return i;
    }
    return c->n;
}

/* Returns how many rows it could read. */
static size_t read_column(struct reading *r, enum shape_action action)
{
    const struct columns_reader *reader = r->reader;
    const struct column *c = &r->column;
    struct batch *batch = r->rows->batch;
    switch (action) {
    case SHAPE_STRING:
        return COLUMN_CALL(read_strings, c, r->rows, batch->columns[r->want->column]);
    case SHAPE_TIME:
        return column_times(c, reader->lanes, &reader->projection->time_cache, batch->time_ns,
                            put_string, r);
    case SHAPE_EPOCH:
        return column_epochs(c, reader->lanes, &reader->units, batch->time_ns, put_scalar, r);
    case SHAPE_NUMBER:
        return column_numbers(c, reader->lanes, batch->columns[r->want->column], put_scalar, r);
    case SHAPE_CHECK_NUMBER:
        return column_numbers(c, reader->lanes, NULL, check_scalar, r);
    case SHAPE_CHECK_NUMBERS:
        return check_numbers(r);
    case SHAPE_CHECK_LIST: /* read_hole() */
    case SHAPE_PUT:
        break;
    }
    return put_each(r);
}

static size_t read_hole(const struct columns_reader *reader, const struct rows *rows,
                        const struct shape_hole *hole)
{
    struct reading r = {reader, rows, hole->want, column_of(rows, hole), hole->is_string};
    return hole->action == SHAPE_CHECK_LIST ? check_lists(&r, hole)
                                            : read_column(&r, (enum shape_action)hole->action);
}

static void put_constants(struct rows *rows)
{
    for (size_t k = 0; k < rows->shape->n_constants; k++) {
        const struct shape_constant *constant = &rows->shape->constants[k];
        struct value *v = rows->batch->columns[constant->column];
        for (size_t i = 0; i < rows->n; i++)
            v[rows->lane[i]] = (struct value){.kind = constant->kind};
    }
}

void columns_read(const struct columns_reader *reader, struct rows *rows)
{
    put_constants(rows);
    for (size_t i = 0; i < rows->shape->n_holes && rows->n > 0; i++) {
        rows->n = read_hole(reader, rows, &rows->shape->holes[i]);
    }
}

/* A span, as a column of lanes has it. */
struct lane_span {
    uint32_t from, to, lane;
};

/* How many of the rows stand before that lane. */
static size_t rows_before(const struct rows *rows, uint32_t lane)
{
    size_t n = rows->n;
    while (n > 0 && rows->lane[n - 1] >= lane)
        n--;
    return n;
}

/* Numbers and literals that nobody wants. */
static void check_spare(const struct columns_reader *reader, const struct spans *spans,
                        struct rows *rows, uint32_t first_lane)
{
    const struct span_spare *end = spans->next_spare;
    while (rows->n > 0 && end > spans->spare && end[-1].row > rows->lane[rows->n - 1] - first_lane)
        end--;
    struct reading r = {.reader = reader,
                        .rows = rows,
                        .column = {.form = COLUMN_LANES,
                                   .slice = rows->slice,
                                   .marks = &spans->spare->span.from,
                                   .stride = sizeof *spans->spare / sizeof(uint32_t),
                                   .n = (size_t)(end - spans->spare),
                                   .to = 1}};
    size_t n = read_column(&r, SHAPE_CHECK_NUMBER);
    if (n < r.column.n)
        rows->n = rows_before(rows, spans->spare[n].row + first_lane);
}

/* Reads values of one kind for one that wants them, if any. Returns how many it could. */
static size_t read_values(struct reading *r)
{
    const enum time_form form = r->reader->projection->time_format.form;
    if (r->column.n == 0 || (r->want == NULL && r->is_string))
        return r->column.n;
    return read_column(r, r->want == NULL ? SHAPE_CHECK_NUMBER
                                          : shape_action(r->is_string, r->want, form));
}

/* What stands at a node, row by row. */
struct span_column {
    const struct span *first; /* of the lane that is batch->n */
    size_t stride;
};

/* Where all rows have one, of one kind. False, and nothing is read, if they have not. */
static bool read_even(struct reading *r, struct rows *rows, const struct span_column *spans)
{
    size_t strings = 0, n = rows->n;
    if (!rows->even || r->want == NULL || r->want->use == WANT_PRESENCE)
        return false;
    for (size_t i = 0; i < n; i++) {
        const uint32_t from = spans->first[i * spans->stride].from;
        if (from == 0)
            return false;
        strings += rows->slice[from - 1] == '"';
    }
    if (strings > 0 && strings < n)
        return false;
    r->is_string = strings > 0;
    r->column = (struct column){.form = COLUMN_EVEN,
                                .slice = rows->slice,
                                .marks = &spans->first->from,
                                .stride = spans->stride * (sizeof(struct span) / sizeof(uint32_t)),
                                .first_lane = rows->lane[0],
                                .n = n,
                                .to = 1};
    rows->n = read_values(r);
    return true;
}

/* Where some have none, or another kind. */
static void read_mixed(struct reading *r, struct rows *rows, const struct span_column *spans)
{
    struct lane_span found[2][SPANS_MOST_ROWS];
    size_t n[2] = {0};
    struct value *absent =
        r->want == NULL || r->want->use == WANT_TIME ? NULL : rows->batch->columns[r->want->column];
    for (size_t i = 0; i < rows->n; i++) {
        const uint32_t lane = rows->lane[i];
        const struct span span = spans->first[(lane - rows->batch->n) * spans->stride];
        const enum span_kind kind = span.from == 0 ? SPAN_CONTAINER : span_kind(rows->slice, span);
        if (kind != SPAN_CONTAINER)
            found[kind][n[kind]++] = (struct lane_span){span.from, span.to, lane};
        else if (absent != NULL)
            absent[lane] = (struct value){.kind = span.from == 0 ? VALUE_NULL : VALUE_TRUE};
    }
    for (enum span_kind kind = SPAN_SCALAR; kind <= SPAN_STRING; kind++) {
        r->is_string = kind == SPAN_STRING;
        r->column = (struct column){.form = COLUMN_LANES,
                                    .slice = rows->slice,
                                    .marks = &found[kind]->from,
                                    .stride = sizeof *found[kind] / sizeof(uint32_t),
                                    .n = n[kind],
                                    .to = 1};
        size_t read = read_values(r);
        if (read < n[kind])
            rows->n = rows_before(rows, found[kind][read].lane);
    }
}

static void read_node(const struct columns_reader *reader, struct rows *rows,
                      const struct span_column *spans, const struct projection_want *want)
{
    struct reading r = {.reader = reader, .rows = rows, .want = want};
    if (!read_even(&r, rows, spans))
        read_mixed(&r, rows, spans);
}

void columns_read_spans(const struct columns_reader *reader, const struct spans *spans,
                        struct rows *rows)
{
    const struct projection *projection = reader->projection;
    check_spare(reader, spans, rows, (uint32_t)rows->batch->n);
    for (uint32_t slot = 0; slot < projection->n_nodes; slot++) {
        const struct projection_node *node = projection->nodes[slot];
        const struct span_column column = {spans->rows + slot, projection->n_nodes};
        if (node->n_wants == 0 && node->n_children > 0 && slot != projection->root->slot)
            read_node(reader, rows, &column, NULL); /* what is no object, but a number, is judged */
        for (uint32_t i = 0; i < node->n_wants && rows->n > 0; i++)
            read_node(reader, rows, &column, &node->wants[i]);
    }
}
