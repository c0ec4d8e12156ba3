/*
 * input/json_fast_projection.h - which values of a record go where.
 *
 * The paths of the plan, merged into a tree of names; a node says which columns want the value that
 * stands there. Both the walk and the shapes end in projection_put() for what is not read faster.
 *
 *     -t ts -k user.id -a count:user         root ── ts    time
 *                                                 └─ user  column 1, presence
 *                                                    └─ id column 0, key
 */
#ifndef INPUT_JSON_FAST_PROJECTION_H
#define INPUT_JSON_FAST_PROJECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/number.h"
#include "base/value.h"
#include "input/input.h"
#include "time/memo.h"
#include "time/time_fast.h"
#include "time/timestamp.h"

struct projection_node {
    const char *name; /* borrowed from the options' paths */
    size_t len;
    struct projection_node *child, *sibling;
    long index;    /* of the element of an array that the name may stand for, or -1 */
    bool indexes;  /* a child's may be one */
    uint32_t slot; /* in projection.nodes */
    uint32_t n_wants;
    struct projection_want {
        uint32_t column;
        enum projection_use {
            WANT_PRESENCE,
            WANT_NUMBER,
            WANT_SCALAR, /* FIELD_VALUE and FIELD_KEY: the same in JSON */
            WANT_TIME,
        } use;
    } * wants;
};

struct projection {
    struct projection_node *root, *time;
    struct projection_node **nodes; /* all of them */
    uint32_t n_nodes, capacity;
    size_t n_columns;
    struct time_format time_format;
    struct time_cache time_cache;
    struct time_memo memo;
};

/* Merges the one time path and the fields' paths. They must outlive the projection. */
void projection_init(struct projection *p, const struct input_options *options);
void projection_free(struct projection *p);

/* The child of that name, or NULL. */
static inline const struct projection_node *projection_child(const struct projection_node *node,
                                                             const char *name, size_t len)
{
    for (const struct projection_node *c = node->child; c != NULL; c = c->sibling)
        if (c->len == len && memcmp(c->name, name, len) == 0)
            return c;
    return NULL;
}

/* The child that is element i of an array, or NULL. *twice: it is not the only one (0 and 00). */
static inline const struct projection_node *projection_element(const struct projection_node *node,
                                                               long i, bool *twice)
{
    const struct projection_node *found = NULL;
    *twice = false;
    for (const struct projection_node *c = node->child; c != NULL; c = c->sibling) {
        if (c->index != i)
            continue;
        *twice = found != NULL;
        found = c;
    }
    return found;
}

/* Event time from a scalar; false if it has none, or one that is not quickly read. */
static inline bool projection_time(struct projection *p, const struct value *v, int64_t *ns)
{
    if (v->kind == VALUE_STRING && v->len > 0) {
        if (p->time_format.form == TIME_AUTO &&
            time_parse_fast(&p->time_cache, v->text, v->len, ns))
            return true;
        return time_memo_parse(&p->memo, &p->time_format, v->text, v->len, ns) == TIME_OK;
    }
    if (v->kind == VALUE_NUMBER || v->kind == VALUE_WIDE)
        return time_from_number(&p->time_format, v, ns) == TIME_OK;
    return false;
}

/*
 * Writes the scalar to one that wants it. False if that cannot take it: the slow path says why. A
 * string must hold no escapes.
 */
static inline bool projection_put(struct projection *p, const struct projection_want *want,
                                  const struct value *v, struct batch *batch, size_t lane)
{
    if (want->use == WANT_TIME)
        return projection_time(p, v, &batch->time_ns[lane]);
    struct value *to = &batch->columns[want->column][lane];
    if (want->use == WANT_PRESENCE)
        *to = (struct value){.kind = v->kind == VALUE_NULL ? VALUE_NULL : VALUE_TRUE};
    else if (want->use == WANT_SCALAR || v->kind == VALUE_NUMBER || v->kind == VALUE_WIDE ||
             v->kind == VALUE_NULL)
        *to = *v;
    else
        return v->kind == VALUE_STRING && number_parse(v->text, v->len, to) == NUMBER_OK;
    return true;
}

/* The same for all that want what stands at the node. */
static inline bool projection_put_all(struct projection *p, const struct projection_node *node,
                                      const struct value *v, struct batch *batch, size_t lane)
{
    for (uint32_t i = 0; i < node->n_wants; i++)
        if (!projection_put(p, &node->wants[i], v, batch, lane))
            return false;
    return true;
}

#endif
