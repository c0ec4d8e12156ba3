/* Every instance of the lanes against reading one field after the other, character by character. */
#include "unit/unit.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "scan/column.h"
#include "scan/vectors.h"

enum { ROUNDS = 4000, FIELDS = 2 * LANES_GROUP + 3, WIDEST = 40 };

static uint64_t random_state = 1;

static uint32_t below(uint32_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)((random_state >> 33) % n);
}

/* Fields one behind the other, a newline behind each; marks[0] is that before the first. */
static char text[FIELDS * (WIDEST + 2) + 64];
static uint32_t marks[FIELDS + 1];
static size_t n_fields;

static void start_fields(void)
{
    memset(text, '7', sizeof text);
    marks[0] = UINT32_MAX;
    n_fields = 0;
}

static void add_field(const char *field)
{
    size_t at = marks[n_fields] + 1U, len = strlen(field);
    memcpy(text + at, field, len);
    text[at + len] = '\n';
    marks[++n_fields] = (uint32_t)(at + len);
}

static const char *field_at(size_t i, size_t *len)
{
    const char *field = text + (uint32_t)(marks[i] + 1);
    *len = (size_t)(text + marks[i + 1] - field);
    return field;
}

/* Of any form; lanes that are told one by one go the other way round, so that none is right by
 * chance. */
static uint32_t rows[FIELDS], lanes_of[FIELDS];

static struct column fields_column(void)
{
    struct column c = {.form = below(2) == 0 ? COLUMN_EVEN : COLUMN_ROWS,
                       .slice = text,
                       .marks = marks,
                       .stride = 1,
                       .row = rows,
                       .lane = lanes_of,
                       .n = n_fields,
                       .skip = 1,
                       .to = 1,
                       .cut = 1};
    for (size_t i = 0; i < n_fields; i++) {
        rows[i] = (uint32_t)i;
        lanes_of[i] = (uint32_t)(c.form == COLUMN_EVEN ? i : n_fields - 1 - i);
    }
    return c;
}

/* What a lane could not read is noted here. */
static bool others[FIELDS];

static bool note_other(void *context, size_t lane, const char *field, size_t len)
{
    size_t expected, i = lanes_of[lane]; /* either way, its own inverse */
    CHECK(field == field_at(i, &expected) && len == expected, "field %zu", i);
    others[i] = true;
    return context == NULL;
}

static size_t digits_at(const char *p, const char *end)
{
    size_t n = 0;
    while (p + n < end && p[n] >= '0' && p[n] <= '9')
        n++;
    return n;
}

/* [0-9]+(\.[0-9]+)?, no needless zero before, at most eight characters. */
static bool naive_decimal(const char *p, size_t len, int64_t *mant, int *exp)
{
    size_t whole = digits_at(p, p + len), decimals = 0;
    if (whole < len)
        decimals = digits_at(p + whole + 1, p + len);
    *mant = 0;
    *exp = -(int)decimals;
    for (size_t i = 0; i < len && i < 8; i++)
        if (p[i] != '.')
            *mant = *mant * 10 + (p[i] - '0');
    return len <= 8 && whole > 0 && (whole == 1 || *p != '0') &&
           (whole == len || (p[whole] == '.' && decimals > 0 && whole + 1 + decimals == len));
}

/* -?DECIMAL([eE][-+]?[0-9]{1,3})?, the exponent at most 250. */
static bool naive_number(const char *p, size_t len, int64_t *mant, int *exp)
{
    const size_t sign = len > 0 && *p == '-';
    size_t n = sign, power = 0;
    while (n < len && p[n] != 'e' && p[n] != 'E')
        n++;
    bool plain = naive_decimal(p + sign, n - sign, mant, exp);
    if (sign)
        *mant = -*mant;
    if (n == len)
        return plain;
    n++;
    const bool minus = n < len && p[n] == '-';
    n += minus || (n < len && p[n] == '+');
    const size_t digits = digits_at(p + n, p + len);
    for (size_t i = 0; i < digits && i < 3; i++)
        power = power * 10 + (size_t)(p[n + i] - '0');
    *exp += minus ? -(int)power : (int)power;
    return plain && digits >= 1 && digits <= 3 && n + digits == len && power <= 250;
}

static void random_number(char *to)
{
    static const char odd[] = "-+.eE ,:/\xff\xb0";
    size_t n = 0, len = below(8) == 0 ? below(20) : 1 + below(8);
    size_t point = below(2) == 0 ? below(9) : 99, noise = below(6) == 0 ? below(9) : 99;
    for (; n < len; n++)
        to[n] = (char)(n == point   ? '.'
                       : n == noise ? odd[below(sizeof odd - 1)]
                                    : '0' + (int)below(below(3) == 0 ? 1 : 10));
    to[n] = '\0';
    if (below(4) == 0 && n < 12)
        snprintf(
            to + n, 12, "%c%s%0*u", "eE" [below(2)],
            (const char *const[]) { "", "+", "-" }[below(3)], 1 + (int)below(3),
            below(below(2) == 0 ? 300 : 1200));
    if (below(4) == 0) {
        memmove(to + 1, to, strlen(to) + 1);
        *to = '-';
    }
}

static void test_numbers(const struct lanes *lanes)
{
    static struct value v[FIELDS];
    char field[WIDEST];
    start_fields();
    memset(others, 0, sizeof others);
    for (size_t n = 1 + below(FIELDS); n > 0; n--) {
        random_number(field);
        add_field(field);
    }
    struct column c = fields_column();
    CHECK(column_numbers(&c, lanes, v, note_other, NULL) == n_fields, "%s", lanes->name);
    for (size_t i = 0; i < n_fields; i++) {
        int64_t mant;
        int exp;
        size_t len;
        const char *p = field_at(i, &len);
        bool plain = naive_number(p, len, &mant, &exp);
        CHECK(plain == !others[i], "%s: %.*s", lanes->name, (int)len, p);
        const struct value *found = &v[lanes_of[i]];
        CHECK(!plain || (found->kind == VALUE_NUMBER && found->mant == mant && found->exp == exp),
              "%s: %.*s is %" PRId64 "e%d", lanes->name, (int)len, p, found->mant, found->exp);
    }
    /* Given up at the first other one; and where there is none, the group is known to be plain. */
    static struct lanes_numbers g;
    g.word[0] = bytes_u64_le("1       ");
    g.len[0] = 1;
    CHECK(lanes->numbers(&g, 1), "%s: rows behind the last one counted", lanes->name);
    size_t first = 0;
    while (first < n_fields && !others[first])
        first++;
    CHECK(column_numbers(&c, lanes, NULL, note_other, &c) == first, "%s", lanes->name);
}

/* Where only validity is asked, literals are plain, and what looks like them is not. */
static void test_literals(const struct lanes *lanes)
{
    static const char *const fields[] = {"true",  "false", "null",  "7",    "0.5",
                                         "tru",   "truee", "nul",   "fals", "True",
                                         "falsf", "nulll", "true1", "1f5"};
    start_fields();
    for (size_t n = 1 + below(FIELDS); n > 0; n--)
        add_field(fields[below(below(4) == 0 ? 14 : 5)]);
    memset(others, 0, sizeof others);
    struct column c = fields_column();
    CHECK(column_numbers(&c, lanes, NULL, note_other, NULL) == n_fields, "%s", lanes->name);
    for (size_t i = 0; i < n_fields; i++) {
        size_t len, k = 0;
        const char *p = field_at(i, &len);
        while (strlen(fields[k]) != len || memcmp(fields[k], p, len) != 0)
            k++;
        CHECK((k < 5) == !others[i], "%s: %.*s", lanes->name, (int)len, p);
    }
}

static void test_epochs(const struct lanes *lanes)
{
    static int64_t ns[FIELDS];
    char field[WIDEST];
    const struct epoch_units units = epoch_units(TIME_S);
    start_fields();
    memset(others, 0, sizeof others);
    for (size_t n = 1 + below(FIELDS); n > 0; n--) {
        size_t len = below(4) == 0 ? below(19) : 9 + below(2);
        for (size_t i = 0; i < len; i++)
            field[i] = (char)('0' + below(10));
        if (len > 0 && below(6) == 0)
            field[below((uint32_t)len)] = ". -/:0"[below(6)];
        field[len] = '\0';
        add_field(field);
    }
    struct column c = fields_column();
    CHECK(column_epochs(&c, lanes, &units, ns, note_other, NULL) == n_fields, "%s", lanes->name);
    for (size_t i = 0; i < n_fields; i++) {
        size_t len;
        const char *p = field_at(i, &len);
        int64_t value = 0;
        bool plain = len >= 9 && len <= 16 && digits_at(p, p + len) == len && *p != '0';
        for (size_t k = 0; plain && k < len; k++)
            value = value * 10 + (p[k] - '0');
        plain = plain && value <= INT64_MAX / 1000000000;
        CHECK(plain == !others[i], "%s: %.*s", lanes->name, (int)len, p);
        CHECK(!plain || ns[lanes_of[i]] == value * 1000000000, "%s: %.*s", lanes->name, (int)len,
              p);
    }
}

/* Times of two days, one of which is in the cache; what time_parse_fast() says, is right. */
static void test_times(const struct lanes *lanes)
{
    static int64_t ns[FIELDS];
    char field[WIDEST];
    struct time_cache cache = {0}, day = {0};
    static const char first[] = "2026-11-25T00:00:00Z";
    int64_t start;
    CHECK(time_parse_fast(&day, first, strlen(first), &start), "%s", first);
    start_fields();
    memset(others, 0, sizeof others);
    for (size_t n = 1 + below(FIELDS); n > 0; n--) {
        int len = snprintf(field, sizeof field, "2026-11-%02uT%02u:%02u:%02u",
                           25 + (below(16) == 0), below(25), below(61), below(61));
        if (below(4) != 0)
            len += snprintf(field + len, sizeof field - (size_t)len, ".%0*u", (int)below(11),
                            below(1000000000));
        field[len++] = below(16) == 0 ? 'z' : 'Z';
        field[len] = '\0';
        if (below(8) == 0)
            field[below((uint32_t)len)] = "0:.TZ/ 9"[below(8)];
        field[below(32) == 0 ? below((uint32_t)len) : (uint32_t)len] = '\0';
        add_field(field);
    }
    struct column c = fields_column();
    CHECK(column_times(&c, lanes, &day, ns, note_other, NULL) == n_fields, "%s", lanes->name);
    size_t n_others = 0;
    for (size_t i = 0; i < n_fields; i++) {
        size_t len;
        const char *p = field_at(i, &len);
        int64_t expected;
        bool plain = time_parse_fast(&cache, p, len, &expected);
        bool same_day = len >= 11 && memcmp(p, first, 11) == 0;
        CHECK((plain && same_day) == !others[i], "%s: %.*s", lanes->name, (int)len, p);
        CHECK(others[i] || ns[lanes_of[i]] == expected, "%s: %.*s", lanes->name, (int)len, p);
        n_others += others[i];
    }
    CHECK(n_others < n_fields || n_fields < 8, "%s: none was plain", lanes->name);
}

int main(void)
{
    for (size_t k = 0; vectors_get(k) != NULL; k++) {
        for (int round = 0; round < ROUNDS; round++) {
            test_numbers(vectors_get(k)->lanes);
            test_literals(vectors_get(k)->lanes);
            test_epochs(vectors_get(k)->lanes);
            test_times(vectors_get(k)->lanes);
        }
    }
    return unit_done();
}
