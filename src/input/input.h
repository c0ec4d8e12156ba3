/*
 * input/input.h - from bytes to batches of typed columns.
 *
 *     bytes --input_read_block()--> block of whole records --input_parse()--> batch
 *
 *     in = input_open(&options, fd, "stdin", &err);
 *     for each: input_read_block(in, block, &err)    in order, one thread
 *               input_parse(in, parser, block, batch) any thread, a parser a thread
 *               ... use batch ...                     in block order
 *     input_close(in);
 *
 * Reading is sequential and cheap: it finds the format and the header once, and after that only
 * cuts the stream behind the last whole record. Parsing is a pure function of the block: it may
 * run in any thread and in any order, because nothing that it needs changes after the header.
 *
 * jansson and libcsv are the grammar: they decide what a record is and what it means.
 */
#ifndef INPUT_INPUT_H
#define INPUT_INPUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attend.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/value.h"
#include "input/path.h"
#include "time/timestamp.h"

enum input_format {
    INPUT_AUTO,
    INPUT_JSON,
    INPUT_CSV,
    INPUT_TSV,
    INPUT_COMBINED, /* access logs; see input/split.h */
    INPUT_LOGFMT,
};

/* What a column is for decides what may stand in it; anything else makes the record bad. */
enum field_use {
    FIELD_PRESENCE,  /* count:F. VALUE_NULL or VALUE_TRUE */
    FIELD_NUMBER,    /* a number, or a string that holds one; VALUE_NULL if null or missing */
    FIELD_VALUE,     /* any scalar; an empty CSV field is VALUE_NULL */
    FIELD_CONDITION, /* any scalar; an object or an array is VALUE_COMPOSITE; never bad */
    FIELD_KEY,       /* any scalar; an empty CSV field is the empty string; CSV: must be UTF-8 */
};

struct field {
    struct path path;
    enum field_use use;
};

/*
 * A CSV column is found by path.text, taken whole; of two columns of one name the first one counts.
 * Without a header the first record (or `columns`) says how many fields a record has.
 */
struct input_options {
    enum input_format format;
    bool no_header; /* CSV: columns are named 1, 2, ... */
    char **columns; /* CSV: names given on the command line (then no header), or NULL */
    size_t n_columns;
    char delimiter; /* CSV; 0: the format's own */
    char comment;   /* CSV, TSV: a record that begins with it is none; 0: no such */
    bool ragged;    /* CSV, TSV: fields missing at the end of a record are empty */
    char **nulls;   /* texts that are no value */
    size_t n_nulls;
    size_t max_record_bytes; /* without the newline; 1 to INPUT_MAX_RECORD_BYTES */
    struct path *time;       /* their texts are joined by a space */
    size_t n_time;           /* one or more; 0: times are of no interest (JSON only) */
    struct time_format time_format;
    struct field *fields; /* one column of the batch each */
    size_t n_fields;
    size_t block_bytes;     /* how much to read at a time; 0: the default */
    const atomic_int *stop; /* set by a signal handler: stop reading. May be NULL */
    struct attend attend;   /* what waiting looks at when a signal came */
    int stop_fd;            /* if not: becomes readable after *stop was set */
    bool follow;            /* the end of a regular file is INPUT_DRY: it may grow */
    bool keep_last;         /* a last line without newline is not a record: it may grow */
    bool defer_bad;         /* a value that would make the record bad is VALUE_BAD instead */
    bool keep_timeless;     /* a record without a time keeps its lane, for its position */
    bool no_fast_path;      /* for tests: every record through jansson or libcsv */
};

/* Offsets into a block are 32 bits wide, and a block may hold a record and a read more. */
enum { INPUT_MAX_RECORD_BYTES = 1 << 30, INPUT_MAX_RECORD_DEFAULT_BYTES = 16 << 20 };

struct csv_layout;

/* A run of whole records, as read. Owned by the caller: {0}, then block_free(). */
struct block {
    struct buf bytes;
    uint64_t offset;                 /* of bytes.data[0] in the input */
    const struct csv_layout *layout; /* what its columns are; lives as long as the input */
    enum block_kind {
        BLOCK_RECORDS,
        BLOCK_OVERLONG,      /* the first piece of a record over --max-record */
        BLOCK_OVERLONG_MORE, /* a further piece of it: verbatim bytes for --bad, nothing else */
    } kind;
};
void block_free(struct block *block);

/* A record that could not be used. */
struct bad_record {
    size_t before;       /* it stands before good record number `before` of the batch */
    uint32_t start, len; /* its bytes, newline included if there is one */
    uint64_t line;       /* physical line of the block on which it starts, from 1 */
    bool has_lane;       /* it is lane `before` of the batch, and not a good record */
    bool sourceless;     /* whose clock it would move can't be told, or it has no time: so it is
                            bad in any case */
    bool more;           /* a further piece of the bad record before: bytes only, not a record */
    const char *reason;  /* lives in the batch's arena */
    size_t n_field;      /* the number of the field whose value it speaks of, from 1; 0: of none */
};

/* What becomes of a record of the batch before any window sees it; see verdict/verdict.h. */
enum verdict { VERDICT_USE, VERDICT_FILTERED, VERDICT_BAD };

/* The contract between parsing and aggregation. Views live until the batch is parsed into again. */
struct batch {
    const struct block *block; /* the bytes that everything below points into; borrowed */
    size_t n;                  /* good records */
    int64_t *time_ns;          /* event times */
    uint32_t *start, *len;     /* record i is block->bytes.data + start[i], len[i] bytes,
                                  newline included if there is one */
    struct value **columns;    /* columns[f][i], f as in input_options.fields */
    struct bad_record *bad;    /* in order */
    size_t n_bad;
    size_t n_deferred;  /* values that are VALUE_BAD */
    uint8_t *verdict;   /* of each record; NULL: all are used. These two are verdict_batch()'s. */
    uint64_t *meets;    /* a bit for each condition of an aggregate; NULL: there is none */
    size_t n_field;     /* of which the last reason speaks, until it stands in the bad record */
    bool is_text;       /* every value is a text: CSV and the like */
    uint64_t lines;     /* physical lines that end in the block */
    struct arena arena; /* unescaped texts, reasons */
    size_t n_columns;   /* of the fields */
    size_t capacity, bad_capacity, n_allocated; /* input_parse()'s own; the last: columns */
    size_t verdict_capacity;                    /* verdict_batch()'s own */
};
void batch_free(struct batch *batch);

struct input;
struct input_parser; /* per thread: scratch memory and caches */

/* Does not read yet. fd stays the caller's; options and name must outlive the input. */
struct input *input_open(const struct input_options *options, int fd, const char *name);
void input_read_first(struct input *in, int fd); /* all of this one before the other */

/*
 * These bytes were read of the file up to that offset, where it goes on. With `follow` what is read
 * must stand behind them, as it must behind what was read before: what does not, since the file
 * was truncated and written anew, is not read, as if the file had ended.
 */
void input_goes_on_behind(struct input *in, const char *bytes, size_t len, uint64_t offset);
void input_close(struct input *in);

/* Where a run stands in the input: between two records, or within one that is over the limit. */
struct input_position {
    uint64_t offset; /* bytes behind us */
    uint64_t line;   /* physical line of the next byte, from 1; the caller counts them */
    bool overlong;   /* what comes is the rest of a bad record that is too long */
};

/*
 * What the input settled (format, columns) for what is in or behind a block, for a snapshot; NULL:
 * at its beginning. To be called before the first block is read or after the first one was handed
 * out. input_load() makes a new input
 * go on from a position, to which the descriptor was brought; false if the bytes are damaged.
 */
void input_save(const struct input *in, const struct block *block, struct buf *to);
bool input_load(struct input *in, const unsigned char **at, const unsigned char *end,
                const struct input_position *position);

/*
 * The bytes before the first record: byte order mark, blank lines, header. To be called after a
 * block, or the end, was handed out; NULL if the input ended before its format was known, or goes
 * on where another one stopped.
 */
const char *input_preamble(const struct input *in, size_t *len);

enum input_status {
    INPUT_BLOCK,   /* *block holds at least one byte */
    INPUT_END,     /* no more; *block is empty, its offset is that of the end */
    INPUT_DRY,     /* none just now; input_again() goes on */
    INPUT_STOPPED, /* *stop was set while waiting; whole records read before were handed out */
    INPUT_FAILED,  /* *err says why: EXIT_RUNTIME for I/O or a header that is no CSV record,
                      EXIT_USAGE for a missing column */
};

/*
 * Hands out the next whole records: what one read(2) brought, so that a slow pipe's record is
 * handed out as soon as it is there. Waits in poll(2) for stop_fd, too, so a stop is never missed,
 * whichever thread took the signal. At the end of the input a last
 * line without newline is handed out as a record.
 */
enum input_status input_read_block(struct input *in, struct block *block, struct error *err);

/* After INPUT_DRY: what has been read, but belongs to no whole record yet; and going on behind it.
 */
const char *input_rest(const struct input *in, size_t *len);
void input_again(struct input *in);

struct input_parser *input_parser_new(const struct input *in);
void input_parser_free(struct input_parser *parser);
void input_parse(struct input_parser *parser, const struct block *block, struct batch *batch);

#endif
