/*
 * output/writer.h - rows as text, in one of several formats: a row of the table of writers each.
 *
 * A row is appended to a buf in three parts, so that the middle one can be kept and written again
 * when the row is taken back (retract mode):
 *
 *     writer_begin(w, to, "+I", bounds..., key)    {"op":"+I","window_start":...,"host":"a"
 *     writer_results(w, to, results, pane, timing) ,"count":3,"pane":0,"timing":"on_time"
 *     writer_end(w, to, id)                        ,"id":"..."}\n
 *
 * writer_commit() closes what belongs together: the rows of one timer time, or a pane that a
 * record fired. A snapshot may only be taken behind it.
 */
#ifndef OUTPUT_WRITER_H
#define OUTPUT_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/value.h"
#include "time/timestamp.h"

enum output_format { OUTPUT_JSON, OUTPUT_CSV, OUTPUT_TSV, OUTPUT_TABLE, OUTPUT_CHART, OUTPUT_SQL };

/* What a column of results holds, for formats that declare it. */
enum writer_type { WRITER_NUMBER, WRITER_COUNT, WRITER_TEXT };

struct writer_options {
    enum output_format format;
    enum time_unit time_unit;
    const struct zone *zone; /* of TIME_UNIT_LOCAL; NULL: UTC */
    bool unbounded;          /* bounds are null: one window for all time */
    bool op;                 /* an op column: retract mode */
    bool panes;              /* pane and timing columns */
    bool row_id;             /* an id column; SQL has one anyway */
    bool styled;             /* table, chart: for a terminal that knows more than letters */
    int fd;                  /* chart: whose size it has */
    const char *table;       /* SQL: NAME or SCHEMA.NAME; borrowed */
    char **keys;             /* column names; borrowed */
    size_t n_keys;
    char **results;                /* names of the aggregates; borrowed */
    const enum writer_type *types; /* of the results; borrowed */
    size_t n_results;
};

struct writer;

struct writer *writer_new(const struct writer_options *options);
void writer_free(struct writer *w);

/* What an output begins with: a header line, a table; nothing for JSON. */
void writer_header(struct writer *w, struct buf *to);

/* Does it stand before rows that are appended to a file, too? */
bool writer_header_again(const struct writer *w);

/* `key`: n_keys canonical encodings (base/value.h) in a row. `op` is ignored without an op column.
 */
void writer_begin(struct writer *w, struct buf *to, const char *op, int64_t start_ns,
                  int64_t end_ns, const void *key, size_t key_len);
void writer_results(struct writer *w, struct buf *to, const struct datum *results, uint64_t pane,
                    const char *timing);
/* The middle part as it stood in a row before, to be taken back. */
void writer_repeat(struct writer *w, struct buf *to, const char *text, size_t len);
/* id: 32 hex digits; ignored without an id column. */
void writer_end(struct writer *w, struct buf *to, const char *id);
void writer_commit(struct writer *w, struct buf *to);

/* The run is over; what was not drawn yet is. */
void writer_finish(struct writer *w, struct buf *to);

/* Is it drawn again and again in one place of a terminal? */
bool writer_redraws(const struct writer *w);
/* Other lines stand below it now: it is drawn anew behind them, and nothing is erased. */
void writer_interrupt(struct writer *w);

/* What later rows look like depends on, behind a commit; nothing for most formats. False: damaged.
 */
bool writer_has_state(const struct writer *w);
void writer_save(const struct writer *w, struct buf *to);
bool writer_load(struct writer *w, const unsigned char **at, const unsigned char *end);

#endif
