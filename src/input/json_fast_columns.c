#include "input/json_fast_columns.h"

#include <string.h>

#include "input/json_fast_scalar.h"
#include "input/json_fast_text.h"
#include "scan/column.h"
#include "scan/digits.h"

/* What the readers of odd fields have to know. */
struct reading {
    const struct columns_reader *reader;
    struct rows *rows;
    const struct shape_hole *hole;
};

static struct column column_of(const struct reading *r)
{
    const struct rows *rows = r->rows;
    return (struct column){
        .form = rows->even ? COLUMN_EVEN : COLUMN_ROWS,
        .slice = rows->slice,
        .marks = rows->even ? rows->marks + rows->row[0] : rows->marks,
        .stride = rows->shape->n_marks,
        .first_lane = rows->lane[0],
        .row = rows->row,
        .lane = rows->lane,
        .n = rows->n,
        .from = r->hole->from,
        .skip = r->hole->skip,
        .to = r->hole->to,
        .cut = r->hole->skip + r->hole->back,
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

/* Any number or literal. */
static bool read_scalar(const char *text, size_t len, bool needed, struct value *v)
{
    return len <= INPUT_MAX_RECORD_BYTES &&
           (read_decimal(text, len, v) || scalar_read(text, len, needed, v));
}

static bool put(const struct reading *r, size_t lane, const struct value *v)
{
    return projection_put(r->reader->projection, r->hole->want, v, r->rows->batch, lane);
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
    if (has_escape(r->rows, text, len))
        json_fast_undo(&v, &r->rows->batch->arena);
    return put(r, lane, &v);
}

/* Returns how many rows it could read, as the other readers of columns do: all. */
COLUMN_INLINE size_t read_strings(const struct column *c, enum column_form form,
                                  const struct rows *rows, struct value *v)
{
    for (size_t i = 0; i < c->n; i++) {
        size_t len;
        const char *text = column_text(c, i, form, &len);
        struct value *to = &v[column_lane(c, i, form)];
        *to = (struct value){.text = text, .len = (uint32_t)len, .kind = VALUE_STRING};
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

static size_t check_lists(struct reading *r)
{
    struct column c = column_of(r);
    for (size_t i = 0; i < c.n; i++) {
        size_t len;
        const char *text = column_text(&c, i, c.form, &len);
        if (len > INPUT_MAX_RECORD_BYTES || !like_list(text, len, r->hole->list, r->hole->list_len))
            return i;
    }
    return c.n;
}

static size_t put_each(struct reading *r)
{
    struct column c = column_of(r);
    column_other *put_one = r->hole->is_string ? put_string : put_scalar;
    for (size_t i = 0; i < c.n; i++) {
        size_t len;
        const char *text = column_text(&c, i, c.form, &len);
        if (!put_one(r, column_lane(&c, i, c.form), text, len))
            return i;
    }
    return c.n;
}

/* Returns how many rows it could read. */
static size_t read_hole(struct reading *r)
{
    const struct columns_reader *reader = r->reader;
    struct column c = column_of(r);
    int64_t *ns = r->rows->batch->time_ns;
    switch ((enum shape_action)r->hole->action) {
    case SHAPE_STRING:
        return COLUMN_CALL(read_strings, &c, r->rows,
                           r->rows->batch->columns[r->hole->want->column]);
    case SHAPE_TIME:
        return column_times(&c, reader->lanes, &reader->projection->time_cache, ns, put_string, r);
    case SHAPE_EPOCH:
        return column_epochs(&c, reader->lanes, &reader->units, ns, put_scalar, r);
    case SHAPE_NUMBER:
        return column_numbers(&c, reader->lanes, r->rows->batch->columns[r->hole->want->column],
                              put_scalar, r);
    case SHAPE_CHECK_NUMBER:
        return column_numbers(&c, reader->lanes, NULL, check_scalar, r);
    case SHAPE_CHECK_LIST:
        return check_lists(r);
    case SHAPE_PUT:
        break;
    }
    return put_each(r);
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
        struct reading r = {reader, rows, &rows->shape->holes[i]};
        rows->n = read_hole(&r);
    }
}
