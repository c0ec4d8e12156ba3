#include "input/input.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "input/batch.h"
#include "input/csv_cut.h"
#include "input/csv_fast.h"
#include "input/header.h"
#include "input/json_fast.h"
#include "input/json_slow.h"
#include "input/plan.h"
#include "input/reader.h"
#include "input/reason.h"
#include "scan/newline.h"

struct input_parser {
    const struct input_plan *plan;
    bool fast;
    struct json_fast *json_fast; /* NULL: not fast, or no block of JSON has come yet */
    struct json_slow *json;
    const struct csv_layout *layout; /* of the last block; NULL: there was none */
    struct csv_fast *csv_fast;       /* these two are made for it */
    struct splitter splitter;

    /* of the block at hand */
    struct batch *batch;
    const char *data, *end;
    const char *counted; /* `line` is the line of this byte */
    uint64_t line;
};

/* A null that is a number, or of which only presence is asked, is seen on the slow path alone. */
static bool may_be_fast(const struct input_options *options)
{
    bool fast = !options->no_fast_path;
    struct value v;
    for (size_t i = 0; i < options->n_nulls; i++)
        fast = fast &&
               number_parse(options->nulls[i], strlen(options->nulls[i]), &v) == NUMBER_MALFORMED;
    for (size_t f = 0; f < options->n_fields; f++)
        fast = fast && (options->n_nulls == 0 || options->fields[f].use != FIELD_PRESENCE);
    return fast;
}

struct input_parser *input_parser_new(const struct input *in)
{
    struct input_parser *parser = memory_calloc(1, sizeof *parser);
    parser->plan = input_plan(in);
    parser->fast = may_be_fast(parser->plan->options);
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
    splitter_free(&parser->splitter);
    free(parser);
}

/* Lines are counted only up to bad records: good ones do not say where they stand. */
static struct bad_record *add_bad(struct input_parser *parser, const char *record, const char *next,
                                  const char *reason)
{
    struct bad_record *bad = batch_add_bad(parser->batch);
    parser->line += newline_count(parser->counted, (size_t)(record - parser->counted));
    parser->counted = record;
    bad->start = (uint32_t)(record - parser->data);
    bad->len = (uint32_t)(next - record);
    bad->line = parser->line;
    bad->reason = reason;
    bad->n_field = parser->batch->n_field;
    parser->batch->n_field = 0;
    return bad;
}

/*
 * Counts the lane as a record, or enters it among the bad ones if there is a reason to. timeless:
 * it has all but a time.
 */
static void finish_record(struct input_parser *parser, const char *record, const char *next,
                          const char *reason, bool timeless)
{
    struct batch *batch = parser->batch;
    if (reason != NULL) {
        struct bad_record *bad = add_bad(parser, record, next, reason);
        if (!timeless)
            return;
        bad->has_lane = bad->sourceless = true;
        batch->time_ns[batch->n] = 0;
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
    size_t marks = header_marks(record, len);
    if (len <= options->max_record_bytes && is_blank(record + marks, len - marks))
        return next;
    size_t lane = batch_lane(parser->batch);
    bool timeless = false;
    const char *reason = len > options->max_record_bytes
                             ? reason_overlong(&parser->batch->arena, options)
                             : json_slow_record(parser->json, record + marks, len - marks,
                                                parser->batch, lane, &timeless);
    finish_record(parser, record, next, reason, timeless);
    return next;
}

/* The fast path knows no --null. Numbers and presences it left alone (may_be_fast()). */
static void drop_nulls(struct input_parser *parser, size_t from)
{
    const struct input_options *options = parser->plan->options;
    struct batch *batch = parser->batch;
    for (size_t f = 0; options->n_nulls > 0 && f < options->n_fields; f++) {
        for (size_t i = from; i < batch->n; i++) {
            struct value *v = &batch->columns[f][i];
            if (v->kind == VALUE_STRING && fields_is_null(options, v->text, v->len))
                *v = (struct value){.kind = VALUE_NULL, .exp = VALUE_GIVEN};
        }
    }
}

static void parse_json(struct input_parser *parser)
{
    const char *record = parser->data;
    if (parser->fast && parser->json_fast == NULL)
        parser->json_fast = json_fast_new(parser->plan->options);
    if (parser->json_fast != NULL)
        json_fast_begin(parser->json_fast);
    while (record < parser->end) {
        size_t before = parser->batch->n;
        if (parser->json_fast != NULL)
            record = json_fast_records(parser->json_fast, record, parser->end, parser->batch);
        drop_nulls(parser, before);
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
    const struct csv_rules *rules = &parser->plan->rules;
    size_t left = (size_t)(parser->end - record);
    const char *newline = memchr(record, '\n', left);
    if (*quote == NULL || *quote < record) {
        *quote = memchr(record, '"', left);
        if (*quote == NULL)
            *quote = parser->end;
    }
    if (newline == NULL ? *quote == parser->end : newline < *quote) {
        const char *stop = newline == NULL ? parser->end : newline;
        *overlong = (size_t)(stop - record) > rules->max_bytes;
        return newline == NULL ? stop : newline + 1;
    }
    struct csv_scan scan = {0};
    const char *next = csv_scan_record(&scan, rules, record, parser->end);
    *overlong = next == NULL ? left > rules->max_bytes : scan.overlong;
    return next == NULL ? parser->end : next;
}

static const char *line_end(const struct input_parser *parser, const char *record, bool *overlong)
{
    const char *newline = memchr(record, '\n', (size_t)(parser->end - record));
    const char *stop = newline == NULL ? parser->end : newline;
    *overlong = (size_t)(stop - record) > parser->plan->options->max_record_bytes;
    return newline == NULL ? stop : newline + 1;
}

static size_t count_bytes(const char *record, size_t len, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += record[i] == c;
    return n;
}

/* Why a record may have so many fields as it has. */
static const char *width_hint(const struct input_parser *parser, const char *record, size_t len)
{
    const struct fields *fields = &parser->splitter.fields;
    const struct csv_layout *layout = parser->layout;
    const struct fields_one *last = &fields->at[fields->n - 1];
    uint64_t at = parser->batch->block->offset + (uint64_t)(record - parser->data);
    if (fields->n == layout->n_columns + 1 && layout->has_first_row && at == layout->first_row &&
        last->len > 0) /* and not a divider behind each field */
        return " (R would take the first one for the names of the rows: --columns names them all)";
    if (!layout->is_given || fields->n != 1)
        return "";
    if (count_bytes(record, len, '\t') == layout->n_columns - 1)
        return " (tabs divide them? -i tsv reads it)";
    if (count_bytes(record, len, ' ') == layout->n_columns - 1)
        return " (blanks divide them? -i tsv --delimiter ' ' reads it)";
    return "";
}

/* Are there as many fields as there should be? NULL, or what is wrong. */
static const char *check_width(struct input_parser *parser, const char *record, size_t len)
{
    const struct fields *fields = &parser->splitter.fields;
    size_t wanted = parser->layout->n_columns;
    if (fields->n == wanted || (fields->n < wanted && parser->plan->options->ragged))
        return NULL;
    return reason_printf(&parser->batch->arena, "expected %zu field%s, found %zu%s", wanted,
                         wanted == 1 ? "" : "s", fields->n, width_hint(parser, record, len));
}

static const char *read_text(struct input_parser *parser, const char *record, size_t len,
                             bool *timeless)
{
    struct batch *batch = parser->batch;
    size_t lane = batch_lane(batch);
    const char *reason = splitter_split(&parser->splitter, record, len, &batch->arena);
    if (reason == NULL)
        reason = check_width(parser, record, len);
    return reason != NULL ? reason
                          : fields_read(&parser->splitter.fields, parser->plan->options,
                                        parser->layout, batch, lane, timeless);
}

/* A record that the fast path would not take, or none at all. Returns what is behind it. */
static const char *parse_text_slow(struct input_parser *parser, const char *record,
                                   const char **quote)
{
    const struct input_plan *plan = parser->plan;
    bool overlong;
    const struct reader_ops *ops = &reader_table[plan->format];
    const char *next = ops->has_lines ? line_end(parser, record, &overlong)
                                      : csv_record_end(parser, record, quote, &overlong);
    size_t len = csv_record_len(record, next);
    bool comment =
        ops->has_columns && plan->options->comment != '\0' && *record == plan->options->comment;
    if (len == 0 || (comment && !overlong)) /* if it is, a piece of it may have been a block */
        return next;
    bool timeless = false;
    const char *reason = overlong ? reason_overlong(&parser->batch->arena, plan->options)
                                  : read_text(parser, record, len, &timeless);
    finish_record(parser, record, next, reason, timeless);
    return next;
}

/* The header is known with the first block, and may be another one later. */
static void start_text(struct input_parser *parser, const struct csv_layout *layout)
{
    const struct input_plan *plan = parser->plan;
    const struct reader_ops *ops = &reader_table[plan->format];
    if (parser->layout == layout)
        return;
    splitter_free(&parser->splitter);
    csv_fast_free(parser->csv_fast);
    parser->layout = layout;
    splitter_init(&parser->splitter, plan->options, plan->format, layout->delimiter);
    parser->splitter.fields.absent.text = fields_is_null(plan->options, "", 0) ? NULL : "";
    for (size_t f = 0; f < plan->options->n_fields; f++)
        if (layout->fields[f] < 64)
            parser->splitter.wanted |= UINT64_C(1) << layout->fields[f];
    if (parser->fast && ops->has_columns)
        parser->csv_fast = csv_fast_new(plan->options, layout, !ops->has_lines);
}

static void parse_text(struct input_parser *parser)
{
    const char *record = parser->data, *quote = NULL;
    const bool lines = reader_table[parser->plan->format].has_lines;
    start_text(parser, parser->batch->block->layout);
    if (parser->csv_fast != NULL)
        csv_fast_begin(parser->csv_fast);
    while (record < parser->end) {
        if (parser->csv_fast != NULL)
            record = csv_fast_records(parser->csv_fast, record, parser->end, parser->batch);
        if (record < parser->end) {
            const char *next = parse_text_slow(parser, record, &quote);
            parser->batch->lines +=
                lines ? next[-1] == '\n' : newline_count(record, (size_t)(next - record));
            record = next;
        }
    }
}

void input_parse(struct input_parser *parser, const struct block *block, struct batch *batch)
{
    const struct input_options *options = parser->plan->options;
    batch_begin(batch, block, options);
    batch->is_text = reader_table[parser->plan->format].is_text;
    parser->batch = batch;
    parser->data = parser->counted = block->bytes.data;
    parser->end = block->bytes.data + block->bytes.len;
    parser->line = 1;
    switch (block->kind) {
    case BLOCK_RECORDS:
        if (batch->is_text)
            parse_text(parser);
        else
            parse_json(parser);
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
