/*
 * Columns for people, aligned:
 *
 *     window_start      window_end  status     n   p50
 *     2024-05-01 11:00  12:00          200  3837  19.7
 *                                      404   211  19.4
 *
 * The rows of one timer time are kept as cells until their widths are known; widths never shrink.
 * A cell is its kind, its length (u32) and its text; a row has as many as there are columns.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/width.h"
#include "base/wire.h"
#include "output/bounds_text.h"
#include "output/writer_ops.h"

enum {
    MOST_ROWS = 10000,    /* that wait for their widths */
    MOST_WIDTH = 1 << 16, /* of a column; a text that is wider does not widen all rows behind it */
};
enum cell_kind { CELL_TEXT, CELL_NUMBER };

struct writer_table {
    size_t n_columns, n_bounds; /* of the latter, from first_bound on */
    size_t first_bound;
    size_t *width;
    bool *any_text; /* of each column: the header stands where its cells do */
    struct buf rows;
    size_t n_rows;
    size_t row_at; /* in the output: the row that is being written */
    struct buf last_bounds[2];
    bool header_due, late;
};

struct cell {
    enum cell_kind kind;
    const char *text;
    size_t len;
};

static void put_cell(struct buf *to, enum cell_kind kind, const char *text, size_t len)
{
    struct buf safe = {0};
    width_put_safe(&safe, text, len);
    wire_put_u8(to, (uint8_t)kind);
    wire_put_u32(to, (uint32_t)safe.len);
    buf_put(to, safe.data, safe.len);
    buf_free(&safe);
}

static struct cell take_cell(const char **at)
{
    uint32_t len = 0;
    const unsigned char *p = (const unsigned char *)*at + 1;
    wire_u32(&p, p + sizeof len, &len);
    struct cell cell = {(enum cell_kind) * *at, (const char *)p, len};
    *at = (const char *)p + len;
    return cell;
}

static void table_init(struct writer *w)
{
    const struct writer_options *o = &w->options;
    struct writer_table *t = memory_calloc(1, sizeof *t);
    w->aligned = t;
    t->first_bound = o->op;
    t->n_bounds = 2;
    t->n_columns = (size_t)o->op + 2 + o->n_keys + o->n_results + (o->panes ? 2 : 0) + o->row_id;
    t->width = memory_calloc(t->n_columns, sizeof *t->width);
    t->any_text = memory_calloc(t->n_columns, sizeof *t->any_text);
}

static void table_free(struct writer *w)
{
    struct writer_table *t = w->aligned;
    free(t->width);
    free(t->any_text);
    buf_free(&t->rows);
    buf_free(&t->last_bounds[0]);
    buf_free(&t->last_bounds[1]);
    free(t);
}

static void table_header(struct writer *w, struct buf *to)
{
    (void)to;
    w->aligned->header_due = true;
}

static void table_begin(struct writer *w, struct buf *to, const char *op)
{
    w->aligned->row_at = to->len;
    w->aligned->late = false;
    if (w->options.op)
        put_cell(to, CELL_TEXT, op, strlen(op));
    buf_put(to, w->bounds.data, w->bounds.len);
}

static void put_bound(struct writer *w, struct buf *to, const char *text, size_t len)
{
    bool number = !time_unit_is_text(w->options.time_unit);
    put_cell(to, number ? CELL_NUMBER : CELL_TEXT, text, len);
}

static void table_bounds(struct writer *w, struct buf *to, int64_t start_ns, int64_t end_ns)
{
    struct buf text[2] = {{0}, {0}};
    bounds_text(&w->options, start_ns, end_ns, text);
    for (size_t i = 0; i < 2; i++) {
        put_bound(w, to, text[i].data, text[i].len);
        buf_free(&text[i]);
    }
}

static void table_key(struct writer *w, struct buf *to, size_t i, const struct datum *d)
{
    (void)w, (void)i;
    switch (d->kind) {
    case DATUM_NULL:
        put_cell(to, CELL_NUMBER, "", 0);
        break;
    case DATUM_FALSE:
        put_cell(to, CELL_TEXT, "false", 5);
        break;
    case DATUM_TRUE:
        put_cell(to, CELL_TEXT, "true", 4);
        break;
    case DATUM_NUMBER:
        put_cell(to, CELL_NUMBER, d->text, d->len);
        break;
    case DATUM_JSON:
    case DATUM_STRING:
        put_cell(to, CELL_TEXT, d->text, d->len);
        break;
    }
}

static void table_results(struct writer *w, struct buf *to, const struct datum *results,
                          uint64_t pane, const char *timing)
{
    for (size_t i = 0; i < w->options.n_results; i++)
        table_key(w, to, w->options.n_keys + i, &results[i]);
    w->aligned->late = timing[0] == 'l';
    if (!w->options.panes)
        return;
    char text[24];
    struct buf number = {.data = text, .cap = sizeof text};
    buf_put_u64(&number, pane);
    put_cell(to, CELL_NUMBER, number.data, number.len);
    put_cell(to, CELL_TEXT, timing, strlen(timing));
}

static void note_width(struct writer_table *t, size_t column, size_t width)
{
    if (width > MOST_WIDTH)
        width = MOST_WIDTH;
    t->width[column] = width > t->width[column] ? width : t->width[column];
}

static void note_widths(struct writer_table *t, const char *row)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        struct cell cell = take_cell(&row);
        note_width(t, i, width_of(cell.text, cell.len));
        t->any_text[i] |= cell.kind == CELL_TEXT && cell.len > 0;
    }
}

static void put_blanks(struct buf *to, size_t n)
{
    memset(buf_reserve(to, n), ' ', n);
    to->len += n;
}

/* `shown`: the bounds that repeat are blank. */
static void put_aligned(struct writer_table *t, struct buf *to, size_t i, const struct cell *cell,
                        bool shown)
{
    size_t len = shown ? cell->len : 0, width = width_of(cell->text, len);
    size_t blanks = t->width[i] > width ? t->width[i] - width : 0;
    if (i > 0)
        put_blanks(to, 2);
    if (cell->kind == CELL_NUMBER)
        put_blanks(to, blanks);
    buf_put(to, cell->text, len);
    if (cell->kind == CELL_TEXT && i + 1 < t->n_columns)
        put_blanks(to, blanks);
}

/* What stands behind the last column is nothing. */
static void end_line(struct buf *to, size_t start)
{
    while (to->len > start && to->data[to->len - 1] == ' ')
        to->len--;
}

static const char *column_name(const struct writer *w, size_t i)
{
    const struct writer_options *o = &w->options;
    static const char *const bounds[] = {"window_start", "window_end"};
    if (o->op && i-- == 0)
        return "op";
    if (i < 2)
        return bounds[i];
    i -= 2;
    if (i < o->n_keys)
        return o->keys[i];
    i -= o->n_keys;
    if (i < o->n_results)
        return o->results[i];
    i -= o->n_results;
    if (o->panes && i < 2)
        return i == 0 ? "pane" : "timing";
    return "id";
}

/* Of names as of cells: what a terminal can't have is escaped. */
static struct buf safe_name(const struct writer *w, size_t i)
{
    struct buf name = {0};
    width_put_safe(&name, column_name(w, i), strlen(column_name(w, i)));
    return name;
}

static void put_header(struct writer *w, struct buf *to)
{
    struct writer_table *t = w->aligned;
    if (w->options.styled)
        buf_puts(to, "\x1b[1m");
    size_t start = to->len;
    for (size_t i = 0; i < t->n_columns; i++) {
        struct buf name = safe_name(w, i);
        const struct cell cell = {t->any_text[i] ? CELL_TEXT : CELL_NUMBER, name.data, name.len};
        put_aligned(t, to, i, &cell, true);
        buf_free(&name);
    }
    end_line(to, start);
    buf_puts(to, w->options.styled ? "\x1b[0m\n" : "\n");
    t->header_due = false;
}

/* Is it the bound that the row above had? An end is only where the start is, too. */
static bool repeats(struct writer_table *t, size_t i, const struct cell *cell, bool start_repeats)
{
    struct buf *last = &t->last_bounds[i];
    bool same = last->len == cell->len && last->len > 0 &&
                memcmp(last->data, cell->text, cell->len) == 0 && (i == 0 || start_repeats);
    last->len = 0;
    buf_put(last, cell->text, cell->len);
    return same;
}

static const char *put_row(struct writer *w, struct buf *to, const char *row)
{
    struct writer_table *t = w->aligned;
    bool late = *row++ != 0, repeated = false;
    if (late && w->options.styled)
        buf_puts(to, "\x1b[33m");
    size_t start = to->len;
    for (size_t i = 0; i < t->n_columns; i++) {
        struct cell cell = take_cell(&row);
        bool bound = i >= t->first_bound && i < t->first_bound + t->n_bounds;
        if (bound)
            repeated = repeats(t, i - t->first_bound, &cell, repeated);
        put_aligned(t, to, i, &cell, !bound || !repeated);
    }
    end_line(to, start);
    buf_puts(to, late && w->options.styled ? "\x1b[0m\n" : "\n");
    return row;
}

static void table_commit(struct writer *w, struct buf *to)
{
    struct writer_table *t = w->aligned;
    if (t->header_due) {
        for (size_t i = 0; i < t->n_columns; i++) {
            struct buf name = safe_name(w, i);
            note_width(t, i, width_of(name.data, name.len));
            t->any_text[i] |= t->n_rows == 0;
            buf_free(&name);
        }
        put_header(w, to);
    }
    const char *row = t->rows.data;
    for (size_t i = 0; i < t->n_rows; i++)
        row = put_row(w, to, row);
    t->rows.len = t->n_rows = 0;
}

/* The row leaves the output until the widths are known. */
static void table_end(struct writer *w, struct buf *to, const char *id)
{
    struct writer_table *t = w->aligned;
    if (w->options.row_id)
        put_cell(to, CELL_TEXT, id, strlen(id));
    const char *row = to->data + t->row_at;
    buf_putc(&t->rows, (char)t->late);
    buf_put(&t->rows, row, to->len - t->row_at);
    note_widths(t, row);
    to->len = t->row_at;
    if (++t->n_rows == MOST_ROWS)
        table_commit(w, to);
}

/* header due (u8), number of columns (u64), the width (u64) of each and whether it has texts (u8),
   the last two bounds (counted bytes). */
static void table_save(const struct writer *w, struct buf *to)
{
    const struct writer_table *t = w->aligned;
    wire_put_u8(to, t->header_due);
    wire_put_u64(to, t->n_columns);
    for (size_t i = 0; i < t->n_columns; i++) {
        wire_put_u64(to, t->width[i]);
        wire_put_u8(to, t->any_text[i]);
    }
    for (size_t i = 0; i < 2; i++)
        wire_put_bytes(to, t->last_bounds[i].data, t->last_bounds[i].len);
}

static bool table_load(struct writer *w, const unsigned char **at, const unsigned char *end)
{
    struct writer_table *t = w->aligned;
    uint64_t n, width;
    uint8_t header_due, any_text;
    if (!wire_u8(at, end, &header_due) || !wire_u64(at, end, &n) || n != t->n_columns)
        return false;
    t->header_due = header_due != 0;
    for (size_t i = 0; i < t->n_columns; i++) {
        if (!wire_u64(at, end, &width) || !wire_u8(at, end, &any_text) || width > MOST_WIDTH)
            return false;
        t->width[i] = (size_t)width;
        t->any_text[i] = any_text != 0;
    }
    for (size_t i = 0; i < 2; i++) {
        const void *bytes;
        size_t len;
        if (!wire_bytes(at, end, &bytes, &len))
            return false;
        buf_put(&t->last_bounds[i], bytes, len);
    }
    return true;
}

const struct writer_ops writer_table = {
    .init = table_init,
    .header = table_header,
    .begin = table_begin,
    .bounds = table_bounds,
    .key = table_key,
    .results = table_results,
    .end = table_end,
    .commit = table_commit,
    .free = table_free,
    .save = table_save,
    .load = table_load,
};
