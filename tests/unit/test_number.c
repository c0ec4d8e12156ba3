/*
 * Exact numbers: edge cases, and random ones against 128-bit integers, strtod() and themselves in
 * another order. `test_number --eval` instead reads lines "OPERATION NUMBER..." and prints what
 * src/base/number.h makes of each: number.bats compares that with Python's fractions.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/int128.h"
#include "base/number.h"
#include "unit/unit.h"

static uint64_t seed = 0x9e3779b97f4a7c15ULL;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static struct value parse(const char *text)
{
    struct value v = {0};
    enum number_status status = number_parse(text, strlen(text), &v);
    CHECK(status == NUMBER_OK, "%s: %s", text, number_status_text(status));
    return v;
}

static const char *printed(const struct value *v)
{
    static struct buf out;
    out.len = 0;
    number_print(&out, v);
    return buf_cstr(&out);
}

static void check_status(const char *text, enum number_status want)
{
    struct value v;
    enum number_status got = number_parse(text, strlen(text), &v);
    CHECK(got == want, "%s: got %d, want %d", text, (int)got, (int)want);
}

static void test_grammar(void)
{
    static const char *const good[] = {"0",
                                       "-0",
                                       "+1",
                                       "1.",
                                       ".5",
                                       "-.5",
                                       "1e5",
                                       "1E5",
                                       "1e+05",
                                       "1.5e-10",
                                       "007",
                                       "1.e2",
                                       "0e99999999999999999999",
                                       "-0.0e-99999999999999999999"};
    static const char *const bad[] = {"",     "-",   "+",     ".",   "-.",    "e5",    "1e",
                                      "1e+",  " 1",  "1 ",    "1,5", "1.2.3", "0x10",  "NaN",
                                      "nan",  "inf", "1_000", "--1", "+-1",   "1e5.0", "1ee5",
                                      "1e5e", "12a", "1..2",  "1-",  "1e5 "};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        check_status(good[i], NUMBER_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        check_status(bad[i], NUMBER_MALFORMED);
    check_status("1.7976931348623157e308", NUMBER_OK);
    check_status("1.7976931348623158e308", NUMBER_OK);
    check_status("-1.7976931348623158079e308", NUMBER_OK);
    check_status("1.7976931348623159e308", NUMBER_TOO_LARGE);
    check_status("1e309", NUMBER_TOO_LARGE);
    check_status("1e99999999999999999999", NUMBER_TOO_LARGE);
    check_status("0.00000000000000000001e329", NUMBER_TOO_LARGE);
    check_status("0.000000000000000000001e329", NUMBER_OK);
    check_status("1e-5000", NUMBER_OK);
    check_status("10e-5001", NUMBER_OK);
    check_status("1e-5001", NUMBER_TOO_FINE);
    check_status("1.1e-5000", NUMBER_TOO_FINE);
    check_status("1e-99999999999999999999", NUMBER_TOO_FINE);
    struct value v;
    CHECK(number_parse("12345", 2, &v) == NUMBER_OK && v.mant == 12, "read past the end");
}

static void check_kind(const char *text, enum value_kind want)
{
    struct value v = parse(text);
    CHECK(v.kind == want, "%s: kind %d", text, v.kind);
}

static void test_kinds(void)
{
    check_kind("9223372036854775807", VALUE_NUMBER);
    check_kind("9223372036854775808", VALUE_WIDE);
    check_kind("-9223372036854775808", VALUE_NUMBER);
    check_kind("-9223372036854775809", VALUE_WIDE);
    check_kind("92233720368547758070000", VALUE_NUMBER);
    check_kind("0.00000000000000000000000000012", VALUE_NUMBER);
    check_kind("12345678901234567890123", VALUE_WIDE);
}

static void check_print(const char *text, const char *want)
{
    struct value v = parse(text);
    CHECK(strcmp(printed(&v), want) == 0, "%s: got %s, want %s", text, printed(&v), want);
}

static void test_print(void)
{
    check_print("0", "0");
    check_print("-0", "0");
    check_print("-0.00", "0");
    check_print("1.50", "1.5");
    check_print("-12.340", "-12.34");
    check_print("100", "100");
    check_print("1e2", "100");
    check_print("0.000001", "0.000001");
    check_print("0.0000015", "0.0000015");
    check_print("0.0000001", "1e-7");
    check_print("0.00000015", "1.5e-7");
    check_print("999999999999999999999", "999999999999999999999");
    check_print("1000000000000000000000", "1e+21");
    check_print("1250000000000000000000000000000", "1.25e+30");
    check_print("-9223372036854775808", "-9223372036854775808");
    check_print("12345678901234567890.123456789012345678",
                "12345678901234567890.123456789012345678");
    check_print("12345678901234567890.1234567890123456789", "12345678901234567000");
    check_print("1e308", "1e+308");
    check_print("1e-5000", "1e-5000");
    check_print("0.3000000000000000000000000000000000000000000000001", "0.3");
    check_print("1.00000000000000000000000000000000000000000000001e-400", "0");
}

static void check_double(double d, const char *want)
{
    struct buf out = {0};
    number_print_double(&out, d);
    CHECK(strcmp(buf_cstr(&out), want) == 0, "%a: got %s, want %s", d, buf_cstr(&out), want);
    buf_free(&out);
}

static void test_doubles(void)
{
    check_double(0.1, "0.1");
    check_double(-0.0, "0");
    check_double(1.0 / 3, "0.3333333333333333");
    check_double(5e-324, "5e-324");
    check_double(0x1p-44, "5.684341886080802e-14");
    check_double(1.7976931348623157e308, "1.7976931348623157e+308");
    check_double(123456789012345680.0, "123456789012345680");
    check_double(9007199254740993.0, "9007199254740992");
    /* Any double, and those of common size more often: what is printed must read back. */
    struct buf out = {0};
    for (int i = 0; i < 300000; i++) {
        uint64_t bits = rnd();
        if (i % 2 == 0)
            bits = (bits & 0x800fffffffffffffULL) | (1023 - 40 + bits % 100) << 52;
        if (i % 5 == 0)
            bits &= ~((1ULL << (rnd() % 53)) - 1);
        double d;
        memcpy(&d, &bits, sizeof d);
        if (!isfinite(d))
            continue;
        out.len = 0;
        number_print_double(&out, d);
        const char *text = buf_cstr(&out);
        CHECK(strtod(text, NULL) == d, "%a printed as %s", d, text);
        struct value v = parse(text);
        CHECK(number_double(&v) == d, "%a read from %s", d, text);
    }
    buf_free(&out);
}

/* Random text of a number, exponents within +-spread. */
static const char *random_text(char *text, int digits, int spread)
{
    char *p = text;
    int n = 1 + (int)(rnd() % (uint64_t)digits), point = (int)(rnd() % (uint64_t)(n + 1));
    if (rnd() % 2)
        *p++ = '-';
    for (int i = 0; i < n; i++) {
        if (i == point)
            *p++ = '.';
        *p++ = (char)('0' + (rnd() % 4 == 0 ? 0 : rnd() % 10));
    }
    *p = '\0';
    if (spread > 0 && rnd() % 2)
        sprintf(p, "e%d", (int)(rnd() % (uint64_t)(2 * spread)) - spread);
    return text;
}

static void test_parse_random(void)
{
    char text[200];
    for (int i = 0; i < 200000; i++) {
        random_text(text, i % 3 == 0 ? 30 : 18, 20);
        struct value v = parse(text);
        double want = strtod(text, NULL), got = number_double(&v);
        CHECK(got == want, "%s: %a, want %a", text, got, want);
        char copy[200];
        strcpy(copy, printed(&v));
        struct value back = parse(copy);
        CHECK(number_compare(&v, &back) == 0, "%s came back as %s", text, copy);
        number_normalise(&back);
        number_normalise(&v);
        CHECK(v.kind == back.kind &&
                  (v.kind == VALUE_WIDE || (v.mant == back.mant && v.exp == back.exp)),
              "%s", text);
    }
}

static void test_compare(void)
{
    static const char *const sorted[] = {"-1e308",
                                         "-12345678901234567890123",
                                         "-1e19",
                                         "-9223372036854775808",
                                         "-10",
                                         "-1.5",
                                         "-1.4999999999999999999999999",
                                         "-1",
                                         "-1e-5000",
                                         "0",
                                         "1e-5000",
                                         "1e-30",
                                         "0.1",
                                         "0.10000000000000000000000001",
                                         "1",
                                         "1.5",
                                         "9",
                                         "10",
                                         "9223372036854775807",
                                         "1e19",
                                         "12345678901234567890122",
                                         "12345678901234567890123",
                                         "1e30",
                                         "1e308"};
    size_t n = sizeof sorted / sizeof sorted[0];
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            struct value a = parse(sorted[i]), b = parse(sorted[j]);
            CHECK(number_compare(&a, &b) == (i > j) - (i < j), "%s %s", sorted[i], sorted[j]);
        }
    }
    struct value a = parse("100"), b = parse("1e2"), zero = parse("0"), other = parse("-0e30");
    CHECK(number_compare(&a, &b) == 0, "100 and 1e2");
    CHECK(number_compare(&zero, &other) == 0, "0 and -0e30");
}

/* What is left of padding, and that it is the same number in all that is asked of it. */
static void test_bare(void)
{
    static const char *const texts[][2] = {
        {"12345678901234567890123.500000", "123456789012345678901235"},
        {"-0012345678901234567890123", "12345678901234567890123"},
        {"12345678901234567890123000000e-3", "12345678901234567890123"},
        {"-1.234567890123456789012e-4900", "1234567890123456789012"},
        {"0.00000000000000000000000000012345678901234567890000e300", NULL},
        {"100000000000000000000000000000000001", "100000000000000000000000000000000001"},
        {"7", NULL},
        {"-9223372036854775808", NULL},
        {"100000000000000000000000000000000000", NULL},
    };
    enum { N = sizeof texts / sizeof texts[0] };
    static char digits[N][NUMBER_MAX_DIGITS];
    struct value written[N], bare[N], twice[N];
    struct arena arena = {0};
    for (size_t i = 0; i < N; i++) {
        const char *want = texts[i][1];
        bare[i] = written[i] = parse(texts[i][0]);
        number_bare(&bare[i], digits[i]);
        CHECK(bare[i].kind == written[i].kind, "%s: kind %d", texts[i][0], bare[i].kind);
        if (written[i].kind == VALUE_WIDE)
            CHECK(want != NULL && bare[i].len == strlen(want) &&
                      memcmp(bare[i].text, want, bare[i].len) == 0,
                  "%s: %.*s", texts[i][0], (int)bare[i].len, bare[i].text);
        twice[i] = bare[i];
        number_bare(&twice[i], digits[i]);
        twice[i] = number_keep(&twice[i], &arena);
        char before[100];
        strcpy(before, printed(&written[i]));
        CHECK(strcmp(before, printed(&bare[i])) == 0, "%s: %s", before, printed(&bare[i]));
        CHECK(strcmp(before, printed(&twice[i])) == 0, "%s: %s", before, printed(&twice[i]));
    }
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            int want = number_compare(&written[i], &written[j]);
            CHECK(number_compare(&bare[i], &written[j]) == want &&
                      number_compare(&written[i], &bare[j]) == want &&
                      number_compare(&bare[i], &twice[j]) == want,
                  "%s %s", texts[i][0], texts[j][0]);
        }
    }
    arena_free(&arena);
}

static const char *sum_text(const struct number_sum *s)
{
    static struct buf out;
    out.len = 0;
    number_sum_print(&out, s);
    return buf_cstr(&out);
}

static bool same_saved(const struct number_sum *a, const struct number_sum *b)
{
    struct buf x = {0}, y = {0};
    number_sum_save(a, &x);
    number_sum_save(b, &y);
    bool same = x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
    buf_free(&x);
    buf_free(&y);
    return same;
}

static void test_sum_edges(void)
{
    struct arena arena = {0};
    struct number_sum s = {0};
    CHECK(strcmp(sum_text(&s), "0") == 0, "%s", sum_text(&s));
    struct value v = parse("0.1"), w = parse("0.2");
    number_sum_add(&s, &v, &arena);
    number_sum_add(&s, &w, &arena);
    CHECK(strcmp(sum_text(&s), "0.3") == 0, "%s", sum_text(&s));
    s = (struct number_sum){0};
    v = parse("9223372036854775807");
    for (int i = 0; i < 3; i++)
        number_sum_add(&s, &v, &arena);
    CHECK(strcmp(sum_text(&s), "27670116110564327421") == 0, "%s", sum_text(&s));
    v = parse("-27670116110564327421");
    number_sum_add(&s, &v, &arena);
    CHECK(strcmp(sum_text(&s), "0") == 0, "%s", sum_text(&s));
    struct number_sum zero = {0};
    v = parse("0.000");
    number_sum_add(&zero, &v, &arena);
    CHECK(same_saved(&s, &zero), "two ways to zero");
    v = parse("1e308");
    for (int i = 0; i < 1000; i++)
        number_sum_add(&s, &v, &arena);
    CHECK(strcmp(sum_text(&s), "1e+311") == 0, "%s", sum_text(&s));
    v = parse("1e-5000");
    number_sum_add_square(&s, &v, &arena);
    v = parse("1.7976931348623157e308");
    number_sum_add_square(&s, &v, &arena);
    v = parse("-9223372036854775808");
    number_sum_add_square(&s, &v, &arena);
    CHECK(strcmp(sum_text(&s), "3.2317006071311e+616") == 0, "%s", sum_text(&s));
    number_sum_reset(&s);
    CHECK(strcmp(sum_text(&s), "0") == 0, "%s", sum_text(&s));
    arena_free(&arena);
}

/* Sums in 128 bits, in units of 10^-8, against ours. */
static void test_sum_int128(void)
{
    struct arena arena = {0};
    for (int round = 0; round < 2000; round++) {
        struct number_sum s = {0}, squares = {0};
        i128 want = 0, want_squares = 0;
        for (int i = 0; i < 50; i++) {
            int exp = -(int)(rnd() % 9);
            int64_t limit = round % 3 == 0 ? INT64_MAX / 2 : round % 3 == 1 ? 1000000000 : 500;
            int64_t mant = (int64_t)(rnd() % (uint64_t)limit) - limit / 2;
            struct value v = {.mant = mant, .exp = (int16_t)exp, .kind = VALUE_NUMBER};
            number_sum_add(&s, &v, &arena);
            want += (i128)mant * (int64_t)pow10_u64[8 + exp];
            if (round % 3 != 0) {
                number_sum_add_square(&squares, &v, &arena);
                want_squares += (i128)mant * mant * (int64_t)pow10_u64[16 + 2 * exp];
            }
        }
        /* Take away what we expect, in pieces of 64 bits: nothing may remain. */
        for (int part = 0; part < 2; part++) {
            struct number_sum *left = part == 0 ? &s : &squares;
            i128 rest = part == 0 ? want : want_squares;
            int exp = part == 0 ? -8 : -16;
            for (; rest != 0; rest /= 1000000000, exp += 9) {
                struct value v = {.mant = -(int64_t)(rest % 1000000000),
                                  .exp = (int16_t)exp,
                                  .kind = VALUE_NUMBER};
                number_sum_add(left, &v, &arena);
            }
            CHECK(strcmp(sum_text(left), "0") == 0, "round %d: %s", round, sum_text(left));
        }
        arena_reset(&arena);
    }
    arena_free(&arena);
}

enum { SET = 24 };

/* Adds texts[i] for i in [from, to), or their squares. */
static void add_range(struct number_sum *s, char texts[][200], int from, int to, bool squares,
                      struct arena *arena)
{
    for (int i = from; i < to; i++) {
        struct value v = parse(texts[i]);
        if (squares)
            number_sum_add_square(s, &v, arena);
        else
            number_sum_add(s, &v, arena);
    }
}

static void check_saved_prefix(char texts[][200], int split, const struct number_sum *whole,
                               bool squares, struct arena *arena)
{
    struct number_sum head = {0}, loaded, tail = {0};
    struct buf saved = {0};
    add_range(&head, texts, 0, split, squares, arena);
    number_sum_save(&head, &saved);
    const unsigned char *at = (const unsigned char *)saved.data, *end = at + saved.len;
    CHECK(number_sum_load(&loaded, &at, end, arena) && at == end, "load at %d", split);
    CHECK(same_saved(&head, &loaded), "saved again at %d", split);
    add_range(&loaded, texts, split, SET, squares, arena);
    CHECK(same_saved(&loaded, whole), "split at %d", split);
    add_range(&tail, texts, split, SET, squares, arena);
    number_sum_merge(&tail, &head, arena);
    CHECK(same_saved(&tail, whole), "merge at %d", split);
    for (size_t cut = 0; cut < saved.len; cut++) {
        const unsigned char *begin = (const unsigned char *)saved.data;
        at = begin;
        CHECK(!number_sum_load(&loaded, &at, begin + cut, arena) && at == begin, "cut at %zu", cut);
    }
    buf_free(&saved);
}

/* Any order, any split, a save and load at any point: the same bytes. */
static void test_sum_order(void)
{
    static char texts[SET][200];
    struct arena arena = {0};
    for (int round = 0; round < 400; round++) {
        bool squares = round % 2 != 0;
        int digits = round % 3 == 0 ? 6 : round % 3 == 1 ? 19 : 60;
        int spread = round % 5 == 0 ? 240 : round % 5 == 1 ? 20 : 0;
        for (int i = 0; i < SET; i++)
            random_text(texts[i], digits, spread);
        struct number_sum whole = {0}, backwards = {0}, again = {0};
        add_range(&whole, texts, 0, SET, squares, &arena);
        for (int i = SET; i-- > 0;)
            add_range(&backwards, texts, i, i + 1, squares, &arena);
        CHECK(same_saved(&whole, &backwards), "round %d", round);
        add_range(&again, texts, 0, SET / 2, squares, &arena);
        number_sum_reset(&again);
        add_range(&again, texts, 0, SET, squares, &arena);
        CHECK(same_saved(&whole, &again), "round %d", round);
        for (int split = 0; split <= SET; split += 3)
            check_saved_prefix(texts, split, &whole, squares, &arena);
        arena_reset(&arena);
    }
    arena_free(&arena);
}

static void test_load_damaged(void)
{
    static const unsigned char damaged[][30] = {
        {3},
        {1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f},
        {1, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, /* 1 * 10^1 is how it is saved */
        {1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0},
        {2, 0, 38, 0, 0, 0, 1, 0, 0, 0, 7},
        {2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 7},
        {2, 2, 0, 0, 0, 0, 1, 0, 0, 0, 1},
        {2, 0, 0, 0, 0, 0x80, 1, 0, 0, 0, 1},
        {2, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1},
        {2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
        {2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        struct number_sum s;
        const unsigned char *at = damaged[i];
        CHECK(!number_sum_load(&s, &at, at + sizeof damaged[i], &arena), "case %zu", i);
    }
    arena_free(&arena);
}

enum { MAX_ARGS = 2000 };

static void eval_sums(const char *op, const struct value *v, size_t n, struct buf *out)
{
    struct arena arena = {0};
    struct number_sum s1 = {0}, s2 = {0};
    for (size_t i = 0; i < n; i++) {
        number_sum_add(&s1, &v[i], &arena);
        number_sum_add_square(&s2, &v[i], &arena);
    }
    if (strcmp(op, "sum") == 0)
        number_sum_print(out, &s1);
    else if (strcmp(op, "squares") == 0)
        number_sum_print(out, &s2);
    else if (strcmp(op, "mean") == 0)
        number_mean_print(out, &s1, n);
    else if (strcmp(op, "var") == 0)
        number_variance_print(out, &s1, &s2, n);
    else if (strcmp(op, "stddev") == 0)
        number_stddev_print(out, &s1, &s2, n);
    else
        buf_puts(out, "?");
    arena_free(&arena);
}

static void eval_line(char *line, struct buf *out)
{
    static struct value v[MAX_ARGS];
    static char *arg[MAX_ARGS];
    size_t n = 0;
    const char *op = strtok(line, " \n");
    while (n < MAX_ARGS && (arg[n] = strtok(NULL, " \n")) != NULL)
        n++;
    if (strcmp(op, "double") == 0) {
        number_print_double(out, strtod(arg[0], NULL));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        enum number_status status = number_parse(arg[i], strlen(arg[i]), &v[i]);
        if (status != NUMBER_OK) {
            buf_puts(out, number_status_text(status));
            return;
        }
    }
    if (strcmp(op, "print") == 0)
        number_print(out, &v[0]);
    else if (strcmp(op, "compare") == 0)
        buf_put_i64(out, number_compare(&v[0], &v[1]));
    else if (strcmp(op, "interpolate") == 0)
        number_interpolate_print(out, &v[0], &v[1], strtoull(arg[2], NULL, 10),
                                 strtoull(arg[3], NULL, 10));
    else
        eval_sums(op, v, n, out);
}

static int eval(void)
{
    char *line = NULL;
    size_t cap = 0;
    struct buf out = {0};
    while (getline(&line, &cap, stdin) > 0) {
        out.len = 0;
        eval_line(line, &out);
        puts(buf_cstr(&out));
    }
    buf_free(&out);
    free(line);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--eval") == 0)
        return eval();
    test_grammar();
    test_kinds();
    test_print();
    test_doubles();
    test_parse_random();
    test_compare();
    test_bare();
    test_sum_edges();
    test_sum_int128();
    test_sum_order();
    test_load_damaged();
    return unit_done();
}
