#include "input/json_fast_shape.h"

#include <stdlib.h>

#include "base/memory.h"

enum { PIECE = sizeof(shape_bytes) };

static void shape_free(struct shape *shape)
{
    for (size_t i = 0; i < shape->n_holes; i++)
        free(shape->holes[i].list);
    free(shape->pieces);
    free(shape->holes);
    free(shape->constants);
    free(shape);
}

void shapes_free(struct shapes *s)
{
    for (size_t i = 0; i < s->n; i++)
        shape_free(s->known[i]);
    *s = (struct shapes){0};
}

void shapes_use(struct shapes *s, size_t i)
{
    struct shape *shape = s->known[i];
    memmove(s->known + 1, s->known, i * sizeof s->known[0]);
    s->known[0] = shape;
}

/* The text of the record between two holes: [start, end) of the slice, marks[first .. last]. */
struct segment {
    uint32_t start, end;
    uint32_t first, last;
};

/* One piece of a segment, len bytes at `start`. */
static void add_piece(struct shape *shape, const struct walk_record *r, const struct segment *s,
                      uint32_t start, uint32_t len)
{
    struct shape_piece *piece = &shape->pieces[shape->n_pieces++];
    uint32_t mark = r->marks[s->first];
    /* From the same mark all over the segment: so its pieces leave no gap between them. */
    *piece = (struct shape_piece){.mark = s->first, .offset = start - mark};
    memcpy(&piece->text, r->slice + start, len);
    memset(&piece->care, 0xff, len);
    if (s->first > 0 && start < mark && mark - start > shape->before)
        shape->before = mark - start;
    if (start > mark && start - mark + PIECE > shape->behind)
        shape->behind = start - mark + PIECE;
}

static void add_segment(struct shape *shape, const struct walk_record *r, const struct segment *s)
{
    for (uint32_t at = s->start; at < s->end; at += PIECE)
        add_piece(shape, r, s, at, s->end - at < PIECE ? s->end - at : PIECE);
}

enum shape_action shape_action(bool is_string, const struct projection_want *want,
                               enum time_form form)
{
    if (want->use == WANT_TIME && form != TIME_PATTERN)
        return !is_string ? SHAPE_EPOCH : form == TIME_AUTO ? SHAPE_TIME : SHAPE_PUT;
    if (is_string && want->use == WANT_SCALAR)
        return SHAPE_STRING;
    if (!is_string && (want->use == WANT_SCALAR || want->use == WANT_NUMBER))
        return SHAPE_NUMBER;
    return SHAPE_PUT;
}

static void add_hole(struct shape *shape, struct shape_hole hole)
{
    shape->holes = memory_realloc(shape->holes, (shape->n_holes + 1) * sizeof shape->holes[0]);
    shape->holes[shape->n_holes++] = hole;
}

/* Holes n .. n + count of the walk, with no mark between, lie between these two segments. */
static void add_holes(struct shape *shape, const struct walk *w, size_t n, size_t count,
                      const struct segment *before, const struct segment *after)
{
    const struct walk_hole *first = &w->holes[n], *last = &w->holes[n + count - 1];
    const uint32_t *marks = w->record.marks;
    const struct projection_node *node = first->node;
    struct shape_hole hole = {
        .action = first->kind == WALK_NUMBERS ? SHAPE_CHECK_NUMBERS : SHAPE_CHECK_NUMBER,
        .is_string = first->kind == SPAN_STRING,
        .from = before->last,
        .skip = first->start - marks[before->last],
        .to = after->first,
        .back = marks[after->first] - last->end,
    };
    if (count > 1) {
        hole.action = SHAPE_CHECK_LIST;
        hole.list_len = last->end - first->start;
        hole.list = memory_strndup(w->record.slice + first->start, hole.list_len);
        add_hole(shape, hole);
        return;
    }
    for (size_t i = 0; i < node->n_wants; i++) {
        hole.want = &node->wants[i];
        hole.action = (uint8_t)shape_action(hole.is_string, hole.want,
                                            w->spans->projection->time_format.form);
        add_hole(shape, hole);
    }
    if (node->n_wants == 0 && !hole.is_string)
        add_hole(shape, hole);
}

/* The segment from `start` to `end`; s->last + 1 is the next mark. False if there is none in it. */
static bool next_segment(struct segment *s, const struct walk_record *r, uint32_t first,
                         uint32_t start, uint32_t end)
{
    uint32_t behind = first;
    while (behind < r->n_marks && r->marks[behind] < end)
        behind++;
    *s = (struct segment){.start = start, .end = end, .first = first, .last = behind - 1};
    return behind > first;
}

/*
 * Goes through the record, segment by segment. Where there is no mark between two holes, in arrays
 * of arrays, they are one list, of which nothing may be wanted.
 */
static bool build(struct shape *shape, const struct walk *w)
{
    const struct walk_record *r = &w->record;
    uint32_t end = r->marks[r->n_marks - 1] + 1;
    struct segment before, after;
    if (w->n_holes == 0 || !next_segment(&before, r, 0, r->start, w->holes[0].start))
        return false;
    shape->first = r->marks[0] - r->start;
    shape->n_marks = (uint32_t)r->n_marks;
    shape->pieces =
        memory_alloc(((end - r->start) / PIECE + w->n_holes + 1) * sizeof shape->pieces[0]);
    add_segment(shape, r, &before);
    for (size_t n = 0, count; n < w->n_holes; n += count) {
        for (count = 1;; count++) {
            bool is_last = n + count == w->n_holes;
            if (next_segment(&after, r, before.last + 1, w->holes[n + count - 1].end,
                             is_last ? end : w->holes[n + count].start))
                break;
            if (w->holes[n].node->n_wants > 0 || w->holes[n + count].node->n_wants > 0)
                return false;
        }
        add_segment(shape, r, &after);
        add_holes(shape, w, n, count, &before, &after);
        before = after;
    }
    return true;
}

static bool is_fed(const struct walk *w, const struct projection_node *node)
{
    for (size_t i = 0; i < w->n_holes; i++)
        if (w->holes[i].node == node)
            return true;
    return false;
}

/* Columns that no hole feeds are the same in every record of the shape. */
static void build_constants(struct shape *shape, const struct walk *w)
{
    const struct projection *projection = w->spans->projection;
    shape->constants = memory_alloc((projection->n_columns + 1) * sizeof shape->constants[0]);
    for (uint32_t slot = 0; slot < projection->n_nodes; slot++) {
        const struct projection_node *node = projection->nodes[slot];
        bool holds = w->spans->now[slot].from != 0;
        for (uint32_t i = 0; i < node->n_wants && !is_fed(w, node); i++)
            if (node->wants[i].use != WANT_TIME)
                shape->constants[shape->n_constants++] = (struct shape_constant){
                    .column = node->wants[i].column, .kind = holds ? VALUE_TRUE : VALUE_NULL};
    }
}

/* Puts it first; the one not used for longest goes if there is no room. */
static void keep(struct shapes *s, struct shape *shape)
{
    if (s->n == SHAPE_MOST)
        shape_free(s->known[--s->n]);
    s->known[s->n++] = shape;
    shapes_use(s, s->n - 1);
}

void shapes_learn(struct shapes *s, const struct walk *w)
{
    if (w->n_holes > WALK_MOST_HOLES || w->spans->twice)
        return;
    struct shape *shape = memory_calloc(1, sizeof *shape);
    if (!build(shape, w)) {
        shape_free(shape);
        return;
    }
    build_constants(shape, w);
    keep(s, shape);
}
