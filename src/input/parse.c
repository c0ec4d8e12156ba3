#include "input/input.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "input/batch.h"
#include "input/csv_cut.h"
#include "input/csv_fast.h"
#include "input/csv_slow.h"
#include "input/json_fast.h"
#include "input/json_slow.h"
#include "input/plan.h"
#include "input/reason.h"
#include "scan/newline.h"

struct input_parser {
    const struct input_plan *plan;
    struct json_fast *json_fast; /* NULL: no_fast_path */
    struct json_slow *json;
    struct csv_fast *csv_fast; /* these two are made with the first block: only then is the */
    struct csv_slow *csv;      /* header known */

    /* of the block at hand */
    struct batch *batch;
    const char *data, *end;
    const char *counted; /* `line` is the line of this byte */
    uint64_t line;
};

struct input_parser *input_parser_new(const struct input *in)
{
    struct input_parser *parser = memory_calloc(1, sizeof *parser);
    parser->plan = input_plan(in);
    if (!parser->plan->options->no_fast_path)
        parser->json_fast = json_fast_new(parser->plan->options);
    parser->json = json_slow_new(parser->plan->options);
    return parser;
}

void input_parser_free(struct input_parser *parser)
{
    if (parser == NULL)
        return;
    json_fast_free(parser->json_fast);
    json_slow_free(parser->json);
    csv_fast_free(parser->csv_fast);
    csv_slow_free(parser->csv);
    free(parser);
}

/* Lines are counted only up to bad records: good ones do not say where they stand. */
static void add_bad(struct input_parser *parser, const char *record, const char *next,
                    const char *reason)
{
    struct bad_record *bad = batch_add_bad(parser->batch);
    parser->line += newline_count(parser->counted, (size_t)(record - parser->counted));
    parser->counted = record;
    bad->start = (uint32_t)(record - parser->data);
    bad->len = (uint32_t)(next - record);
    bad->line = parser->line;
    bad->reason = reason;
}

/* Counts the lane as a record, or enters it among the bad ones if there is a reason to. */
static void finish_record(struct input_parser *parser, const char *record, const char *next,
                          const char *reason)
{
    struct batch *batch = parser->batch;
    if (reason != NULL) {
        add_bad(parser, record, next, reason);
        return;
    }
    batch->start[batch->n] = (uint32_t)(record - parser->data);
    batch->len[batch->n] = (uint32_t)(next - record);
    batch->n++;
}

static bool is_blank(const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] != ' ' && p[i] != '\t' && p[i] != '\r')
            return false;
    }
    return true;
}

/* A record that the fast path would not take, or a blank line. Returns what is behind it. */
static const char *parse_json_slow(struct input_parser *parser, const char *record)
{
    const struct input_options *options = parser->plan->options;
    const char *newline = memchr(record, '\n', (size_t)(parser->end - record));
    const char *next = newline == NULL ? parser->end : newline + 1;
    size_t len = (size_t)((newline == NULL ? parser->end : newline) - record);
    if (is_blank(record, len))
        return next;
    size_t lane = batch_lane(parser->batch);
    const char *reason = len > options->max_record_bytes
                             ? reason_overlong(&parser->batch->arena, options)
                             : json_slow_record(parser->json, record, len, parser->batch, lane);
    finish_record(parser, record, next, reason);
    return next;
}

static void parse_json(struct input_parser *parser)
{
    const char *record = parser->data;
    if (parser->json_fast != NULL)
        json_fast_begin(parser->json_fast);
    while (record < parser->end) {
        size_t before = parser->batch->n;
        if (parser->json_fast != NULL)
            record = json_fast_records(parser->json_fast, record, parser->end, parser->batch);
        parser->batch->lines += parser->batch->n - before;
        if (record < parser->end) {
            record = parse_json_slow(parser, record);
            parser->batch->lines++;
        }
    }
    /* The last one may have no newline; a block has one byte at least. */
    parser->batch->lines -= parser->end[-1] != '\n';
}

/*
 * The end of the record. *quote: the first quote at or behind a record before this one (or NULL,
 * unknown); it becomes the first one at or behind this one, or the block's end.
 */
static const char *csv_record_end(const struct input_parser *parser, const char *record,
                                  const char **quote, bool *overlong)
{
    size_t max = parser->plan->options->max_record_bytes;
    size_t left = (size_t)(parser->end - record);
    const char *newline = memchr(record, '\n', left);
    if (*quote == NULL || *quote < record) {
        *quote = memchr(record, '"', left);
        if (*quote == NULL)
            *quote = parser->end;
    }
    if (newline == NULL ? *quote == parser->end : newline < *quote) {
        const char *stop = newline == NULL ? parser->end : newline;
        *overlong = (size_t)(stop - record) > max;
        return newline == NULL ? stop : newline + 1;
    }
    struct csv_scan scan = {0};
    const char *next =
        csv_scan_record(&scan, record, parser->end, parser->plan->layout.delimiter, max);
    *overlong = next == NULL ? left > max : scan.overlong;
    return next == NULL ? parser->end : next;
}

/* A record that the fast path would not take, or an empty line. Returns what is behind it. */
static const char *parse_csv_slow(struct input_parser *parser, const char *record,
                                  const char **quote)
{
    const struct input_plan *plan = parser->plan;
    bool overlong;
    const char *next = csv_record_end(parser, record, quote, &overlong);
    size_t len = csv_record_len(record, next);
    if (len == 0)
        return next;
    size_t lane = batch_lane(parser->batch);
    const char *reason = overlong ? reason_overlong(&parser->batch->arena, plan->options)
                                  : csv_slow_record(parser->csv, plan->options, &plan->layout,
                                                    record, len, parser->batch, lane);
    finish_record(parser, record, next, reason);
    return next;
}

static void parse_csv(struct input_parser *parser)
{
    const struct input_plan *plan = parser->plan;
    const char *record = parser->data, *quote = NULL;
    if (parser->csv == NULL) {
        parser->csv = csv_slow_new(plan->layout.delimiter);
        if (!plan->options->no_fast_path)
            parser->csv_fast = csv_fast_new(plan->options, &plan->layout);
    }
    if (parser->csv_fast != NULL)
        csv_fast_begin(parser->csv_fast);
    while (record < parser->end) {
        if (parser->csv_fast != NULL)
            record = csv_fast_records(parser->csv_fast, record, parser->end, parser->batch);
        if (record < parser->end) {
            const char *next = parse_csv_slow(parser, record, &quote);
            parser->batch->lines += newline_count(record, (size_t)(next - record));
            record = next;
        }
    }
}

void input_parse(struct input_parser *parser, const struct block *block, struct batch *batch)
{
    const struct input_options *options = parser->plan->options;
    batch_begin(batch, block, options->n_fields);
    batch->is_text = parser->plan->format != INPUT_JSON;
    parser->batch = batch;
    parser->data = parser->counted = block->bytes.data;
    parser->end = block->bytes.data + block->bytes.len;
    parser->line = 1;
    switch (block->kind) {
    case BLOCK_RECORDS:
        if (parser->plan->format == INPUT_JSON)
            parse_json(parser);
        else
            parse_csv(parser);
        break;
    case BLOCK_OVERLONG:
        batch->lines = newline_count(block->bytes.data, block->bytes.len);
        add_bad(parser, parser->data, parser->end, reason_overlong(&batch->arena, options));
        break;
    case BLOCK_OVERLONG_MORE:
        batch->lines = newline_count(block->bytes.data, block->bytes.len);
        add_bad(parser, parser->data, parser->end, NULL);
        batch->bad[0].more = true;
        break;
    }
}
