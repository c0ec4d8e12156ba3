/*
 * Canonical encodings: order, uniqueness, round trips, and what damaged bytes do.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/number.h"
#include "base/value.h"
#include "unit/unit.h"

static uint64_t seed = 0x2545f4914f6cdd1dULL;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static struct value number(const char *text)
{
    struct value v = {0};
    enum number_status status = number_parse(text, strlen(text), &v);
    CHECK(status == NUMBER_OK, "%s: %s", text, number_status_text(status));
    return v;
}

static struct value string(const char *text, size_t len)
{
    return (struct value){.text = text, .len = (uint32_t)len, .kind = VALUE_STRING};
}

/* The order of the spec, told without encodings. */
static int order(const struct value *a, const struct value *b)
{
    int x = a->kind == VALUE_WIDE ? VALUE_NUMBER : a->kind;
    int y = b->kind == VALUE_WIDE ? VALUE_NUMBER : b->kind;
    if (x != y)
        return x > y ? 1 : -1;
    if (x == VALUE_NUMBER)
        return number_compare(a, b);
    if (x != VALUE_STRING)
        return 0;
    size_t n = a->len < b->len ? a->len : b->len;
    int diff = n > 0 ? memcmp(a->text, b->text, n) : 0;
    if (diff == 0)
        return (a->len > b->len) - (a->len < b->len);
    return diff > 0 ? 1 : -1;
}

static int compare_bytes(const struct buf *a, const struct buf *b)
{
    size_t n = a->len < b->len ? a->len : b->len;
    int diff = memcmp(a->data, b->data, n);
    CHECK(diff != 0 || a->len == b->len, "one encoding begins another");
    return diff > 0 ? 1 : diff < 0 ? -1 : 0;
}

static void check_pair(const struct value *a, const struct value *b)
{
    struct buf x = {0}, y = {0};
    value_encode(&x, a);
    value_encode(&y, b);
    int want = order(a, b), got = compare_bytes(&x, &y);
    CHECK(want == got, "kinds %d and %d: want %d, got %d", a->kind, b->kind, want, got);
    buf_free(&x);
    buf_free(&y);
}

static void check_round_trip(const struct value *v)
{
    struct buf encoded = {0}, again = {0}, scratch = {0};
    struct value back, lost;
    buf_puts(&scratch, "before"); /* decoding appends */
    value_encode(&encoded, v);
    size_t len = encoded.len;
    buf_puts(&encoded, "\x05rest"); /* another encoding follows */
    const unsigned char *begin = (const unsigned char *)encoded.data, *at = begin;
    CHECK(value_decode(&at, begin + encoded.len, &back, &scratch) && at == begin + len,
          "kind %d does not decode", v->kind);
    CHECK(order(v, &back) == 0, "kind %d came back as %d", v->kind, back.kind);
    value_encode(&again, &back);
    CHECK(again.len == len && memcmp(again.data, encoded.data, len) == 0, "kind %d", v->kind);
    CHECK(memcmp(scratch.data, "before", 6) == 0, "scratch was overwritten");
    for (size_t cut = 0; cut < len; cut++) {
        at = begin;
        /* A copy of its own size lets the sanitizer see a read past the end. */
        unsigned char *part = malloc(cut + 1);
        memcpy(part, begin, cut);
        const unsigned char *p = part;
        CHECK(!value_decode(&p, part + cut, &lost, &scratch) && p == part, "cut at %zu", cut);
        free(part);
    }
    buf_free(&encoded);
    buf_free(&again);
    buf_free(&scratch);
}

static void test_listed(void)
{
    struct value v[] = {
        {.kind = VALUE_NULL},
        {.kind = VALUE_FALSE},
        {.kind = VALUE_TRUE},
        number("-1.7e308"),
        number("-12345678901234567890123.5"),
        number("-12345678901234567890123"),
        number("-9223372036854775808"),
        number("-200"),
        number("-12.5"),
        number("-12"),
        number("-1e-5000"),
        number("0"),
        number("1e-5000"),
        number("0.05"),
        number("0.5"),
        number("5"),
        number("5.000000000000000000000000000000000000000000000000000001"),
        number("49"),
        number("50"),
        number("50.1"),
        number("200"),
        number("404"),
        number("9223372036854775807"),
        number("9223372036854775808"),
        number("1e300"),
        string("", 0),
        string("\0", 1),
        string("\0\0", 2),
        string("\0\1", 2),
        string("\0\xff", 2),
        string("\1", 1),
        string("1", 1),
        string("a", 1),
        string("a\0", 2),
        string("a\0b", 3),
        string("a\1", 2),
        string("ab", 2),
        string("\xff", 1),
        string("\xff\0", 2),
        string("\xff\xff", 2),
    };
    size_t n = sizeof v / sizeof v[0];
    for (size_t i = 0; i < n; i++) {
        check_round_trip(&v[i]);
        for (size_t j = 0; j < n; j++) {
            CHECK(order(&v[i], &v[j]) == (i > j) - (i < j), "the list is not in order: %zu %zu", i,
                  j);
            check_pair(&v[i], &v[j]);
        }
    }
}

static void test_equal_numbers(void)
{
    static const char *const equal[][2] = {
        {"1", "1.0"},
        {"1", "10e-1"},
        {"0", "-0.000"},
        {"100", "1e2"},
        {"0e9999", "0"},
        {"0.5", ".50"},
        {"1e20", "100000000000000000000"},
        {"12345678901234567890123", "12345678901234567890123000e-3"},
        {"9223372036854775808", "922337203685477580800e-2"},
    };
    for (size_t i = 0; i < sizeof equal / sizeof equal[0]; i++) {
        struct value a = number(equal[i][0]), b = number(equal[i][1]);
        CHECK(order(&a, &b) == 0, "%s and %s", equal[i][0], equal[i][1]);
        check_pair(&a, &b);
    }
}

static struct value random_value(char *text)
{
    uint64_t kind = rnd() % 8;
    size_t n = rnd() % 24;
    if (kind == 0) {
        for (size_t i = 0; i < n; i++)
            text[i] = (char)(rnd() % 3 == 0 ? 0 : rnd() % 3 == 0 ? 0xff : rnd() % 4);
        return string(text, n);
    }
    if (kind < 5) {
        int64_t mant = (int64_t)rnd();
        mant >>= rnd() % 64;
        for (uint64_t i = rnd() % 6; i > 0; i--)
            mant = mant / 10 * 10;
        return (struct value){
            .mant = mant, .exp = (int16_t)((int)(rnd() % 24) - 12), .kind = VALUE_NUMBER};
    }
    int digits = 1 + (int)(rnd() % 40);
    char *p = text;
    if (rnd() % 2)
        *p++ = '-';
    for (int i = 0; i < digits; i++)
        *p++ = (char)('0' + rnd() % (i % 7 == 0 ? 10 : 2));
    sprintf(p, "e%d", (int)(rnd() % 60) - 40);
    return number(text);
}

static void test_random(void)
{
    char a_text[100], b_text[100];
    for (int i = 0; i < 200000; i++) {
        struct value a = random_value(a_text), b = random_value(b_text);
        check_pair(&a, &b);
        if (i % 10 == 0)
            check_round_trip(&a);
    }
}

/* Random bytes: refused, or an encoding that is its own only one. */
static void test_damaged(void)
{
    struct buf scratch = {0}, again = {0};
    for (int i = 0; i < 300000; i++) {
        size_t n = 1 + rnd() % 30;
        unsigned char *bytes = malloc(n);
        for (size_t k = 0; k < n; k++)
            bytes[k] = (unsigned char)(rnd() % 3 == 0 ? 0 : rnd() % 4 == 0 ? 0xff : rnd() % 110);
        bytes[0] = (unsigned char)(rnd() % 7);
        if (n > 2 && bytes[0] == 4) {
            bytes[1] = rnd() % 2 ? 0xc0 : 0x3f;
            if (rnd() % 2)
                for (size_t k = 3; k < n; k++)
                    bytes[k] ^= bytes[1] == 0x3f ? 0xff : 0;
        }
        struct value v;
        const unsigned char *at = bytes;
        scratch.len = again.len = 0;
        if (value_decode(&at, bytes + n, &v, &scratch)) {
            value_encode(&again, &v);
            CHECK(again.len == (size_t)(at - bytes) && memcmp(again.data, bytes, again.len) == 0,
                  "round %d: two encodings of one value", i);
        } else {
            CHECK(at == bytes, "round %d: stepped over what it refused", i);
        }
        free(bytes);
    }
    buf_free(&scratch);
    buf_free(&again);
}

static void test_layout(void)
{
    static const unsigned char want[] = {4,    0xc0, 4, 13,  51, 0,    4, 0x3f, 0xfd,
                                         0xea, 0xff, 5, 'a', 0,  0xff, 0, 0};
    struct buf out = {0};
    struct value v = number("1250");
    value_encode(&out, &v);
    v = number("-20");
    value_encode(&out, &v);
    v = string("a\0", 2);
    value_encode(&out, &v);
    CHECK(out.len == sizeof want && memcmp(out.data, want, out.len) == 0,
          "the encoding of snapshots and hashes has changed");
    buf_free(&out);
}

static void check_datum(struct value v, enum datum_kind kind, const char *text)
{
    struct buf scratch = {0};
    struct datum d = value_datum(&v, &scratch);
    CHECK(d.kind == kind, "want %d, got %d", (int)kind, (int)d.kind);
    CHECK(d.len == strlen(text) && (d.len == 0 || memcmp(d.text, text, d.len) == 0),
          "want %s, got %.*s", text, (int)d.len, d.text);
    buf_free(&scratch);
}

static void test_datum(void)
{
    check_datum((struct value){.kind = VALUE_NULL}, DATUM_NULL, "");
    check_datum((struct value){.kind = VALUE_FALSE}, DATUM_FALSE, "");
    check_datum((struct value){.kind = VALUE_TRUE}, DATUM_TRUE, "");
    check_datum(number("1.50"), DATUM_NUMBER, "1.5");
    check_datum(number("12345678901234567890123"), DATUM_NUMBER, "1.2345678901234567890123e+22");
    check_datum(string("1.50", 4), DATUM_STRING, "1.50");
}

int main(void)
{
    test_listed();
    test_equal_numbers();
    test_random();
    test_damaged();
    test_layout();
    test_datum();
    return unit_done();
}
