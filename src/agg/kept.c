#include "agg/kept.h"

#include <string.h>

#include "base/number.h"
#include "base/wire.h"

static struct kept_room *new_room(size_t text_bytes, struct arena *arena)
{
    size_t bytes = (sizeof(struct kept_room) + text_bytes + 7) & ~(size_t)7;
    struct kept_room *room = arena_alloc(arena, bytes);
    room->capacity = bytes - sizeof(struct kept_room);
    return room;
}

static void set(struct kept *k, const struct value *v, struct arena *arena)
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

/* Only the digits of a number, on a stack of its own. */
static __attribute__((noinline)) void set_wide(struct kept *k, const struct value *v,
                                               struct arena *arena)
{
    char digits[NUMBER_MAX_DIGITS];
    struct value bare = *v;
    number_bare(&bare, digits);
    set(k, &bare, arena);
}

void kept_set_slow(struct kept *k, const struct value *v, struct arena *arena)
{
    if (v->kind == VALUE_WIDE)
        set_wide(k, v, arena);
    else
        set(k, v, arena);
}

/* No tag of a canonical encoding; and the exponents with which any int64 is a number. */
enum { PLAIN_NUMBER = 0x80, PLAIN_LOWEST = -5000, PLAIN_HIGHEST = 289 };

static uint64_t zigzag(int64_t n)
{
    return (uint64_t)n << 1 ^ (n < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t n)
{
    return (int64_t)(n >> 1 ^ (0 - (n & 1)));
}

void kept_save(const struct kept *k, struct buf *to)
{
    struct value v = kept_value(k);
    number_normalise(&v);
    if (v.kind != VALUE_NUMBER || v.exp < PLAIN_LOWEST || v.exp > PLAIN_HIGHEST) {
        value_encode(to, &v);
        return;
    }
    char *p = buf_reserve(to, 1 + 2 * WIRE_VARINT_MAX);
    *p++ = (char)PLAIN_NUMBER;
    p = wire_varint_at(p, zigzag(v.exp));
    p = wire_varint_at(p, zigzag(v.mant));
    to->len = (size_t)(p - to->data);
}

/* *at is behind the tag. */
static bool load_plain(struct kept *k, const unsigned char **at, const unsigned char *end)
{
    uint64_t exp_bits, mant_bits;
    if (!wire_varint(at, end, &exp_bits) || !wire_varint(at, end, &mant_bits))
        return false;
    int64_t exp = unzigzag(exp_bits);
    if (exp < PLAIN_LOWEST || exp > PLAIN_HIGHEST)
        return false;
    *k = (struct kept){.mant = unzigzag(mant_bits), .exp = (int16_t)exp, .kind = VALUE_NUMBER};
    return true;
}

bool kept_load(struct kept *k, const unsigned char **at, const unsigned char *end,
               struct arena *arena)
{
    struct buf text = {0};
    struct value v;
    if (*at < end && **at == PLAIN_NUMBER) {
        ++*at;
        return load_plain(k, at, end);
    }
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
