/*
 * engine/memo.h - values as they were read, as a key of four words, by which what comes again and
 * again is found without being encoded and hashed.
 *
 *     a text      its bytes, up to 24
 *     a number    mantissa and exponent
 *     two values  a text of up to 16 bytes, or a number; a text of up to 8, or a number
 */
#ifndef ENGINE_MEMO_H
#define ENGINE_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/value.h"

enum { MEMO_TEXT = 24, MEMO_FIRST_TEXT = 16, MEMO_SECOND_TEXT = 8 };

/* Equal keys are of equal values; not the other way round: 1 and 1.0 have two. */
struct memo_key {
    uint64_t a, b, c, rest; /* rest: kinds, lengths, exponents */
};

static inline bool memo_same(const struct memo_key *x, const struct memo_key *y)
{
    return ((x->a ^ y->a) | (x->b ^ y->b) | (x->c ^ y->c) | (x->rest ^ y->rest)) == 0;
}

static inline bool memo_is_text(const struct value *v)
{
    return v->kind == VALUE_STRING || v->kind == VALUE_WIDE;
}

/* Up to 7 bytes. */
static inline uint64_t memo_few(const char *text, size_t len)
{
    uint64_t word = 0;
    if (len >= 4)
        return (uint64_t)bytes_u32(text) << 32 | bytes_u32(text + len - 4);
    for (size_t i = 0; i < len; i++)
        word = word << 8 | (unsigned char)text[i];
    return word;
}

/* False: there is no key for such a text. */
static inline bool memo_key(const struct value *v, struct memo_key *key)
{
    uint64_t a = 0, b = 0, c = 0;
    if (memo_is_text(v)) {
        size_t len = v->len;
        if (len > MEMO_TEXT)
            return false;
        if (len >= 8) {
            a = bytes_u64(v->text);
            b = bytes_u64(v->text + len - 8);
            c = len > 16 ? bytes_u64(v->text + 8) : 0;
        } else {
            a = memo_few(v->text, len);
        }
    } else if (v->kind == VALUE_NUMBER) {
        a = (uint64_t)v->mant;
    }
    *key = (struct memo_key){a, b, c, value_form(v)};
    return true;
}

static inline bool memo_key_of_two(const struct value *v, const struct value *second,
                                   struct memo_key *key)
{
    struct memo_key other;
    if ((memo_is_text(v) && v->len > MEMO_FIRST_TEXT) ||
        (memo_is_text(second) && second->len > MEMO_SECOND_TEXT) || !memo_key(v, key) ||
        !memo_key(second, &other))
        return false;
    key->c = other.a;
    key->rest =
        ((uint64_t)v->kind << 24 | (uint64_t)(uint16_t)v->exp << 8 | (v->len & 0xff)) << 32 |
        (uint64_t)second->kind << 24 | (uint64_t)(uint16_t)second->exp << 8 | (second->len & 0xff);
    return true;
}

/* 32 bits of use. */
static inline uint64_t memo_hash(const struct memo_key *key)
{
    uint64_t mixed = key->a * 0x9e3779b97f4a7c15u ^ key->b * 0xff51afd7ed558ccdu;
    mixed += key->c * 0xd6e8feb86659fd93u + key->rest;
    return ((mixed ^ mixed >> 32) * 0xc4ceb9fe1a85ec53u) >> 32;
}

#endif
