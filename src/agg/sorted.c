#include "agg/sorted.h"

#include <assert.h>
#include <string.h>

#include "base/number.h"

enum { FIRST_CAPACITY = 8, MOST = 128, FIRST_SPANS = 4 };

struct sorted_block {
    struct sorted_block *next; /* among the spare ones */
    uint32_t capacity;
    struct value values[];
};

static int compare(const struct value *a, const struct value *b)
{
    if (a->kind == VALUE_NUMBER && b->kind == VALUE_NUMBER && a->exp == b->exp)
        return (a->mant > b->mant) - (a->mant < b->mant);
    return number_compare(a, b);
}

/* The first span whose last number is not below v; the last span if there is none. */
static size_t find_span(const struct sorted *s, const struct value *v)
{
    size_t low = 0, high = s->n_spans - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&s->spans[middle].last, v) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The place of the first number in it that is not below v. */
static uint32_t find_place(const struct sorted_span *span, const struct value *v)
{
    uint32_t low = 0, high = span->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare(&span->block->values[middle], v) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* An empty block of that capacity. */
static struct sorted_block *make_block(struct sorted *s, uint32_t capacity, struct arena *arena)
{
    struct sorted_block *b = s->spare;
    if (b != NULL && b->capacity >= capacity) {
        s->spare = b->next;
    } else {
        b = arena_alloc(arena, sizeof *b + capacity * sizeof *b->values);
        b->capacity = capacity;
    }
    return b;
}

/* Its numbers are n of those of `from`, from `first` on. */
static void fill_span(struct sorted_span *span, struct sorted_block *b,
                      const struct sorted_block *from, uint32_t first, uint32_t n)
{
    memcpy(b->values, from->values + first, n * sizeof *b->values);
    *span = (struct sorted_span){.last = b->values[n - 1], .block = b, .n = n};
}

/* Room for a span at that place. */
static struct sorted_span *insert_span(struct sorted *s, size_t place, struct arena *arena)
{
    if (s->n_spans == s->capacity) {
        s->capacity = s->capacity == 0 ? FIRST_SPANS : 2 * s->capacity;
        struct sorted_span *spans = arena_alloc(arena, s->capacity * sizeof *spans);
        if (s->n_spans > 0)
            memcpy(spans, s->spans, s->n_spans * sizeof *spans);
        s->spans = spans;
    }
    memmove(s->spans + place + 1, s->spans + place, (s->n_spans - place) * sizeof *s->spans);
    s->n_spans++;
    return &s->spans[place];
}

/* Makes room in a block that is full: a larger one in its place, or one more behind it. */
static void make_room(struct sorted *s, size_t place, struct arena *arena)
{
    struct sorted_span *full = &s->spans[place];
    struct sorted_block *old = full->block;
    if (old->capacity < MOST) {
        fill_span(full, make_block(s, 2 * old->capacity, arena), old, 0, full->n);
        return;
    }
    struct sorted_block *behind = make_block(s, MOST, arena);
    fill_span(insert_span(s, place + 1, arena), behind, old, MOST / 2, MOST / 2);
    full = &s->spans[place];
    full->n = MOST / 2;
    full->last = old->values[MOST / 2 - 1];
}

void sorted_put(struct sorted *s, const struct value *v, struct arena *arena)
{
    struct value kept = v->kind == VALUE_WIDE ? number_keep(v, arena) : *v;
    v = &kept;
    if (s->n_spans == 0)
        *insert_span(s, 0, arena) =
            (struct sorted_span){.block = make_block(s, FIRST_CAPACITY, arena)};
    size_t at = find_span(s, v);
    if (s->spans[at].n == s->spans[at].block->capacity) {
        make_room(s, at, arena);
        at = find_span(s, v);
    }
    struct sorted_span *span = &s->spans[at];
    uint32_t place = find_place(span, v);
    struct value *values = span->block->values;
    memmove(values + place + 1, values + place, (span->n - place) * sizeof *values);
    values[place] = kept;
    span->last = values[span->n++];
    s->n++;
}

void sorted_take(struct sorted *s, const struct value *v)
{
    size_t at = find_span(s, v);
    struct sorted_span *span = &s->spans[at];
    struct value *values = span->block->values;
    uint32_t place = find_place(span, v);
    assert(place < span->n && compare(&values[place], v) == 0);
    span->n--;
    s->n--;
    memmove(values + place, values + place + 1, (span->n - place) * sizeof *values);
    if (span->n > 0) {
        span->last = values[span->n - 1];
        return;
    }
    span->block->next = s->spare;
    s->spare = span->block;
    s->n_spans--;
    memmove(span, span + 1, (s->n_spans - at) * sizeof *span);
}

const struct value *sorted_rank(const struct sorted *s, uint64_t rank)
{
    size_t at = 0;
    while (rank >= s->spans[at].n)
        rank -= s->spans[at++].n;
    return &s->spans[at].block->values[rank];
}

const struct value *sorted_next(const struct sorted *s, struct sorted_cursor *cursor)
{
    if (cursor->span == s->n_spans)
        return NULL;
    const struct sorted_span *span = &s->spans[cursor->span];
    const struct value *v = &span->block->values[cursor->place++];
    if (cursor->place == span->n)
        *cursor = (struct sorted_cursor){.span = cursor->span + 1};
    return v;
}
