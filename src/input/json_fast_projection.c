#include "input/json_fast_projection.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
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

static void add_child(struct projection *p, struct projection_node *node,
                      const struct path_part *part)
{
    size_t n = node->n_children;
    if ((n & (n - 1)) == 0) /* a power of two: it is full */
        node->children =
            memory_realloc(node->children, (n == 0 ? 1 : 2 * n) * sizeof node->children[0]);
    node->children[n] = add_node(p, part->name, part->len);
    node->children[n]->index = part->index;
    node->n_children++;
}

static struct projection_node *find_or_add(struct projection *p, const struct path *path)
{
    struct projection_node *node = p->root;
    for (size_t i = 0; i < path->n_parts; i++) {
        const struct path_part *part = &path->parts[i];
        size_t place = node->n_children;
        node->indexes = node->indexes || part->index >= 0;
        if (places_enter(&node->places, part->name, part->len, &place))
            add_child(p, node, part);
        node = node->children[place];
    }
    return node;
}

static void add_want(struct projection_node *node, size_t column, enum projection_use use)
{
    node->wants = memory_realloc(node->wants, (node->n_wants + 1) * sizeof node->wants[0]);
    node->wants[node->n_wants++] = (struct projection_want){.column = (uint32_t)column, .use = use};
}

/* The first bytes of a name, up to eight. */
static void take_bytes(uint64_t *bytes, uint64_t *care, const char *name, size_t len)
{
    unsigned char text[8] = {0}, cared[8] = {0};
    size_t n = len < sizeof text ? len : sizeof text;
    memcpy(text, name, n);
    memset(cared, 0xff, n);
    *bytes = bytes_u64_le(text);
    *care = bytes_u64_le(cared);
}

static struct projection_key key_of(const struct projection_node *node)
{
    struct projection_key key = {.len = node->len};
    size_t rest = node->len > 8 ? node->len - 8 : 0;
    take_bytes(&key.first, &key.first_care, node->name, node->len);
    take_bytes(&key.second, &key.second_care, node->name + (rest > 0 ? 8 : 0), rest);
    return key;
}

static const struct projection_names no_names;

/* Enters the children's names with that factor. Returns how many find their place taken. */
static size_t enter_names(const struct projection_node *node, struct projection_names *names,
                          uint8_t factor)
{
    size_t n_taken = 0;
    *names = (struct projection_names){.factor = factor};
    for (size_t i = 0; i < node->n_children; i++) {
        const struct projection_node *c = node->children[i];
        unsigned char first = c->len == 0 ? '"' : (unsigned char)c->name[0];
        uint16_t *slot = &names->slot[(uint8_t)(first + c->len * factor)];
        bool taken = *slot != PROJECTION_NOBODY;
        n_taken += taken;
        bool odd = taken || c->len > 16 || c->slot >= PROJECTION_ODD;
        *slot = odd ? PROJECTION_ODD : (uint16_t)c->slot;
        names->odd = names->odd || odd;
    }
    return n_taken;
}

/* With the factor, of some, that leaves most of the names a place of their own. */
static void build_names(struct projection_node *node)
{
    size_t fewest = SIZE_MAX;
    uint8_t best = 0;
    node->names = &no_names;
    if (node->n_children == 0)
        return;
    struct projection_names *names = memory_alloc(sizeof *names);
    node->names = names;
    for (unsigned factor = 1; factor < 256 && fewest > 0; factor += 2) {
        size_t n = enter_names(node, names, (uint8_t)factor);
        if (n < fewest) {
            fewest = n;
            best = (uint8_t)factor;
        }
    }
    enter_names(node, names, best);
}

/* What is no UTF-8 in the input reads as U+FFFD: could it be this name? */
static bool may_be_repaired(const struct projection_node *node)
{
    return !utf8_valid(node->name, node->len) ||
           memmem(node->name, node->len, "\xef\xbf\xbd", 3) != NULL;
}

/* What is known only when all paths are merged. */
static void finish(struct projection *p)
{
    p->keys = memory_alloc(p->n_nodes * sizeof p->keys[0]);
    for (uint32_t i = 0; i < p->n_nodes; i++) {
        struct projection_node *node = p->nodes[i];
        p->keys[i] = key_of(node);
        p->repairs = p->repairs || may_be_repaired(node);
        build_names(node);
    }
    p->keys[PROJECTION_NOBODY].len = UINT64_MAX;
}

void projection_init(struct projection *p, const struct input_options *options)
{
    *p = (struct projection){.n_columns = batch_columns(options),
                             .time_format = options->time_format};
    add_node(p, "", 0);
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
    finish(p);
}

void projection_free(struct projection *p)
{
    for (uint32_t i = 0; i < p->n_nodes; i++) {
        free(p->nodes[i]->wants);
        free(p->nodes[i]->children);
        places_free(&p->nodes[i]->places);
        if (p->nodes[i]->names != &no_names)
            free((void *)(uintptr_t)p->nodes[i]->names);
        free(p->nodes[i]);
    }
    free(p->nodes);
    free(p->keys);
    *p = (struct projection){0};
}
