/*
 * output/writer_ops.h - what a format provides, and what the formats share. Internal to output/.
 */
#ifndef OUTPUT_WRITER_OPS_H
#define OUTPUT_WRITER_OPS_H

#include "output/writer.h"

struct writer_ops {
    void (*init)(struct writer *w);
    void (*header)(struct writer *w, struct buf *to); /* NULL: none */
    bool header_once;                                 /* not where rows are appended to others */
    void (*begin)(struct writer *w, struct buf *to, const char *op);
    void (*time)(struct writer *w, struct buf *to, int64_t ns); /* one bound, into w->bounds */
    const char *between_bounds;
    /* Both of them, in the place of these two; NULL: they are enough. */
    void (*bounds)(struct writer *w, struct buf *to, int64_t start_ns, int64_t end_ns);
    bool takes_back_by_id; /* what is taken back is not repeated */
    void (*key)(struct writer *w, struct buf *to, size_t i, const struct datum *value);
    void (*results)(struct writer *w, struct buf *to, const struct datum *results, uint64_t pane,
                    const char *timing);
    void (*end)(struct writer *w, struct buf *to, const char *id);
    void (*commit)(struct writer *w, struct buf *to); /* NULL: nothing belongs together */
    void (*finish)(struct writer *w, struct buf *to); /* at the end of the run; NULL: nothing */
    void (*interrupt)(struct writer *w);              /* NULL: nothing that was written changes */
    void (*free)(struct writer *w);                   /* NULL: has nothing of its own */
    /* NULL: rows depend on no others */
    void (*save)(const struct writer *w, struct buf *to);
    bool (*load)(struct writer *w, const unsigned char **at, const unsigned char *end);
};

struct writer {
    const struct writer_ops *ops;
    struct writer_options options;
    struct buf *labels; /* of the keys, then the results: what stands before or names a column */
    struct buf bounds;  /* the two window columns, rendered; most rows share their window */
    int64_t start_ns, end_ns;
    struct buf scratch;
    char separator;               /* CSV, TSV */
    struct buf table, update;     /* SQL: its quoted name; what follows VALUES (...) */
    char op;                      /* SQL: the second letter of the row's op; NUL without */
    bool open;                    /* SQL: within a transaction */
    bool said_beyond;             /* SQL: that a result is beyond its column's numbers */
    struct writer_table *aligned; /* table: the format's own */
    struct writer_chart *chart;   /* chart: the same */
    const void *key;              /* of the row: as in writer_begin() */
    size_t key_len;
};

extern const struct writer_ops writer_json, writer_csv, writer_tsv, writer_table, writer_chart,
    writer_sql;

#endif
