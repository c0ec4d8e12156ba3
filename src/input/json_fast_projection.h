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

#include "base/bytes.h"
#include "base/number.h"
#include "base/places.h"
#include "base/value.h"
#include "input/input.h"
#include "time/memo.h"
#include "time/time_fast.h"
#include "time/timestamp.h"

/* A name by its bytes, so that whether it is another one is no branch. Nobody's is no name. A cache
 * line, which is found by a shift. */
struct projection_key {
    uint64_t first, second;           /* eight bytes each, of a shorter name zeros behind it */
    uint64_t first_care, second_care; /* which bits of them are the name's */
    uint64_t len, unused[3];
};

enum { PROJECTION_NOBODY = 0, PROJECTION_ODD = UINT16_MAX };

/* Which child a name may be, by its first byte and its length. */
struct projection_names {
    uint8_t factor;
    bool odd;           /* some are: */
    uint16_t slot[256]; /* ODD: more than one may be it, or its key does not say all of it */
};

struct projection_node {
    const char *name; /* borrowed from the options' paths */
    size_t len;
    struct projection_node **children; /* in the order in which they came */
    size_t n_children;
    struct places places; /* of their names */
    const struct projection_names *names;
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
    struct projection_node **nodes; /* all of them; the first is the one that nobody wants */
    struct projection_key *keys;    /* their names */
    uint32_t n_nodes, capacity;
    size_t n_columns;
    bool repairs; /* some name on the command line may be one that is no UTF-8 in the input */
    struct time_format time_format;
    struct time_cache time_cache;
    struct time_memo memo;
};

/* Merges the one time path and the fields' paths. They must outlive the projection. */
void projection_init(struct projection *p, const struct input_options *options);
void projection_free(struct projection *p);

/* Forgets the times that were read. */
static inline void projection_forget(struct projection *p)
{
    p->time_cache = (struct time_cache){0};
    p->memo = (struct time_memo){0};
}

/* The child of that name, or NULL. */
static inline const struct projection_node *projection_child(const struct projection_node *node,
                                                             const char *name, size_t len)
{
    size_t place;
    return places_find(&node->places, name, len, &place) ? node->children[place] : NULL;
}

/* Is it the name? It has as many readable bytes behind it as a key holds. */
static inline bool projection_is(const struct projection_key *key, const char *name, size_t len)
{
    return (((bytes_u64_le(name) ^ key->first) & key->first_care) |
            ((bytes_u64_le(name + 8) ^ key->second) & key->second_care) | (len ^ key->len)) == 0;
}

/* The slot of the one child whose name it may be, or ODD. */
static inline uint32_t projection_candidate(const struct projection_names *names, const char *name,
                                            size_t len)
{
    return names->slot[(uint8_t)((unsigned char)*name + len * names->factor)];
}

/* The child that is element i of an array, or NULL. *twice: it is not the only one (0 and 00). */
static inline const struct projection_node *projection_element(const struct projection_node *node,
                                                               long i, bool *twice)
{
    const struct projection_node *found = NULL;
    *twice = false;
    for (size_t k = 0; k < node->n_children; k++) {
        if (node->children[k]->index != i)
            continue;
        *twice = found != NULL;
        found = node->children[k];
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
        *to = v->kind == VALUE_NULL ? *v : (struct value){.kind = VALUE_TRUE};
    else if (want->use == WANT_SCALAR || v->kind == VALUE_NUMBER || v->kind == VALUE_WIDE ||
             v->kind == VALUE_NULL)
        *to = *v;
    else
        return v->kind == VALUE_STRING && number_parse(v->text, v->len, to) == NUMBER_OK;
    return true;
}

#endif
