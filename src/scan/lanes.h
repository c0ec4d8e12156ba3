/*
 * scan/lanes.h - numbers and times of many records at once, each in a lane of a vector.
 *
 * A field of at most eight characters is one 64-bit word, and what digits.h does with a word,
 * vector instructions do with eight of them. Who has a column of fields lays out their words,
 * LANES_GROUP at a time, and gets the values back; what is not plain is marked, and read by the
 * slower path that stands behind each caller.
 *
 * lanes_body.h is the code, written for vectors of any width; lanes_avx512.c, lanes_avx2.c and
 * lanes.c (what the compiler makes of two lanes: SSE2, NEON) are its instances.
 */
#ifndef SCAN_LANES_H
#define SCAN_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LANES_GROUP = 64 };

/* Words have their first byte in the lowest bits. */
struct lanes_numbers {
    uint64_t word[LANES_GROUP];     /* in: the first eight bytes, whatever the length */
    uint64_t len[LANES_GROUP];      /* in */
    int64_t mant[LANES_GROUP];      /* out */
    uint64_t decimals[LANES_GROUP]; /* out: at most 7; LANES_OTHER if it is not plain */
};

struct lanes_exponents {
    uint64_t word[LANES_GROUP]; /* in: the first eight bytes, whatever the length */
    uint64_t tail[LANES_GROUP]; /* in: the last eight; of a shorter one, zeros before it */
    uint64_t len[LANES_GROUP];  /* in */
    int64_t mant[LANES_GROUP];  /* out */
    int64_t exp[LANES_GROUP];   /* out: a power of ten; LANES_NO_EXPONENT if it is not plain */
};

struct lanes_integers {
    uint64_t first[LANES_GROUP]; /* in: the first eight bytes of the field */
    uint64_t last[LANES_GROUP];  /* in: the last eight */
    uint64_t len[LANES_GROUP];   /* in */
    uint64_t value[LANES_GROUP]; /* out; LANES_OTHER if it is not plain */
};

struct lanes_times {
    uint64_t date[LANES_GROUP];     /* in: 0 if bytes 0 to 10 are those of the day at hand */
    uint64_t clock[LANES_GROUP];    /* in: bytes 11 to 18 */
    uint64_t fraction[LANES_GROUP]; /* in: bytes 20 to 27 */
    uint64_t ends[LANES_GROUP];     /* in: the length, 32 bits; the last two bytes; byte 19 */
    uint64_t ns[LANES_GROUP];       /* out: since midnight; LANES_NO_TIME if it is not plain */
};

#define LANES_OTHER UINT64_MAX
#define LANES_NO_EXPONENT INT64_MAX
#define LANES_NO_TIME (UINT64_C(1) << 63)

/* All read rows [0, n), 1 <= n <= LANES_GROUP, and return whether all of them are plain. */
struct lanes {
    const char *name;
    /* [0-9]+ or [0-9]+\.[0-9]+ of at most eight bytes, without needless zeros before. */
    bool (*numbers)(struct lanes_numbers *group, size_t n);
    /* After numbers(): true, false and null are plain, too. What they leave in mant is nothing. */
    bool (*literals)(struct lanes_numbers *group, size_t n);
    /* What numbers() reads, and behind it perhaps [eE][-+]?[0-9]{1,3}, up to 250. */
    bool (*exponents)(struct lanes_exponents *group, size_t n);
    /* [1-9][0-9]*, of 9 to 16 bytes. */
    bool (*integers)(struct lanes_integers *group, size_t n);
    /* DATEThh:mm:ss[.fraction](Z|z), the fraction of 1 to 9 digits. */
    bool (*times)(struct lanes_times *group, size_t n);
};

extern const struct lanes lanes_two; /* any machine */
#ifdef __x86_64__
extern const struct lanes lanes_avx2, lanes_avx512;
#endif

#endif
