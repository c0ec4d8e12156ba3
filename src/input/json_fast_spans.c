#include "input/json_fast_spans.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "input/json_fast_text.h"

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
    *spans = (struct spans){.projection = projection, .keys = projection->keys};
    spans->rows =
        memory_calloc((size_t)projection->n_nodes * SPANS_MOST_ROWS, sizeof spans->rows[0]);
}

void spans_free(struct spans *spans)
{
    free(spans->rows);
    free(spans->spare);
}

void spans_clear(struct spans *spans, size_t n_members)
{
    spans->next_spare = spans->spare;
    spans->reserve = n_members;
    if ((size_t)(spans->end_spare - spans->spare) <= n_members)
        grow_spare(spans);
}

void spans_add_spare(struct spans *spans, struct span span)
{
    if ((size_t)(spans->end_spare - spans->next_spare) <= spans->reserve)
        grow_spare(spans);
    *spans->next_spare++ = (struct span_spare){span, spans->row};
}

void spans_forget(struct spans *spans, uint32_t slot)
{
    const struct projection_node *node = spans->projection->nodes[slot];
    struct span *span = &spans->now[slot];
    spans->twice = true;
    for (size_t i = 0; i < node->n_children; i++)
        spans_forget(spans, node->children[i]->slot);
    if (span->from != 0 && span_kind(spans->slice, *span) == SPAN_SCALAR)
        spans_add_spare(spans, *span);
    *span = (struct span){0};
}

uint32_t spans_member(const struct spans *spans, const struct projection_node *node,
                      const char *name, size_t len, bool escapes)
{
    struct value text = {.text = name, .len = (uint32_t)len, .kind = VALUE_STRING};
    uint32_t mask;
    if (!escapes && !node->names->odd)
        return spans_plain_member(spans->keys, node->names, name, len, true, &mask);
    if (escapes && memchr(name, '\\', len) != NULL)
        json_fast_undo(&text, spans->arena);
    const struct projection_node *child = projection_child(node, text.text, text.len);
    return child == NULL ? PROJECTION_NOBODY : child->slot;
}

uint32_t spans_element(const struct projection_node *node, long i)
{
    bool twice;
    const struct projection_node *child = projection_element(node, i, &twice);
    return twice ? PROJECTION_ODD : child == NULL ? PROJECTION_NOBODY : child->slot;
}

bool spans_may_contain(const struct spans *spans, uint32_t slot)
{
    const struct projection_node *node = spans->projection->nodes[slot];
    for (uint32_t i = 0; i < node->n_wants; i++)
        if (node->wants[i].use != WANT_PRESENCE)
            return false;
    return true;
}
