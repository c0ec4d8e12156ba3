#include "input/json_fast_spans.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "input/json_fast_text.h"

/* Room for each place's rows: no power of two, which would put them all in the same cache sets. */
enum { ROOM = SPANS_MOST_ROWS + 8, CLEARED_AT_ONCE = 32 };

static void grow_spare(struct spans *spans)
{
    size_t used = (size_t)(spans->next_spare - spans->spare);
    size_t n = (size_t)(spans->end_spare - spans->spare) * 2 + spans->reserve + 1;
    spans->spare = memory_realloc(spans->spare, n * sizeof spans->spare[0]);
    spans->next_spare = spans->spare + used;
    spans->end_spare = spans->spare + n;
}

void spans_init(struct spans *spans, const struct projection *projection)
{
    *spans = (struct spans){.projection = projection};
    spans->all = memory_calloc((size_t)projection->n_nodes * ROOM, sizeof spans->all[0]);
    spans->places = memory_calloc(projection->n_nodes, sizeof spans->places[0]);
    for (uint32_t i = 0; i < projection->n_nodes; i++)
        spans->places[i] = (struct span_place){.key = projection->keys[i],
                                               .care = i == PROJECTION_NOBODY ? 0 : UINT32_MAX,
                                               .idle = projection->nodes[i]->n_wants == 0,
                                               .rows = spans->all + (size_t)i * ROOM};
}

void spans_free(struct spans *spans)
{
    free(spans->all);
    free(spans->places);
    free(spans->spare);
}

void spans_clear(struct spans *spans, size_t n_members)
{
    spans->cleared = 0;
    spans->next_spare = spans->spare;
    spans->reserve = n_members;
    if ((size_t)(spans->end_spare - spans->spare) <= n_members)
        grow_spare(spans);
}

void spans_clear_rows(struct spans *spans)
{
    for (uint32_t i = 0; i < spans->projection->n_nodes; i++)
        memset(spans->places[i].rows + spans->cleared, 0, CLEARED_AT_ONCE * sizeof spans->all[0]);
    spans->cleared += CLEARED_AT_ONCE;
}

void spans_add_spare(struct spans *spans, struct span span)
{
    if ((size_t)(spans->end_spare - spans->next_spare) <= spans->reserve)
        grow_spare(spans);
    *spans->next_spare++ = (struct span_spare){span, spans->row};
}

void spans_forget(struct spans *spans, const struct span_place *place)
{
    const struct projection_node *node = spans_node(spans, place);
    struct span *span = &place->rows[spans->row];
    spans->twice = true;
    for (const struct projection_node *c = node->child; c != NULL; c = c->sibling)
        spans_forget(spans, &spans->places[c->slot]);
    if (span->from != 0 && span_kind(spans->slice, *span) == SPAN_SCALAR)
        spans_add_spare(spans, *span);
    *span = (struct span){0};
}

const struct span_place *spans_member(const struct spans *spans, const struct projection_node *node,
                                      const char *name, size_t len, bool escapes)
{
    struct value text = {.text = name, .len = (uint32_t)len, .kind = VALUE_STRING};
    if (!escapes && !node->names->odd)
        return spans_plain_member(spans->places, node->names, name, len, true);
    if (escapes && memchr(name, '\\', len) != NULL)
        json_fast_undo(&text, spans->arena);
    const struct projection_node *child = projection_child(node, text.text, text.len);
    return &spans->places[child == NULL ? PROJECTION_NOBODY : child->slot];
}

const struct span_place *spans_element(const struct spans *spans,
                                       const struct projection_node *node, long i)
{
    bool twice;
    const struct projection_node *child = projection_element(node, i, &twice);
    return twice ? NULL : &spans->places[child == NULL ? PROJECTION_NOBODY : child->slot];
}

bool spans_may_contain(const struct spans *spans, const struct span_place *place)
{
    const struct projection_node *node = spans_node(spans, place);
    for (uint32_t i = 0; i < node->n_wants; i++)
        if (node->wants[i].use != WANT_PRESENCE)
            return false;
    return true;
}
