/*
 * output/partial.h - a stream of partial results: what --partial writes and --merge reads.
 *
 *     {"s":"k3x9","partial":1,"keys":["host"],"options":{"--window":"tumbling:1m", ...}}
 *     {"s":"k3x9","w":"1714560000/1714560060","k":["web1"],"n":12,"a":"<base64>"}
 *     {"s":"k3x9","watermark":1714560063.5}
 *     {"s":"k3x9","lines":4,"records":12,"hash":"<hex>","clock":1714560063.5,"max":1714560063.5}
 *
 * Each line names its stream. The second is a delta: what came since the last one of this window
 * (of overlapping ones: this slice, see window/window.h) and key: how many records, and the states
 * of the aggregates as they save themselves, one behind the other. Times are epoch seconds, exact.
 * The last line counts the lines, itself among them, and the records of all deltas; `hash` tells
 * whether the lines stand in the order in which they were written; `clock` is the highest event
 * time that moved a clock, `max` the highest of all, both missing if there was no record.
 */
#ifndef OUTPUT_PARTIAL_H
#define OUTPUT_PARTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { PARTIAL_VERSION = 1, PARTIAL_NAME_BYTES = 4 };

/* A stream being written. {0} is one without a name, of which nothing is written yet. */
struct partial {
    char name[PARTIAL_NAME_BYTES + 1];
    uint64_t lines, records;
    uint64_t hash;     /* of the lines so far */
    struct buf states; /* of the next delta; whoever writes one fills it */
    struct buf scratch, text;
};
void partial_free(struct partial *p);

/* The hash of some lines and one more, which is given without its newline: XXH3, the one before as
   its seed; of no lines it is 0. */
uint64_t partial_hash(uint64_t hash, const char *line, size_t len);

/* Its name is made of these bytes: the same for the same run. */
void partial_name(struct partial *p, const void *seed, size_t len);

/* `{"s":NAME,` and then `}` and a newline; between them stands what a line of its own kind has. */
size_t partial_open(const struct partial *p, struct buf *to); /* where the line begins */
void partial_close(struct partial *p, struct buf *to, size_t start);

/* Its bounds, the encoded values of its key, how many records; and p->states. */
struct partial_pane {
    int64_t start_ns, end_ns;
    const unsigned char *key;
    uint32_t key_len;
    uint64_t records;
};
void partial_delta(struct partial *p, struct buf *to, const struct partial_pane *pane);
void partial_watermark(struct partial *p, struct buf *to, int64_t w_ns);
/* any: there was a record, and the two times are known. */
void partial_end(struct partial *p, struct buf *to, bool any, int64_t clock_ns, int64_t max_ns);

#endif
