/*
 * base/packed.h - bytes that are no text: compressed ones, as their first bytes tell.
 */
#ifndef BASE_PACKED_H
#define BASE_PACKED_H

#include <stddef.h>

enum { PACKED_MAGIC_BYTES = 6 };

/* The program that unpacks (`gzip`, `xz`, ...) what begins with these bytes; NULL: it is not
 * packed. */
const char *packed_program(const void *bytes, size_t len);

/* What unpacks to a pipe, as one would type it: `zcat`, `xz -dc`. */
const char *packed_reader(const char *program);

#endif
