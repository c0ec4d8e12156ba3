#include "input/json_fast_text.h"

#include <string.h>

#include "base/hex.h"
#include "base/utf8.h"

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* The digits behind \u, of a surrogate: its first half (of D8 to DB) or its second. */
static bool is_surrogate(const char *p, bool second)
{
    bool high = memchr("89aAbB", p[1], 6) != NULL;
    return (p[0] | 0x20) == 'd' && is_hex(p[1]) && is_hex(p[2]) && is_hex(p[3]) &&
           (p[1] < '8' ? false : high != second);
}

bool json_fast_escape(const char *p, bool *second)
{
    bool had_first = *second;
    *second = false;
    if (had_first)
        return *p == 'u' && is_surrogate(p + 1, true);
    switch (*p) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return true;
    case 'u':
        if (is_surrogate(p + 1, false)) {
            *second = p[5] == '\\';
            return *second;
        }
        return is_hex(p[1]) && is_hex(p[2]) && is_hex(p[3]) && is_hex(p[4]) &&
               memcmp(p + 1, "0000", 4) != 0 && !is_surrogate(p + 1, true);
    default:
        return false;
    }
}

/* Four digits, which are there. */
static uint32_t hex4(const char *p)
{
    uint32_t n = 0;
    for (int i = 0; i < 4; i++)
        n = n << 4 | ((uint32_t)hex_value(p[i]) & 15);
    return n;
}

/* Steps *p, which stands behind \u, over the digits, and over those of a pair's second half. */
static uint32_t take_unit(const char **p)
{
    uint32_t c = hex4(*p);
    *p += 4;
    if (c >= 0xd800 && c < 0xdc00) {
        c = 0x10000 + ((c & 0x3ff) << 10) + (hex4(*p + 2) & 0x3ff);
        *p += 6;
    }
    return c;
}

void json_fast_undo(struct value *text, struct arena *arena)
{
    static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
    const char *p = text->text, *end = p + text->len;
    char *undone = arena_alloc(arena, text->len + 1), *to = undone;
    while (p < end) {
        const char *backslash = memchr(p, '\\', (size_t)(end - p));
        size_t plain = (size_t)((backslash == NULL ? end : backslash) - p);
        memcpy(to, p, plain);
        to += plain;
        p += plain;
        if (p == end)
            break;
        char c = p[1];
        p += 2;
        const char *letter = strchr(letters, c);
        if (c == 'u')
            to = utf8_put(to, take_unit(&p));
        else
            *to++ = letter != NULL ? meant[letter - letters] : c;
    }
    text->text = undone;
    text->len = (uint32_t)(to - undone);
}
