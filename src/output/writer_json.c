#include <string.h>

#include "base/json_text.h"
#include "output/writer_ops.h"

static void json_init(struct writer *w)
{
    const struct writer_options *o = &w->options;
    for (size_t i = 0; i < o->n_keys + o->n_results; i++) {
        const char *name = i < o->n_keys ? o->keys[i] : o->results[i - o->n_keys];
        buf_putc(&w->labels[i], ',');
        json_text_string(&w->labels[i], name, strlen(name));
        buf_putc(&w->labels[i], ':');
    }
}

static void json_key(struct writer *w, struct buf *to, size_t i, const struct datum *value)
{
    buf_put(to, w->labels[i].data, w->labels[i].len);
    json_text_datum(to, value);
}

static void json_time(struct writer *w, struct buf *to, int64_t ns)
{
    if (w->options.unbounded) {
        buf_puts(to, "null");
        return;
    }
    bool quoted = time_unit_is_text(w->options.time_unit);
    if (quoted)
        buf_putc(to, '"');
    time_print(to, ns, w->options.time_unit, w->options.zone);
    if (quoted)
        buf_putc(to, '"');
}

static void json_begin(struct writer *w, struct buf *to, const char *op)
{
    buf_putc(to, '{');
    if (w->options.op) {
        buf_puts(to, "\"op\":\"");
        buf_puts(to, op);
        buf_puts(to, "\",");
    }
    buf_puts(to, "\"window_start\":");
    buf_put(to, w->bounds.data, w->bounds.len);
}

static void json_results(struct writer *w, struct buf *to, const struct datum *results,
                         uint64_t pane, const char *timing)
{
    for (size_t i = 0; i < w->options.n_results; i++)
        json_key(w, to, w->options.n_keys + i, &results[i]);
    if (!w->options.panes)
        return;
    buf_puts(to, ",\"pane\":");
    buf_put_u64(to, pane);
    buf_puts(to, ",\"timing\":\"");
    buf_puts(to, timing);
    buf_putc(to, '"');
}

static void json_end(struct writer *w, struct buf *to, const char *id)
{
    if (w->options.row_id) {
        buf_puts(to, ",\"id\":\"");
        buf_puts(to, id);
        buf_putc(to, '"');
    }
    buf_puts(to, "}\n");
}

const struct writer_ops writer_json = {
    .init = json_init,
    .begin = json_begin,
    .time = json_time,
    .between_bounds = ",\"window_end\":",
    .key = json_key,
    .results = json_results,
    .end = json_end,
};
