/* Durations: what is read, what is refused and why, and that printing reads back. */
#include <inttypes.h>
#include <string.h>

#include "time/duration.h"
#include "unit/unit.h"

#define MS INT64_C(1000000)
#define S INT64_C(1000000000)
#define MINUTE (60 * S)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

struct accepted {
    const char *text;
    int64_t ns;
};

static void check_accepted(const struct accepted *cases, size_t n, bool signed_ok)
{
    for (size_t i = 0; i < n; i++) {
        struct error err = {0};
        int64_t ns = -77;
        bool ok = duration_parse(cases[i].text, signed_ok, &ns, "--delay", &err);
        CHECK(ok && ns == cases[i].ns, "%s gave %" PRId64 " %s", cases[i].text, ns, err.text);
    }
}

static void test_accepted(void)
{
    static const struct accepted UNSIGNED[] = {
        {"0", 0},
        {"0s", 0},
        {"1ns", 1},
        {"7us", 7000},
        {"5ms", 5 * MS},
        {"5m", 5 * MINUTE},
        {"5m5ms", 5 * MINUTE + 5 * MS},
        {"90s", 90 * S},
        {"1h30m", 90 * MINUTE},
        {"30m1h", 90 * MINUTE},
        {"1w2d3h4m5s6ms7us8ns", 9 * DAY + 3 * HOUR + 4 * MINUTE + 5 * S + 6 * MS + 7008},
        {"1s1s", 2 * S},
        {"1.5s", 3 * S / 2},
        {".5s", S / 2},
        {"1.s", S},
        {"1.5h", 90 * MINUTE},
        {"0.000000001s", 1},
        {"1.000000000000000000000000s", S},
        {"0.0000152587890625w", INT64_C(9228515625)},
        {"00012s", 12 * S},
        {"9223372036854775807ns", INT64_MAX},
        {"9223372036.854775807s", INT64_MAX},
        {"106751d23h47m16.854775807s", INT64_MAX},
    };
    static const struct accepted SIGNED[] = {
        {"-1s", -S},
        {"+1s", S},
        {"-1h30m", -90 * MINUTE},
        {"-0", 0},
        {"+0", 0},
        {"-9223372036854775808ns", INT64_MIN},
        {"-9223372036.854775808s", INT64_MIN},
    };
    check_accepted(UNSIGNED, sizeof UNSIGNED / sizeof *UNSIGNED, false);
    check_accepted(UNSIGNED, sizeof UNSIGNED / sizeof *UNSIGNED, true);
    check_accepted(SIGNED, sizeof SIGNED / sizeof *SIGNED, true);
}

static void check_refused(const char *text, bool signed_ok, const char *reason)
{
    struct error err = {0};
    int64_t ns;
    bool ok = duration_parse(text, signed_ok, &ns, "--delay", &err);
    CHECK(!ok, "'%s' is no duration", text);
    CHECK(err.status == EXIT_USAGE && strncmp(err.text, "--delay: ", 9) == 0, "%s", err.text);
    CHECK(strstr(err.text, reason), "'%s' for: %s", reason, err.text);
}

static void test_refused(void)
{
    static const char *const MALFORMED[] = {
        "",      "5",    "s",    ".s",   ".",    "1h30", "1h 30m", " 1s",   "1s ",   "1S",
        "1M",    "1.5",  "1..s", "1e3s", "1min", "1sec", "1h-5m",  "1h+5m", "0x10s", "00",
        "1s5s5", "--1s", "-",    "+",    "1,5s", "0.0",  "inf",    "1.5.5s"};
    for (size_t i = 0; i < sizeof MALFORMED / sizeof *MALFORMED; i++)
        check_refused(MALFORMED[i], true, "expected a duration like 90s or 1h30m, found '");
    check_refused("5", false, "--delay: expected a duration like 90s or 1h30m, found '5'");
    check_refused("-1s", false, "found '-1s'");
    check_refused("+1s", false, "found '+1s'");
    check_refused("0.5ns", false, "'0.5ns' is not a whole number of nanoseconds");
    check_refused("1.0000000001s", false, "not a whole number");
    check_refused("0.00000000000000001w", false, "not a whole number");
    check_refused("0.0000000000000005w", false, "not a whole number");
    check_refused("9223372036854775808ns", false, "is too long");
    check_refused("9223372036854775808ns", true, "is too long");
    check_refused("-9223372036854775809ns", true, "is too long");
    check_refused("106751d23h47m16.854775808s", false, "is too long");
    check_refused("99999999999999999999999w", false, "is too long");
    check_refused("18446744073709551616ns", false, "is too long");
    check_refused("9223372036854775807ns9223372036854775807ns2ns", false, "is too long");
    check_refused("40000w5", false, "expected a duration");
}

static void test_print(void)
{
    static const struct accepted CASES[] = {
        {"0", 0},
        {"1m30s", 90 * S},
        {"1h30m", 90 * MINUTE},
        {"1w", 7 * DAY},
        {"1w3d", 10 * DAY},
        {"1.5s", 3 * S / 2},
        {"1m500ms", MINUTE + S / 2},
        {"1m1.5s", MINUTE + 3 * S / 2},
        {"1.5ms", 1500000},
        {"1.5us", 1500},
        {"999ns", 999},
        {"-1d", -DAY},
        {"-15250w1d23h47m16.854775808s", INT64_MIN},
        {"15250w1d23h47m16.854775807s", INT64_MAX},
    };
    struct buf b = {0};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        b.len = 0;
        duration_print(&b, CASES[i].ns);
        CHECK(strcmp(buf_cstr(&b), CASES[i].text) == 0, "%s not %s", b.data, CASES[i].text);
    }
    buf_free(&b);
}

static void test_round_trip(void)
{
    uint64_t state = 88172645463325252;
    struct buf b = {0};
    for (int i = 0; i < 200000; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        int64_t wanted = (int64_t)state >> (state % 61), ns = wanted + 1;
        struct error err = {0};
        b.len = 0;
        duration_print(&b, wanted);
        bool ok = duration_parse(buf_cstr(&b), true, &ns, "--offset", &err);
        CHECK(ok && ns == wanted, "%" PRId64 " printed as %s: %s", wanted, b.data, err.text);
    }
    buf_free(&b);
}

int main(void)
{
    test_accepted();
    test_refused();
    test_print();
    test_round_trip();
    return unit_done();
}
