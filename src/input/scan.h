/*
 * input/scan.h - the vector half of the JSON fast path: finding quotes, and matching shapes.
 *
 * First a record is indexed: one pass, 64 bytes at a time, notes where its quotes and its control
 * characters stand, up to the newline (after the bitmaps of Langdale and Lemire, "Parsing Gigabytes
 * of JSON per Second", VLDB Journal 28(6), 2019). Then it is laid against a shape, the outline of
 * an earlier record: constant text with holes where values stand.
 *
 *     {"ts":"▁▁▁▁▁▁","host":"▁▁▁","status":▁▁▁,"ok":▁▁▁}\n      chunks and holes
 *     ─┬─────      ─────┬────   ─────┬─────   ──┬──  ─┬─
 *
 * A chunk holds a known number of quotes, so the index says at once where each hole ends; chunks
 * and holes are then checked independently of each other, which is what keeps a wide core busy.
 * The chunks being equal to those of a record that the walk has validated in full, and each hole
 * holding a valid token of the same class, the record is valid and of the same structure.
 *
 * scan_body.h is the code; scan_avx2.c, scan_sse2.c and scan_swar.c are its instances.
 */
#ifndef INPUT_SCAN_H
#define INPUT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input/json_fast_projection.h"

enum { SCAN_BLOCK = 64, SCAN_CHUNK = 32, SCAN_MOST_ENTRIES = 1 << 16 };

/* Offsets of quotes (those that no backslash precedes) and of control characters in a record. */
struct scan_index {
    uint32_t *at; /* the last is the newline */
    size_t n, capacity;
    bool escapes; /* there are backslashes; all of them are valid escapes */
};

enum scan_hole {
    HOLE_NONE, /* the chunk was too long: it goes on in the next step */
    HOLE_STRING,
    HOLE_SCALAR,
    HOLE_END, /* the chunk ends with the newline */
};

/* Is the byte one that the index lists? */
static inline bool scan_is_entry(char c)
{
    return c == '"' || (unsigned char)c < 0x20;
}

struct scan_step {
    char chunk[SCAN_CHUNK]; /* what stands here: len bytes, then zeros */
    uint32_t care;          /* a bit for each of the len bytes */
    uint8_t len;
    uint8_t entries; /* of the index, in the chunk */
    uint8_t
        entry_after; /* the first one in the next chunk: its offset there; where the hole ends */
    uint8_t hole;    /* enum scan_hole */
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
    bool hit; /* since it was learnt */
};

struct scan {
    const char *name;
    /*
     * Indexes the record at p and returns its newline; there must be one, and BLOCK_PADDING
     * readable bytes behind it. NULL if the record is not plain: bad UTF-8, a bad escape, too many
     * entries.
     */
    const char *(*index)(struct scan_index *index, const char *p);
    /* Reads the indexed record into a lane; false if the shape does not fit or a value does not. */
    bool (*match)(const struct scan_shape *shape, const struct scan_index *index, const char *p,
                  struct projection *projection, struct batch *batch, size_t lane);
};

extern const struct scan scan_swar; /* any machine */
#ifdef __x86_64__
extern const struct scan scan_sse2, scan_avx2;
#endif

/* Those that this machine can run, fastest first; NULL behind the last. */
const struct scan *scan_get(size_t i);

/* Makes room for a block's entries; false when there are too many. */
bool scan_index_grow(struct scan_index *index);
void scan_index_free(struct scan_index *index);

#endif
