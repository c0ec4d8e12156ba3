/*
 * base/wire.h - little-endian integers and counted bytes, written to a buf and read back.
 *
 * Readers take a cursor: *at is stepped forward, `end` bounds it. Every reader returns false, and
 * leaves *at alone, when too few bytes are left: a snapshot is checked before it is read, so that
 * is a damaged file or a bug, never undefined behaviour.
 */
#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

void wire_put_u8(struct buf *to, uint8_t n);
void wire_put_u32(struct buf *to, uint32_t n);
void wire_put_u64(struct buf *to, uint64_t n);
void wire_put_i64(struct buf *to, int64_t n);
void wire_put_bytes(struct buf *to, const void *bytes, size_t len); /* u64 length, then bytes */

bool wire_u8(const unsigned char **at, const unsigned char *end, uint8_t *n);
bool wire_u32(const unsigned char **at, const unsigned char *end, uint32_t *n);
bool wire_u64(const unsigned char **at, const unsigned char *end, uint64_t *n);
bool wire_i64(const unsigned char **at, const unsigned char *end, int64_t *n);
/* *bytes points into the cursor's memory. */
bool wire_bytes(const unsigned char **at, const unsigned char *end, const void **bytes,
                size_t *len);

#endif
