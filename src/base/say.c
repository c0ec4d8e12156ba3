#include "base/say.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/utf8.h"

/* Also U+0080 to U+009F, some of which begin sequences as an escape character does. */
static void put_visible(struct buf *to, const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        const unsigned char *p = (const unsigned char *)text + i;
        size_t n = *p < 0x80 ? 1 : utf8_valid_prefix(text + i, len - i < 4 ? len - i : 4);
        if (n > 1) /* the first character of what is valid */
            n = *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
        bool c1 = n == 2 && *p == 0xc2 && p[1] < 0xa0;
        if (n == 0 || *p < 0x20 || *p == 0x7f || c1) {
            buf_printf(to, "\\x%02x", c1 ? p[1] : *p);
            i += c1 ? 2 : 1;
            continue;
        }
        buf_put(to, text + i, n);
        i += n;
    }
}

void say(const char *format, ...)
{
    struct buf text = {0}, line = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    buf_puts(&line, "winagg: ");
    put_visible(&line, text.data, text.len);
    buf_putc(&line, '\n');
    fwrite(line.data, 1, line.len, stderr);
    buf_free(&text);
    buf_free(&line);
}
