#include "input/json_fast_text.h"

#include <string.h>

#include "base/hex.h"
#include "base/utf8.h"

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
