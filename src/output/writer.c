#include "output/writer.h"

#include <stdlib.h>

#include "base/memory.h"
#include "output/writer_ops.h"

static const struct writer_ops *const writers[] = {
    [OUTPUT_JSON] = &writer_json,   [OUTPUT_CSV] = &writer_csv,     [OUTPUT_TSV] = &writer_tsv,
    [OUTPUT_TABLE] = &writer_table, [OUTPUT_CHART] = &writer_chart, [OUTPUT_SQL] = &writer_sql,
};

struct writer *writer_new(const struct writer_options *options)
{
    struct writer *w = memory_calloc(1, sizeof *w);
    w->ops = writers[options->format];
    w->options = *options;
    w->labels = memory_calloc(options->n_keys + options->n_results, sizeof *w->labels);
    w->ops->init(w);
    return w;
}

void writer_free(struct writer *w)
{
    if (w == NULL)
        return;
    if (w->ops->free != NULL)
        w->ops->free(w);
    for (size_t i = 0; i < w->options.n_keys + w->options.n_results; i++)
        buf_free(&w->labels[i]);
    free(w->labels);
    buf_free(&w->bounds);
    buf_free(&w->scratch);
    buf_free(&w->table);
    buf_free(&w->update);
    free(w);
}

void writer_header(struct writer *w, struct buf *to)
{
    if (w->ops->header != NULL)
        w->ops->header(w, to);
}

bool writer_header_again(const struct writer *w)
{
    return !w->ops->header_once;
}

static void render_bounds(struct writer *w, int64_t start_ns, int64_t end_ns)
{
    w->start_ns = start_ns;
    w->end_ns = end_ns;
    w->bounds.len = 0;
    if (w->ops->bounds != NULL) {
        w->ops->bounds(w, &w->bounds, start_ns, end_ns);
        return;
    }
    w->ops->time(w, &w->bounds, start_ns);
    buf_puts(&w->bounds, w->ops->between_bounds);
    w->ops->time(w, &w->bounds, end_ns);
}

void writer_begin(struct writer *w, struct buf *to, const char *op, int64_t start_ns,
                  int64_t end_ns, const void *key, size_t key_len)
{
    if (w->bounds.len == 0 || start_ns != w->start_ns || end_ns != w->end_ns)
        render_bounds(w, start_ns, end_ns);
    w->key = key;
    w->key_len = key_len;
    w->ops->begin(w, to, op);
    const unsigned char *at = key, *end = at + key_len;
    for (size_t i = 0; i < w->options.n_keys; i++) {
        struct value v;
        w->scratch.len = 0;
        if (!value_decode(&at, end, &v, &w->scratch))
            v = (struct value){.kind = VALUE_NULL};
        struct datum d = value_datum(&v, &w->scratch);
        w->ops->key(w, to, i, &d);
    }
}

void writer_results(struct writer *w, struct buf *to, const struct datum *results, uint64_t pane,
                    const char *timing)
{
    w->ops->results(w, to, results, pane, timing);
}

void writer_repeat(struct writer *w, struct buf *to, const char *text, size_t len)
{
    if (!w->ops->takes_back_by_id)
        buf_put(to, text, len);
}

void writer_end(struct writer *w, struct buf *to, const char *id)
{
    w->ops->end(w, to, id);
}

void writer_commit(struct writer *w, struct buf *to)
{
    if (w->ops->commit != NULL)
        w->ops->commit(w, to);
}

void writer_finish(struct writer *w, struct buf *to)
{
    if (w->ops->finish != NULL)
        w->ops->finish(w, to);
}

bool writer_redraws(const struct writer *w)
{
    return w->ops->interrupt != NULL && w->options.styled && w->options.n_keys > 0;
}

void writer_interrupt(struct writer *w)
{
    w->ops->interrupt(w);
}

bool writer_has_state(const struct writer *w)
{
    return w->ops->save != NULL;
}

void writer_save(const struct writer *w, struct buf *to)
{
    w->ops->save(w, to);
}

bool writer_load(struct writer *w, const unsigned char **at, const unsigned char *end)
{
    return w->ops->load(w, at, end);
}
