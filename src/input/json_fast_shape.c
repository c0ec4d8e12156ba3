#include "input/json_fast_shape.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* With that many shapes learnt in vain, one record in 2^8 is still tried. */
enum { SHAPE_PATIENCE = 8 };

static void shape_free(struct scan_shape *shape)
{
    free(shape->steps);
    free(shape->constants);
    free(shape);
}

void shapes_free(struct shapes *s)
{
    for (size_t i = 0; i < s->n; i++)
        shape_free(s->known[i]);
    *s = (struct shapes){0};
}

static void move_to_front(struct shapes *s, size_t i)
{
    struct scan_shape *shape = s->known[i];
    memmove(s->known + 1, s->known, i * sizeof s->known[0]);
    s->known[0] = shape;
}

bool shapes_match_others(struct shapes *s, const struct scan *scan, const struct scan_index *index,
                         const char *p, struct batch *batch, size_t lane)
{
    for (size_t i = 1; i < s->n; i++) {
        if (scan->match(s->known[i], index, p, batch, lane)) {
            move_to_front(s, i);
            s->known[0]->hit = true;
            return true;
        }
    }
    return false;
}

/* One chunk: the text between two holes, in steps of SCAN_CHUNK. The last one gets the hole. */
static void add_chunk(struct scan_shape *shape, const char *p, const char *end)
{
    do {
        struct scan_step *step = &shape->steps[shape->n_steps++];
        size_t len = end - p < SCAN_CHUNK ? (size_t)(end - p) : SCAN_CHUNK;
        *step = (struct scan_step){.len = (uint8_t)len, .action = SCAN_GO_ON};
        step->care = (uint32_t)((UINT64_C(1) << len) - 1);
        memcpy(step->chunk, p, len);
        p += len;
    } while (p < end);
}

static enum scan_action hole_action(const struct walk_hole *hole, enum time_form form)
{
    const struct projection_node *node = hole->node;
    if (node == NULL || node->n_wants == 0)
        return hole->is_string ? SCAN_SKIP_STRING : SCAN_SKIP_NUMBER;
    enum projection_use use = node->wants[0].use;
    if (node->n_wants == 1 && hole->is_string && use == WANT_SCALAR)
        return SCAN_STORE_STRING;
    if (node->n_wants == 1 && hole->is_string && use == WANT_TIME && form == TIME_AUTO)
        return SCAN_TIME_STRING;
    if (node->n_wants == 1 && !hole->is_string && (use == WANT_SCALAR || use == WANT_NUMBER))
        return SCAN_STORE_NUMBER;
    return SCAN_PUT;
}

/* False if the next mark, which says where the hole ends, is too far behind it. */
static bool set_hole(struct scan_step *step, const struct walk_hole *hole, enum time_form form)
{
    size_t i = 0;
    while (i < UINT8_MAX && !scan_is_mark(hole->end[i]))
        i++;
    step->action = (uint8_t)hole_action(hole, form);
    step->node = hole->node;
    step->column = step->action == SCAN_STORE_STRING || step->action == SCAN_STORE_NUMBER
                       ? hole->node->wants[0].column
                       : 0;
    step->is_string = hole->is_string;
    step->next = *hole->end;
    step->mark_after = (uint8_t)i;
    return scan_is_mark(hole->end[i]);
}

static bool build_steps(struct scan_shape *shape, const struct walk *w, const char *newline)
{
    size_t text = (size_t)(newline + 1 - w->base);
    for (size_t i = 0; i < w->n_holes; i++)
        text -= (size_t)(w->holes[i].end - w->holes[i].start);
    shape->steps = memory_alloc((text / SCAN_CHUNK + w->n_holes + 1) * sizeof shape->steps[0]);
    const char *p = w->base;
    for (size_t i = 0; i < w->n_holes; i++) {
        add_chunk(shape, p, w->holes[i].start);
        if (!set_hole(&shape->steps[shape->n_steps - 1], &w->holes[i],
                      w->projection->time_format.form))
            return false;
        p = w->holes[i].end;
    }
    add_chunk(shape, p, newline + 1);
    shape->steps[shape->n_steps - 1].action = SCAN_END;
    return true;
}

static bool hole_feeds(const struct walk *w, size_t column)
{
    for (size_t i = 0; i < w->n_holes; i++) {
        const struct projection_node *node = w->holes[i].node;
        for (uint32_t k = 0; node != NULL && k < node->n_wants; k++)
            if (node->wants[k].use != WANT_TIME && node->wants[k].column == column)
                return true;
    }
    return false;
}

/* Columns that no hole feeds are the same in every record of the shape: as the walk left them. */
static void build_constants(struct scan_shape *shape, const struct walk *w)
{
    size_t n = w->projection->n_columns;
    shape->constants = memory_alloc((n + 1) * sizeof shape->constants[0]);
    for (size_t i = 0; i < n; i++)
        if (!hole_feeds(w, i))
            shape->constants[shape->n_constants++] = (struct scan_constant){
                .column = (uint32_t)i, .kind = w->batch->columns[i][w->lane].kind};
}

/* Puts it first; the one not used for longest goes if there is no room. */
static void keep(struct shapes *s, struct scan_shape *shape)
{
    if (s->n == SHAPE_MOST) {
        struct scan_shape *oldest = s->known[--s->n];
        if (oldest->hit)
            s->wasted = 0;
        else if (s->wasted < SHAPE_PATIENCE)
            s->wasted++;
        shape_free(oldest);
    }
    s->known[s->n++] = shape;
    move_to_front(s, s->n - 1);
}

void shapes_learn(struct shapes *s, const struct walk *w, const char *newline)
{
    if ((s->n_walks++ & ((UINT64_C(1) << s->wasted) - 1)) != 0 || w->n_holes > WALK_MOST_HOLES)
        return;
    struct scan_shape *shape = memory_calloc(1, sizeof *shape);
    if (!build_steps(shape, w, newline)) {
        shape_free(shape);
        return;
    }
    build_constants(shape, w);
    shape->projection = w->projection;
    keep(s, shape);
}
