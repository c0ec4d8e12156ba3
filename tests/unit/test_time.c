/*
 * Times: each form of --time-format against what is known, against the libc, and the fast reader
 * against the slow one on millions of texts.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/number.h"
#include "time/memo.h"
#include "time/time_fast.h"
#include "time/timestamp.h"
#include "unit/unit.h"

#define S INT64_C(1000000000)

static uint64_t random_state = 88172645463325252;

static uint64_t random_u64(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static struct time_format compiled(const char *text)
{
    struct time_format format = {0};
    struct error err = {0};
    bool ok = time_format_add(&format, text, &err);
    CHECK(ok, "%s: %s", text, err.text);
    return format;
}

/* Parses from memory of exactly that size, so that a sanitizer sees any read beyond it. */
static enum time_status parse_exact(const struct time_format *format, const char *text, size_t len,
                                    int64_t *ns)
{
    char *copy = malloc(len > 0 ? len : 1);
    if (!copy)
        abort();
    memcpy(copy, text, len);
    enum time_status status = time_parse(format, copy, len, ns);
    free(copy);
    return status;
}

struct expectation {
    const char *text;
    enum time_status status;
    int64_t ns;
};

static void check_all(const char *format_text, const struct expectation *cases, size_t n)
{
    struct time_format format = compiled(format_text);
    for (size_t i = 0; i < n; i++) {
        const struct expectation *c = &cases[i];
        int64_t ns = 0;
        enum time_status status = parse_exact(&format, c->text, strlen(c->text), &ns);
        CHECK(status == c->status, "%s: '%s' gave status %d", format_text, c->text, (int)status);
        CHECK(status != TIME_OK || ns == c->ns, "%s: '%s' gave %" PRId64, format_text, c->text, ns);
    }
}
#define CHECK_ALL(format, cases) check_all(format, cases, sizeof cases / sizeof *cases)

/* 2024-01-02T03:04:05Z */
#define T INT64_C(1704164645)

static void test_rfc3339(void)
{
    static const struct expectation CASES[] = {
        {"2024-01-02T03:04:05Z", TIME_OK, T * S},
        {"2024-01-02t03:04:05z", TIME_OK, T * S},
        {"2024-01-02 03:04:05Z", TIME_OK, T * S},
        {"2024-01-02T03:04:05", TIME_OK, T * S},
        {"2024-01-02T03:04", TIME_OK, (T - 5) * S},
        {"2024-01-02T03:04Z", TIME_OK, (T - 5) * S},
        {"2024-01-02T03:04+01:00", TIME_OK, (T - 5 - 3600) * S},
        {"2024-01-02", TIME_OK, (T - 11045) * S},
        {"2024-01-02T03:04:05.5Z", TIME_OK, T * S + S / 2},
        {"2024-01-02T03:04:05,5Z", TIME_OK, T * S + S / 2},
        {"2024-01-02T03:04:05,123456789", TIME_OK, T * S + 123456789},
        {"2024-01-02T03:04:05.000000001Z", TIME_OK, T * S + 1},
        {"2024-01-02T03:04:05.12345678Z", TIME_OK, T * S + 123456780},
        {"2024-01-02T03:04:05+01:30", TIME_OK, (T - 5400) * S},
        {"2024-01-02T03:04:05-0130", TIME_OK, (T + 5400) * S},
        {"2024-01-02T03:04:05.25+02", TIME_OK, (T - 7200) * S + S / 4},
        {"2024-01-02T03:04:05+23:59", TIME_OK, (T - 86340) * S},
        {"2024-01-02T03:04:05-00:00", TIME_OK, T * S},
        {"2024-01-02T23:59:60Z", TIME_OK, INT64_C(1704240000) * S},
        {"2024-01-02T23:59:60.5Z", TIME_OK, INT64_C(1704240000) * S + S / 2},
        {"2024-02-29", TIME_OK, INT64_C(1709164800) * S},
        {"2000-02-29", TIME_OK, INT64_C(951782400) * S},
        {"1969-12-31T23:59:59.999999999Z", TIME_OK, -1},
        {"2023-02-29", TIME_NOT_A_DATE, 0},
        {"1900-02-29", TIME_NOT_A_DATE, 0},
        {"2024-02-30T00:00:00Z", TIME_NOT_A_DATE, 0},
        {"2024-04-31", TIME_NOT_A_DATE, 0},
        {"2024-00-10", TIME_NOT_A_DATE, 0},
        {"2024-13-10", TIME_NOT_A_DATE, 0},
        {"2024-01-00", TIME_NOT_A_DATE, 0},
        {"2024-01-02T24:00:00Z", TIME_OK, INT64_C(1704240000) * S},
        {"2024-01-02T24:00Z", TIME_OK, INT64_C(1704240000) * S},
        {"2024-01-02T24:00:00.000Z", TIME_OK, INT64_C(1704240000) * S},
        {"2024-01-02T24:00:00.001Z", TIME_NOT_A_DATE, 0},
        {"2024-01-02T24:00:01Z", TIME_NOT_A_DATE, 0},
        {"2024-01-02T24:01Z", TIME_NOT_A_DATE, 0},
        {"2024-01-02T25:00Z", TIME_NOT_A_DATE, 0},
        {"2024-01-02T23:60:00Z", TIME_NOT_A_DATE, 0},
        {"2024-01-02T23:59:61Z", TIME_NOT_A_DATE, 0},
        {"2024-01-02T03:04:05+24:00", TIME_NOT_A_DATE, 0},
        {"2024-01-02T03:04:05-24:00", TIME_NOT_A_DATE, 0},
        {"2024-01-02T03:04:05+01:60", TIME_NOT_A_DATE, 0},
        {"2024-01-02T03:04:05-01:60", TIME_NOT_A_DATE, 0},
        {"2024-01-02Z", TIME_MALFORMED, 0},
        {"2024-01-02T", TIME_MALFORMED, 0},
        {"2024-01-02T03", TIME_MALFORMED, 0},
        {"2024-01-02T03Z", TIME_MALFORMED, 0},
        {"2024-01-02T03:04:", TIME_MALFORMED, 0},
        {"2024-01-02T03:04:5Z", TIME_MALFORMED, 0},
        {"2024-01-02T03:04:05.Z", TIME_MALFORMED, 0},
        {"2024-01-02T03:04:05.", TIME_MALFORMED, 0},
        {"2024-01-02T03:04:05.1234567899Z", TIME_OK, T * S + 123456789},
        {"2024-01-02T03:04:05.99999999999999999999Z", TIME_OK, T * S + 999999999},
        {"1969-12-31T23:59:59.0000000019Z", TIME_OK, -999999999},
        {"2024-01-02T03:04:05UTC", TIME_OK, T * S},
        {"2024-01-02T03:04:05 UTC", TIME_OK, T * S},
        {"2024-01-02T03:04:05 GMT", TIME_OK, T * S},
        {"2024-01-02T03:04:05 +0100", TIME_OK, (T - 3600) * S},
        {"2024-01-02T03:04:05 -07", TIME_OK, (T + 25200) * S},
        {"2024-01-02T03:04:05  Z", TIME_MALFORMED, 0},
        {"2024-01-02T03:04:05 ", TIME_MALFORMED, 0},
        {"2024-01-02T03:04:05 UT", TIME_MALFORMED, 0},
        {"2024-01-02T03:04:05 UTCZ", TIME_MALFORMED, 0},
        {"2024-01-02T03:04:05 CET", TIME_MALFORMED, 0},
        {"2024-01-02 UTC", TIME_MALFORMED, 0},
        {"20240102T030405Z", TIME_OK, T * S},
        {"20240102 030405", TIME_OK, T * S},
        {"20240102t0304", TIME_OK, (T - 5) * S},
        {"20240102T030405.25+0100", TIME_OK, (T - 3600) * S + S / 4},
        {"20240102T030405 UTC", TIME_OK, T * S},
        {"20240102T240000Z", TIME_OK, INT64_C(1704240000) * S},
        {"20240230T030405Z", TIME_NOT_A_DATE, 0},
        {"20240102T03:04:05Z", TIME_MALFORMED, 0},
        {"20240102T03", TIME_MALFORMED, 0},
        {"20240102T", TIME_MALFORMED, 0},
        {"2024-01-02T030405Z", TIME_MALFORMED, 0},
        {"2024/01/02", TIME_OK, (T - 11045) * S},
        {"2024/01/02 03:04:05", TIME_OK, T * S},
        {"2024/01/02T03:04:05+01:00", TIME_OK, (T - 3600) * S},
        {"2024/01-02", TIME_MALFORMED, 0},
        {"2024/01-02T03:04:05Z", TIME_MALFORMED, 0},
        {"2024-01/02T03:04:05Z", TIME_MALFORMED, 0},
        {"2024-01-02T03:04:60+01:00", TIME_OK, (T - 3545) * S},
        {"2024-01-02T03:04:61+01:00", TIME_NOT_A_DATE, 0},
        {"2024-01-02T24:00:00+01:00", TIME_OK, INT64_C(1704236400) * S},
        {"2024-13-02T03:04:05+01:00", TIME_NOT_A_DATE, 0},
        {"2024-01-32T03:04:05+01:00", TIME_NOT_A_DATE, 0},
        {"2024-01-02T03:04:05,123+01:00", TIME_OK, (T - 3600) * S + 123000000},
        {"2024-01-02T03:04:05.x+01:00", TIME_MALFORMED, 0},
        {"02/01/2024", TIME_MALFORMED, 0},
        {"02/Jan/2024:03:04:05 +0000", TIME_OK, T * S},
        {"[02/Jan/2024:03:04:05 +0000]", TIME_OK, T * S},
        {"02/jan/2024:02:04:05 -0100", TIME_OK, T * S},
        {"02/Jan/2024:03:04:05", TIME_OK, T * S},
        {"02/Jan/2024:03:04:05.5 +0000", TIME_OK, T * S + S / 2},
        {"[02/Jan/2024:03:04:05 +0000", TIME_MALFORMED, 0},
        {"02/Jan/2024:03:04:05 +0000]", TIME_MALFORMED, 0},
        {"[02/Jan/2024:03:04:05 +0000]]", TIME_MALFORMED, 0},
        {"[2024-01-02T03:04:05Z]", TIME_MALFORMED, 0},
        {"[", TIME_MALFORMED, 0},
        {"[]", TIME_MALFORMED, 0},
        {"02/Jän/2024:03:04:05", TIME_MALFORMED, 0},
        {"02/Jan/2024", TIME_MALFORMED, 0},
        {"2/Jan/2024:03:04:05", TIME_MALFORMED, 0},
        {"30/Feb/2024:03:04:05", TIME_NOT_A_DATE, 0},
        {"02/Jan/2024:24:00:00 +0000", TIME_OK, INT64_C(1704240000) * S},
        {"02/Jan/2024:03:04:61 +0000", TIME_NOT_A_DATE, 0},
        {"02/Jax/2024:03:04:05 +0000", TIME_MALFORMED, 0},
        {"[02/DEC/2023:03:04:05.25]", TIME_OK, (T - 31 * 86400) * S + S / 4},
        {"2024-01-02T03:04.5Z", TIME_MALFORMED, 0},
        {"2024-01-02T03:04:05 Z", TIME_OK, T * S},
        {"2024-01-02T03:04:05ZZ", TIME_MALFORMED, 0},
        {"2024-01-02T03:04:05Z ", TIME_MALFORMED, 0},
        {" 2024-01-02T03:04:05Z", TIME_MALFORMED, 0},
        {"2024-01-02T03:04:05+1", TIME_MALFORMED, 0},
        {"2024-01-02T03:04:05+01:", TIME_MALFORMED, 0},
        {"2024-01-02T03:04:05+01:3", TIME_MALFORMED, 0},
        {"2024-01-02T03:04:05+013", TIME_MALFORMED, 0},
        {"2024-01-02T03:04:05+", TIME_MALFORMED, 0},
        {"2024-01-02_03:04:05Z", TIME_MALFORMED, 0},
        {"2024-1-02", TIME_MALFORMED, 0},
        {"2024-01", TIME_MALFORMED, 0},
        {"02024-01-02", TIME_MALFORMED, 0},
        {"+2024-01-02", TIME_MALFORMED, 0},
        {"yesterday", TIME_MALFORMED, 0},
        {"", TIME_MALFORMED, 0},
        {"0001-01-01", TIME_OUT_OF_RANGE, 0},
        {"0000-02-29", TIME_OUT_OF_RANGE, 0},
        {"9999-12-31T23:59:59Z", TIME_OUT_OF_RANGE, 0},
        {"1677-09-21T00:12:43.145224192Z", TIME_OK, INT64_MIN},
        {"1677-09-21T00:12:43.145224191Z", TIME_OUT_OF_RANGE, 0},
        {"1677-09-20T23:12:43.145224192-01:00", TIME_OK, INT64_MIN},
        {"1677-09-21T00:12:43.145224192+00:01", TIME_OUT_OF_RANGE, 0},
        {"2262-04-11T23:47:16.854775807Z", TIME_OK, INT64_MAX},
        {"2262-04-11T23:47:16.854775808Z", TIME_OUT_OF_RANGE, 0},
        {"2262-04-12T23:46:16.854775807+23:59", TIME_OK, INT64_MAX},
        {"2262-04-11T23:47:16.854775807-00:01", TIME_OUT_OF_RANGE, 0},
    };
    CHECK_ALL("auto", CASES);
}

static void test_epoch_texts(void)
{
    static const struct expectation AUTO[] = {
        {"1704164645", TIME_OK, T * S},
        {"-1704164645", TIME_OK, -T * S},
        {"1704164645.5", TIME_OK, T * S + S / 2},
        {"1704164645000", TIME_OK, T * S},
        {"1704164645000000", TIME_OK, T * S},
        {"1704164645000000000", TIME_OK, T * S},
        {"1.704164645e9", TIME_OK, T * S},
        {"1.704164645e12", TIME_OK, T * S},
        {"2024", TIME_OK, 2024 * S},
        {"123e-5", TIME_OK, 1230000},
        {"0", TIME_OK, 0},
        {"99999999999", TIME_OUT_OF_RANGE, 0},
        {"100000000000", TIME_OK, INT64_C(100000000000) * 1000000},
        {"99999999999999", TIME_OUT_OF_RANGE, 0},
        {"100000000000000", TIME_OK, INT64_C(100000000000000) * 1000},
        {"99999999999999999", TIME_OUT_OF_RANGE, 0},
        {"100000000000000000", TIME_OK, INT64_C(100000000000000000)},
        {"9223372036854775807", TIME_OK, INT64_MAX},
        {"9223372036854775807.9", TIME_OK, INT64_MAX},
        {"9223372036854775808", TIME_OUT_OF_RANGE, 0},
        {"-9223372036854775808", TIME_OK, INT64_MIN},
        {"-9223372036854775808.1", TIME_OUT_OF_RANGE, 0},
        {"1e400", TIME_OUT_OF_RANGE, 0},
        {"nan", TIME_MALFORMED, 0},
        {"0x10", TIME_MALFORMED, 0},
        {" 1", TIME_MALFORMED, 0},
    };
    static const struct expectation SECONDS[] = {
        {"1704164645.123456789", TIME_OK, T * S + 123456789},
        {"1704164645.1234567899", TIME_OK, T * S + 123456789},
        {"-0.0000000001", TIME_OK, -1},
        {"-0.5", TIME_OK, -S / 2},
        {"9223372036.854775807", TIME_OK, INT64_MAX},
        {"9223372036.854775808", TIME_OUT_OF_RANGE, 0},
        {"-9223372036.854775808", TIME_OK, INT64_MIN},
        {"-9223372036.8547758081", TIME_OUT_OF_RANGE, 0},
        {"1704164645000", TIME_OUT_OF_RANGE, 0},
        {"0.00000000000000000000000000000000000001", TIME_OK, 0},
        {"1.00000000000000000000000000000000000001", TIME_OK, S},
        {"-1.00000000000000000000000000000000000001", TIME_OK, -S - 1},
        {"2024-01-02", TIME_MALFORMED, 0},
        {"", TIME_MALFORMED, 0},
    };
    static const struct expectation MS[] = {{"1704164645000", TIME_OK, T * S},
                                            {"0.0000019", TIME_OK, 1}};
    static const struct expectation US[] = {{"1704164645000000", TIME_OK, T * S},
                                            {"-1.5", TIME_OK, -1500}};
    static const struct expectation NS[] = {{"5", TIME_OK, 5}, {"-1.5", TIME_OK, -2}};
    CHECK_ALL("auto", AUTO);
    CHECK_ALL("s", SECONDS);
    CHECK_ALL("ms", MS);
    CHECK_ALL("us", US);
    CHECK_ALL("ns", NS);
}

static void check_wide(const char *format_text, const char *text, enum time_status wanted,
                       int64_t wanted_ns)
{
    struct time_format format = compiled(format_text);
    struct value v = {.kind = VALUE_WIDE, .text = text, .len = (uint32_t)strlen(text)};
    int64_t ns = 0;
    enum time_status status = time_from_number(&format, &v, &ns);
    CHECK(status == wanted && (status != TIME_OK || ns == wanted_ns), "%s: %s gave %d, %" PRId64,
          format_text, text, (int)status, ns);
}

static void test_wide(void)
{
    check_wide("auto", "1704164645.00000000000000000001", TIME_OK, T * S);
    check_wide("auto", "99999999999.99999999999999999999", TIME_OUT_OF_RANGE, 0);
    check_wide("auto", "100000000000.00000000000000000001", TIME_OK, INT64_C(100000000000000000));
    check_wide("auto", "-1704164645.00000000000000000001", TIME_OK, -T * S - 1);
    check_wide("s", "+0.0000000000000000000000017041646450000000001e33", TIME_OK, T * S);
    check_wide("s", "17041646450000000000000000000001E-22", TIME_OK, T * S);
    check_wide("s", "00000000000000000000000000000017041646450000000000000000000001e-22", TIME_OK,
               T * S);
    check_wide("s", "-9223372036.8547758080000000000", TIME_OK, INT64_MIN);
    check_wide("s", "-9223372036.8547758080000000001", TIME_OUT_OF_RANGE, 0);
    check_wide("s", "9223372036.8547758079999999999", TIME_OK, INT64_MAX);
    check_wide("s", "9223372036.8547758080000000000", TIME_OUT_OF_RANGE, 0);
    check_wide("s", "1e100", TIME_OUT_OF_RANGE, 0);
    check_wide("s", "18446744073.70955161600000000000", TIME_OUT_OF_RANGE, 0);
    check_wide("s", "1e-4000", TIME_OK, 0);
    check_wide("s", "-1e-4000", TIME_OK, -1);
    check_wide("ns", "-.99999999999999999999", TIME_OK, -1);
    check_wide("ns", "1e99999999999999999999", TIME_OUT_OF_RANGE, 0);
    check_wide("ns", "0.000000000000000000000e9", TIME_OK, 0);
    check_wide("%s", "1e100", TIME_MALFORMED, 0);
}

/* mant * 10^exp both ways, as a VALUE_NUMBER and as text, against 128-bit arithmetic. */
static void test_numbers_agree(void)
{
    static const char *const FORMATS[] = {"s", "ms", "us", "ns"};
    __extension__ typedef __int128 wide;
    for (int i = 0; i < 200000; i++) {
        int unit = (int)(random_u64() % 4), exp = (int)(random_u64() % 37) - 27;
        struct time_format format = compiled(FORMATS[unit]);
        int64_t mant = (int64_t)random_u64() >> (random_u64() % 64);
        int shift = exp + 9 - 3 * unit;
        wide expected = mant, scale = 1;
        for (int k = 0; k < (shift < 0 ? -shift : shift); k++)
            scale *= 10;
        bool fits = true;
        if (shift < 0)
            expected = expected / scale - (expected % scale < 0);
        else if (expected > INT64_MAX / scale || expected < INT64_MIN / scale)
            fits = false;
        else
            expected *= scale;
        char text[40];
        snprintf(text, sizeof text, "%" PRId64 "e%d", mant, exp);
        struct value v = {.kind = VALUE_NUMBER, .mant = mant, .exp = (int16_t)exp};
        int64_t ns = 0;
        enum time_status status = time_from_number(&format, &v, &ns);
        CHECK(fits ? status == TIME_OK && ns == (int64_t)expected : status == TIME_OUT_OF_RANGE,
              "%s %s gave %d, %" PRId64, FORMATS[unit], text, (int)status, ns);
        check_wide(FORMATS[unit], text, status, ns);

        struct time_format automatic = compiled("auto");
        status = time_from_number(&automatic, &v, &ns);
        check_wide("auto", text, status, ns);
    }
}

static void test_patterns(void)
{
    static const struct expectation APACHE[] = {
        {"02/Jan/2024:03:04:05 +0000", TIME_OK, T * S},
        {"02/Jan/2024:03:04:05 +0130", TIME_OK, (T - 5400) * S},
        {"02/Jan/2024:03:04:05 Z", TIME_OK, T * S},
        {"02/Jan/2024:03:04:05 +14:30", TIME_OK, (T - 52200) * S},
        {"30/Feb/2024:03:04:05 +0000", TIME_NOT_A_DATE, 0},
        {"02/Jan/2024:03:04:61 +0000", TIME_NOT_A_DATE, 0},
        {"02/Jan/2024:03:04:60 +0000", TIME_OK, (T + 55) * S},
        {"02/Jan/2024:03:04:05 +2400", TIME_NOT_A_DATE, 0},
        {"02/Jan/2024:03:04:05", TIME_MALFORMED, 0},
        {"02/Jan/2024:03:04:05 +0000 ", TIME_MALFORMED, 0},
        {"02/Jan/2024:24:04:05 +0000", TIME_MALFORMED, 0},
        {"02/Jan/3024:03:04:05 +0000", TIME_OUT_OF_RANGE, 0},
        {"", TIME_MALFORMED, 0},
    };
    static const struct expectation FRACTION[] = {
        {"2024-01-02 03:04:05.5+0100", TIME_OK, (T - 3600) * S + S / 2},
        {"2024-01-02 03:04:05.123456789z", TIME_OK, T * S + 123456789},
        {"2024-01-02 03:04:05.1234567891Z", TIME_MALFORMED, 0},
        {"2024-01-02 03:04:05.Z", TIME_MALFORMED, 0},
        {"2024-01-02 03:04:05.x", TIME_MALFORMED, 0},
    };
    static const struct expectation AFTERNOON[] = {
        {"01/02/2024 03:04:05.678 PM", TIME_OK, (T + 43200) * S + 678000000},
        {"01/02/2024 03:04:05.678 AM", TIME_OK, T * S + 678000000},
        {"01/02/2024 12:00:00.0 AM", TIME_OK, (T - 11045) * S},
        {"01/02/2024 03:04:05.678", TIME_MALFORMED, 0},
    };
    static const struct expectation EPOCH[] = {
        {"1704164645.25", TIME_OK, T * S + S / 4},
        {"9223372036.854775807", TIME_OK, INT64_MAX},
        {"9223372036.854775808", TIME_OUT_OF_RANGE, 0},
        {"99999999999999999999999999.0", TIME_OUT_OF_RANGE, 0},
        {"-1.0", TIME_MALFORMED, 0},
        {".5", TIME_MALFORMED, 0},
    };
    static const struct expectation PERCENT[] = {
        {"100%f=5 2024-01-01", TIME_OK, INT64_C(1704067200) * S},
        {"100f=5 2024-01-01", TIME_MALFORMED, 0}};
    static const struct expectation FLAGGED[] = {{"%f % 1970-01-01", TIME_OK, 0},
                                                 {"%5 % 1970-01-01", TIME_MALFORMED, 0}};
    static const struct expectation DAY[] = {{"2024-060", TIME_OK, INT64_C(1709164800) * S},
                                             {"2023-366", TIME_NOT_A_DATE, 0}};
    /* A weekday beside it makes strptime(3) forget the day of the year. */
    static const struct expectation WEEKDAY[] = {{"Thu 2024-060", TIME_OK, INT64_C(1709164800) * S},
                                                 {"Sun 2023-366", TIME_NOT_A_DATE, 0},
                                                 {"Sun 0000-366", TIME_OUT_OF_RANGE, 0}};
    static const struct expectation MANY[] = {
        {"5 +01 6 2024-01-01 7", TIME_OK, (INT64_C(1704067200) - 3600) * S + 700000000}};
    CHECK_ALL("%d/%b/%Y:%H:%M:%S %z", APACHE);
    CHECK_ALL("%Y-%m-%d %H:%M:%S.%f%z", FRACTION);
    CHECK_ALL("%m/%d/%Y %I:%M:%S.%f %p", AFTERNOON);
    CHECK_ALL("%s.%f", EPOCH);
    CHECK_ALL("100%%f=5 %F", PERCENT);
    CHECK_ALL("%-%f %0% %F", FLAGGED);
    CHECK_ALL("%Y-%j", DAY);
    CHECK_ALL("%a %Y-%j", WEEKDAY);
    CHECK_ALL("%a %C%y-%j", WEEKDAY);
    CHECK_ALL("%f %z %f %F %f", MANY);
}

static void test_pattern_bounds(void)
{
    char text[300];
    memset(text, 'x', sizeof text);
    memcpy(text, "2024-01-02", 10);
    char long_pattern[300];
    int64_t ns;
    for (size_t len = 250; len < 260; len++) {
        memcpy(long_pattern, "%F", 2);
        memset(long_pattern + 2, 'x', len - 2);
        long_pattern[len] = '\0';
        struct error err = {0};
        struct time_format format = {0};
        bool ok = time_format_add(&format, long_pattern, &err);
        CHECK(ok == (len <= 255), "a pattern of %zu bytes", len);
        if (ok)
            CHECK(parse_exact(&format, text, len + 8, &ns) ==
                      (len + 8 <= 255 ? TIME_OK : TIME_MALFORMED),
                  "a text of %zu bytes", len + 8);
    }
    struct time_format format = compiled("%F");
    CHECK(parse_exact(&format, "2024-01-02\0", 11, &ns) == TIME_MALFORMED,
          "a NUL is text left over");
}

static void test_compile(void)
{
    static const char *const REFUSED[][2] = {
        {"", "expected auto, s, ms"}, {"iso", "found 'iso'"},
        {"S", "found 'S'"},           {"%Y%", "'%' is not"},
        {"%Y %0", "'%0' is not"},     {"%Y %Q", "'%Q' is not"},
        {"%N", "'%N' is not"},        {"%Ey", "'%Ey' is not"},
        {"%Ef", "'%Ef' is not"},      {"%OY", "'%OY' is not"},
        {"%E", "'%E' is not"},        {"%G-W%V", "'%G' (a week"},
        {"%m %-f", "'%-f' is not"},   {"%F %Z", "'%Z' (a zone"},
        {"%Y-%U-%w", "'%U' (a week"}, {"%T", "no day"},
        {"%Y-%m", "no day"},          {"%d %H", "no day"}};
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
        struct time_format format = {0};
        struct error err = {0};
        CHECK(!time_format_add(&format, REFUSED[i][0], &err), "%s", REFUSED[i][0]);
        CHECK(err.status == EXIT_USAGE && strncmp(err.text, "--time-format: ", 15) == 0 &&
                  strstr(err.text, REFUSED[i][1]),
              "%s: %s", REFUSED[i][0], err.text);
    }
    for (int i = TIME_OK; i <= TIME_OUT_OF_RANGE; i++)
        CHECK(strlen(time_status_text((enum time_status)i)) > 3, "%d", i);
}

/* The libc's seconds as RFC 3339 without a zone. */
static void libc_text(char text[64], int64_t seconds)
{
    time_t at = (time_t)seconds;
    struct tm tm;
    gmtime_r(&at, &tm);
    strftime(text, 64, "%Y-%m-%dT%H:%M:%S", &tm);
}

/* Any second that int64 nanoseconds reach. */
static int64_t random_second(void)
{
    return (int64_t)(random_u64() % 18446744073U) - 9223372036;
}

/* Random instants as the libc prints them, with random zones. */
static void test_read_against_libc(void)
{
    struct time_format automatic = compiled("auto"), pattern = compiled("%Y-%m-%dT%H:%M:%S%z");
    for (int i = 0; i < 300000; i++) {
        int64_t seconds = random_second(), ns = 0, by_pattern = 0;
        int minutes = (int)(random_u64() % 2879) - 1439;
        char text[64];
        libc_text(text, seconds);
        snprintf(text + 19, sizeof text - 19, "%c%02d:%02d", minutes < 0 ? '-' : '+',
                 abs(minutes) / 60, abs(minutes) % 60);
        int64_t wanted = seconds - minutes * 60;
        bool inside = wanted >= -9223372036 && wanted <= 9223372036;
        enum time_status status = parse_exact(&automatic, text, strlen(text), &ns);
        CHECK(inside ? status == TIME_OK && ns == wanted * S : status == TIME_OUT_OF_RANGE,
              "%s gave %d, %" PRId64, text, (int)status, ns);
        CHECK(time_parse(&pattern, text, strlen(text), &by_pattern) == status, "%s", text);
        CHECK(!inside || by_pattern == ns, "%s", text);
    }
}

static void test_print_against_libc(void)
{
    struct buf b = {0};
    for (int i = 0; i < 300000; i++) {
        int64_t seconds = random_second();
        char text[64];
        libc_text(text, seconds);
        strcat(text, "Z");
        b.len = 0;
        time_print(&b, seconds * S, TIME_UNIT_RFC3339, NULL);
        CHECK(strcmp(buf_cstr(&b), text) == 0, "%s printed as %s", text, b.data);
    }
    buf_free(&b);
}

static void test_print(void)
{
    static const struct {
        int64_t ns;
        const char *text[5];
    } CASES[] = {
        {0, {"1970-01-01T00:00:00Z", "0", "0", "0", "0"}},
        {T * S + S / 2,
         {"2024-01-02T03:04:05.500Z", "1704164645.5", "1704164645500", "1704164645500000",
          "1704164645500000000"}},
        {T * S + 1000,
         {"2024-01-02T03:04:05.000001Z", "1704164645.000001", "1704164645000.001",
          "1704164645000001", "1704164645000001000"}},
        {-1, {"1969-12-31T23:59:59.999999999Z", "-0.000000001", "-0.000001", "-0.001", "-1"}},
        {INT64_MIN,
         {"1677-09-21T00:12:43.145224192Z", "-9223372036.854775808", "-9223372036854.775808",
          "-9223372036854775.808", "-9223372036854775808"}},
        {INT64_MAX,
         {"2262-04-11T23:47:16.854775807Z", "9223372036.854775807", "9223372036854.775807",
          "9223372036854775.807", "9223372036854775807"}},
    };
    static const enum time_unit UNITS[] = {TIME_UNIT_RFC3339, TIME_UNIT_S, TIME_UNIT_MS,
                                           TIME_UNIT_US, TIME_UNIT_NS};
    struct buf b = {0};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        for (size_t u = 0; u < 5; u++) {
            b.len = 0;
            time_print(&b, CASES[i].ns, UNITS[u], NULL);
            CHECK(strcmp(buf_cstr(&b), CASES[i].text[u]) == 0, "%s not %s", b.data,
                  CASES[i].text[u]);
        }
    }
    buf_free(&b);
}

static void test_print_round_trip(void)
{
    static const char *const FORMATS[] = {"auto", "s", "ms", "us", "ns"};
    static const uint64_t GRAINS[] = {1, 1000, 1000000, 1000000000};
    struct buf b = {0};
    struct time_cache cache = {0};
    for (int i = 0; i < 300000; i++) {
        int64_t wanted = (int64_t)random_u64(), ns = 0;
        wanted -= wanted % (int64_t)GRAINS[i % 4];
        for (int u = 0; u < 5; u++) {
            struct time_format format = compiled(FORMATS[u]);
            b.len = 0;
            time_print(&b, wanted, (enum time_unit)(TIME_UNIT_RFC3339 + u), NULL);
            CHECK(time_parse(&format, b.data, b.len, &ns) == TIME_OK && ns == wanted,
                  "%" PRId64 " printed as %s", wanted, buf_cstr(&b));
            if (u == 0 && wanted > INT64_MIN + 86400 * S && wanted < INT64_MAX - 86400 * S)
                CHECK(time_parse_fast(&cache, b.data, b.len, &ns) && ns == wanted, "%s",
                      buf_cstr(&b));
        }
    }
    buf_free(&b);
}

/* One text through both readers; memory ends where the text ends. Counts what fast accepts. */
static bool check_fast(const struct time_format *format, struct time_cache *cache, const char *text,
                       size_t len)
{
    int64_t fast = 0, slow = 0;
    char exact[40], *start = exact + sizeof exact - len;
    memcpy(start, text, len);
    if (!time_parse_fast(cache, start, len, &fast))
        return false;
    enum time_status status = time_parse(format, start, len, &slow);
    CHECK(status == TIME_OK && fast == slow, "'%.*s': fast %" PRId64 ", slow %d %" PRId64, (int)len,
          text, fast, (int)status, slow);
    return true;
}

/* A valid text of 20 to 30 bytes, mostly of few days; returns its length. */
static size_t make_text(char text[40])
{
    time_t at = (time_t)(random_u64() % 8 ? T + (int64_t)(random_u64() % 200000)
                                          : (int64_t)(random_u64() % 18446744072U) - 9223372035);
    struct tm tm;
    gmtime_r(&at, &tm);
    size_t len = strftime(text, 40, "%Y-%m-%dT%H:%M:%S", &tm);
    text[10] = "Tt "[random_u64() % 3];
    size_t n = random_u64() % 10;
    if (n > 0)
        text[len++] = '.';
    for (size_t i = 0; i < n; i++)
        text[len++] = (char)('0' + random_u64() % 10);
    text[len++] = "Zz"[random_u64() % 2];
    return len;
}

static void test_fast_agrees(void)
{
    static const char ALPHABET[] =
        "0123456789012345678901234567890123456789-:.,TtZz +/;@Q\0\x80\xb0\xff";
    struct time_format format = compiled("auto");
    struct time_cache cache = {0};
    int plain = 0, mutated = 0;
    char text[40];
    enum { ROUNDS = 1000000 };
    for (int i = 0; i < ROUNDS; i++) {
        size_t len = make_text(text);
        plain += check_fast(&format, &cache, text, len);
        for (int k = 0; k < 3; k++) {
            text[random_u64() % len] = ALPHABET[random_u64() % (sizeof ALPHABET - 1)];
            size_t cut = random_u64() % 16 ? len : random_u64() % 36;
            for (; len < cut; len++)
                text[len] = '0';
            mutated += check_fast(&format, &cache, text, cut);
        }
    }
    CHECK(plain > ROUNDS - 100, "the fast reader takes plain times: %d", plain);
    CHECK(mutated > ROUNDS / 10 && mutated < 2 * ROUNDS, "some mutations are valid: %d", mutated);
}

/* Every byte at every place of a time, with a cold and a warm cache. */
static void test_fast_bytes(void)
{
    static const char *const TEXTS[] = {
        "2024-01-02T03:04:05Z",           "2024-01-02T03:04:05.1Z", "2024-12-29 23:59:59.12345678z",
        "2024-10-20T13:44:25.123456789Z", "1970-01-01T00:00:00Z",   "2000-02-29T20:30:40.123Z"};
    struct time_format format = compiled("auto");
    int accepted = 0;
    for (size_t t = 0; t < sizeof TEXTS / sizeof *TEXTS; t++) {
        char text[40];
        size_t len = strlen(TEXTS[t]);
        for (size_t at = 0; at < len; at++) {
            for (int byte = 0; byte < 256; byte++) {
                memcpy(text, TEXTS[t], len);
                struct time_cache cold = {0}, warm = {0};
                check_fast(&format, &warm, text, len);
                text[at] = (char)byte;
                bool took = check_fast(&format, &cold, text, len);
                CHECK(took == check_fast(&format, &warm, text, len), "a cache changes nothing");
                accepted += took;
            }
        }
    }
    CHECK(accepted > 600, "%d", accepted);
}

static void test_fast_refuses(void)
{
    static const char *const TEXTS[] = {"2024-01-02T24:00:00Z",
                                        "2024-01-02T03:04:60Z",
                                        "2024-01-02T03:60:00Z",
                                        "2024-02-30T03:04:05Z",
                                        "2023-02-29T03:04:05Z",
                                        "2024-01-02T03:04:05.Z",
                                        "2024-01-02T03:04:05,5Z",
                                        "2024-01-02T03:04:05+00:00",
                                        "2024-01-02T03:04:05",
                                        "1677-09-21T00:12:43.145224191Z",
                                        "2262-04-11T23:47:16.854775808Z",
                                        "2262-04-12T00:00:00Z",
                                        "1677-09-20T00:00:00Z",
                                        "0000-01-01T00:00:00Z",
                                        "2024-01-02T03:04:05.1234567890Z"};
    struct time_cache cache = {0};
    int64_t ns;
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
        CHECK(!time_parse_fast(&cache, TEXTS[i], strlen(TEXTS[i]), &ns), "%s", TEXTS[i]);
    struct time_cache empty = {0};
    char zeros[] = "\0\0\0\0\0\0\0\0\0\0T00:00:00Z";
    CHECK(!time_parse_fast(&empty, zeros, sizeof zeros - 1, &ns), "NULs are no date");
}

/* A sequence of texts, each read with the memo of those before and without one. */
static void test_memo(void)
{
    static const char *const TEXTS[] = {
        "2024-05-01 00:00:00",
        "2024-05-01 00:00:00",
        "2024-05-01 00:00:01",
        "2024-05-01 00:00:00", /* not the last but the one before */
        "2024-13-01 00:00:00", /* refused: remembers nothing */
        "2024-13-01 00:00:00",
        "2024-05-01 00:00:00",
        "2024-05-01 00:00:0", /* a part of the last one */
        "",
        "",
        "2024-05-01                                                   00:00:05", /* too long */
        "2024-05-01                                                   00:00:05",
        "2024-05-01 00:00:00",
    };
    struct time_format format = compiled("%Y-%m-%d %H:%M:%S");
    struct time_memo memo = {0};
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        size_t len = strlen(TEXTS[i]);
        int64_t with = 0, without = 0;
        enum time_status got = time_memo_parse(&memo, &format, TEXTS[i], len, &with);
        enum time_status wanted = time_parse(&format, TEXTS[i], len, &without);
        CHECK(got == wanted && (wanted != TIME_OK || with == without),
              "%zu: '%s' gives %d, %" PRId64 "; wanted %d, %" PRId64, i, TEXTS[i], (int)got, with,
              (int)wanted, without);
    }
}

int main(void)
{
    /* Nothing may depend on the zone of the process. */
    setenv("TZ", "America/New_York", 1);
    tzset();
    test_rfc3339();
    test_epoch_texts();
    test_wide();
    test_numbers_agree();
    test_patterns();
    test_pattern_bounds();
    test_compile();
    test_read_against_libc();
    test_print_against_libc();
    test_print();
    test_print_round_trip();
    test_fast_agrees();
    test_fast_bytes();
    test_fast_refuses();
    test_memo();
    return unit_done();
}
