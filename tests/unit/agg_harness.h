/*
 * agg_harness.h - accumulators fed from arrays of values, for the tests of src/agg/.
 */
#ifndef AGG_HARNESS_H
#define AGG_HARNESS_H

#include <stdlib.h>

#include "agg/agg.h"
#include "base/number.h"

enum { STREAM_MAX = 48, FEED_BATCH = 512 };

/* A (window, key) of its own: an accumulator and its arena. */
struct cell {
    const struct agg *agg;
    char *block;
    struct arena arena;
};

static inline struct agg agg_of(const char *text)
{
    struct error err = {0};
    struct agg agg;
    if (!agg_parse(&agg, text, &err)) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    return agg;
}

static inline struct cell cell_new(const struct agg *agg)
{
    struct cell cell = {.agg = agg, .block = malloc(agg->offset + agg->ops->size)};
    memset(cell.block, 0xa5, agg->offset + agg->ops->size);
    agg->ops->init(agg, cell.block + agg->offset);
    return cell;
}

static inline void cell_free(struct cell *cell)
{
    arena_free(&cell->arena);
    free(cell->block);
}

static inline void *cell_acc(const struct cell *cell)
{
    return cell->block + cell->agg->offset;
}

/* Adds a batch whose texts are gone afterwards, in rows that are not those of the arrays. */
static inline void cell_add_batch(struct cell *cell, const struct value *v, const int64_t *time_ns,
                                  size_t n)
{
    static char *accs[FEED_BATCH];
    static struct arena *arenas[FEED_BATCH];
    static uint32_t rows[FEED_BATCH];
    struct value *column = calloc(n + 1, sizeof *column);
    int64_t *times = malloc((n + 1) * sizeof *times);
    for (size_t i = 0; i < n; i++) {
        accs[i] = cell->block;
        arenas[i] = &cell->arena;
        rows[i] = (uint32_t)(n - i); /* row 0 is not asked for */
        column[n - i] = v[i];
        times[n - i] = time_ns[i];
        if (v[i].kind == VALUE_STRING || v[i].kind == VALUE_WIDE) {
            char *text = malloc(v[i].len + 1u);
            memcpy(text, v[i].text, v[i].len);
            column[n - i].text = text;
        }
    }
    struct agg_rows in = {.n = n, .accs = accs, .arenas = arenas, .rows = rows, .time_ns = times};
    cell->agg->ops->add(cell->agg, &in, cell->agg->input == AGG_NO_INPUT ? NULL : column);
    for (size_t i = 1; i <= n; i++)
        if (column[i].kind == VALUE_STRING || column[i].kind == VALUE_WIDE)
            free((char *)column[i].text);
    free(column);
    free(times);
}

static inline void cell_add(struct cell *cell, const struct value *v, const int64_t *time_ns,
                            size_t n)
{
    for (size_t at = 0; at < n; at += FEED_BATCH)
        cell_add_batch(cell, v + at, time_ns + at, n - at < FEED_BATCH ? n - at : FEED_BATCH);
}

static inline void datum_text(const struct datum *d, struct buf *to)
{
    static const char *const words[] = {"null", "false", "true", "number ", "string ", "json "};
    buf_puts(to, words[d->kind]);
    if (d->kind >= DATUM_NUMBER)
        buf_put(to, d->text, d->len);
}

/* The result as text with its kind; free it. */
static inline char *cell_result(const struct cell *cell)
{
    struct buf scratch = {0}, text = {0};
    struct datum d;
    buf_puts(&scratch, "odd"); /* nobody may count on an empty or an aligned one */
    cell->agg->ops->result(cell->agg, cell_acc(cell), &d, &scratch);
    datum_text(&d, &text);
    buf_cstr(&text);
    buf_free(&scratch);
    return text.data;
}

static inline struct value number_of(const char *text)
{
    struct value v;
    if (number_parse(text, strlen(text), &v) != NUMBER_OK)
        abort();
    return v;
}

static inline struct value string_of(const char *text)
{
    return (struct value){.text = text, .len = (uint32_t)strlen(text), .kind = VALUE_STRING};
}

/* xorshift64*: the same stream everywhere. */
static inline uint64_t random_u64(void)
{
    static uint64_t state = 0x9e3779b97f4a7c15;
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1d;
}

static inline size_t random_below(size_t n)
{
    return (size_t)(random_u64() >> 11) % n;
}

#endif
