/*
 * base/wire.h - little-endian integers and counted bytes, written to a buf and read back.
 *
 * Readers take a cursor: *at is stepped forward, `end` bounds it. Every reader returns false, and
 * leaves *at alone, when too few bytes are left: a snapshot is checked before it is read, so that
 * is a damaged file or a bug, never undefined behaviour.
 */
#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"

static inline void wire_put_u8(struct buf *to, uint8_t n)
{
    buf_put(to, &n, sizeof n);
}

static inline void wire_put_u32(struct buf *to, uint32_t n)
{
    n = htole32(n);
    buf_put(to, &n, sizeof n);
}

static inline void wire_put_u64(struct buf *to, uint64_t n)
{
    n = htole64(n);
    buf_put(to, &n, sizeof n);
}

static inline void wire_put_i64(struct buf *to, int64_t n)
{
    wire_put_u64(to, (uint64_t)n);
}

/* 7 bits a byte, the lowest first; the highest bit: more follow. Returns what is behind it. */
enum { WIRE_VARINT_MAX = 10 };
static inline char *wire_varint_at(char *at, uint64_t n)
{
    for (; n > 0x7f; n >>= 7)
        *at++ = (char)(0x80 | (n & 0x7f));
    *at++ = (char)n;
    return at;
}

/* u64 length, then the bytes */
static inline void wire_put_bytes(struct buf *to, const void *bytes, size_t len)
{
    wire_put_u64(to, len);
    buf_put(to, bytes, len);
}

static inline bool wire_u8(const unsigned char **at, const unsigned char *end, uint8_t *n)
{
    if (*at == end)
        return false;
    *n = *(*at)++;
    return true;
}

static inline bool wire_u32(const unsigned char **at, const unsigned char *end, uint32_t *n)
{
    if ((size_t)(end - *at) < sizeof *n)
        return false;
    memcpy(n, *at, sizeof *n);
    *n = le32toh(*n);
    *at += sizeof *n;
    return true;
}

static inline bool wire_u64(const unsigned char **at, const unsigned char *end, uint64_t *n)
{
    if ((size_t)(end - *at) < sizeof *n)
        return false;
    memcpy(n, *at, sizeof *n);
    *n = le64toh(*n);
    *at += sizeof *n;
    return true;
}

static inline bool wire_i64(const unsigned char **at, const unsigned char *end, int64_t *n)
{
    uint64_t bits;
    if (!wire_u64(at, end, &bits))
        return false;
    *n = (int64_t)bits;
    return true;
}

/* In its one form: without a last byte that adds nothing. */
static inline bool wire_varint(const unsigned char **at, const unsigned char *end, uint64_t *n)
{
    const unsigned char *p = *at;
    *n = 0;
    for (unsigned shift = 0; p != end && shift < 64; shift += 7) {
        unsigned char byte = *p++;
        *n |= (uint64_t)(byte & 0x7f) << shift;
        if (byte > 0x7f)
            continue;
        if ((byte == 0 && shift > 0) || (shift == 63 && byte > 1))
            return false;
        *at = p;
        return true;
    }
    return false;
}

/* *bytes points into the cursor's memory. */
static inline bool wire_bytes(const unsigned char **at, const unsigned char *end,
                              const void **bytes, size_t *len)
{
    const unsigned char *p = *at;
    uint64_t n;
    if (!wire_u64(&p, end, &n) || n > (uint64_t)(end - p))
        return false;
    *bytes = p;
    *len = (size_t)n;
    *at = p + n;
    return true;
}

#endif
