#include "base/value.h"

#include <string.h>

#include "base/bytes.h"
#include "base/int128.h"
#include "base/number.h"
#include "base/number_text.h"
#include "base/value_encode.h"

/*
 * The encoding:
 *
 *     null 01    false 02    true 03
 *     number 04, exponent, digits
 *         zero     04 80 00
 *         x > 0    04, two bytes 0xc000 + E, big-endian, where x = 0.d1d2d3... * 10^E, d1 not 0;
 *                  then the digits two by two, each pair's number plus one, a last single digit
 *                  filled up with a 0; then 00. So 1250 is 04 c0 04 0d 33 00.
 *         x < 0    all bytes after the tag are complements of those of -x
 *     string 05, the bytes, each 00 as 00 ff; then 00 00
 */
enum { ZERO_POINT = 0x8000, POINT_BIAS = 0xc000, LOWEST_POINT = -5000, HIGHEST_POINT = 309 };

static void encode_string(struct buf *to, const char *text, size_t len)
{
    char *p = buf_reserve(to, 2 * len + 3);
    *p++ = TAG_STRING;
    for (size_t i = 0; i < len; i++) {
        *p++ = text[i];
        if (text[i] == 0)
            *p++ = (char)0xff;
    }
    *p++ = 0;
    *p++ = 0;
    to->len = (size_t)(p - to->data);
}

static unsigned char *put_point(unsigned char *p, int point)
{
    unsigned bits = (unsigned)(POINT_BIAS + point);
    *p++ = TAG_NUMBER;
    *p++ = (unsigned char)(bits >> 8);
    *p++ = (unsigned char)bits;
    return p;
}

/* Ends the number that starts at the buffer's end and complements it if need be. */
static void finish_number(struct buf *to, unsigned char *p, bool negative)
{
    unsigned char *start = (unsigned char *)to->data + to->len;
    *p++ = 0;
    if (negative)
        for (unsigned char *q = start + 1; q < p; q++)
            *q = (unsigned char)~*q;
    to->len += (size_t)(p - start);
}

static unsigned count_digits(uint64_t n)
{
    unsigned bits = 64 - (unsigned)__builtin_clzll(n | 1);
    unsigned digits = bits * 1233 >> 12;
    return digits + (n >= pow10_u64[digits]);
}

static void encode_number(struct buf *to, int64_t mant, int exp)
{
    unsigned char *p = (unsigned char *)buf_reserve(to, 16);
    if (mant == 0) {
        *p++ = TAG_NUMBER;
        *p++ = ZERO_POINT >> 8;
        *p++ = ZERO_POINT & 0xff;
        to->len += 3;
        return;
    }
    uint64_t rest = i64_magnitude(mant);
    unsigned n = count_digits(rest);
    p = put_point(p, exp + (int)n);
    unsigned pairs = (n + 1) / 2;
    unsigned last = n % 2 == 0 ? (unsigned)(rest % 100) : (unsigned)(rest % 10) * 10;
    rest /= n % 2 == 0 ? 100 : 10;
    p[pairs - 1] = (unsigned char)(last + 1);
    for (unsigned i = pairs - 1; i-- > 0; rest /= 100)
        p[i] = (unsigned char)(rest % 100 + 1);
    while (p[pairs - 1] == 1) /* trailing zeros do not count; the first pair has none */
        pairs--;
    finish_number(to, p + pairs, mant < 0);
}

static void encode_wide(struct buf *to, const struct value *v)
{
    struct decimal d;
    number_digits(&d, v);
    unsigned char *p = (unsigned char *)buf_reserve(to, d.n / 2 + 8);
    p = put_point(p, (int)d.n + d.exp);
    d.digits[d.n] = '0';
    for (uint32_t i = 0; i < d.n; i += 2)
        *p++ = (unsigned char)((d.digits[i] - '0') * 10 + (d.digits[i + 1] - '0') + 1);
    finish_number(to, p, d.negative);
}

void value_encode(struct buf *to, const struct value *v)
{
    size_t done;
    switch ((enum value_kind)v->kind) {
    case VALUE_STRING:
        done = value_encode_string(buf_reserve(to, v->len + 3), v->text, v->len);
        to->len += done;
        if (done == 0)
            encode_string(to, v->text, v->len);
        return;
    case VALUE_NUMBER:
        encode_number(to, v->mant, v->exp);
        return;
    case VALUE_WIDE:
        encode_wide(to, v);
        return;
    case VALUE_FALSE:
        buf_putc(to, TAG_FALSE);
        return;
    case VALUE_TRUE:
        buf_putc(to, TAG_TRUE);
        return;
    case VALUE_NULL:
    case VALUE_COMPOSITE:
    case VALUE_BAD:
        break;
    }
    buf_putc(to, TAG_NULL);
}

/* p is behind the tag. Returns where the next encoding begins, or NULL. */
static const unsigned char *decode_string(const unsigned char *p, const unsigned char *end,
                                          struct value *v, struct buf *scratch)
{
    const unsigned char *zero = memchr(p, 0, (size_t)(end - p));
    if (zero == NULL || zero + 1 == end || (size_t)(zero - p) > UINT32_MAX)
        return NULL;
    *v = (struct value){.text = (const char *)p, .len = (uint32_t)(zero - p), .kind = VALUE_STRING};
    if (zero[1] == 0)
        return zero + 2;
    size_t start = scratch->len;
    while (zero[1] == 0xff) {
        buf_put(scratch, p, (size_t)(zero + 1 - p));
        p = zero + 2;
        zero = memchr(p, 0, (size_t)(end - p));
        if (zero == NULL || zero + 1 == end)
            return NULL;
    }
    buf_put(scratch, p, (size_t)(zero - p));
    if (zero[1] != 0 || scratch->len - start > UINT32_MAX)
        return NULL;
    v->text = scratch->data + start;
    v->len = (uint32_t)(scratch->len - start);
    return zero + 2;
}

/* Reads the digits between p and stop, whose bytes are to be flipped by `flip`. */
static bool decode_digits(const unsigned char *p, const unsigned char *stop, unsigned char flip,
                          int point, struct value *v, struct buf *scratch)
{
    char small[2 * POW10_U64] = {0}, *digits = small;
    size_t n = 2 * (size_t)(stop - p), start = scratch->len;
    bool negative = flip != 0;
    if (n > sizeof small)
        digits = buf_reserve(scratch, n);
    for (size_t i = 0; i < n; i += 2) {
        unsigned pair = (unsigned)(*p++ ^ flip) - 1;
        if (pair > 99)
            return false;
        digits[i] = (char)('0' + pair / 10);
        digits[i + 1] = (char)('0' + pair % 10);
    }
    bool canonical = n > 0 && digits[0] != '0' && (digits[n - 1] != '0' || digits[n - 2] != '0');
    if (!canonical)
        return false;
    n -= digits[n - 1] == '0';
    int exp = point - (int)n;
    if (exp < LOWEST_POINT)
        return false;
    if (n <= POW10_U64) {
        uint64_t mant = 0;
        for (size_t i = 0; i < n; i++)
            mant = mant * 10 + (uint64_t)(digits[i] - '0');
        if (mant <= (uint64_t)INT64_MAX + negative) {
            *v = (struct value){.mant = (int64_t)(negative ? 0 - mant : mant),
                                .exp = (int16_t)exp,
                                .kind = VALUE_NUMBER};
            return true;
        }
    }
    if (digits == small)
        buf_put(scratch, digits, n);
    else
        scratch->len += n;
    const struct number_text text = {.negative = negative, .n = (int64_t)n, .exp = exp};
    number_set_bare(v, scratch->data + start, &text);
    return true;
}

static const unsigned char *decode_number(const unsigned char *p, const unsigned char *end,
                                          struct value *v, struct buf *scratch)
{
    if (end - p < 2)
        return NULL;
    unsigned bits = (unsigned)p[0] << 8 | p[1];
    p += 2;
    if (bits == ZERO_POINT) {
        *v = (struct value){.mant = 0, .kind = VALUE_NUMBER};
        return p;
    }
    unsigned char flip = bits < ZERO_POINT ? 0xff : 0;
    int point = (int)(flip != 0 ? bits ^ 0xffff : bits) - POINT_BIAS;
    if (point < LOWEST_POINT || point > HIGHEST_POINT)
        return NULL;
    const unsigned char *stop = memchr(p, flip, (size_t)(end - p));
    if (stop == NULL || !decode_digits(p, stop, flip, point, v, scratch))
        return NULL;
    return stop + 1;
}

bool value_decode(const unsigned char **at, const unsigned char *end, struct value *v,
                  struct buf *scratch)
{
    const unsigned char *p = *at;
    if (p == end)
        return false;
    switch (*p++) {
    case TAG_NULL:
        *v = (struct value){.kind = VALUE_NULL};
        break;
    case TAG_FALSE:
        *v = (struct value){.kind = VALUE_FALSE};
        break;
    case TAG_TRUE:
        *v = (struct value){.kind = VALUE_TRUE};
        break;
    case TAG_NUMBER:
        p = decode_number(p, end, v, scratch);
        break;
    case TAG_STRING:
        p = decode_string(p, end, v, scratch);
        break;
    default:
        return false;
    }
    if (p == NULL)
        return false;
    *at = p;
    return true;
}

struct datum value_datum(const struct value *v, struct buf *scratch)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_FALSE:
        return (struct datum){.kind = DATUM_FALSE};
    case VALUE_TRUE:
        return (struct datum){.kind = DATUM_TRUE};
    case VALUE_STRING:
        return (struct datum){.kind = DATUM_STRING, .text = v->text, .len = v->len};
    case VALUE_NUMBER:
    case VALUE_WIDE: {
        size_t start = scratch->len;
        number_print(scratch, v);
        return (struct datum){
            .kind = DATUM_NUMBER, .text = scratch->data + start, .len = scratch->len - start};
    }
    case VALUE_NULL:
    case VALUE_COMPOSITE:
    case VALUE_BAD:
        break;
    }
    return (struct datum){.kind = DATUM_NULL};
}
