#include "input/json_fast_projection.h"

#include <stdlib.h>

#include "base/memory.h"
#include "input/batch.h"

static struct projection_node *add_node(struct projection *p, const char *name, size_t len)
{
    if (p->n_nodes == p->capacity) {
        p->capacity = p->capacity * 2 + 8;
        p->nodes = memory_realloc(p->nodes, p->capacity * sizeof(struct projection_node *));
    }
    struct projection_node *node = memory_calloc(1, sizeof *node);
    node->name = name;
    node->len = len;
    node->slot = p->n_nodes;
    p->nodes[p->n_nodes++] = node;
    return node;
}

static struct projection_node *find_or_add(struct projection *p, const struct path *path)
{
    struct projection_node *node = p->root;
    for (size_t i = 0; i < path->n_parts; i++) {
        const struct path_part *part = &path->parts[i];
        struct projection_node **at = &node->child;
        node->indexes = node->indexes || part->index >= 0;
        while (*at != NULL &&
               ((*at)->len != part->len || memcmp((*at)->name, part->name, part->len) != 0))
            at = &(*at)->sibling;
        if (*at == NULL) {
            *at = add_node(p, part->name, part->len);
            (*at)->index = part->index;
        }
        node = *at;
    }
    return node;
}

static void add_want(struct projection_node *node, size_t column, enum projection_use use)
{
    node->wants = memory_realloc(node->wants, (node->n_wants + 1) * sizeof node->wants[0]);
    node->wants[node->n_wants++] = (struct projection_want){.column = (uint32_t)column, .use = use};
}

void projection_init(struct projection *p, const struct input_options *options)
{
    *p = (struct projection){.n_columns = batch_columns(options),
                             .time_format = options->time_format};
    p->root = add_node(p, "", 0);
    for (size_t i = 0; options->n_time > 1 && i < options->n_time; i++)
        add_want(find_or_add(p, &options->time[i]), options->n_fields + i, WANT_SCALAR);
    if (options->n_time == 1) {
        p->time = find_or_add(p, &options->time[0]);
        add_want(p->time, 0, WANT_TIME);
    }
    for (size_t i = 0; i < options->n_fields; i++) {
        enum projection_use use = options->fields[i].use == FIELD_PRESENCE ? WANT_PRESENCE
                                  : options->fields[i].use == FIELD_NUMBER ? WANT_NUMBER
                                                                           : WANT_SCALAR;
        add_want(find_or_add(p, &options->fields[i].path), i, use);
    }
}

void projection_free(struct projection *p)
{
    for (uint32_t i = 0; i < p->n_nodes; i++) {
        free(p->nodes[i]->wants);
        free(p->nodes[i]);
    }
    free(p->nodes);
    *p = (struct projection){0};
}
