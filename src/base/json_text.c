#include "base/json_text.h"

#include <stdbool.h>

#include "base/utf8.h"

#define EVERY_BYTE 0x0101010101010101u

/* In each byte of a word the high bit, where that byte of `w` is zero; above the lowest such byte
 * there may be false ones, which a test for "none at all" does not mind. */
static uint64_t zero_bytes(uint64_t w)
{
    return (w - EVERY_BYTE) & ~w & (EVERY_BYTE << 7);
}

/* Whether 8 bytes hold nothing to escape. */
static bool is_plain_word(const char *text)
{
    uint64_t w;
    memcpy(&w, text, sizeof w);
    uint64_t control = (w - EVERY_BYTE * 0x20) & ~w & (EVERY_BYTE << 7);
    return (control | zero_bytes(w ^ (EVERY_BYTE * '"')) | zero_bytes(w ^ (EVERY_BYTE * '\\'))) ==
           0;
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

static void put_escaped(struct buf *to, char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i + 1 < sizeof letters; i += 2) {
        if (letters[i] == c) {
            char pair[2] = {'\\', letters[i + 1]};
            buf_put(to, pair, 2);
            return;
        }
    }
    char code[6] = {'\\', 'u', '0', '0', hex[(c >> 4) & 15], hex[c & 15]};
    buf_put(to, code, 6);
}

static void put_plain(struct buf *to, const char *text, size_t len)
{
    size_t start = 0, i = 0;
    while (i < len) {
        while (len - i >= 8 && is_plain_word(text + i))
            i += 8;
        while (i < len && is_plain(text[i]))
            i++;
        buf_put(to, text + start, i - start);
        if (i < len)
            put_escaped(to, text[i++]);
        start = i;
    }
}

void json_text_string(struct buf *to, const char *text, size_t len)
{
    struct buf repaired = {0};
    if (!utf8_valid(text, len)) { /* U+FFFD in the place of what is no character */
        utf8_repair(&repaired, text, len);
        text = repaired.data;
        len = repaired.len;
    }
    buf_reserve(to, len + 2);
    buf_putc(to, '"');
    put_plain(to, text, len);
    buf_putc(to, '"');
    buf_free(&repaired);
}

void json_text_datum(struct buf *to, const struct datum *datum)
{
    switch (datum->kind) {
    case DATUM_NULL:
        buf_puts(to, "null");
        break;
    case DATUM_FALSE:
        buf_puts(to, "false");
        break;
    case DATUM_TRUE:
        buf_puts(to, "true");
        break;
    case DATUM_NUMBER:
    case DATUM_JSON:
        buf_put(to, datum->text, datum->len);
        break;
    case DATUM_STRING:
        json_text_string(to, datum->text, datum->len);
        break;
    }
}

void json_text_encoded(struct buf *to, const void *encoded, size_t len)
{
    struct buf scratch = {0}, text = {0};
    const unsigned char *at = encoded;
    struct value v = {.kind = VALUE_NULL};
    if (len > 0 && !value_decode(&at, at + len, &v, &scratch))
        v.kind = VALUE_NULL;
    struct datum datum = value_datum(&v, &text);
    json_text_datum(to, &datum);
    buf_free(&scratch);
    buf_free(&text);
}
