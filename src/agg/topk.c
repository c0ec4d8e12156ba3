/* topk, mode: the most frequent values, exact, with a count for every value there is. */
#include <stdlib.h>

#include "agg/functions.h"
#include "agg/leaders.h"
#include "agg/value_set.h"
#include "base/json_text.h"
#include "base/memory.h"
#include "base/number.h"

/*
 * A set that is asked again and again, a running one or one of many panes, has leaders, once it is
 * large; `set` is all that others look at.
 */
struct topk {
    struct byte_set set;
    struct leaders *leaders;
};

static void topk_init(const struct agg *agg, void *acc)
{
    (void)agg;
    *(struct topk *)acc = (struct topk){.set = {.payload_bytes = sizeof(uint64_t)}};
}

static void moved(void *context, const char *payload, uint64_t before)
{
    leaders_moved(context, payload, before);
}

static void moved_in(void *context, const char *payload, uint64_t before)
{
    const struct topk *t = context;
    if (t->leaders != NULL)
        leaders_moved(t->leaders, payload, before);
}

static void topk_add(const struct agg *agg, const struct agg_rows *rows, const struct value *column)
{
    value_set_add_moved(agg, rows, column, moved_in);
}

static void topk_merge(const struct agg *agg, void *into, const void *from, struct arena *arena)
{
    ((struct topk *)into)->leaders = NULL;
    value_set_merge(agg, into, from, arena);
}

static void topk_reset(const struct agg *agg, void *acc)
{
    ((struct topk *)acc)->leaders = NULL;
    value_set_reset(agg, acc);
}

/* Has leaders as the set is now. */
static void lead(const struct agg *agg, struct topk *t, struct arena *arena)
{
    size_t n = agg->ops->param == AGG_FIELD_COUNT ? (size_t)agg->n : 1;
    if (t->leaders == NULL || leaders_outgrown(t->leaders, &t->set))
        t->leaders = leaders_new(&t->set, n, arena);
}

static void topk_often(const struct agg *agg, void *acc, uint64_t fresh, struct arena *arena)
{
    struct topk *t = acc;
    if (fresh < value_set_size(&t->set))
        lead(agg, t, arena);
}

static void running_enter(const struct agg *agg, void *acc, const void *from, struct arena *arena)
{
    struct topk *t = acc;
    value_set_enter(&t->set, from, arena, t->leaders == NULL ? NULL : moved, t->leaders);
    lead(agg, t, arena);
}

static void running_leave(const struct agg *agg, void *acc, const void *from, struct arena *arena)
{
    (void)agg;
    struct topk *t = acc;
    value_set_leave(&t->set, from, arena, t->leaders == NULL ? NULL : moved, t->leaders);
}

static const struct agg_running topk_running = {topk_init, running_enter, running_leave};

/* The best n <= value_set_size() payloads, in order. */
static void rank(const struct topk *t, const void **best, size_t n)
{
    leaders_best(t->leaders, &t->set, best, n);
}

/* The value of an entry; a text may stand in `text`. */
static struct value entry_value(const struct byte_set *s, const void *payload, struct buf *text)
{
    struct byte_set_entry entry = byte_set_entry(s, payload);
    const unsigned char *at = entry.bytes;
    struct value v = {.kind = VALUE_NULL};
    text->len = 0;
    value_decode(&at, entry.bytes + entry.len, &v, text);
    return v;
}

static void put_json(struct buf *to, const struct value *v)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_STRING:
        json_text_string(to, v->text, v->len);
        return;
    case VALUE_NUMBER:
    case VALUE_WIDE:
        number_print(to, v);
        return;
    case VALUE_FALSE:
        buf_puts(to, "false");
        return;
    case VALUE_TRUE:
        buf_puts(to, "true");
        return;
    case VALUE_NULL:
    case VALUE_COMPOSITE:
    case VALUE_BAD:
        break; /* never counted */
    }
    buf_puts(to, "null");
}

static void topk_result(const struct agg *agg, const void *acc, struct datum *result,
                        struct buf *scratch)
{
    const struct topk *t = acc;
    const struct byte_set *s = &t->set;
    *result = (struct datum){.kind = DATUM_NULL};
    size_t size = value_set_size(s);
    if (size == 0)
        return;
    size_t n = agg->n < size ? (size_t)agg->n : size, start = scratch->len;
    const void **best = memory_alloc(n * sizeof *best);
    rank(t, best, n);
    struct buf text = {0};
    for (size_t i = 0; i < n; i++) {
        struct value v = entry_value(s, best[i], &text);
        buf_puts(scratch, i == 0 ? "[{\"value\":" : ",{\"value\":");
        put_json(scratch, &v);
        buf_puts(scratch, ",\"count\":");
        buf_put_u64(scratch, value_set_count(best[i]));
        buf_putc(scratch, '}');
    }
    buf_putc(scratch, ']');
    buf_free(&text);
    free(best);
    *result = (struct datum){DATUM_JSON, scratch->data + start, scratch->len - start};
}

static void mode_result(const struct agg *agg, const void *acc, struct datum *result,
                        struct buf *scratch)
{
    (void)agg;
    const struct topk *t = acc;
    const struct byte_set *s = &t->set;
    *result = (struct datum){.kind = DATUM_NULL};
    if (value_set_size(s) == 0)
        return;
    const void *best;
    rank(t, &best, 1);
    struct buf text = {0};
    struct value v = entry_value(s, best, &text);
    *result = value_datum(&v, scratch);
    if (result->kind == DATUM_STRING) {
        size_t start = scratch->len;
        buf_put(scratch, v.text, v.len);
        result->text = scratch->data + start;
    }
    buf_free(&text);
}

static const char topk_doc[] = "the N most frequent values with their counts, as JSON";
static const struct agg_ops topk_view = VIEW_OPS("topk", topk_doc, topk_result);

const struct agg_ops topk_ops = {
    .name = "topk",
    .doc = topk_doc,
    .size = sizeof(struct topk),
    .input = AGG_VALUE,
    .type = AGG_ANY,
    .param = AGG_FIELD_COUNT,
    .running = &topk_running,
    .view = &topk_view,
    .init = topk_init,
    .add = topk_add,
    .merge = topk_merge,
    .result = topk_result,
    .often = topk_often,
    .reset = topk_reset,
    .save = value_set_save,
    .load = value_set_load,
};

static const char mode_doc[] =
    "the most frequent value; of several the first in the order of values";
static const struct agg_ops mode_view = VIEW_OPS("mode", mode_doc, mode_result);

const struct agg_ops mode_ops = {
    .name = "mode",
    .doc = mode_doc,
    .size = sizeof(struct topk),
    .input = AGG_VALUE,
    .type = AGG_ANY,
    .running = &topk_running,
    .view = &mode_view,
    .init = topk_init,
    .add = topk_add,
    .merge = topk_merge,
    .result = mode_result,
    .often = topk_often,
    .reset = topk_reset,
    .save = value_set_save,
    .load = value_set_load,
};
