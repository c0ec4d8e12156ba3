/*
 * csv_differential.h - what the whole CSV reader makes of some bytes, held to libcsv alone.
 *
 * The columns are t, k, n, v: a time, a key, a number and a value; there is no header.
 *     differential_records()  cutting and fields: every record is where the naive reader below has
 *                             it, which knows nothing but "try libcsv at each newline"
 *     differential_fast()     each instance of the fast path reads what the slow path reads
 * Both return NULL, or what differs. Neither sees more of the other side than its results.
 */
#ifndef CSV_DIFFERENTIAL_H
#define CSV_DIFFERENTIAL_H

#include <csv.h>
#include <stdio.h>

#include "base/memory.h"
#include "input/batch.h"
#include "input/csv_cut.h"
#include "input/csv_fast.h"
#include "input/csv_slow.h"
#include "input/reader.h"
#include "input/reason.h"
#include "input_log.h"

enum { DIFFERENTIAL_COLUMNS = 4, DIFFERENTIAL_FIELDS = 64 };

static inline void differential_options(struct input_options *options, const char *time_format,
                                        size_t n_time)
{
    static char *names[] = {(char *)"t", (char *)"k", (char *)"n", (char *)"v"};
    static const struct log_fields WANTED = {
        .time = {"t", "v"},
        .fields = {{FIELD_KEY, "k"},
                   {FIELD_NUMBER, "n"},
                   {FIELD_VALUE, "v"},
                   {FIELD_PRESENCE, "n"}},
    };
    struct log_fields wanted = WANTED;
    struct error err;
    if (n_time == 1)
        wanted.time[1] = NULL;
    log_options(options, &wanted);
    time_format_add(&options->time_format, time_format, &err);
    options->format = INPUT_CSV;
    options->columns = names;
    options->n_columns = DIFFERENTIAL_COLUMNS;
}

/* What libcsv alone makes of a record. */
struct naive {
    enum { NAIVE_GOOD, NAIVE_BAD, NAIVE_OPEN } status; /* OPEN: it ends inside quotes */
    struct buf text;
    size_t n, end[DIFFERENTIAL_FIELDS];
};

static inline int naive_no_space(unsigned char c)
{
    (void)c;
    return 0;
}

static inline int naive_newline(unsigned char c)
{
    return c == '\n';
}

static inline void naive_field(void *bytes, size_t len, void *data)
{
    struct naive *naive = data;
    buf_put(&naive->text, bytes, len);
    if (naive->n < DIFFERENTIAL_FIELDS)
        naive->end[naive->n] = naive->text.len;
    naive->n++;
}

static inline void naive_parse(struct naive *naive, const char *record, size_t len, char delimiter)
{
    struct csv_parser parser;
    csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI);
    csv_set_delim(&parser, (unsigned char)delimiter);
    csv_set_space_func(&parser, naive_no_space);
    csv_set_term_func(&parser, naive_newline);
    naive->n = naive->text.len = 0;
    buf_reserve(&naive->text, 1); /* no field at all has an address, too */
    naive->status = NAIVE_GOOD;
    if (len > 0 && record[len - 1] == '\r')
        len--;
    if (csv_parse(&parser, record, len, naive_field, NULL, naive) != len)
        naive->status = NAIVE_BAD;
    else if (csv_fini(&parser, naive_field, NULL, naive) != 0)
        naive->status = NAIVE_OPEN;
    csv_free(&parser);
}

/* The length of the record at p without its newline: the first newline that libcsv agrees with. */
static inline size_t naive_cut(struct naive *naive, const char *p, size_t len, char delimiter,
                               size_t max)
{
    size_t at = 0;
    for (;; at++) {
        const char *newline = at < len ? memchr(p + at, '\n', len - at) : NULL;
        at = newline == NULL ? len : (size_t)(newline - p);
        naive_parse(naive, p, at, delimiter);
        if (at == len || at >= max || naive->status != NAIVE_OPEN)
            break;
    }
    if (at > max)
        naive->status = NAIVE_BAD;
    return at;
}

/* What the input gave, one record after the other. */
struct given {
    uint64_t offset, len;
    const char *reason; /* NULL: good */
    char *key;
    size_t key_len;
};

static inline size_t differential_given(struct given *given, size_t most, struct arena *arena,
                                        const struct input_options *options, int fd)
{
    struct block block = {0};
    struct batch batch = {0};
    struct error err = {0};
    struct input *in = input_open(options, fd, "stdin");
    struct input_parser *parser = input_parser_new(in);
    size_t n = 0;
    while (input_read_block(in, &block, &err) == INPUT_BLOCK) {
        input_parse(parser, &block, &batch);
        for (size_t i = 0, bad = 0; i < batch.n || bad < batch.n_bad;) {
            const struct bad_record *b = bad < batch.n_bad ? &batch.bad[bad] : NULL;
            if (n == most)
                break;
            if (b == NULL || b->before > i) {
                const struct value *key = &batch.columns[0][i];
                given[n++] = (struct given){.offset = block.offset + batch.start[i],
                                            .len = batch.len[i],
                                            .key = arena_copy(arena, key->text, key->len),
                                            .key_len = key->len};
                i++;
            } else if (b->more) {
                given[n - 1].len += b->len;
                bad++;
            } else {
                given[n++] =
                    (struct given){.offset = block.offset + b->start,
                                   .len = b->len,
                                   .reason = arena_copy(arena, b->reason, strlen(b->reason))};
                bad++;
            }
        }
    }
    input_parser_free(parser);
    input_close(in);
    batch_free(&batch);
    block_free(&block);
    return n;
}

static inline bool begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static inline const char *differential_record(const struct given *given, struct naive *naive)
{
    bool grammar = given->reason != NULL && (begins(given->reason, "not valid CSV") ||
                                             begins(given->reason, "record longer"));
    if (grammar != (naive->status != NAIVE_GOOD))
        return "libcsv differs about whether it is a record";
    if (grammar)
        return NULL;
    bool count = given->reason != NULL && begins(given->reason, "expected 4 fields");
    if (count != (naive->n != DIFFERENTIAL_COLUMNS))
        return "libcsv differs about the number of fields";
    bool repaired =
        given->key_len > 0 && memmem(given->key, given->key_len, "\xef\xbf\xbd", 3) != NULL;
    if (given->reason == NULL && !repaired &&
        (given->key_len != naive->end[1] - naive->end[0] ||
         memcmp(given->key, naive->text.data + naive->end[0], given->key_len) != 0))
        return "libcsv differs about the key";
    return NULL;
}

/* log_memfd(), of one file for all: making one takes longer than reading it. */
static inline int differential_file(const char *bytes, size_t len)
{
    static int fd = -1;
    if (fd < 0)
        fd = log_memfd("", 0);
    if (pwrite(fd, bytes, len, 0) != (ssize_t)len || ftruncate(fd, (off_t)len) != 0 ||
        lseek(fd, 0, SEEK_SET) != 0)
        abort();
    return fd;
}

static inline const char *differential_records(struct input_options *options, const char *text,
                                               size_t len)
{
    char delimiter = options->delimiter == '\0' ? ',' : options->delimiter;
    struct naive naive = {.status = NAIVE_GOOD};
    struct arena arena = {0};
    struct given *given = memory_calloc(len + 1, sizeof *given);
    const char *problem = NULL;
    size_t n = differential_given(given, len + 1, &arena, options, differential_file(text, len));
    size_t i = 0;
    size_t at = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < len && problem == NULL) {
        size_t record =
            naive_cut(&naive, text + at, len - at, delimiter, options->max_record_bytes);
        size_t whole = record + (at + record < len);
        if (record - (record > 0 && text[at + record - 1] == '\r') > 0) {
            if (i == n || given[i].offset != at || given[i].len != whole)
                problem = "libcsv differs about where it ends";
            else
                problem = differential_record(&given[i], &naive);
            i++;
        }
        at += whole;
    }
    if (problem == NULL && i != n)
        problem = "more records than libcsv finds";
    free(given);
    buf_free(&naive.text);
    arena_free(&arena);
    return problem;
}

/* One record through the slow path. Is it a good one, and in the lane? */
static inline bool differential_slow(struct splitter *slow, const struct input_options *options,
                                     const struct csv_layout *layout, struct batch *batch,
                                     size_t lane, const char *record, size_t len)
{
    bool timeless;
    batch->n_bad = REASON_HINTS; /* nobody reads the reasons, and hints take most of the time */
    bool good = splitter_split(slow, record, len, &batch->arena) == NULL &&
                slow->fields.n == layout->n_columns &&
                fields_read(&slow->fields, options, layout, batch, lane, &timeless) == NULL;
    batch->n_bad = 0;
    return good;
}

/*
 * The records of one block through the fast path (the rest through the slow one), or slow alone.
 * The batch is {0}, or another one's of these options.
 */
static inline void differential_log(struct buf *log, const struct input_options *options,
                                    const struct csv_layout *layout, const struct block *block,
                                    struct batch *batch, struct csv_fast *fast, size_t *n_fast)
{
    const struct csv_rules rules = {.delimiter = layout->delimiter,
                                    .max_bytes = options->max_record_bytes};
    struct splitter slow;
    /* Alone it is libcsv; beside the fast path what is plain does without. */
    struct input_options how = *options;
    how.no_fast_path = fast == NULL;
    splitter_init(&slow, &how, INPUT_CSV, layout->delimiter);
    const char *p = block->bytes.data, *end = p + block->bytes.len;
    batch_begin(batch, block, options);
    if (fast != NULL)
        csv_fast_begin(fast);
    while (p < end) {
        size_t before = batch->n;
        if (fast != NULL)
            p = csv_fast_records(fast, p, end, batch);
        *n_fast += batch->n - before;
        struct csv_scan scan = {0};
        const char *next = p < end ? csv_scan_record(&scan, &rules, p, end) : NULL;
        next = next == NULL ? end : next;
        size_t len = csv_record_len(p, next), lane = batch_lane(batch);
        if (len > 0 && differential_slow(&slow, options, layout, batch, lane, p, len)) {
            batch->start[lane] = (uint32_t)(p - block->bytes.data);
            batch->len[lane] = (uint32_t)(next - p);
            batch->n++;
        }
        p = next;
    }
    log_batch(log, batch, 1);
    splitter_free(&slow);
}

/* What the fast path refuses, and all of it without one, is cut as input/parse.c does. */
static inline const char *differential_fast(const struct input_options *options, const char *text,
                                            size_t len, size_t *n_fast)
{
    static size_t columns[] = {0, 3}, fields[] = {1, 2, 3, 2};
    struct csv_layout layout = {.delimiter = options->delimiter == '\0' ? ',' : options->delimiter,
                                .n_columns = DIFFERENTIAL_COLUMNS,
                                .time = columns,
                                .fields = fields};
    struct block block = {0};
    struct batch batch = {0};
    struct buf wanted = {0}, log = {0};
    struct csv_fast *fast = csv_fast_new(options, &layout, true);
    const char *problem = NULL;
    size_t none = 0;
    /* Exactly as much as there may be, so that a checker sees a read behind the padding. */
    block.bytes.data = memory_calloc(1, len + 64);
    block.bytes.len = len;
    block.bytes.cap = len + 64;
    memcpy(block.bytes.data, text, len);
    differential_log(&wanted, options, &layout, &block, &batch, NULL, &none);
    for (size_t instance = 0; csv_fast_use(fast, instance); instance++) {
        log.len = 0;
        *n_fast = 0;
        differential_log(&log, options, &layout, &block, &batch, fast, n_fast);
        if (log.len != wanted.len || (log.len > 0 && memcmp(log.data, wanted.data, log.len) != 0))
            problem = "the fast path differs from the slow one";
    }
    csv_fast_free(fast);
    batch_free(&batch);
    block_free(&block);
    buf_free(&wanted);
    buf_free(&log);
    return problem;
}

#endif
