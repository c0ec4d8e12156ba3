#include "input/json_fast_walk.h"

#include <string.h>

/* What numbers and literals are made of: digits, letters, signs and points. */
static inline bool in_token(char c)
{
    static const uint64_t words[4] = {
        UINT64_C(0x03ff680000000000), /* + - . 0-9 */
        UINT64_C(0x07fffffe07fffffe), /* A-Z a-z */
    };
    return words[(unsigned char)c / 64] >> ((unsigned char)c % 64) & 1;
}

static inline void note_hole(struct walk *w, const struct walk_hole *hole)
{
    if (w->n_holes < WALK_MOST_HOLES)
        w->holes[w->n_holes] = *hole;
    w->n_holes++;
}

/* Notes a value, and a hole where it stands. */
static void add(struct walk *w, uint32_t slot, enum span_kind kind, const char *start,
                const char *end)
{
    struct span span = {(uint32_t)(start - w->record.slice), (uint32_t)(end - w->record.slice)};
    spans_add(w->spans, slot, span);
    note_hole(w, &(struct walk_hole){span.from, span.to, w->spans->projection->nodes[slot], kind});
}

/* The newline is no blank here. */
static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static const char *skip_blanks(const char *p)
{
    while (is_blank(*p))
        p++;
    return p;
}

/* The byte behind blanks, of which there are none mostly, if that is what was expected; or NULL. */
static inline const char *expect(const char *p, char c)
{
    if (__builtin_expect(*p == c, 1))
        return p;
    p = skip_blanks(p);
    return *p == c ? p : NULL;
}

/* The mark of the quote at p: the next one, if no control characters were blanks before it. */
static inline const uint32_t *mark_at(const struct walk *w, const char *p)
{
    const uint32_t *mark = w->mark;
    while (__builtin_expect(w->record.slice + *mark != p, 0))
        mark++;
    return mark;
}

/* Where the number or literal that starts at p ends; NULL if it is empty. */
static const char *skip_token(const char *p)
{
    const char *start = p;
    while (in_token(*p))
        p++;
    return p > start ? p : NULL;
}

static const char *walk_container(struct walk *w, const char *p, uint32_t slot);

/* These return the byte behind what they have walked, or NULL. */

static const char *walk_value(struct walk *w, const char *p, uint32_t slot)
{
    if (*p == '"') {
        const uint32_t *mark = mark_at(w, p);
        const char *close = w->record.slice + mark[1];
        w->mark = mark + 2;
        if (*close != '"')
            return NULL;
        add(w, slot, SPAN_STRING, p + 1, close);
        return close + 1;
    }
    if (*p == '{' || *p == '[')
        return walk_container(w, p, slot);
    const char *end = skip_token(p);
    if (end != NULL)
        add(w, slot, SPAN_SCALAR, p, end);
    return end;
}

/* A member, whose name's quote is the next mark, and what is behind it: a comma, or the brace. */
static const char *walk_member(struct walk *w, const struct projection_node *parent)
{
    const char *name = w->record.slice + w->mark[0] + 1, *p = w->record.slice + w->mark[1];
    w->mark += 2;
    if (*p != '"')
        return NULL;
    uint32_t slot = spans_member(w->spans, parent, name, (size_t)(p - name), w->record.escapes);
    if (spans_have(w->spans, slot))
        spans_forget(w->spans, slot);
    if ((p = expect(p + 1, ':')) == NULL || (p = walk_value(w, skip_blanks(p + 1), slot)) == NULL)
        return NULL;
    p = skip_blanks(p);
    return *p == ',' || *p == '}' ? p : NULL;
}

/* p is behind the brace. */
static const char *walk_members(struct walk *w, const char *p, const struct projection_node *parent)
{
    p = skip_blanks(p);
    if (*p == '}')
        return p + 1;
    while (*p == '"') {
        w->mark = mark_at(w, p);
        if ((p = walk_member(w, parent)) == NULL)
            return NULL;
        if (*p == '}')
            return p + 1;
        p = skip_blanks(p + 1);
    }
    return NULL;
}

/* Behind the numbers that are all that this array has; NULL: it has something else. */
static const char *skip_numbers(struct walk *w, const char *p)
{
    const char *limit = w->record.slice + *w->mark;
    const char *close = p < limit ? memchr(p, ']', (size_t)(limit - p)) : NULL;
    if (close == NULL || (close > p && !w->marker->numbers(p, (size_t)(close - p))))
        return NULL;
    note_hole(w, &(struct walk_hole){(uint32_t)(p - w->record.slice),
                                     (uint32_t)(close - w->record.slice),
                                     w->spans->projection->nodes[PROJECTION_NOBODY], WALK_NUMBERS});
    return close + 1;
}

/* p is behind the bracket. */
static const char *walk_elements(struct walk *w, const char *p, const struct projection_node *node)
{
    const char *behind = node->indexes ? NULL : skip_numbers(w, p);
    if (behind != NULL)
        return behind;
    p = skip_blanks(p);
    if (*p == ']')
        return p + 1;
    for (long i = 0;; i++) {
        const uint32_t slot = node->indexes ? spans_element(node, i) : PROJECTION_NOBODY;
        if (slot == PROJECTION_ODD || (p = walk_value(w, p, slot)) == NULL)
            return NULL;
        p = skip_blanks(p);
        if (*p != ',')
            return *p == ']' ? p + 1 : NULL;
        p = skip_blanks(p + 1);
    }
}

/* An object or an array stands at the node: fine for those that ask only whether something does. */
static const char *walk_container(struct walk *w, const char *p, uint32_t slot)
{
    const struct projection_node *node = w->spans->projection->nodes[slot];
    if (w->depth == WALK_DEEPEST || !spans_may_contain(w->spans, slot))
        return NULL;
    spans_add(w->spans, slot, (struct span){(uint32_t)(p - w->record.slice), 0});
    w->depth++;
    p = *p == '[' ? walk_elements(w, p + 1, node) : walk_members(w, p + 1, node);
    w->depth--;
    return p;
}

size_t walk_record(struct walk *w, uint32_t row)
{
    const struct projection *projection = w->spans->projection;
    const struct projection_node *time = projection->time;
    struct walk_record *r = &w->record;
    w->spans->slice = r->slice;
    spans_begin(w->spans, row);
    w->mark = r->marks;
    w->depth = 0;
    w->n_holes = 0;
    const char *p = skip_blanks(r->slice + r->start);
    if (*p != '{' || (p = walk_members(w, p + 1, projection->root)) == NULL)
        return 0;
    p = skip_blanks(p);
    if (*p != '\n' || (time != NULL && w->spans->now[time->slot].from == 0))
        return 0;
    const uint32_t *mark = w->mark;
    while (*mark < (uint32_t)(p - r->slice))
        mark++;
    r->n_marks = (size_t)(mark - r->marks) + 1;
    return r->n_marks;
}
