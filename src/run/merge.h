/*
 * run/merge.h - --merge: streams of partial results (output/partial.h) become rows.
 *
 *     lines ─> input/ ─> batch, a lane each ─> merge_batch() ─> engine_merge(), engine_follow()
 *
 * W is the minimum over the inputs: a stream says how far it is. In an input that holds more than
 * one stream W waits for its end, and the lines may stand in any order, so what counts is how many
 * there are: of each name (streams of equal beginnings share one) as many lines as its last lines
 * say, and as many last lines as headers.
 */
#ifndef RUN_MERGE_H
#define RUN_MERGE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "run/plan.h"

struct inlet;
struct running;

/* What a line may have, besides its key: the columns behind those of the keys. */
enum merge_column {
    MERGE_NAME,
    MERGE_BOUNDS,
    MERGE_N,
    MERGE_STATES,
    MERGE_WATERMARK,
    MERGE_LINES,
    MERGE_RECORDS,
    MERGE_CLOCK,
    MERGE_MAX,
    MERGE_HEADER,
    MERGE_COLUMNS,
};
extern const struct merge_field {
    const char *path;
    enum field_use use;
} merge_fields[MERGE_COLUMNS];

struct merge;

/* All inputs are open; regular ones are read through. NULL: one can't be read, *r->err. */
struct merge *merge_new(struct running *r);
void merge_free(struct merge *m);

/* The records of the batch at hand, as process_batch(). False: *r->err, a line is not as it must.
 */
bool merge_batch(struct running *r, struct inlet *in);

/* The input is at its end. False: it is not complete, and nothing more may fire. */
bool merge_end(struct running *r, struct inlet *in);

/* Has the end of a stream told a highest event time? */
bool merge_knows_times(const struct merge *m);

/*
 * For a snapshot: number of inputs (u64); each: several streams in it (u8), whether and where its W
 * stands (u8, i64), number of names (u64); each of these: its bytes, then lines, lines that there
 * must be, headers, last lines, records, records that there must be (u64). Before: whether there
 * was a clock (u8), the clock, the highest event time (i64).
 */
enum { MERGE_STATE_VERSION = 1 };
void merge_save(const struct merge *m, struct buf *to);
bool merge_load(struct merge *m, const unsigned char **at, const unsigned char *end);

/* --partial: begins the stream, if it is not begun, with the header; the batch at hand, or NULL, is
   the first. And its last line. */
void merge_begin_stream(struct running *r, const struct batch *first);
void merge_end_stream(struct running *r);

#endif
