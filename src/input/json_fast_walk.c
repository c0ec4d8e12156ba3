#include "input/json_fast_walk.h"

#include <stdlib.h>

#include "base/memory.h"
#include "input/json_fast_scalar.h"
#include "input/json_fast_text.h"

void walk_init(struct walk *w, struct projection *projection)
{
    w->projection = projection;
    w->seen = memory_calloc(projection->n_nodes, sizeof w->seen[0]);
    w->serial = 0;
}

void walk_free(struct walk *w)
{
    free(w->seen);
}

/* The newline is no blank here. */
static void skip_blanks(struct walk *w)
{
    while (*w->at == ' ' || *w->at == '\t' || *w->at == '\r')
        w->at++;
}

/* `at` is on the opening quote; leaves it behind the closing one. */
static bool skip_string(struct walk *w, struct value *text)
{
    uint32_t open = (uint32_t)(w->at - w->record.slice);
    while (*w->mark <= open)
        w->mark++;
    const char *close = w->record.slice + *w->mark;
    if (*close != '"')
        return false;
    *text = (struct value){
        .text = w->at + 1, .len = (uint32_t)(close - w->at - 1), .kind = VALUE_STRING};
    w->at = close + 1;
    return true;
}

static bool has_escape(const struct walk *w, const struct value *text)
{
    return w->record.escapes && memchr(text->text, '\\', text->len) != NULL;
}

static void note_hole(struct walk *w, const char *start, const char *end,
                      const struct projection_node *node, bool is_string)
{
    if (w->n_holes < WALK_MOST_HOLES)
        w->holes[w->n_holes] =
            (struct walk_hole){(uint32_t)(start - w->record.slice),
                               (uint32_t)(end - w->record.slice), node, is_string};
    w->n_holes++;
}

static bool walk_string(struct walk *w, const struct projection_node *node)
{
    struct value text;
    if (!skip_string(w, &text))
        return false;
    note_hole(w, text.text, w->at - 1, node, true);
    if (node != NULL && has_escape(w, &text))
        json_fast_undo(&text, &w->batch->arena);
    return node == NULL || projection_put_all(w->projection, node, &text, w->batch, w->lane);
}

static bool walk_scalar(struct walk *w, const struct projection_node *node)
{
    const char *start = w->at;
    struct value v;
    while ((*w->at >= '0' && *w->at <= '9') || ((*w->at | 0x20) >= 'a' && (*w->at | 0x20) <= 'z') ||
           *w->at == '-' || *w->at == '+' || *w->at == '.')
        w->at++;
    if (!scalar_read(start, (size_t)(w->at - start), node != NULL, &v))
        return false;
    note_hole(w, start, w->at, node, false);
    return node == NULL || projection_put_all(w->projection, node, &v, w->batch, w->lane);
}

/* An object or an array stands at the node: fine for those that ask only whether something does. */
static bool put_container(const struct walk *w, const struct projection_node *node)
{
    for (uint32_t i = 0; i < node->n_wants; i++) {
        if (node->wants[i].use != WANT_PRESENCE)
            return false;
        w->batch->columns[node->wants[i].column][w->lane] = (struct value){.kind = VALUE_TRUE};
    }
    return true;
}

static bool walk_value(struct walk *w, const struct projection_node *node);

/* Behind an element: true to go on with the next one; else *ok says whether this is the end. */
static bool next_element(struct walk *w, char closing, bool *ok)
{
    skip_blanks(w);
    char c = *w->at;
    *ok = c == closing || c == ',';
    w->at += *ok;
    return c == ',';
}

/* A member's name, and the node that wants it. A name that comes twice is for the slow path. */
static bool walk_name(struct walk *w, const struct projection_node *parent,
                      const struct projection_node **node)
{
    struct value name;
    *node = NULL;
    skip_blanks(w);
    if (*w->at != '"' || !skip_string(w, &name))
        return false;
    if (parent != NULL) {
        if (has_escape(w, &name))
            return false;
        *node = projection_child(parent, name.text, name.len);
        if (*node != NULL) {
            if (w->seen[(*node)->slot] == w->serial)
                return false;
            w->seen[(*node)->slot] = w->serial;
        }
    }
    skip_blanks(w);
    return *w->at++ == ':';
}

static bool walk_object(struct walk *w, const struct projection_node *node)
{
    bool ok;
    w->at++;
    skip_blanks(w);
    if (*w->at == '}') {
        w->at++;
        return true;
    }
    do {
        const struct projection_node *child;
        if (!walk_name(w, node, &child) || !walk_value(w, child))
            return false;
    } while (next_element(w, '}', &ok));
    return ok;
}

/* Element i, which may be wanted. */
static bool walk_element(struct walk *w, const struct projection_node *node, long i)
{
    bool twice;
    const struct projection_node *child = projection_element(node, i, &twice);
    if (twice)
        return false;
    if (child != NULL)
        w->seen[child->slot] = w->serial;
    return walk_value(w, child);
}

static bool walk_array(struct walk *w, const struct projection_node *node)
{
    bool ok, wanted = node != NULL && node->indexes;
    long i = 0;
    w->at++;
    skip_blanks(w);
    if (*w->at == ']') {
        w->at++;
        return true;
    }
    do {
        if (!(wanted ? walk_element(w, node, i++) : walk_value(w, NULL)))
            return false;
    } while (next_element(w, ']', &ok));
    return ok;
}

static bool walk_value(struct walk *w, const struct projection_node *node)
{
    skip_blanks(w);
    if (*w->at == '"')
        return walk_string(w, node);
    if (*w->at != '{' && *w->at != '[')
        return walk_scalar(w, node);
    bool array = *w->at == '[';
    if (w->depth == WALK_DEEPEST || (node != NULL && !put_container(w, node)))
        return false;
    w->depth++;
    bool ok = array ? walk_array(w, node) : walk_object(w, node);
    w->depth--;
    return ok;
}

bool walk_read(struct walk *w, const struct walk_record *record, struct batch *batch, size_t lane)
{
    w->serial++;
    w->record = *record;
    w->at = record->slice + record->start;
    w->mark = record->marks;
    w->depth = 0;
    w->batch = batch;
    w->lane = lane;
    w->n_holes = 0;
    for (size_t i = 0; i < w->projection->n_columns; i++)
        batch->columns[i][lane] = (struct value){.kind = VALUE_NULL};
    skip_blanks(w);
    if (*w->at != '{' || !walk_object(w, w->projection->root))
        return false;
    skip_blanks(w);
    const struct projection_node *time = w->projection->time;
    return *w->at == '\n' && (time == NULL || w->seen[time->slot] == w->serial);
}
