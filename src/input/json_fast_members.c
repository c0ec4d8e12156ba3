#include "input/json_fast_members.h"

#include "base/bytes.h"
#include "input/json_fast_walk.h"

enum members_form {
    MEMBERS_TIGHT,   /* without blanks between them */
    MEMBERS_SPACED,  /* with one or none behind colons and commas */
    MEMBERS_CAREFUL, /* with any, or names may have escapes */
};

/* These return what is behind the last mark of what they have walked, or NULL. */

static const uint32_t *walk_container(struct members *m, const uint32_t *mark, uint32_t slot);

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The first byte from there on that is no blank. */
static inline uint32_t skip_blanks(const char *slice, uint32_t at)
{
    while (is_blank(slice[at]))
        at++;
    return at;
}

/* What ends there but for blanks. */
static inline uint32_t drop_blanks(const char *slice, uint32_t at)
{
    while (is_blank(slice[at - 1]))
        at--;
    return at;
}

/* Is there nothing between this mark and the next one? */
static inline bool is_empty(const char *slice, const uint32_t *mark)
{
    return skip_blanks(slice, mark[0] + 1) == mark[1];
}

/* Where what stands behind the mark begins. */
static inline __attribute__((always_inline)) uint32_t begins(const char *slice, uint32_t mark,
                                                             enum members_form form)
{
    return form == MEMBERS_TIGHT    ? mark + 1
           : form == MEMBERS_SPACED ? mark + 1 + (slice[mark + 1] == ' ')
                                    : skip_blanks(slice, mark + 1);
}

/* And where what stands before it ends. */
static inline __attribute__((always_inline)) uint32_t ends(const char *slice, uint32_t mark,
                                                           enum members_form form)
{
    return form == MEMBERS_CAREFUL ? drop_blanks(slice, mark) : mark;
}

/*
 * Steps from member to member while their values are no objects or arrays. mark[-1] is what stands
 * before the first one's name. Returns what is behind the brace at the end; or NULL: m->stop is the
 * first mark of what is not like that.
 *
 * predictable: who is wanted, and of what kind, is mostly as in the record before. Else there is no
 * branch for it.
 */
static inline __attribute__((always_inline)) const uint32_t *
walk_each(struct members *m, const uint32_t *mark, const struct projection_node *parent,
          enum members_form form, bool predictable)
{
    const char *const slice = m->slice;
    struct spans *const spans = m->spans;
    const struct projection_key *const keys = spans->keys;
    struct span *const now = spans->now;
    const struct projection_names *const names = parent->names;
    const uint32_t row = spans->row;
    struct span_spare *spare = spans->next_spare;
    char end = ',';
    for (uint32_t before = mark[-1]; end == ','; mark += 2) {
        const uint32_t colon = mark[0], behind = mark[1];
        end = slice[behind];
        if (__builtin_expect(slice[colon] != ':' || (end != ',' && end != '}'), 0)) {
            m->stop = mark;
            mark = NULL;
            break;
        }
        const uint32_t open = begins(slice, before, form), from = begins(slice, colon, form);
        const uint32_t close = ends(slice, colon, form) - 1, to = ends(slice, behind, form);
        const char *name = slice + open + 1;
        const uint32_t s = slice[from] == '"';
        const struct span span = {from + s, to - s};
        uint32_t mask = UINT32_MAX, slot;
        if (form == MEMBERS_CAREFUL)
            slot = spans_member(spans, parent, name, close - open - 1, m->escapes);
        else
            slot = spans_plain_member(keys, names, name, close - open - 1, predictable, &mask);
        before = behind;
        if (!predictable || slot == PROJECTION_NOBODY) {
            *spare = (struct span_spare){span, row};
            spare += predictable ? s ^ 1 : ~mask & (s ^ 1);
            if (predictable)
                continue;
        }
        if (__builtin_expect((now[slot].from & mask) != 0, 0)) {
            spans->next_spare = spare;
            spans_forget(spans, slot);
            spare = spans->next_spare;
        }
        now[slot] = span;
    }
    spans->next_spare = spare;
    return mark;
}

/* That, compiled for each form. */
#define WALK(name, form, predictable)                                                              \
    static __attribute__((noinline)) const uint32_t *name(struct members *m, const uint32_t *mark, \
                                                          const struct projection_node *parent)    \
    {                                                                                              \
        return walk_each(m, mark, parent, form, predictable);                                      \
    }
WALK(walk_tight, MEMBERS_TIGHT, true)
WALK(walk_tight_any, MEMBERS_TIGHT, false)
WALK(walk_spaced, MEMBERS_SPACED, true)
WALK(walk_spaced_any, MEMBERS_SPACED, false)
WALK(walk_careful, MEMBERS_CAREFUL, true)

/* The member is an object or an array. Returns what is behind the comma or brace behind it. */
static const uint32_t *walk_nested(struct members *m, const uint32_t *mark,
                                   const struct projection_node *parent)
{
    const char *const slice = m->slice;
    const uint32_t open = skip_blanks(slice, mark[-1] + 1);
    const uint32_t close = drop_blanks(slice, mark[0]) - 1;
    if (slice[mark[0]] != ':' || !is_empty(slice, mark))
        return NULL;
    const uint32_t slot =
        spans_member(m->spans, parent, slice + open + 1, close - open - 1, m->escapes);
    if (spans_have(m->spans, slot))
        spans_forget(m->spans, slot);
    mark = walk_container(m, mark + 1, slot);
    return mark != NULL && (slice[*mark] == ',' || slice[*mark] == '}') ? mark + 1 : NULL;
}

/* The same for any members. */
static const uint32_t *walk_any(struct members *m, const uint32_t *mark,
                                const struct projection_node *parent)
{
    for (;;) {
        const uint32_t *behind = (parent->names->odd ? walk_careful : m->walk)(m, mark, parent);
        if (behind != NULL)
            return behind;
        if ((mark = walk_nested(m, m->stop, parent)) == NULL || m->slice[mark[-1]] == '}')
            return mark;
    }
}

/* mark is that of the brace. */
static const uint32_t *walk_members(struct members *m, const uint32_t *mark,
                                    const struct projection_node *parent)
{
    if (m->slice[mark[1]] == '}')
        return is_empty(m->slice, mark) ? mark + 2 : NULL;
    return walk_any(m, mark + 1, parent);
}

/* Behind an array of nothing but numbers, some; NULL: it has something else. */
static const uint32_t *skip_numbers(const struct members *m, const uint32_t *mark)
{
    const char *from = m->slice + mark[0] + 1;
    const uint32_t *close = mark + 1;
    while (m->slice[*close] == ',')
        close++;
    const char *to = m->slice + *close;
    return *to == ']' && to > from && m->marker->numbers(from, (size_t)(to - from)) ? close + 1
                                                                                    : NULL;
}

/* An element of an array, neither object nor array, which ends before that mark. */
static void add_element(struct members *m, uint32_t slot, uint32_t from, uint32_t mark)
{
    const uint32_t s = m->slice[from] == '"';
    spans_add(m->spans, slot, (struct span){from + s, drop_blanks(m->slice, mark) - s});
}

/* mark is that of the bracket. */
static const uint32_t *walk_elements(struct members *m, const uint32_t *mark,
                                     const struct projection_node *node)
{
    const char *const slice = m->slice;
    const uint32_t *behind = node->indexes ? NULL : skip_numbers(m, mark);
    if (behind != NULL)
        return behind;
    if (slice[mark[1]] == ']' && is_empty(slice, mark))
        return mark + 2;
    for (long i = 0;; i++) {
        const uint32_t from = skip_blanks(slice, *mark++ + 1);
        const uint32_t slot = node->indexes ? spans_element(node, i) : PROJECTION_NOBODY;
        if (slot == PROJECTION_ODD)
            return NULL;
        if (from == *mark)
            mark = walk_container(m, mark, slot);
        else
            add_element(m, slot, from, *mark);
        if (mark == NULL || slice[*mark] != ',')
            return mark != NULL && slice[*mark] == ']' ? mark + 1 : NULL;
    }
}

/* What nobody wants, on the way through it. */
struct skipped {
    const uint32_t *mark;
    uint64_t objects; /* a bit for each bracket that is open: a brace? The innermost is lowest */
    uint32_t depth;
    bool ended; /* a value has, and what follows it comes; else one begins behind mark[-1] */
};

/* These return false where something else stands than what they are about. */

static bool skip_opening(struct members *m, struct skipped *s)
{
    const char c = m->slice[*s->mark];
    const uint32_t *behind = NULL;
    if (m->depth + s->depth >= WALK_DEEPEST || (c != '{' && c != '['))
        return false;
    if (c == '[' && m->slice[s->mark[1]] == ',')
        behind = skip_numbers(m, s->mark);
    s->ended = behind != NULL;
    if (behind != NULL) {
        s->mark = behind;
        return is_empty(m->slice, behind - 1);
    }
    s->objects = s->objects << 1 | (c == '{');
    s->depth++;
    s->mark++;
    return true;
}

static bool skip_closing(const struct members *m, struct skipped *s)
{
    if (m->slice[*s->mark] != ((s->objects & 1) != 0 ? '}' : ']'))
        return false;
    s->objects >>= 1;
    s->depth--;
    s->ended = true;
    return is_empty(m->slice, s->mark++);
}

/* A member or an element. */
static bool skip_value(struct members *m, struct skipped *s)
{
    const char *const slice = m->slice;
    if ((s->objects & 1) != 0 && slice[*s->mark++] != ':')
        return false;
    const uint32_t from = skip_blanks(slice, s->mark[-1] + 1);
    if (from == *s->mark)
        return skip_opening(m, s);
    if (slice[from] != '"')
        spans_add_spare(m->spans, (struct span){from, drop_blanks(slice, *s->mark)});
    s->ended = true;
    return true;
}

/* An object or an array that nobody wants, nor anything in it. */
static const uint32_t *skip_container(struct members *m, const uint32_t *mark)
{
    struct skipped s = {.mark = mark};
    bool right = skip_opening(m, &s);
    while (right && s.depth > 0) {
        const char before = m->slice[s.mark[-1]], next = m->slice[*s.mark];
        const bool closes = next == '}' || next == ']';
        if (s.ended && next == ',') {
            s.mark++;
            s.ended = false;
        } else if (s.ended || (closes && before != ',' && is_empty(m->slice, s.mark - 1))) {
            right = skip_closing(m, &s);
        } else {
            right = skip_value(m, &s);
        }
    }
    return right ? s.mark : NULL;
}

/* An object or an array stands at the slot, and nothing between it and the next mark; or there is
 * none. */
static const uint32_t *walk_container(struct members *m, const uint32_t *mark, uint32_t slot)
{
    const struct projection_node *node = m->spans->projection->nodes[slot];
    const char open = m->slice[*mark];
    if (slot == PROJECTION_NOBODY)
        return skip_container(m, mark);
    if (m->depth == WALK_DEEPEST || (open != '{' && open != '[') ||
        !spans_may_contain(m->spans, slot))
        return NULL;
    m->spans->now[slot] = (struct span){*mark, 0};
    m->depth++;
    mark = open == '[' ? walk_elements(m, mark, node) : walk_members(m, mark, node);
    m->depth--;
    return mark != NULL && is_empty(m->slice, mark - 1) ? mark : NULL;
}

void members_begin(struct members *m, const char *slice, const struct marks *marks)
{
    const bool predictable = m->n_strayed * 4 <= m->n_walked;
    m->n_strayed = m->n_walked = 0;
    m->slice = m->spans->slice = slice;
    m->escapes = marks->escaped_names;
    m->walk = marks->loose || m->escapes ? walk_careful
              : marks->spaced            ? (predictable ? walk_spaced : walk_spaced_any)
                                         : (predictable ? walk_tight : walk_tight_any);
}

const uint32_t *members_walk(struct members *m, const uint32_t *mark, uint32_t row)
{
    const struct projection *projection = m->spans->projection;
    const struct projection_node *time = projection->time;
    spans_begin(m->spans, row);
    m->depth = 0;
    const uint32_t first = bytes_u32(m->slice + *mark + 1);
    m->n_strayed += first != m->first;
    m->first = first;
    m->n_walked++;
    if (m->slice[*mark] != '{' || skip_blanks(m->slice, mark[-1] + 1) != *mark ||
        (mark = walk_members(m, mark, projection->root)) == NULL || m->slice[*mark] != '\n' ||
        !is_empty(m->slice, mark - 1) || (time != NULL && m->spans->now[time->slot].from == 0))
        return NULL;
    return mark;
}
