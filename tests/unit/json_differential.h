/*
 * json_differential.h - does the JSON fast path say what the slow one says?
 *
 * One record goes through json_slow.c once and through json_fast.c with every instance of the
 * vector code, by outlines always or not: several times, so that it is walked and then read in
 * rows, and with the record before it in between. The fast path may refuse what it likes; what it
 * takes the slow one must take, with the same values. The bytes stand in a block of their own with
 * nothing but BLOCK_PADDING behind it, so the address sanitizer sees a read beyond.
 */
#ifndef JSON_DIFFERENTIAL_H
#define JSON_DIFFERENTIAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "input/batch.h"
#include "input/json_fast.h"
#include "input/json_slow.h"
#include "scan/marks.h"

enum { DIFFERENTIAL_FIELDS = 8, DIFFERENTIAL_INSTANCES = 8 };

struct differential {
    struct path time[2]; /* one, or two divided by a comma */
    struct field fields[DIFFERENTIAL_FIELDS];
    struct input_options options;
    struct json_fast *fast[DIFFERENTIAL_INSTANCES];
    size_t n_fast;
    size_t from, to; /* these of them are asked: all, unless someone has said otherwise */
    struct json_slow *slow;
    struct batch by_fast, by_slow[2]; /* by_slow: lane 0, of this record and of the one before */
    struct buf block;
    char *text[2]; /* of these two */
    size_t len[2];
    const char *reason[2]; /* why the slow path refused them; NULL: it did not */
};

/* `fields`: paths with the use as a first letter, "kv#?" for key, value, number and presence. */
static inline void differential_open(struct differential *d, enum time_form form, const char *time,
                                     const char *const *fields)
{
    static const char letters[] = "?#vk";
    struct error err;
    *d = (struct differential){0};
    const char *comma = strchr(time, ',');
    path_parse(&d->time[0], time, comma == NULL ? strlen(time) : (size_t)(comma - time), &err);
    if (comma != NULL)
        path_parse(&d->time[1], comma + 1, strlen(comma + 1), &err);
    for (; fields[d->options.n_fields] != NULL; d->options.n_fields++) {
        const char *text = fields[d->options.n_fields];
        struct field *field = &d->fields[d->options.n_fields];
        path_parse(&field->path, text + 1, strlen(text + 1), &err);
        field->use = (enum field_use)(strchr(letters, *text) - letters);
    }
    d->options.time = d->time;
    d->options.n_time = comma == NULL ? 1 : 2;
    d->options.fields = d->fields;
    d->options.time_format.form = form;
    d->options.max_record_bytes = INPUT_MAX_RECORD_BYTES;
    d->slow = json_slow_new(&d->options);
    while (d->n_fast < DIFFERENTIAL_INSTANCES) {
        struct json_fast *fast = json_fast_new(&d->options);
        if (!json_fast_use(fast, d->n_fast / 2)) {
            json_fast_free(fast);
            break;
        }
        if (d->n_fast % 2 == 1)
            json_fast_by_outline(fast);
        d->fast[d->n_fast++] = fast;
    }
    d->to = d->n_fast;
    for (size_t which = 0; which < 2; which++) {
        batch_begin(&d->by_slow[which], NULL, &d->options);
        batch_grow(&d->by_slow[which]);
    }
}

/* As if it were opened anew, for a small part of the time that takes. */
static inline void differential_forget(struct differential *d)
{
    for (size_t i = d->from; i < d->to; i++) {
        json_fast_forget(d->fast[i]);
        if (i % 2 == 1)
            json_fast_by_outline(d->fast[i]);
    }
    for (size_t which = 0; which < 2; which++) {
        free(d->text[which]);
        d->text[which] = NULL;
    }
}

static inline void differential_close(struct differential *d)
{
    for (size_t i = 0; i < d->n_fast; i++)
        json_fast_free(d->fast[i]);
    json_slow_free(d->slow);
    batch_free(&d->by_fast);
    buf_free(&d->block);
    for (size_t which = 0; which < 2; which++) {
        batch_free(&d->by_slow[which]);
        free(d->text[which]);
    }
    for (size_t i = 0; i < d->options.n_time; i++)
        path_free(&d->time[i]);
    for (size_t i = 0; i < d->options.n_fields; i++)
        path_free(&d->fields[i].path);
}

static inline bool differential_same_value(const struct value *a, const struct value *b)
{
    bool a_number = a->kind == VALUE_NUMBER || a->kind == VALUE_WIDE;
    bool b_number = b->kind == VALUE_NUMBER || b->kind == VALUE_WIDE;
    if (a_number && b_number)
        return number_compare(a, b) == 0;
    if (a->kind != b->kind || (a->kind == VALUE_NULL && a->exp != b->exp))
        return false;
    return a->kind != VALUE_STRING ||
           (a->len == b->len && (a->len == 0 || memcmp(a->text, b->text, a->len) == 0));
}

/* Is lane `lane` of the fast batch what the slow path made of the record `which`? */
static inline bool differential_same(const struct differential *d, size_t lane, size_t which)
{
    const struct batch *by_slow = &d->by_slow[which];
    if (d->reason[which] != NULL || d->by_fast.time_ns[lane] != by_slow->time_ns[0])
        return false;
    for (size_t i = 0; i < d->options.n_fields; i++)
        if (!differential_same_value(&d->by_fast.columns[i][lane], &by_slow->columns[i][0]))
            return false;
    return true;
}

/* Lines of the block: 0 is the record, 1 the one before. Rows are read by fours and one by one. */
static const unsigned char differential_lines[] = {0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0};
enum { DIFFERENTIAL_LINES = sizeof differential_lines };

/*
 * Reads the block as input/parse.c does. Returns 1 if the record was taken wherever it stands, 0
 * if nowhere, -1 if what was read is wrong.
 */
static inline int differential_run(struct differential *d, struct json_fast *fast, const char *p,
                                   const char *end)
{
    const struct block block = {.bytes = {.data = (char *)(uintptr_t)p}};
    size_t line = 0, start = 0, taken[2] = {0}, lines[2] = {0};
    batch_begin(&d->by_fast, &block, &d->options);
    json_fast_begin(fast);
    while (line < DIFFERENTIAL_LINES) {
        size_t lane = d->by_fast.n;
        const char *next = json_fast_records(fast, p + start, end, &d->by_fast);
        bool refused = next < end;
        for (; lane < d->by_fast.n + refused && line < DIFFERENTIAL_LINES; lane++, line++) {
            size_t which = differential_lines[line], len = d->len[which] + 1;
            bool good = lane < d->by_fast.n;
            lines[which]++;
            taken[which] += good;
            if (good ? d->by_fast.start[lane] != start || d->by_fast.len[lane] != len ||
                           !differential_same(d, lane, which)
                     : next != p + start)
                return -1;
            start += len;
        }
        if (!refused && lane != d->by_fast.n)
            return -1;
    }
    bool whole = p + start == end && (taken[1] == 0 || taken[1] == lines[1]);
    return whole && taken[0] == lines[0] ? 1 : whole && taken[0] == 0 ? 0 : -1;
}

static inline void differential_read_slow(struct differential *d, size_t which)
{
    bool timeless;
    arena_reset(&d->by_slow[which].arena);
    d->reason[which] =
        json_slow_record(d->slow, d->text[which], d->len[which], &d->by_slow[which], 0, &timeless);
}

/* Makes room for the next record; the one that was there is now the one before. */
static inline void differential_shift(struct differential *d, const char *record, size_t len)
{
    struct batch spare = d->by_slow[1];
    free(d->text[1]);
    d->text[1] = d->text[0];
    d->len[1] = d->len[0];
    d->by_slow[1] = d->by_slow[0];
    d->reason[1] = d->reason[0];
    d->text[0] = memory_strndup(record, len);
    d->len[0] = len;
    d->by_slow[0] = spare;
    if (d->text[1] == NULL) {
        d->text[1] = memory_strdup("{}");
        d->len[1] = 2;
        differential_read_slow(d, 1);
    }
    differential_read_slow(d, 0);
}

/*
 * How many of the instances took record[0..len), which holds no newline; -1, with a message on
 * stderr, if one of them was wrong.
 */
static inline int differential_check(struct differential *d, const char *record, size_t len)
{
    int taken = 0;
    differential_shift(d, record, len);
    d->block.len = 0;
    for (size_t line = 0; line < DIFFERENTIAL_LINES; line++) {
        buf_put(&d->block, d->text[differential_lines[line]], d->len[differential_lines[line]]);
        buf_putc(&d->block, '\n');
    }
    char *block = memory_alloc(d->block.len + BLOCK_PADDING);
    memcpy(block, d->block.data, d->block.len);
    memset(block + d->block.len, '"', BLOCK_PADDING);
    for (size_t i = d->from; i < d->to && taken >= 0; i++) {
        int result = differential_run(d, d->fast[i], block, block + d->block.len);
        if (result < 0)
            fprintf(stderr, "instance %zu was wrong about: %.*s\n  behind: %.*s\n  slow path: %s\n",
                    i, (int)len, record, (int)d->len[1], d->text[1],
                    d->reason[0] == NULL ? "takes it" : d->reason[0]);
        taken = result < 0 ? -1 : taken + result;
    }
    free(block);
    return taken;
}

#endif
