/*
 * Compiled patterns against strptime(3), and times with a memo against times without: the patterns
 * that people write and random ones, on texts that fit, on those that nearly do, and with each byte
 * at each place.
 */
#include <string.h>

#include "pattern_differential.h"
#include "unit/unit.h"

static uint64_t state = 88172645463325252U;

static unsigned below(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % n;
}

static const char *const KNOWN[] = {
    "%d/%b/%Y:%H:%M:%S %z",
    "%b %d %H:%M:%S",
    "%b %e %H:%M:%S",
    "%Y-%m-%d %H:%M:%S,%f",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%FT%T%z",
    "%Y%m%d%H%M%S",
    "%y%m%d %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%a, %d %b %Y %H:%M:%S %z",
    "%a %b %d %H:%M:%S %Y",
    "%A, %B %d, %Y %r",
    "%d.%m.%Y %H:%M",
    "%-d/%-m/%y %k:%M",
    "%Y-%j",
    "%a %Y %j %H",
    "%j %H:%M",
    "%s.%f",
    "[%d/%b/%Y:%T %z]",
    "%c",
    "%D %R",
    "%x %X",
    "%n%d%t%m%n%Y",
    "%%%d%%%m%%%Y",
    "%b%d%Y",
    "%B%dch%Y",
    "%Y%b%d",
    "%d%b%y",
    "%H%d%m%y",
    "%p%I %F",
    "%p %H %I %F",
    "%I %H %p %F",
    "%u %w %F",
    "%m %j %Y",
    "%F %f %f",
    "%F %z %z",
    "%F%z %d",
    "%F %s",
    "%bch %d %Y",
    "%b ch %d %Y",
    "%F  %H",
    "%F %n %H ",
    " %F",
};

/* As it should be, or with blanks, without zeros, with any number of digits. */
static void put_number(char *text, size_t *len, unsigned value, int width)
{
    unsigned how = below(16);
    if (how == 0)
        *len += (size_t)sprintf(text + *len, " \t%u", value);
    else if (how == 1)
        *len += (size_t)sprintf(text + *len, "%u", value);
    else if (how == 2)
        *len += (size_t)sprintf(text + *len, "%*u", width, value);
    else
        *len += (size_t)sprintf(text + *len, "%0*u", width, value);
}

static void put_name(char *text, size_t *len, const char *name)
{
    char *at = text + *len;
    unsigned letters = below(3) > 0 ? 3 : (unsigned)strlen(name);
    *len += (size_t)sprintf(at, "%.*s", (int)letters, name);
    for (unsigned how = below(8); how < 2 && *at != '\0'; at++)
        if (how == 0 || below(2) == 0)
            *at ^= 0x20;
}

static void put_zone(char *text, size_t *len)
{
    static const char *const FORMS[] = {"%c%02u%02u", "%c%02u:%02u", "%c%02u", "  %c%02u%02u"};
    if (below(8) == 0)
        text[(*len)++] = "Zz"[below(2)];
    else
        *len += (size_t)sprintf(text + *len, FORMS[below(4)], "+-"[below(2)], below(25), below(62));
}

static void put_conversion(char *text, size_t *len, char letter)
{
    static const char *const MONTHS[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    static const char *const DAYS[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
    static const char LETTERS[] = "YymdejwuHkIlMS";
    static const struct {
        unsigned least, most;
        int width;
    } NUMBERS[] = {{1670, 2270, 4}, {0, 99, 2}, {0, 13, 2}, {0, 32, 2}, {0, 32, 2},
                   {0, 367, 3},     {0, 7, 1},  {0, 8, 1},  {0, 24, 2}, {0, 24, 2},
                   {0, 13, 2},      {0, 13, 2}, {0, 60, 2}, {0, 62, 2}};
    static const struct {
        char letter;
        const char *pattern;
    } LONGER[] = {{'c', "a b e H:M:S Y"}, {'x', "m/d/y"}, {'D', "m/d/y"}, {'F', "Y-m-d"},
                  {'r', "I:M:S p"},       {'X', "H:M:S"}, {'T', "H:M:S"}, {'R', "H:M"}};
    const char *number = strchr(LETTERS, letter);
    if (number != NULL) {
        size_t i = (size_t)(number - LETTERS);
        unsigned spread = NUMBERS[i].most - NUMBERS[i].least + 1;
        put_number(text, len, NUMBERS[i].least + below(spread), NUMBERS[i].width);
    } else if (strchr("bBh", letter) != NULL) {
        put_name(text, len, MONTHS[below(12)]);
    } else if (strchr("aA", letter) != NULL) {
        put_name(text, len, DAYS[below(7)]);
    } else if (letter == 'p') {
        *len += (size_t)sprintf(text + *len, "%s", below(2) ? "AM" : "pM");
    } else if (letter == 'f') {
        for (unsigned n = 1 + below(10); n > 0; n--)
            text[(*len)++] = (char)('0' + below(10));
    } else if (letter == 's') {
        *len += (size_t)sprintf(text + *len, "%u", below(2000000000));
    } else if (letter == 'z') {
        put_zone(text, len);
    } else if (letter == 'n' || letter == 't') {
        *len += (size_t)sprintf(text + *len, "%.*s", (int)below(3), " \n\v");
    } else if (letter == '%') {
        text[(*len)++] = '%';
    }
    for (size_t i = 0; i < sizeof LONGER / sizeof *LONGER; i++)
        for (const char *p = LONGER[i].letter == letter ? LONGER[i].pattern : ""; *p; p++) {
            if ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z')
                put_conversion(text, len, *p);
            else
                text[(*len)++] = *p;
        }
}

/* A text that the pattern reads, or nearly so. */
static size_t make_text(char *text, const char *pattern)
{
    size_t len = 0;
    for (const char *p = pattern; *p != '\0' && len < 300; p++) {
        if (*p != '%') {
            text[len++] = *p;
            continue;
        }
        do
            p++;
        while (*p != '\0' && strchr(PATTERN_FLAGS, *p) != NULL);
        put_conversion(text, &len, *p);
    }
    return len;
}

/* Changes a byte, leaves one out, puts one in, or cuts. */
static void mutate(char *text, size_t *len)
{
    static const char ALPHABET[] =
        "0123456789  :/-.,+%apmzZTjcJCHch\t\n\v\r\f@[`{!?\0\1\x80\xb0\xff";
    if (*len == 0)
        return;
    size_t at = below((unsigned)*len);
    char byte = ALPHABET[below(sizeof ALPHABET - 1)];
    switch (below(5)) {
    case 0:
        memmove(text + at, text + at + 1, *len - at - 1);
        --*len;
        break;
    case 1:
        memmove(text + at + 1, text + at, *len - at);
        text[at] = byte;
        ++*len;
        break;
    case 2:
        *len = at;
        break;
    default:
        text[at] = byte;
    }
}

static void make_pattern(char *pattern)
{
    static const char LETTERS[] = "YYYyymmbBhddejwuaAHHkIlpMMSSfzsnt%cxDFrXTR";
    static const char BYTES[] = "  ::--//..,TZ[]chx0\t";
    size_t len = 0;
    for (unsigned n = 1 + below(12); n > 0; n--) {
        pattern[len++] = '%';
        if (below(20) == 0)
            pattern[len++] = PATTERN_FLAGS[below(5)];
        pattern[len++] = LETTERS[below(sizeof LETTERS - 1)];
        for (unsigned bytes = below(4); bytes > 2 || (bytes > 0 && below(3) > 0); bytes--)
            pattern[len++] = BYTES[below(sizeof BYTES - 1)];
    }
    pattern[len] = '\0';
}

static bool check(const char *pattern, const char *text, size_t len)
{
    static const char *const FROM[] = {"2024-01-01", "2023-02-28", "2024-02-29", "2023-12-31",
                                       "2025-07-14", "1677-09-23", "2261-05-01"};
    bool compiled;
    bool same = pattern_differential(pattern, FROM[below(7)], below(2) == 0, text, len, &compiled);
    CHECK(same, "%s", pattern);
    return compiled;
}

/* Each text as it is and changed more and more; returns how many were compared. */
static int check_texts(const char *pattern, int rounds)
{
    int compared = 0;
    char text[700];
    for (int i = 0; i < rounds; i++) {
        size_t len = make_text(text, pattern);
        compared += check(pattern, text, len);
        for (int k = 0; k < 3; k++) {
            mutate(text, &len);
            compared += check(pattern, text, len);
        }
    }
    return compared;
}

static void test_known(void)
{
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++) {
        int compared = check_texts(KNOWN[i], 2000);
        CHECK(compared == 8000, "%s is compiled: %d", KNOWN[i], compared);
    }
}

static void test_random(void)
{
    int compared = 0;
    char pattern[200];
    for (int i = 0; i < 40000; i++) {
        make_pattern(pattern);
        compared += check_texts(pattern, 4);
    }
    CHECK(compared > 200000, "%d", compared);
}

/* Every byte at every place of a text. */
static void test_bytes(void)
{
    char text[700];
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++) {
        size_t len = make_text(text, KNOWN[i]);
        for (size_t at = 0; at < len; at++) {
            char was = text[at];
            for (int byte = 0; byte < 256; byte++) {
                text[at] = (char)byte;
                check(KNOWN[i], text, len);
            }
            text[at] = was;
        }
    }
}

/* As long as a text may be, and longer. */
static void test_long(void)
{
    char text[300];
    for (size_t len = 250; len < 260; len++) {
        memset(text, ' ', len);
        memcpy(text + len - 10, "2024-01-02", 10);
        check(" %F", text, len);
    }
}

/* Not compiled: as it always was. */
static void test_uncompiled(void)
{
    char longest[200] = "%F";
    memset(longest + 2, 'x', 120);
    const char *const PATTERNS[] = {"%C%y-%m-%d", "%Ey-%m-%d", "%EY-%Om-%Od", longest};
    for (size_t i = 0; i < sizeof PATTERNS / sizeof *PATTERNS; i++) {
        bool compiled;
        pattern_differential(PATTERNS[i], NULL, false, "2024-01-02", 10, &compiled);
        CHECK(!compiled, "%s", PATTERNS[i]);
    }
}

/* Where another clock on the same day is more than another clock. */
static void test_memo_odd(void)
{
    static const struct {
        const char *name, *from, *lines;
        bool local;
    } CASES[] = {
        /* In another year, on either side of --year-from. */
        {"%b %d %H:%M:%S %z", "2024-03-01", "Mar 01 12:00:00 +1300\nMar 01 23:00:00 +1300", false},
        {"%b %d %H:%M:%S", "2024-03-31", "Mar 31 01:30:00\nMar 31 03:30:00", true},
        {"%F %T", NULL, "2024-03-31 01:30:00\n2024-03-31 03:30:00", true},
        {"auto", NULL, "2024-10-27 03:30:00\n2024-10-27 01:30:00", true},
        {"%Y-%m-%d %H:%M:%S %H", NULL, "2024-01-01 05:00:00 06\n2024-01-01 07:00:00 06", false},
        {"%Y-%m-%d %H:%M:%S %s", NULL, "2024-01-01 05:00:00 6\n2024-01-01 07:00:00 6", false},
        {"%Y-%m-%d %I:%M:%S", NULL, "2024-01-01 11:00:00\n2024-01-01 12:00:00", false},
        {"%Y-%m-%d %H:%M:%S.%f", NULL, "2024-01-01 11:00:00.5\n2024-01-01 11:00:00.x", false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        CHECK(memo_differential(NULL, CASES[i].name, CASES[i].from, CASES[i].local, CASES[i].lines,
                                strlen(CASES[i].lines)),
              "%s", CASES[i].name);

    /* An earlier pattern may fit another clock. */
    struct time_format format = {0};
    struct time_memo memo = {0};
    struct error err;
    int64_t later, noon;
    CHECK(time_format_add(&format, "%Y-%d-%m 12:%M:%S", &err) &&
              time_format_add(&format, "%Y-%m-%d %H:%M:%S", &err),
          "both are patterns");
    time_memo_parse(&memo, &format, "2024-01-02 11:00:00", 19, &later);
    time_memo_parse(&memo, &format, "2024-01-02 12:00:00", 19, &noon);
    CHECK(noon - later == INT64_C(1000000000) * (30 * 86400 - 11 * 3600), "%" PRId64, noon - later);
}

/* Lines that differ in a few bytes each, mostly digits. */
static size_t make_lines(char *lines, const char *text, size_t len, int n)
{
    char line[700];
    size_t all = 0;
    memcpy(line, text, len);
    for (int i = 0; i < n; i++) {
        memcpy(lines + all, line, len);
        all += len;
        lines[all++] = '\n';
        if (below(4) == 0)
            memcpy(line, text, len);
        for (unsigned k = below(3); k > 0 && len > 0; k--) {
            char *at = line + below((unsigned)len);
            if ((*at >= '0' && *at <= '9') || below(20) == 0)
                *at = below(30) > 0 ? (char)('0' + below(10)) : " :+Z\n/,"[below(7)];
        }
    }
    return all;
}

static void test_memo(void)
{
    static const char *const AUTO[] = {
        "2024-03-31T12:34:56+01:00", "2024-03-31 12:34:56", "2024/10/27 12:34:56.123456789 UTC",
        "2024-10-27T12:34:56,5Z",    "20240331T123456Z",    "10/Oct/2000:13:55:36 -0700",
        "[31/Mar/2024:03:55:36]",    "1711843200.5",        "2024-03-31T12:34:56.1234567890Z",
        "2262-04-11T23:47:16Z",      "1677-09-21T00:12:44", "2024-03-31T24:00:00Z",
        "2024-03-31T12:34Z",         "2024-03-31"};
    static const char *const FROM[] = {"2024-03-31", "2024-02-29", "2023-10-28"};
    enum { PATTERNS = sizeof KNOWN / sizeof *KNOWN, AUTOS = sizeof AUTO / sizeof *AUTO };
    static char lines[40 * 700];
    char text[700];
    for (int i = 0; i < 4000; i++) {
        unsigned choice = below(PATTERNS + AUTOS);
        bool local = below(2) > 0;
        const char *name = choice < PATTERNS ? KNOWN[choice] : "auto";
        size_t len = choice < PATTERNS ? make_text(text, name) : strlen(AUTO[choice - PATTERNS]);
        if (choice >= PATTERNS)
            memcpy(text, AUTO[choice - PATTERNS], len);
        len = make_lines(lines, text, len, 40);
        const char *before = choice < PATTERNS && below(2) > 0 ? KNOWN[below(PATTERNS)] : NULL;
        CHECK(memo_differential(before, name, FROM[below(3)], local, lines, len), "%s", name);
    }
}

int main(void)
{
    /* Nothing may depend on the zone of the process. */
    setenv("TZ", "America/New_York", 1);
    test_known();
    test_random();
    test_bytes();
    test_long();
    test_uncompiled();
    test_memo();
    test_memo_odd();
    return unit_done();
}
