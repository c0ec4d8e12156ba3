/*
 * snapshot/digest.h - a running hash of all input bytes, which can be saved and gone on with.
 *
 *     d(0) = 0,   d(k + 1) = XXH3-128 of chunk k, seeded with d(k)      chunks of 64 KiB
 *
 * and the digest of a length is that chain over its whole chunks, then the hash of the rest. A
 * saved XXH3 stream state would tie the file to the library's struct; this ties it to the bytes.
 */
#ifndef SNAPSHOT_DIGEST_H
#define SNAPSHOT_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { DIGEST_CHUNK_BYTES = 1 << 16 };

struct digest {
    uint64_t low, high; /* over the whole chunks */
    uint64_t bytes;     /* all that went in */
    struct buf rest;    /* the last bytes % DIGEST_CHUNK_BYTES of them */
};

/* What identifies a piece of input. */
struct digest_value {
    uint64_t low, high;
};

void digest_add(struct digest *digest, const void *bytes, size_t len);
struct digest_value digest_value(const struct digest *digest);
void digest_free(struct digest *digest); /* and back to that of no bytes */

struct digest_value digest_of(const void *bytes, size_t len); /* of one short piece */
bool digest_equal(struct digest_value a, struct digest_value b);

/* For digest.c: XXH3-128 of a machine that has AVX2. */
struct digest_value digest_fold_avx2(uint64_t seed, const void *bytes, size_t len);

#endif
