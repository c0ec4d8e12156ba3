#include "input/json_fast_walk.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "input/json_fast_text.h"

enum { FIRST_VALUES = 64 };

/* What numbers and literals are made of: digits, letters, signs and points. */
static inline bool in_token(char c)
{
    static const uint64_t words[4] = {
        UINT64_C(0x03ff680000000000), /* + - . 0-9 */
        UINT64_C(0x07fffffe07fffffe), /* A-Z a-z */
    };
    return words[(unsigned char)c / 64] >> ((unsigned char)c % 64) & 1;
}

static void grow(struct walk_list *list)
{
    size_t n = (size_t)(list->end - list->values), used = walk_count(list);
    n = n == 0 ? FIRST_VALUES : n * 2;
    list->values = memory_realloc(list->values, n * sizeof list->values[0]);
    list->next = list->values + used;
    list->end = list->values + n;
}

void walk_init(struct walk *w, const struct projection *projection, const struct marker *marker)
{
    const uint32_t n_lists = projection->n_nodes * WALK_KINDS;
    w->projection = projection;
    w->marker = marker;
    w->serial = 0;
    w->lists = memory_calloc(n_lists, sizeof w->lists[0]);
    w->places = memory_calloc(projection->n_nodes, sizeof w->places[0]);
    for (uint32_t i = 0; i < n_lists; i++) {
        w->lists[i].step = i >= WALK_KINDS || i == WALK_SCALAR;
        grow(&w->lists[i]);
    }
    for (uint32_t i = 0; i < projection->n_nodes; i++) {
        uint32_t taker = projection->nodes[i]->n_wants > 0 ? i : PROJECTION_NOBODY;
        w->places[i] = (struct walk_place){.key = projection->keys[i],
                                           .care = i == PROJECTION_NOBODY ? 0 : UINT64_MAX,
                                           .list = walk_list(w, taker, WALK_SCALAR)};
    }
}

void walk_free(struct walk *w)
{
    for (uint32_t i = 0; i < w->projection->n_nodes * WALK_KINDS; i++)
        free(w->lists[i].values);
    free(w->lists);
    free(w->places);
}

void walk_clear(struct walk *w)
{
    for (uint32_t i = 0; i < w->projection->n_nodes * WALK_KINDS; i++)
        w->lists[i].next = w->lists[i].values;
}

void walk_drop(struct walk *w, uint32_t lane)
{
    for (uint32_t i = 0; i < w->projection->n_nodes * WALK_KINDS; i++) {
        struct walk_list *list = &w->lists[i];
        while (list->next > list->values && list->next[-1].lane >= lane)
            list->next--;
    }
}

static inline void note_hole(struct walk *w, const struct walk_hole *hole)
{
    if (w->n_holes < WALK_MOST_HOLES)
        w->holes[w->n_holes] = *hole;
    w->n_holes++;
}

static const struct projection_node *node_of(const struct walk *w, const struct walk_place *place)
{
    return w->projection->nodes[place - w->places];
}

static inline void add(const struct walk *w, const struct walk_place *place, uint32_t kind,
                       uint32_t from, uint32_t to)
{
    struct walk_list *list = place->list + kind;
    if (__builtin_expect(list->next == list->end, 0))
        grow(list);
    struct walk_value *value = list->next;
    list->next = value + list->step;
    value->from = from;
    value->to = to;
    value->lane = w->lane;
}

/* The same, and a hole is noted where it stands, if that is wanted. */
static void add_noted(struct walk *w, const struct walk_place *place, uint32_t kind,
                      const char *start, const char *end)
{
    uint32_t from = (uint32_t)(start - w->record.slice), to = (uint32_t)(end - w->record.slice);
    add(w, place, kind, from, to);
    if (w->noting && kind != WALK_CONTAINER)
        note_hole(w, &(struct walk_hole){from, to, node_of(w, place), kind});
}

/*
 * What stood at the node, and below it, counts no longer: the name comes again. A number or literal
 * must be one all the same.
 */
static void forget(struct walk *w, const struct projection_node *node)
{
    w->twice = true;
    for (const struct projection_node *c = node->child; c != NULL; c = c->sibling)
        if (w->places[c->slot].seen == w->serial)
            forget(w, c);
    w->places[node->slot].seen = 0;
    for (uint32_t kind = 0; node->n_wants > 0 && kind < WALK_KINDS; kind++) {
        struct walk_list *list = walk_list(w, node->slot, (enum walk_kind)kind);
        if (walk_count(list) == 0 || list->next[-1].lane != w->lane)
            continue;
        list->next--;
        if (kind == WALK_SCALAR)
            add(w, w->places, WALK_SCALAR, list->next->from, list->next->to);
    }
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

static const char *walk_container(struct walk *w, const char *p, const struct walk_place *place);

/* These return the byte behind what they have walked, or NULL. */

static const char *walk_value(struct walk *w, const char *p, const struct walk_place *place)
{
    if (*p == '"') {
        const uint32_t *mark = mark_at(w, p);
        const char *close = w->record.slice + mark[1];
        w->mark = mark + 2;
        if (*close != '"')
            return NULL;
        add_noted(w, place, WALK_STRING, p + 1, close);
        return close + 1;
    }
    if (*p == '{' || *p == '[')
        return walk_container(w, p, place);
    const char *end = skip_token(p);
    if (end != NULL)
        add_noted(w, place, WALK_SCALAR, p, end);
    return end;
}

/* Where a member belongs whose name is long, or like another one, or has an escape. */
static struct walk_place *odd_place(struct walk *w, const struct projection_node *parent,
                                    const char *name, size_t len)
{
    struct value text = {.text = name, .len = (uint32_t)len, .kind = VALUE_STRING};
    if (w->record.escapes && memchr(name, '\\', len) != NULL)
        json_fast_undo(&text, w->arena);
    const struct projection_node *child = projection_child(parent, text.text, text.len);
    return &w->places[child == NULL ? PROJECTION_NOBODY : child->slot];
}

/* Where a member belongs. No branch: which name comes, nobody can predict. */
static inline __attribute__((always_inline)) struct walk_place *
member_place(struct walk *w, const struct projection_node *parent, const char *name, size_t len)
{
    struct walk_place *place = w->places;
    if (parent->child == NULL)
        return place;
    const uint32_t slot = projection_candidate(parent, name, len);
    if (__builtin_expect(slot == PROJECTION_ODD || w->record.escapes, 0))
        place = odd_place(w, parent, name, len);
    else
        place += slot & -(uint32_t)projection_is(&place[slot].key, name, len);
    if (__builtin_expect(place->seen == w->serial, 0))
        forget(w, node_of(w, place));
    place->seen = w->serial & place->care;
    return place;
}

/*
 * What stands between a string's closing quote and the next one that opens, and how it is mostly
 * written: with a blank or without, the whole record over. Four bytes each, of which three count.
 */
struct gaps {
    uint32_t colon, comma, care;
    uint32_t len; /* from quote to quote */
};

static inline struct gaps gaps_of(bool spaced)
{
    return spaced ? (struct gaps){0x22203a22, 0x22202c22, UINT32_MAX, 3} /* ": "  ", " */
                  : (struct gaps){0x223a22, 0x222c22, 0xffffff, 2};      /* ":"  "," */
}

/* Is it one of what numbers and literals begin and end with, or some others, but no blank, comma or
 * bracket? */
static inline bool may_be_token(char c)
{
    return (unsigned)((c | 0x20) - '-') <= 'z' - '-';
}

/*
 * Steps from member to member while they are as they are mostly: a name, a string or a number or
 * literal, and a further member or the object's end. w->mark is that of the first name's quote.
 * Returns the brace at the end; or NULL: w->mark is that of a member that is not like that, which
 * belongs at *place. Whether a number or literal is one, and not two, is not asked here.
 *
 * Of which kind a value is nobody can predict where members come in any order, so there is no
 * branch for it: `s` is 1 before a string, else 0. The mark behind a value may be beyond the
 * record, if it is not valid, but there is one (marks.h).
 */
static inline __attribute__((always_inline)) const char *
walk_plain(struct walk *w, const struct projection_node *parent, bool spaced, bool nested,
           struct walk_place **place)
{
    const struct gaps gaps = gaps_of(spaced);
    const char *const slice = w->record.slice;
    const uint32_t *mark = w->mark;
    uint32_t open = mark[0];
    for (;;) {
        const uint32_t close = mark[1];
        const uint32_t colon = bytes_u32_le(slice + close) ^ gaps.colon;
        const uint32_t s = (colon & gaps.care) == 0, scalar = s - 1;
        const uint32_t from = close + gaps.len + s, behind = mark[2 + s];
        const uint32_t to = behind - ((gaps.len - 1) & scalar);
        const uint32_t comma = bytes_u32_le(slice + to - 1 + s) ^ gaps.comma;
        bool even = ((colon & gaps.care >> 8) == 0) & (may_be_token(slice[from]) | (s != 0));
        if (nested)
            even &= may_be_token(slice[to - 1]) | (s != 0);
        *place = member_place(w, parent, slice + open + 1, close - open - 1);
        const bool more = (comma & gaps.care & ~(0xff & scalar)) == 0;
        if (__builtin_expect(!(even & more), 0)) {
            const char *end = slice + behind - 1 + 2 * s;
            w->mark = mark;
            if (!even || *end != '}' || !(s ? end[-1] == '"' : may_be_token(end[-1])))
                return NULL;
            add(w, *place, s, from, (uint32_t)(end - slice) - s);
            w->mark += 2 + 2 * s;
            return end;
        }
        add(w, *place, s, from, to);
        mark += 2 + 2 * s;
        open = mark[0];
    }
}

/* That, compiled for how the record is written and for where the object stands. */
static const char *walk_as_is(struct walk *w, const struct projection_node *parent,
                              struct walk_place **place)
{
    const char *close = w->record.slice + w->mark[1];
    bool spaced = close[1] == ':' && close[2] == ' ', nested = w->depth > 0;
    if (w->noting) {
        const char *name = w->record.slice + w->mark[0] + 1;
        *place = member_place(w, parent, name, (size_t)(close - name));
        return NULL;
    }
    if (nested)
        return spaced ? walk_plain(w, parent, true, true, place)
                      : walk_plain(w, parent, false, true, place);
    return spaced ? walk_plain(w, parent, true, false, place)
                  : walk_plain(w, parent, false, false, place);
}

/* Any value of that member, and what is behind it: a comma, or the brace at the end. */
static const char *walk_member(struct walk *w, const struct walk_place *place)
{
    const char *p = w->record.slice + w->mark[1];
    w->mark += 2;
    if (*p != '"' || (p = expect(p + 1, ':')) == NULL ||
        (p = walk_value(w, skip_blanks(p + 1), place)) == NULL)
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
        struct walk_place *place;
        w->mark = mark_at(w, p);
        p = walk_as_is(w, parent, &place);
        if (p == NULL && (p = walk_member(w, place)) == NULL)
            return NULL;
        if (*p == '}')
            return p + 1;
        p = skip_blanks(p + 1);
    }
    return NULL;
}

/* Element i, which may be wanted. */
static const char *walk_element(struct walk *w, const char *p, const struct projection_node *parent,
                                long i)
{
    bool twice;
    const struct projection_node *child = projection_element(parent, i, &twice);
    if (twice)
        return NULL;
    if (child == NULL)
        return walk_value(w, p, w->places);
    w->places[child->slot].seen = w->serial;
    return walk_value(w, p, &w->places[child->slot]);
}

/* Behind the numbers that are all that this array has; NULL: it has something else. */
static const char *skip_numbers(struct walk *w, const char *p)
{
    const char *limit = w->record.slice + *w->mark;
    const char *close = p < limit ? memchr(p, ']', (size_t)(limit - p)) : NULL;
    if (close == NULL || (close > p && !w->marker->numbers(p, (size_t)(close - p))))
        return NULL;
    if (w->noting)
        note_hole(w, &(struct walk_hole){(uint32_t)(p - w->record.slice),
                                         (uint32_t)(close - w->record.slice),
                                         w->projection->nodes[PROJECTION_NOBODY], WALK_NUMBERS});
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
        p = node->indexes ? walk_element(w, p, node, i) : walk_value(w, p, w->places);
        if (p == NULL)
            return NULL;
        p = skip_blanks(p);
        if (*p != ',')
            return *p == ']' ? p + 1 : NULL;
        p = skip_blanks(p + 1);
    }
}

/* An object or an array stands at the node: fine for those that ask only whether something does. */
static const char *walk_container(struct walk *w, const char *p, const struct walk_place *place)
{
    const struct projection_node *node = node_of(w, place);
    if (w->depth == WALK_DEEPEST)
        return NULL;
    for (uint32_t i = 0; i < node->n_wants; i++)
        if (node->wants[i].use != WANT_PRESENCE)
            return NULL;
    if (node->n_wants > 0)
        add_noted(w, place, WALK_CONTAINER, p, p);
    w->depth++;
    p = *p == '[' ? walk_elements(w, p + 1, node) : walk_members(w, p + 1, node);
    w->depth--;
    return p;
}

size_t walk_record(struct walk *w, uint32_t lane)
{
    const struct projection_node *time = w->projection->time;
    struct walk_record *r = &w->record;
    w->serial++;
    w->lane = lane;
    w->mark = r->marks;
    w->depth = 0;
    w->n_holes = 0;
    w->twice = false;
    const char *p = skip_blanks(r->slice + r->start);
    if (*p != '{' || (p = walk_members(w, p + 1, w->projection->root)) == NULL)
        return 0;
    p = skip_blanks(p);
    if (*p != '\n' || (time != NULL && w->places[time->slot].seen != w->serial))
        return 0;
    const uint32_t *mark = w->mark;
    while (*mark < (uint32_t)(p - r->slice))
        mark++;
    r->n_marks = (size_t)(mark - r->marks) + 1;
    return r->n_marks;
}
