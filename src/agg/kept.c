#include "agg/kept.h"

#include <string.h>

static struct kept_room *new_room(size_t text_bytes, struct arena *arena)
{
    size_t bytes = (sizeof(struct kept_room) + text_bytes + 7) & ~(size_t)7;
    struct kept_room *room = arena_alloc(arena, bytes);
    room->capacity = bytes - sizeof(struct kept_room);
    return room;
}

void kept_set_slow(struct kept *k, const struct value *v, struct arena *arena)
{
    bool is_text = v->kind == VALUE_STRING || v->kind == VALUE_WIDE;
    if (!k->has_room)
        k->room = new_room(v->len, arena);
    else if (is_text && k->room->capacity < v->len)
        k->room = new_room(v->len > 2 * k->room->capacity ? v->len : 2 * k->room->capacity, arena);
    k->has_room = true;
    if (!is_text)
        k->room->mant = v->mant;
    else if (v->len > 0)
        memmove(k->room->text, v->text, v->len);
    k->len = v->len;
    k->exp = v->exp;
    k->kind = v->kind;
}

void kept_save(const struct kept *k, struct buf *to)
{
    struct value v = kept_value(k);
    value_encode(to, &v);
}

bool kept_load(struct kept *k, const unsigned char **at, const unsigned char *end,
               struct arena *arena)
{
    struct buf text = {0};
    struct value v;
    bool ok = value_decode(at, end, &v, &text);
    if (ok)
        kept_set(k, &v, arena);
    buf_free(&text);
    return ok;
}

bool kept_load_number(struct kept *k, const unsigned char **at, const unsigned char *end,
                      struct arena *arena)
{
    return kept_load(k, at, end, arena) &&
           (k->kind == VALUE_NULL || k->kind == VALUE_NUMBER || k->kind == VALUE_WIDE);
}
