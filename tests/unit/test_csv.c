/*
 * CSV: cutting against a naive use of libcsv, the fast path against the slow one, digits against
 * strtoull.
 */
#include "unit/unit.h"

#include <inttypes.h>

#include "scan/digits.h"
#include "unit/csv_differential.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const FORMATS[] = {"auto", "s", "ms", "us", "ns", "%Y-%m-%d"};

/* Fields of every kind that some column treats in its own way. */
static const char *const FIELDS[] = {
    "",
    "1",
    "1700000000",
    "1700000000123",
    "1700000000123456789",
    "-5",
    "+5",
    "12.5",
    "12.",
    ".5",
    ".",
    "-",
    "-.5",
    "1e3",
    "12345678",
    "123456789",
    "1234567.8",
    "1234.56789",
    "12345678.12345678",
    "1234567890123456",
    "1.2.3",
    "1..2",
    "12345678901234567890123",
    "99999999999999999999",
    "0",
    "-0",
    "00012",
    "0.00",
    "1x",
    "x1",
    "1 ",
    "1e400",
    "2024-01-02T03:04:05Z",
    "2024-01-02T03:04:05.123Z",
    "2024-01-02",
    "2024-02-30",
    "\"1\"",
    "\"a,b\"",
    "a\"b",
    "\"\"\"\"",
    "\xc3\xa9",
    "\xff",
    "\r",
    "some longer text, ",
    "99999999999",
    "100000000000",
    "99999999999999",
    "100000000000000",
    "9223372036854775807",
    "9223372036854775808",
};

static void random_text(struct buf *text, bool plain)
{
    static const char *const PLAIN_TIMES[] = {"1700000000", "2024-01-02T03:04:05Z", "5"};
    static const char *const PLAIN_NUMBERS[] = {"1", "12.50", "", "-7", "123456789.25"};
    for (size_t n = unit_below(plain ? 400 : 12); n > 0; n--) {
        size_t n_fields = unit_below(20) == 0 ? unit_below(7) : DIFFERENTIAL_COLUMNS;
        for (size_t f = 0; f < n_fields; f++) {
            const char *field = FIELDS[unit_below(COUNT(FIELDS))];
            if (f == 0 && unit_below(plain ? 50 : 3) > 0)
                field = PLAIN_TIMES[unit_below(COUNT(PLAIN_TIMES))];
            else if (plain && f == 2 && unit_below(50) > 0)
                field = PLAIN_NUMBERS[unit_below(COUNT(PLAIN_NUMBERS))];
            else if (plain && unit_below(50) > 0)
                field = "key";
            buf_puts(text, f == 0 ? "" : ",");
            buf_puts(text, field);
        }
        if (n > 1 || unit_below(2) == 0)
            buf_puts(text, unit_below(6) == 0 ? "\r\n" : "\n");
    }
    buf_reserve(text, 1);
}

static void test_random(void)
{
    size_t all_fast = 0;
    for (int round = 0; round < 4000; round++) {
        struct input_options options;
        struct buf text = {0};
        size_t n_fast = 0;
        random_text(&text, round % 2 == 0);
        differential_options(&options, FORMATS[unit_below(COUNT(FORMATS))], 1 + unit_below(2));
        const char *problem = differential_fast(&options, text.data, text.len, &n_fast);
        CHECK(problem == NULL, "%s:\n%.*s", problem, (int)text.len, text.data);
        all_fast += n_fast;
        if (unit_below(3) == 0)
            options.max_record_bytes = 1 + unit_below(40);
        options.block_bytes = unit_below(3) == 0 ? 0 : 1 + unit_below(100);
        options.no_fast_path = unit_below(2) == 0;
        problem = differential_records(&options, text.data, text.len);
        CHECK(problem == NULL, "%s (limit %zu):\n%.*s", problem, options.max_record_bytes,
              (int)text.len, text.data);
        log_options_free(&options);
        buf_free(&text);
    }
    CHECK(all_fast > 100000, "the fast path took %zu records only", all_fast);
}

/* Slices end within records; records are longer than slices; quotes stand in any block of 64. */
static void test_slices(void)
{
    for (size_t width = 1; width < 40000; width = width * 3 / 2 + 1) {
        for (int quotes = 0; quotes < 3; quotes++) {
            struct input_options options;
            struct buf text = {0};
            size_t n_fast;
            differential_options(&options, "auto", 1);
            for (size_t i = 0; text.len < 100000; i++) {
                buf_printf(&text, "%zu,%.*s", i, (int)(width < 30 ? width : 30),
                           "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk");
                buf_printf(&text, ",%zu,%s", i, i % 37 < (size_t)quotes ? "\"q\"" : "");
                for (size_t more = 30; more < width; more++)
                    buf_putc(&text, 'v');
                buf_puts(&text, i % 3 == 0 ? "\r\n" : "\n");
            }
            const char *problem = differential_fast(&options, text.data, text.len, &n_fast);
            CHECK(problem == NULL, "%s, width %zu", problem, width);
            CHECK(n_fast > 0, "nothing was fast, width %zu", width);
            log_options_free(&options);
            buf_free(&text);
        }
    }
}

static void check_digits(const char *text, size_t len)
{
    char padded[64] = {0};
    memcpy(padded, text, len);
    uint64_t n;
    bool plain = len > 0 && len <= 19 && strspn(padded, "0123456789") == len;
    CHECK(digits_read(padded, len, &n) == plain, "%s", padded);
    CHECK(!plain || n == strtoull(padded, NULL, 10), "%s: %" PRIu64, padded, n);

    int64_t mant = 0;
    unsigned decimals = 0;
    struct value v, wanted;
    bool taken = len > 0 && digits_read_decimal(padded, len, &mant, &decimals);
    if (!taken)
        return;
    v = (struct value){.mant = mant, .exp = (int16_t)(0 - (int)decimals), .kind = VALUE_NUMBER};
    CHECK(number_parse(padded, len, &wanted) == NUMBER_OK, "%s is no number", padded);
    CHECK(wanted.kind == VALUE_NUMBER && v.mant == wanted.mant && v.exp == wanted.exp,
          "%s: %" PRId64 "e%d", padded, v.mant, v.exp);
}

static void test_digits(void)
{
    char text[24];
    int64_t mant;
    unsigned decimals;
    for (int round = 0; round < 200000; round++) {
        size_t len = unit_below(21);
        for (size_t i = 0; i < len; i++)
            text[i] = (char)('0' + unit_below(10));
        for (size_t odd = unit_below(3); odd > 0 && len > 0; odd--)
            text[unit_below(len)] = "..-+e/: \x80\xff"[unit_below(10)];
        check_digits(text, len);
    }
    memcpy(text, "-12345678.12345678", 19);
    CHECK(digits_read_decimal("-1234.5678\0\0\0\0\0\0\0", 10, &mant, &decimals) &&
              mant == -12345678 && decimals == 4,
          "%" PRId64, mant);
    CHECK(digits_read_decimal("1234567890.12345\0\0\0\0\0\0\0", 16, &mant, &decimals) &&
              mant == 123456789012345 && decimals == 5,
          "%" PRId64, mant);
    CHECK(!digits_read_decimal(text, 18, &mant, &decimals), "17 bytes behind the sign");
}

int main(void)
{
    test_digits();
    test_random();
    test_slices();
    return unit_done();
}
