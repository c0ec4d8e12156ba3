/*
 * base/buf.h - a byte buffer that grows.
 *
 * `struct buf b = {0};` is an empty one; buf_free() releases it and makes it empty again. The bytes
 * are not NUL-terminated unless buf_cstr() is asked. A pointer into a buf dies with the next call
 * that may grow it.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
    char *data;
    size_t len, cap;
};

void buf_grow(struct buf *b, size_t more); /* slow path of buf_reserve */
void buf_free(struct buf *b);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
const char *buf_cstr(struct buf *b); /* NUL-terminated; the NUL is not counted in len */

/* Makes room for `more` bytes and returns where they go, even if these are none; add what was
 * written to b->len. */
static inline char *buf_reserve(struct buf *b, size_t more)
{
    if (b->cap - b->len < more || b->data == NULL)
        buf_grow(b, more);
    return b->data + b->len;
}

static inline void buf_put(struct buf *b, const void *bytes, size_t len)
{
    if (len > 0) {
        char *room = buf_reserve(b, len);
        if (room == NULL)
            __builtin_unreachable(); /* for analysers, which see one file at a time */
        memcpy(room, bytes, len);
    }
    b->len += len;
}

static inline void buf_putc(struct buf *b, char c)
{
    *buf_reserve(b, 1) = c;
    b->len++;
}

static inline void buf_puts(struct buf *b, const char *text)
{
    buf_put(b, text, strlen(text));
}

/* Between quotes, those within doubled, as SQL and CSV have it. */
void buf_put_quoted(struct buf *b, const char *text, size_t len, char quote);
void buf_put_u64(struct buf *b, uint64_t n); /* in decimal */
void buf_put_i64(struct buf *b, int64_t n);

#endif
