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

/* Of a value whose text has up to MEMO_TEXT bytes. */
static inline struct memo_key memo_key_of_short(const struct value *v)
{
    struct memo_key key = {.rest = value_form(v)};
    if (!memo_is_text(v)) {
        key.a = v->kind == VALUE_NUMBER ? (uint64_t)v->mant : 0;
    } else if (v->len >= 8) {
        key.a = bytes_u64(v->text);
        key.b = bytes_u64(v->text + v->len - 8);
        key.c = v->len > 16 ? bytes_u64(v->text + 8) : 0;
    } else {
        key.a = memo_few(v->text, v->len);
    }
    return key;
}

static inline bool memo_is_longer(const struct value *v, uint32_t len)
{
    return memo_is_text(v) && v->len > len;
}

/* False: there is no key for such a text. */
static inline bool memo_key(const struct value *v, struct memo_key *key)
{
    if (memo_is_longer(v, MEMO_TEXT))
        return false;
    *key = memo_key_of_short(v);
    return true;
}

/* What `rest` says of one of two. */
static inline uint64_t memo_half(const struct value *v)
{
    return (uint64_t)v->kind << 24 | (uint64_t)(uint16_t)v->exp << 8 | (v->len & 0xff);
}

static inline bool memo_key_of_two(const struct value *v, const struct value *second,
                                   struct memo_key *key)
{
    if (memo_is_longer(v, MEMO_FIRST_TEXT) || memo_is_longer(second, MEMO_SECOND_TEXT))
        return false;
    *key = memo_key_of_short(v);
    key->c = memo_key_of_short(second).a;
    key->rest = memo_half(v) << 32 | memo_half(second);
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
