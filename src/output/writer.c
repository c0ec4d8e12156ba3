#include "output/writer.h"

#include <stdlib.h>

#include "base/json_text.h"
#include "base/memory.h"

struct writer {
    struct writer_options options;
    char separator;     /* CSV, TSV: between columns */
    struct buf *labels; /* JSON: `,"name":` for keys, then results */
    struct buf bounds;  /* the two window columns, rendered; most rows share their window */
    int64_t start_ns, end_ns;
    struct buf scratch;
};

static struct buf make_label(const char *name)
{
    struct buf label = {0};
    buf_putc(&label, ',');
    json_text_string(&label, name, strlen(name));
    buf_putc(&label, ':');
    return label;
}

struct writer *writer_new(const struct writer_options *options)
{
    struct writer *w = memory_calloc(1, sizeof *w);
    w->options = *options;
    w->separator = options->format == OUTPUT_TSV ? '\t' : ',';
    w->labels = memory_calloc(options->n_keys + options->n_results, sizeof *w->labels);
    for (size_t i = 0; i < options->n_keys; i++)
        w->labels[i] = make_label(options->keys[i]);
    for (size_t i = 0; i < options->n_results; i++)
        w->labels[options->n_keys + i] = make_label(options->results[i]);
    return w;
}

void writer_free(struct writer *w)
{
    if (w == NULL)
        return;
    for (size_t i = 0; i < w->options.n_keys + w->options.n_results; i++)
        buf_free(&w->labels[i]);
    free(w->labels);
    buf_free(&w->bounds);
    buf_free(&w->scratch);
    free(w);
}

/* RFC 4180: quotes around a field that holds the separator, a quote or a line end. */
static void put_field(const struct writer *w, struct buf *to, const char *text, size_t len)
{
    bool plain = true;
    for (size_t i = 0; i < len && plain; i++)
        plain = text[i] != w->separator && text[i] != '"' && text[i] != '\n' && text[i] != '\r';
    if (plain) {
        buf_put(to, text, len);
        return;
    }
    buf_putc(to, '"');
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"')
            buf_putc(to, '"');
        buf_putc(to, text[i]);
    }
    buf_putc(to, '"');
}

static void put_datum_json(struct buf *to, const struct datum *d)
{
    switch (d->kind) {
    case DATUM_NULL:
        buf_puts(to, "null");
        break;
    case DATUM_FALSE:
        buf_puts(to, "false");
        break;
    case DATUM_TRUE:
        buf_puts(to, "true");
        break;
    case DATUM_NUMBER:
    case DATUM_JSON:
        buf_put(to, d->text, d->len);
        break;
    case DATUM_STRING:
        json_text_string(to, d->text, d->len);
        break;
    }
}

static void put_datum_csv(const struct writer *w, struct buf *to, const struct datum *d)
{
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

/* column: keys first, then results. */
static void put_column(const struct writer *w, struct buf *to, size_t column, const struct datum *d)
{
    if (w->options.format == OUTPUT_JSON) {
        buf_put(to, w->labels[column].data, w->labels[column].len);
        put_datum_json(to, d);
    } else {
        buf_putc(to, w->separator);
        put_datum_csv(w, to, d);
    }
}

void writer_header(const struct writer *w, struct buf *to)
{
    const struct writer_options *o = &w->options;
    if (o->format == OUTPUT_JSON)
        return;
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

static void put_time(const struct writer *w, struct buf *to, int64_t ns)
{
    if (w->options.unbounded) {
        buf_puts(to, w->options.format == OUTPUT_JSON ? "null" : "");
        return;
    }
    bool quoted = w->options.format == OUTPUT_JSON && time_unit_is_text(w->options.time_unit);
    if (quoted)
        buf_putc(to, '"');
    time_print(to, ns, w->options.time_unit, w->options.zone);
    if (quoted)
        buf_putc(to, '"');
}

static void render_bounds(struct writer *w, int64_t start_ns, int64_t end_ns)
{
    bool json = w->options.format == OUTPUT_JSON;
    w->start_ns = start_ns;
    w->end_ns = end_ns;
    w->bounds.len = 0;
    if (json)
        buf_puts(&w->bounds, "\"window_start\":");
    put_time(w, &w->bounds, start_ns);
    buf_puts(&w->bounds, json ? ",\"window_end\":" : w->separator == ',' ? "," : "\t");
    put_time(w, &w->bounds, end_ns);
}

void writer_begin(struct writer *w, struct buf *to, const char *op, int64_t start_ns,
                  int64_t end_ns, const void *key, size_t key_len)
{
    bool json = w->options.format == OUTPUT_JSON;
    if (w->bounds.len == 0 || start_ns != w->start_ns || end_ns != w->end_ns)
        render_bounds(w, start_ns, end_ns);
    if (json)
        buf_putc(to, '{');
    if (w->options.op) {
        buf_puts(to, json ? "\"op\":\"" : "");
        buf_puts(to, op);
        buf_puts(to, json ? "\"," : w->separator == ',' ? "," : "\t");
    }
    buf_put(to, w->bounds.data, w->bounds.len);

    const unsigned char *at = key, *end = at + key_len;
    for (size_t i = 0; i < w->options.n_keys; i++) {
        struct value v;
        w->scratch.len = 0;
        if (!value_decode(&at, end, &v, &w->scratch))
            v = (struct value){.kind = VALUE_NULL};
        struct datum d = value_datum(&v, &w->scratch);
        put_column(w, to, i, &d);
    }
}

void writer_results(struct writer *w, struct buf *to, const struct datum *results, uint64_t pane,
                    const char *timing)
{
    for (size_t i = 0; i < w->options.n_results; i++)
        put_column(w, to, w->options.n_keys + i, &results[i]);
    if (!w->options.panes)
        return;
    if (w->options.format == OUTPUT_JSON) {
        buf_puts(to, ",\"pane\":");
        buf_put_u64(to, pane);
        buf_puts(to, ",\"timing\":\"");
        buf_puts(to, timing);
        buf_putc(to, '"');
    } else {
        buf_putc(to, w->separator);
        buf_put_u64(to, pane);
        buf_putc(to, w->separator);
        buf_puts(to, timing);
    }
}

void writer_end(struct writer *w, struct buf *to, const char *id)
{
    bool json = w->options.format == OUTPUT_JSON;
    if (w->options.row_id) {
        buf_puts(to, json ? ",\"id\":\"" : w->separator == ',' ? "," : "\t");
        buf_puts(to, id);
        buf_puts(to, json ? "\"" : "");
    }
    buf_puts(to, json ? "}\n" : "\n");
}
