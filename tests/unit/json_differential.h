/*
 * json_differential.h - does the JSON fast path say what the slow one says?
 *
 * One record goes through json_slow.c once and through json_fast.c with every instance of the
 * vector code. The fast path may refuse what it likes; what it takes the slow one must take, with
 * the same values. The bytes stand in a block of their own with nothing but BLOCK_PADDING behind
 * it, so the address sanitizer sees a read beyond.
 */
#ifndef JSON_DIFFERENTIAL_H
#define JSON_DIFFERENTIAL_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "input/json_fast.h"
#include "input/json_slow.h"

enum { DIFFERENTIAL_FIELDS = 8, DIFFERENTIAL_INSTANCES = 3 };

struct differential {
    struct path time;
    struct field fields[DIFFERENTIAL_FIELDS];
    struct input_options options;
    struct json_fast *fast[DIFFERENTIAL_INSTANCES];
    size_t n_fast;
    struct json_slow *slow;
    struct batch by_fast, by_slow;
    const char *last_reason; /* why the slow path refused the last record; NULL: it did not */
};

static inline void differential_batch(struct batch *batch, size_t n_fields)
{
    batch->time_ns = memory_calloc(1, sizeof *batch->time_ns);
    batch->columns = memory_calloc(n_fields + 1, sizeof *batch->columns);
    for (size_t i = 0; i < n_fields; i++)
        batch->columns[i] = memory_calloc(1, sizeof **batch->columns);
    batch->n_columns = n_fields;
}

/* `fields`: paths with the use as a first letter, "kv#?" for key, value, number and presence. */
static inline void differential_open(struct differential *d, enum time_form form, const char *time,
                                     const char *const *fields)
{
    static const char letters[] = "?#vk";
    struct error err;
    *d = (struct differential){0};
    path_parse(&d->time, time, strlen(time), &err);
    for (; fields[d->options.n_fields] != NULL; d->options.n_fields++) {
        const char *text = fields[d->options.n_fields];
        struct field *field = &d->fields[d->options.n_fields];
        path_parse(&field->path, text + 1, strlen(text + 1), &err);
        field->use = (enum field_use)(strchr(letters, *text) - letters);
    }
    d->options.time = &d->time;
    d->options.n_time = 1;
    d->options.fields = d->fields;
    d->options.time_format.form = form;
    d->slow = json_slow_new(&d->options);
    while (d->n_fast < DIFFERENTIAL_INSTANCES) {
        struct json_fast *fast = json_fast_new(&d->options);
        if (!json_fast_use(fast, d->n_fast)) {
            json_fast_free(fast);
            break;
        }
        d->fast[d->n_fast++] = fast;
    }
    differential_batch(&d->by_fast, d->options.n_fields);
    differential_batch(&d->by_slow, d->options.n_fields);
}

static inline void differential_close_batch(struct batch *batch)
{
    for (size_t i = 0; i < batch->n_columns; i++)
        free(batch->columns[i]);
    free(batch->columns);
    free(batch->time_ns);
    arena_free(&batch->arena);
}

static inline void differential_close(struct differential *d)
{
    for (size_t i = 0; i < d->n_fast; i++)
        json_fast_free(d->fast[i]);
    json_slow_free(d->slow);
    differential_close_batch(&d->by_fast);
    differential_close_batch(&d->by_slow);
    path_free(&d->time);
    for (size_t i = 0; i < d->options.n_fields; i++)
        path_free(&d->fields[i].path);
}

static inline bool differential_same_value(const struct value *a, const struct value *b)
{
    bool a_number = a->kind == VALUE_NUMBER || a->kind == VALUE_WIDE;
    bool b_number = b->kind == VALUE_NUMBER || b->kind == VALUE_WIDE;
    if (a_number && b_number)
        return number_compare(a, b) == 0;
    if (a->kind != b->kind)
        return false;
    return a->kind != VALUE_STRING ||
           (a->len == b->len && (a->len == 0 || memcmp(a->text, b->text, a->len) == 0));
}

static inline bool differential_same(const struct differential *d)
{
    if (d->last_reason != NULL || d->by_fast.time_ns[0] != d->by_slow.time_ns[0])
        return false;
    for (size_t i = 0; i < d->options.n_fields; i++)
        if (!differential_same_value(d->by_fast.columns[i], d->by_slow.columns[i]))
            return false;
    return true;
}

/*
 * How many of the instances took record[0..len), which holds no newline; -1, with a message on
 * stderr, if one of them was wrong.
 */
static inline int differential_check(struct differential *d, const char *record, size_t len)
{
    char *block = memory_alloc(len + 1 + BLOCK_PADDING);
    int taken = 0;
    memcpy(block, record, len);
    block[len] = '\n';
    memset(block + len + 1, '"', BLOCK_PADDING);
    arena_reset(&d->by_slow.arena);
    d->last_reason = json_slow_record(d->slow, block, len, &d->by_slow, 0);
    for (size_t i = 0; i < d->n_fast && taken >= 0; i++) {
        const char *end = block + len + 1;
        const char *next = json_fast_record(d->fast[i], block, end, &d->by_fast, 0);
        if (next == NULL)
            continue;
        taken++;
        if (next != end || !differential_same(d)) {
            fprintf(stderr, "instance %zu took: %.*s\n  slow path: %s\n", i, (int)len, record,
                    d->last_reason == NULL ? "other values" : d->last_reason);
            taken = -1;
        }
    }
    free(block);
    return taken;
}

#endif
