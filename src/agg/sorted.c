#include "agg/sorted.h"

#include <assert.h>
#include <string.h>

#include "base/number.h"

enum { FIRST_CAPACITY = 8, MOST = 256, FIRST_BLOCKS = 4 };

struct sorted_block {
    struct sorted_block *next; /* among the spare ones */
    uint32_t n, capacity;
    struct value values[];
};

static int compare(const struct value *a, const struct value *b)
{
    if (a->kind == VALUE_NUMBER && b->kind == VALUE_NUMBER && a->exp == b->exp)
        return (a->mant > b->mant) - (a->mant < b->mant);
    return number_compare(a, b);
}

/* The first block whose last number is not below v; the last block if there is none. */
static size_t find_block(const struct sorted *s, const struct value *v)
{
    size_t low = 0, high = s->n_blocks - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct sorted_block *b = s->blocks[middle];
        if (compare(&b->values[b->n - 1], v) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The place of the first number in it that is not below v. */
static uint32_t find_place(const struct sorted_block *b, const struct value *v)
{
    uint32_t low = 0, high = b->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare(&b->values[middle], v) < 0)
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
    b->n = 0;
    return b;
}

static void insert_block(struct sorted *s, size_t place, struct sorted_block *b,
                         struct arena *arena)
{
    if (s->n_blocks == s->capacity) {
        s->capacity = s->capacity == 0 ? FIRST_BLOCKS : 2 * s->capacity;
        struct sorted_block **blocks = arena_alloc(arena, s->capacity * sizeof *blocks);
        if (s->n_blocks > 0)
            memcpy(blocks, s->blocks, s->n_blocks * sizeof *blocks);
        s->blocks = blocks;
    }
    memmove(s->blocks + place + 1, s->blocks + place, (s->n_blocks - place) * sizeof *s->blocks);
    s->blocks[place] = b;
    s->n_blocks++;
}

/* Moves the numbers from `first` on to the end of another block. */
static void move_numbers(struct sorted_block *to, struct sorted_block *from, uint32_t first)
{
    uint32_t n = from->n - first;
    memcpy(to->values + to->n, from->values + first, n * sizeof *to->values);
    to->n += n;
    from->n = first;
}

/* Makes room in a block that is full: a larger one in its place, or one more behind it. */
static void make_room(struct sorted *s, size_t place, struct arena *arena)
{
    struct sorted_block *full = s->blocks[place];
    if (full->capacity < MOST) {
        s->blocks[place] = make_block(s, 2 * full->capacity, arena);
        move_numbers(s->blocks[place], full, 0);
        return;
    }
    struct sorted_block *behind = make_block(s, MOST, arena);
    move_numbers(behind, full, MOST / 2);
    insert_block(s, place + 1, behind, arena);
}

void sorted_put(struct sorted *s, const struct value *v, struct arena *arena)
{
    if (s->n_blocks == 0)
        insert_block(s, 0, make_block(s, FIRST_CAPACITY, arena), arena);
    size_t at = find_block(s, v);
    if (s->blocks[at]->n == s->blocks[at]->capacity) {
        make_room(s, at, arena);
        at = find_block(s, v);
    }
    struct sorted_block *b = s->blocks[at];
    uint32_t place = find_place(b, v);
    memmove(b->values + place + 1, b->values + place, (b->n - place) * sizeof *b->values);
    b->values[place] = *v;
    if (v->kind == VALUE_WIDE)
        b->values[place].text = arena_copy(arena, v->text, v->len);
    b->n++;
    s->n++;
}

void sorted_take(struct sorted *s, const struct value *v)
{
    size_t at = find_block(s, v);
    struct sorted_block *b = s->blocks[at];
    uint32_t place = find_place(b, v);
    assert(place < b->n && compare(&b->values[place], v) == 0);
    b->n--;
    s->n--;
    memmove(b->values + place, b->values + place + 1, (b->n - place) * sizeof *b->values);
    if (b->n > 0)
        return;
    s->n_blocks--;
    memmove(s->blocks + at, s->blocks + at + 1, (s->n_blocks - at) * sizeof *s->blocks);
    b->next = s->spare;
    s->spare = b;
}

const struct value *sorted_rank(const struct sorted *s, uint64_t rank)
{
    size_t at = 0;
    while (rank >= s->blocks[at]->n)
        rank -= s->blocks[at++]->n;
    return &s->blocks[at]->values[rank];
}
