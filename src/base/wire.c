#include "base/wire.h"

static void put_le(struct buf *to, uint64_t n, size_t bytes)
{
    char *p = buf_reserve(to, bytes);
    for (size_t i = 0; i < bytes; i++)
        p[i] = (char)(n >> (8 * i));
    to->len += bytes;
}

static bool get_le(const unsigned char **at, const unsigned char *end, size_t bytes, uint64_t *n)
{
    if ((size_t)(end - *at) < bytes)
        return false;
    *n = 0;
    for (size_t i = 0; i < bytes; i++)
        *n |= (uint64_t)(*at)[i] << (8 * i);
    *at += bytes;
    return true;
}

void wire_put_u8(struct buf *to, uint8_t n)
{
    put_le(to, n, 1);
}

void wire_put_u32(struct buf *to, uint32_t n)
{
    put_le(to, n, 4);
}

void wire_put_u64(struct buf *to, uint64_t n)
{
    put_le(to, n, 8);
}

void wire_put_i64(struct buf *to, int64_t n)
{
    put_le(to, (uint64_t)n, 8);
}

void wire_put_bytes(struct buf *to, const void *bytes, size_t len)
{
    wire_put_u64(to, len);
    buf_put(to, bytes, len);
}

bool wire_u8(const unsigned char **at, const unsigned char *end, uint8_t *n)
{
    uint64_t wide;
    if (!get_le(at, end, 1, &wide))
        return false;
    *n = (uint8_t)wide;
    return true;
}

bool wire_u32(const unsigned char **at, const unsigned char *end, uint32_t *n)
{
    uint64_t wide;
    if (!get_le(at, end, 4, &wide))
        return false;
    *n = (uint32_t)wide;
    return true;
}

bool wire_u64(const unsigned char **at, const unsigned char *end, uint64_t *n)
{
    return get_le(at, end, 8, n);
}

bool wire_i64(const unsigned char **at, const unsigned char *end, int64_t *n)
{
    uint64_t bits;
    if (!get_le(at, end, 8, &bits))
        return false;
    *n = (int64_t)bits;
    return true;
}

bool wire_bytes(const unsigned char **at, const unsigned char *end, const void **bytes, size_t *len)
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
