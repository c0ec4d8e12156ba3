/*
 * input/scan.h - the vector half of the JSON fast path: finding quotes, and matching shapes.
 *
 * First a record is indexed: one pass, 64 bytes at a time, makes a bitmap of where its marks stand,
 * its quotes and its control characters, up to the newline (after Langdale and Lemire, "Parsing
 * Gigabytes of JSON per Second", VLDB Journal 28(6), 2019). Then it is laid against a shape, the
 * outline of an earlier record: constant text with holes where values stand.
 *
 *     {"ts":"▁▁▁▁▁▁","host":"▁▁▁","status":▁▁▁,"ok":▁▁▁}\n      chunks and holes
 *     ─┬─────      ─────┬────   ─────┬─────   ──┬──  ─┬─
 *
 * Every chunk holds a mark, so the bitmap says at once where the hole before it ends: no loop runs
 * over a string, and nothing depends on how long it is. The chunks being equal to those of a record
 * that the walk has validated in full, and each hole holding a valid token of the same class, the
 * record is valid and of the same structure.
 *
 * scan_body.h is the code; scan_avx2.c, scan_sse2.c and scan_swar.c are its instances.
 */
#ifndef INPUT_SCAN_H
#define INPUT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input/json_fast_projection.h"

enum { SCAN_BLOCK = 64, SCAN_CHUNK = 32, SCAN_MOST_BLOCKS = 1 << 15 };

/* Where the marks of a record are: quotes (but not escaped ones) and control characters. */
struct scan_index {
    uint64_t *marks; /* a bit for each byte, a word for each block */
    size_t capacity; /* in words */
    bool escapes;    /* there are backslashes; each is one of a valid escape or outside a string */
};

/* Is the byte one that the index marks? (An escaped quote looks like one and is none.) */
static inline bool scan_is_mark(char c)
{
    return c == '"' || (unsigned char)c < 0x20;
}

/* The same for a mark that is not in the block of `at`, but in that of `word` or further on. */
size_t scan_next_far(const uint64_t *word, size_t at);

/* The first mark at or behind offset `at` of the record. There is one: the newline. */
static inline size_t scan_next(const uint64_t *marks, size_t at)
{
    /* Two words make 64 bits from `at` on, so that no branch depends on where blocks begin. */
    const uint64_t *word = marks + at / SCAN_BLOCK;
    uint64_t ahead = word[0] >> (at % SCAN_BLOCK) | word[1] << 1 << (~at % SCAN_BLOCK);
    if (__builtin_expect(ahead == 0, 0))
        return scan_next_far(word + 1, at);
    return at + (size_t)__builtin_ctzll(ahead);
}

/* What is to be done behind a chunk. What a case cannot do is done as by SCAN_PUT. */
enum scan_action {
    SCAN_GO_ON,        /* no hole: the chunk was too long, the next step has more of it */
    SCAN_END,          /* no hole: the chunk ends with the newline */
    SCAN_SKIP_STRING,  /* nobody wants it */
    SCAN_STORE_STRING, /* one column takes it as it is */
    SCAN_TIME_STRING,  /* only the time, in RFC 3339 as machines write it */
    SCAN_SKIP_NUMBER,  /* or a literal */
    SCAN_STORE_NUMBER, /* one column takes it */
    SCAN_PUT,          /* projection_put() */
};

struct scan_step {
    char chunk[SCAN_CHUNK]; /* what stands here: len bytes, then zeros */
    uint32_t care;          /* a bit for each of the len bytes */
    uint32_t column;        /* that stores */
    uint8_t len;
    uint8_t action; /* enum scan_action */
    bool is_string;
    char next;                          /* the first byte behind the hole */
    uint8_t mark_after;                 /* the hole ends so many bytes before the next mark */
    const struct projection_node *node; /* who wants what is in the hole; NULL: nobody */
};

struct scan_shape {
    struct scan_step *steps;
    size_t n_steps;
    struct scan_constant {
        uint32_t column;
        uint8_t kind; /* VALUE_NULL for a field that such records lack, or VALUE_TRUE */
    } * constants;
    size_t n_constants;
    struct projection *projection; /* borrowed */
    bool hit;                      /* since it was learnt */
};

struct scan {
    const char *name;
    /*
     * Indexes the record at p and returns its newline; there must be one, and BLOCK_PADDING
     * readable bytes behind it. NULL if the record is not plain: bad UTF-8, a bad escape, too long.
     */
    const char *(*index)(struct scan_index *index, const char *p);
    /* Reads the indexed record into a lane; false if the shape does not fit or a value does not. */
    bool (*match)(const struct scan_shape *shape, const struct scan_index *index, const char *p,
                  struct batch *batch, size_t lane);
};

extern const struct scan scan_swar; /* any machine */
#ifdef __x86_64__
extern const struct scan scan_sse2, scan_avx2;
#endif

/* Those that this machine can run, fastest first; NULL behind the last. */
const struct scan *scan_get(size_t i);

/* Makes room for more blocks; false when there are too many. */
bool scan_index_grow(struct scan_index *index);
void scan_index_free(struct scan_index *index);

#endif
