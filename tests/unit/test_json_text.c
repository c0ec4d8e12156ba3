#include "base/json_text.h"
#include "unit/unit.h"

static void expect(const char *text, size_t len, const char *json)
{
    struct buf b = {0};
    json_text_string(&b, text, len);
    CHECK(strcmp(buf_cstr(&b), json) == 0, "%s, not %s", buf_cstr(&b), json);
    buf_free(&b);
}

/* The same, a byte at a time. */
static void naive(struct buf *to, const char *text, size_t len)
{
    static const char special[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
    buf_putc(to, '"');
    for (size_t i = 0; i < len; i++) {
        const char *found = text[i] == '\0' ? NULL : strchr(special, text[i]);
        if (found != NULL)
            buf_printf(to, "\\%c", letter[found - special]);
        else if ((unsigned char)text[i] < 0x20)
            buf_printf(to, "\\u%04x", (unsigned)text[i]);
        else if ((unsigned char)text[i] >= 0x80) /* none that it is given is part of a character */
            buf_puts(to, "\xef\xbf\xbd");
        else
            buf_putc(to, text[i]);
    }
    buf_putc(to, '"');
}

int main(void)
{
    expect("", 0, "\"\"");
    expect("plain", 5, "\"plain\"");
    expect("a\"b\\c", 5, "\"a\\\"b\\\\c\"");
    expect("\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"");
    expect("\0\x1f", 2, "\"\\u0000\\u001f\"");
    expect("\x7f", 1, "\"\x7f\"");
    expect("\xc3\xbc\xe2\x82\xac", 5, "\"\xc3\xbc\xe2\x82\xac\"");

    expect("a\xff\xc3(\xe2\x82", 6, "\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\"");

    /* Every byte at every place of the eight-byte stride, alone and beside each other. */
    for (int c = 0; c < 256; c++) {
        for (size_t at = 0; at < 20; at++) {
            char text[20];
            memset(text, 'x', sizeof text);
            text[at] = (char)c;
            text[(at + 1) % sizeof text] = (char)(c + 1);
            struct buf is = {0}, expected = {0};
            json_text_string(&is, text, sizeof text);
            naive(&expected, text, sizeof text);
            CHECK(is.len == expected.len && memcmp(is.data, expected.data, is.len) == 0,
                  "byte %d at %zu", c, at);
            buf_free(&is);
            buf_free(&expected);
        }
    }
    return unit_done();
}
