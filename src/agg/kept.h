/*
 * agg/kept.h - one value that outlives its batch, in 16 bytes.
 *
 * {0} keeps null. Numbers and booleans stand in it directly; a text is copied into a room in the
 * arena, and once there is a room, everything stays in it and it is used again, so that a last()
 * overwritten a million times takes the memory of its longest texts and no more.
 */
#ifndef AGG_KEPT_H
#define AGG_KEPT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/number.h"
#include "base/value.h"

struct kept_room {
    int64_t mant;
    size_t capacity;
    char text[];
};

struct kept {
    union {
        int64_t mant;
        struct kept_room *room;
    };
    /* As in struct value. */
    uint32_t len;
    int16_t exp;
    uint8_t kind; /* enum value_kind */
    bool has_room;
};

/* A view that dies with the next kept_set(). */
static inline struct value kept_value(const struct kept *k)
{
    struct value v = {.len = k->len, .exp = k->exp, .kind = k->kind};
    if (v.kind == VALUE_STRING || v.kind == VALUE_WIDE)
        v.text = k->room->text;
    else
        v.mant = k->has_room ? k->room->mant : k->mant;
    return v;
}

void kept_set_slow(struct kept *k, const struct value *v, struct arena *arena);

static inline void kept_set(struct kept *k, const struct value *v, struct arena *arena)
{
    if (k->has_room || v->kind == VALUE_STRING || v->kind == VALUE_WIDE)
        kept_set_slow(k, v, arena);
    else
        *k = (struct kept){.mant = v->mant, .exp = v->exp, .kind = v->kind};
}

/* number_compare(v, what is kept), both numbers. */
static inline int kept_compare(const struct value *v, const struct kept *k)
{
    struct value kept = kept_value(k);
    return number_compare(v, &kept);
}

/*
 * Keeps v, a number, if it is the first, or lies on that side of what is kept: sign -1 below, 1
 * above. Mostly both have the same exponent, and one comparison does it.
 */
static inline void kept_extreme(struct kept *k, const struct value *v, int sign,
                                struct arena *arena)
{
    if (v->kind == VALUE_NUMBER && value_form(v) == bytes_u64(&k->len)) { /* and no room */
        if (sign > 0 ? v->mant > k->mant : v->mant < k->mant)
            k->mant = v->mant;
    } else if (k->kind == VALUE_NULL || kept_compare(v, k) == sign) {
        kept_set(k, v, arena);
    }
}

/* Null again; the room stays. */
static inline void kept_reset(struct kept *k)
{
    k->kind = VALUE_NULL;
}

/*
 * A number: 0x80, the exponent, mant without trailing zeros (varints, the sign in the lowest bit).
 * All else: the canonical encoding, which is read for numbers, too.
 */
void kept_save(const struct kept *k, struct buf *to);
bool kept_load(struct kept *k, const unsigned char **at, const unsigned char *end,
               struct arena *arena);
/* Takes nothing but null and numbers. */
bool kept_load_number(struct kept *k, const unsigned char **at, const unsigned char *end,
                      struct arena *arena);

#endif
