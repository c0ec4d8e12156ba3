#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

void buf_grow(struct buf *b, size_t more)
{
    size_t cap = b->cap ? b->cap : 64;
    while (cap - b->len < more)
        cap *= 2;
    b->data = memory_realloc(b->data, cap);
    b->cap = cap;
}

void buf_free(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    if (len > 0) {
        vsnprintf(buf_reserve(b, (size_t)len + 1), (size_t)len + 1, format, again);
        b->len += (size_t)len;
    }
    va_end(again);
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(b, format, args);
    va_end(args);
}

const char *buf_cstr(struct buf *b)
{
    *buf_reserve(b, 1) = '\0';
    return b->data;
}

void buf_put_quoted(struct buf *b, const char *text, size_t len, char quote)
{
    buf_putc(b, quote);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == quote)
            buf_putc(b, quote);
        buf_putc(b, text[i]);
    }
    buf_putc(b, quote);
}

void buf_put_u64(struct buf *b, uint64_t n)
{
    char digits[20];
    size_t i = sizeof digits;
    do {
        digits[--i] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    buf_put(b, digits + i, sizeof digits - i);
}

void buf_put_i64(struct buf *b, int64_t n)
{
    if (n < 0)
        buf_putc(b, '-');
    buf_put_u64(b, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}
