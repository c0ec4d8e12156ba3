/* CSV (RFC 4180) and TSV (as IANA registered it: no quotes, but escapes). */
#include <string.h>

#include "output/writer_ops.h"

/* Quotes around a field that holds a comma, a quote or a line end. */
static void put_csv(struct buf *to, const char *text, size_t len)
{
    bool plain = true;
    for (size_t i = 0; i < len && plain; i++)
        plain = text[i] != ',' && text[i] != '"' && text[i] != '\n' && text[i] != '\r';
    if (plain) {
        buf_put(to, text, len);
        return;
    }
    buf_put_quoted(to, text, len, '"');
}

static void put_tsv(struct buf *to, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const char *escape = text[i] == '\t'   ? "\\t"
                             : text[i] == '\n' ? "\\n"
                             : text[i] == '\r' ? "\\r"
                             : text[i] == '\\' ? "\\\\"
                                               : NULL;
        if (escape != NULL)
            buf_puts(to, escape);
        else
            buf_putc(to, text[i]);
    }
}

static void put_field(const struct writer *w, struct buf *to, const char *text, size_t len)
{
    if (w->separator == '\t')
        put_tsv(to, text, len);
    else
        put_csv(to, text, len);
}

static void csv_init(struct writer *w)
{
    w->separator = ',';
}

static void tsv_init(struct writer *w)
{
    w->separator = '\t';
}

static void csv_header(struct writer *w, struct buf *to)
{
    const struct writer_options *o = &w->options;
    if (o->op)
        buf_printf(to, "op%c", w->separator);
    buf_printf(to, "window_start%cwindow_end", w->separator);
    for (size_t i = 0; i < o->n_keys + o->n_results; i++) {
        const char *name = i < o->n_keys ? o->keys[i] : o->results[i - o->n_keys];
        buf_putc(to, w->separator);
        put_field(w, to, name, strlen(name));
    }
    if (o->panes)
        buf_printf(to, "%cpane%ctiming", w->separator, w->separator);
    if (o->row_id)
        buf_printf(to, "%cid", w->separator);
    buf_putc(to, '\n');
}

static void csv_key(struct writer *w, struct buf *to, size_t i, const struct datum *d)
{
    (void)i;
    buf_putc(to, w->separator);
    switch (d->kind) {
    case DATUM_NULL:
        break;
    case DATUM_FALSE:
        buf_puts(to, "false");
        break;
    case DATUM_TRUE:
        buf_puts(to, "true");
        break;
    case DATUM_NUMBER:
        buf_put(to, d->text, d->len);
        break;
    case DATUM_JSON:
    case DATUM_STRING:
        put_field(w, to, d->text, d->len);
        break;
    }
}

static void csv_time(struct writer *w, struct buf *to, int64_t ns)
{
    if (!w->options.unbounded)
        time_print(to, ns, w->options.time_unit, w->options.zone);
}

static void csv_begin(struct writer *w, struct buf *to, const char *op)
{
    if (w->options.op) {
        buf_puts(to, op);
        buf_putc(to, w->separator);
    }
    buf_put(to, w->bounds.data, w->bounds.len);
}

static void csv_results(struct writer *w, struct buf *to, const struct datum *results,
                        uint64_t pane, const char *timing)
{
    for (size_t i = 0; i < w->options.n_results; i++)
        csv_key(w, to, w->options.n_keys + i, &results[i]);
    if (!w->options.panes)
        return;
    buf_putc(to, w->separator);
    buf_put_u64(to, pane);
    buf_putc(to, w->separator);
    buf_puts(to, timing);
}

static void csv_end(struct writer *w, struct buf *to, const char *id)
{
    if (w->options.row_id) {
        buf_putc(to, w->separator);
        buf_puts(to, id);
    }
    buf_putc(to, '\n');
}

#define CSV_LIKE(prepare, comma)                                                                   \
    {                                                                                              \
        .init = (prepare), .header = csv_header, .header_once = true, .begin = csv_begin,          \
        .time = csv_time, .between_bounds = (comma), .key = csv_key, .results = csv_results,       \
        .end = csv_end,                                                                            \
    }

const struct writer_ops writer_csv = CSV_LIKE(csv_init, ",");
const struct writer_ops writer_tsv = CSV_LIKE(tsv_init, "\t");
