/* Every instance of the marker against a naive one, on random bytes that are mostly marks. */
#include "unit/unit.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "scan/vectors.h"

enum { MOST = 1000, ROUNDS = 3000 };

static uint64_t random_state = 1;

static uint32_t below(uint32_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)((random_state >> 33) % n);
}

/* Bytes of these, or any; the more `plain`, the more of them are letters. */
static void fill(char *p, size_t len, uint32_t plain)
{
    static const char specials[] = "\"\"\\\\\\\\\n\n,,\r\t\x1f\x7f \x80\xc3\xff";
    for (size_t i = 0; i < len; i++)
        p[i] = below(plain + 1) > 0 ? (char)('a' + below(26))
               : below(8) == 0      ? (char)below(256)
                                    : specials[below(sizeof specials - 1)];
}

/* Character by character, as RFC 4180 has it. */
static void naive_csv(struct marks *m, const char *p, size_t len, char delimiter, bool quoted)
{
    enum { START, BARE, QUOTED, CLOSED } state = START;
    m->n = m->n_newlines = 0;
    m->high = m->quotes = m->doubled = m->misquoted = false;
    for (size_t i = 0; i < len; i++) {
        bool quote = quoted && p[i] == '"';
        bool separator = state != QUOTED && (p[i] == '\n' || p[i] == delimiter);
        bool end_of_line = p[i] == '\r' && p[i + 1] == '\n';
        m->quotes = m->quotes || quote;
        m->doubled = m->doubled || (state == CLOSED && quote);
        m->misquoted = quote ? state == BARE : state == CLOSED && !separator && !end_of_line;
        if (m->misquoted)
            return;
        if (separator)
            m->at[++m->n] = (uint32_t)i;
        m->n_newlines += separator && p[i] == '\n';
        m->high = m->high || (unsigned char)p[i] >= 0x80;
        state = separator         ? START
                : quote           ? (state == QUOTED ? CLOSED : QUOTED)
                : state == QUOTED ? QUOTED
                                  : BARE;
    }
}

static void naive_json(struct marks *m, const char *p, size_t len)
{
    size_t n = 0;
    bool escaped = false;
    m->n = 0;
    for (size_t i = 0; i < len; i++) {
        bool control = (unsigned char)p[i] < 0x20;
        if (control || (p[i] == '"' && !escaped))
            m->at[++n] = (uint32_t)i;
        if (p[i] == '\n')
            m->n = n;
        escaped = p[i] == '\\' && !escaped;
    }
}

/* Byte by byte, and back from each one to what stands before it. */
static void naive_outline(struct marks *m, const char *p, size_t len)
{
    bool inside = false, escaped = false, has_escape = false;
    char last = '\n'; /* the last byte that was no blank, of a string its closing quote */
    bool blank = false, ended_escaped = false;
    size_t n = 0;
    m->n = 0;
    m->wrong = m->spaced = m->loose = m->escaped_names = false;
    for (size_t i = 0; i < len && !m->wrong; i++) {
        const char c = p[i];
        const bool quote = c == '"' && !escaped;
        const bool mark = c == '\n' || (c != '\0' && strchr(":,{}[]", c) != NULL);
        escaped = c == '\\' && !escaped;
        if (inside) {
            has_escape = has_escape || escaped;
            m->wrong = (unsigned char)c < 0x20;
            inside = !quote;
            ended_escaped = quote && has_escape;
            continue;
        }
        if (c == ' ' || c == '\t' || c == '\r') {
            bool at_end = c == '\r' && p[i + 1] == '\n';
            m->spaced = true;
            m->loose = m->loose || blank || (c != ' ' && !at_end) || last == '"' || last == 'x' ||
                       (i == 0);
            m->escaped_names = m->escaped_names || ended_escaped;
            blank = true;
            continue;
        }
        m->wrong = (quote && (last == '"' || last == 'x')) || (last == '"' && !mark) ||
                   (c == ':' && last != '"');
        if (m->wrong)
            break;
        m->escaped_names = m->escaped_names || (c == ':' && ended_escaped);
        last = mark ? c : quote ? '"' : 'x';
        blank = ended_escaped = has_escape = false;
        inside = quote;
        if (mark)
            m->at[++n] = (uint32_t)i;
        if (c == '\n')
            m->n = n;
    }
}

static bool same_marks(const struct marks *a, const struct marks *b)
{
    return a->n == b->n && a->at[0] == UINT32_MAX &&
           memcmp(a->at + 1, b->at + 1, a->n * sizeof a->at[0]) == 0;
}

/*
 * A block must be among the odd ones if it has an odd byte; that others are does no harm. Escapes
 * must be all there, and no others.
 */
static bool right_odd(const struct marks *m, const char *p, size_t len)
{
    const struct marks_odd *odd = m->odd;
    bool escaped = false;
    for (size_t i = 0; i < len; i++) {
        while ((size_t)odd->at + MARKS_BLOCK <= i)
            odd++;
        bool listed = odd->at <= i, high = (unsigned char)p[i] >= 0x80;
        bool start = p[i] == '\\' && !escaped;
        if (high && !(listed && odd->high))
            return false;
        if (start != (listed && (odd->escapes >> (i - odd->at) & 1) != 0))
            return false;
        escaped = start;
    }
    while (odd->at != UINT32_MAX)
        odd++;
    return (size_t)(odd - m->odd) <= len / MARKS_BLOCK + 1;
}

/* Outlines of what is mostly JSON. A name with an escape must be seen, others may be taken for one.
 */
static void test_outlines(void)
{
    static const char *const parts[] = {"{",    "}",    "[",   "]",      ":",    ",",     "\"",
                                        "\n",   " ",    "\t",  "\r",     "\r\n", "\\",    "x",
                                        "7",    "\\\"", "\f",  "\x1a",   "é",    "\"\":", ", \"",
                                        "\": ", "{\"",  "}\n", "\\\\\"", "\x01", "  "};
    static const char *const plain[] = {"{\"a\":1,\"b\": \"c\"}\n", "{\"a\\u0041\":[1, \"x:\"]}\n",
                                        "{\"a\":\"\\\"\", \"bcdefg\":{}}\r\n"};
    struct marks expected = {0}, found = {0};
    size_t n_wrong = 0, n_marks = 0;
    marks_reserve(&expected, MOST);
    marks_reserve(&found, MOST);
    for (int round = 0; round < 5 * ROUNDS; round++) {
        char text[MOST + MARKS_BLOCK];
        size_t len = 0, most = below(2) == 0 ? 60 : 400;
        uint32_t mean = below(20);
        while (len < most) {
            const char *part = below(mean + 1) == 0 ? parts[below(sizeof parts / sizeof parts[0])]
                                                    : plain[below(3)];
            memcpy(text + len, part, strlen(part));
            len += strlen(part);
        }
        memset(text + len, "\n x\""[below(4)], MARKS_BLOCK);
        naive_outline(&expected, text, len);
        n_wrong += expected.wrong;
        n_marks += expected.n;
        for (size_t k = 0; vectors_get(k) != NULL; k++) {
            const struct marker *marker = vectors_get(k)->marker;
            marker->outline(&found, text, len);
            CHECK(same_marks(&found, &expected) && found.wrong == expected.wrong, "%s: %.*s",
                  marker->name, (int)len, text);
            CHECK(expected.wrong ||
                      (found.loose == expected.loose && found.spaced == expected.spaced &&
                       found.escaped_names == expected.escaped_names),
                  "%s: %.*s", marker->name, (int)len, text);
            CHECK(expected.wrong || right_odd(&found, text, len), "%s: odd blocks, round %d",
                  marker->name, round);
        }
    }
    CHECK(n_wrong > ROUNDS && n_marks > 10 * ROUNDS, "%zu wrong, %zu marks", n_wrong, n_marks);
    marks_free(&expected);
    marks_free(&found);
}

/* Numbers of JSON's grammar, without exponents, a comma between them and perhaps a blank. */
static bool naive_numbers(const char *p, size_t len)
{
    size_t i = 0;
    for (bool first = true; first || i < len; first = false) {
        if (!first && p[i++] != ',')
            return false;
        i += i < len && p[i] == ' ';
        i += i < len && p[i] == '-';
        size_t start = i;
        while (i < len && p[i] >= '0' && p[i] <= '9')
            i++;
        if (i == start || (p[start] == '0' && i - start > 1))
            return false;
        if (i == len || p[i] != '.')
            continue;
        start = ++i;
        while (i < len && p[i] >= '0' && p[i] <= '9')
            i++;
        if (i == start)
            return false;
    }
    return true;
}

/* Lists of numbers that mostly are some, over the borders of blocks, too; any byte behind them. */
static void test_numbers(void)
{
    static const char *const parts[] = {"1",  "0",  "-",   ".",  ",",     ", ",   "12", "0.5", "-3",
                                        "10", "00", "1.2", "1,", "12.50", ".1.1", "e5", " ",   "}"};
    size_t right = 0;
    for (int round = 0; round < 20 * ROUNDS; round++) {
        char text[400];
        size_t len = 0, most = below(4) == 0 ? 300 : below(80);
        uint32_t mean = below(60);
        while (len < most) {
            bool any = below(mean + 1) == 0;
            const char *part = any ? parts[below(sizeof parts / sizeof parts[0])]
                                   : (below(3) == 0   ? "7"
                                      : below(2) == 0 ? "123.4,"
                                                      : "5, -0.25,9");
            memcpy(text + len, part, strlen(part));
            len += strlen(part);
        }
        memset(text + len, "0,.- ]"[below(6)], MARKS_BLOCK);
        bool expected = naive_numbers(text, len);
        right += expected;
        for (size_t k = 0; vectors_get(k) != NULL; k++)
            CHECK(vectors_get(k)->marker->numbers(text, len) == expected, "%s: %.*s",
                  vectors_get(k)->marker->name, (int)len, text);
    }
    CHECK(right > ROUNDS && right < 19 * ROUNDS, "%zu", right);
}

int main(void)
{
    struct marks expected = {0}, found = {0};
    marks_reserve(&expected, MOST);
    marks_reserve(&found, MOST);
    for (int round = 0; round < ROUNDS; round++) {
        size_t len = 1 + below(MOST);
        char *p = memory_alloc(len + MARKS_BLOCK), delimiter = below(2) == 0 ? ',' : '\t';
        fill(p, len + MARKS_BLOCK, (uint32_t)1 << below(8));
        for (size_t k = 0; vectors_get(k) != NULL; k++) {
            const struct marker *marker = vectors_get(k)->marker;
            bool quoted = round % 4 != 0;
            naive_csv(&expected, p, len, delimiter, quoted);
            marker->csv(&found, p, len, delimiter, quoted);
            CHECK(same_marks(&found, &expected) && found.n_newlines == expected.n_newlines &&
                      found.high == expected.high && found.misquoted == expected.misquoted &&
                      (found.quotes || !expected.quotes) && (found.doubled || !expected.doubled),
                  "%s: csv, round %d", marker->name, round);
            naive_json(&expected, p, len);
            marker->json(&found, p, len);
            CHECK(same_marks(&found, &expected), "%s: json, round %d", marker->name, round);
            CHECK(right_odd(&found, p, len), "%s: odd blocks, round %d", marker->name, round);
        }
        free(p);
    }
    marks_free(&expected);
    marks_free(&found);
    test_outlines();
    test_numbers();
    return unit_done();
}
