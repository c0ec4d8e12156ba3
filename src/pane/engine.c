#include "pane/engine.h"

#include <stdlib.h>

struct engine *engine_new(const struct engine_options *o)
{
    struct engine *e = o->window.kind == WINDOW_SESSION ? sessions_new() : aligned_new();
    e->window = o->window;
    e->watermark = (struct watermark){.delay_ns = o->delay_ns, .now_ns = INT64_MIN};
    e->n_keys = o->n_keys;
    e->acc_bytes = o->acc_bytes;
    e->late = o->late;
    panes_init(&e->panes, &o->pane, o->aggs, o->n_aggs);
    e->panes.writer = o->writer;
    e->panes.sink = o->sink;
    e->panes.row_id = o->row_id;
    keys_init(&e->keys);
    return e;
}

void engine_free(struct engine *e)
{
    if (e == NULL)
        return;
    panes_free(&e->panes);
    keys_free(&e->keys);
    e->ops->free(e);
}

void engine_consume(struct engine *e, const struct batch *batch, size_t from, size_t to)
{
    if (from == to)
        return;
    if (from == 0 || e->batch != batch)
        keys_encode(&e->keys, batch->columns, e->n_keys, batch->n);
    e->batch = batch;
    e->ops->consume(e, from, to);
    engine_add_pending(e);
    if (to == batch->n)
        e->batch = NULL;
}

void engine_finish(struct engine *e)
{
    int64_t last_ns = e->watermark.now_ns;
    e->watermark.now_ns = INT64_MAX;
    e->ops->run_timers(e);
    e->watermark.now_ns = last_ns; /* for --stats: the last finite one */
}

void engine_interrupt(struct engine *e)
{
    e->ops->fire_unfired(e);
}

void engine_add_pending(struct engine *e)
{
    if (e->n_pending == 0)
        return;
    const struct agg_rows rows = {
        .n = e->n_pending,
        .accs = e->accs,
        .arenas = e->arenas,
        .rows = e->rows,
        .time_ns = e->batch->time_ns,
    };
    for (size_t i = 0; i < e->panes.n_aggs; i++) {
        const struct agg *agg = &e->panes.aggs[i];
        agg->ops->add(agg, &rows,
                      agg->input == AGG_NO_INPUT ? NULL : e->batch->columns[agg->column]);
    }
    e->n_pending = 0;
}

void engine_first_record(struct engine *e, int64_t t_ns)
{
    if (e->panes.options.early_ns == 0)
        return;
    e->watermark.now_ns = time_sub(t_ns, e->watermark.delay_ns);
    engine_next_tick(e);
}

void engine_next_tick(struct engine *e)
{
    int64_t w = e->watermark.now_ns, d = e->panes.options.early_ns;
    int64_t into = w % d < 0 ? w % d + d : w % d;
    int64_t to_next = d - into; /* 1 .. d */
    e->tick_set = !__builtin_add_overflow(w, to_next, &e->next_tick_ns);
    if (e->tick_set)
        engine_timer(e, e->next_tick_ns);
}

void engine_too_late(struct engine *e, size_t i)
{
    const struct batch *batch = e->batch;
    e->counts.too_late++;
    if (e->late == NULL)
        return;
    const char *record = batch->block->bytes.data + batch->start[i];
    size_t len = batch->len[i];
    buf_put(&e->late->pending, record, len);
    if (len == 0 || record[len - 1] != '\n')
        buf_putc(&e->late->pending, '\n');
}
