/* The sorted numbers of a window that slides against an array that is searched from one end. */
#include <stdlib.h>
#include <string.h>

#include "agg/sorted.h"
#include "base/number.h"
#include "unit/unit.h"

enum { MOST = 3000, STEPS = 40000 };

static struct value held[MOST]; /* in order */
static size_t n_held;

/* Integers and decimals of a small range, so that many are equal, in two exponents, and now and
   then one that has no mantissa. */
static struct value draw(void)
{
    static const char wide[] = "-123456789012345678901234567890.5";
    int m = rand() % 500 - 100;
    switch (rand() % 20) {
    case 0:
        return (struct value){.text = wide, .len = sizeof wide - 1, .kind = VALUE_WIDE};
    case 1:
    case 2:
        return (struct value){.mant = 10 * m, .exp = -2, .kind = VALUE_NUMBER};
    default:
        return (struct value){.mant = m, .exp = -1, .kind = VALUE_NUMBER};
    }
}

static void naive_put(const struct value *v)
{
    size_t place = 0;
    while (place < n_held && number_compare(&held[place], v) < 0)
        place++;
    memmove(held + place + 1, held + place, (n_held - place) * sizeof *held);
    held[place] = *v;
    n_held++;
}

static void naive_take(size_t place)
{
    n_held--;
    memmove(held + place, held + place + 1, (n_held - place) * sizeof *held);
}

/* The text of a long number dies with its batch. */
static void put(struct sorted *s, const struct value *v, struct arena *arena)
{
    static char text[64];
    struct value read = *v;
    if (v->kind == VALUE_WIDE)
        read.text = memcpy(text, v->text, v->len);
    sorted_put(s, &read, arena);
    memset(text, '7', sizeof text);
}

int main(void)
{
    struct sorted s = {0};
    struct arena arena = {0};
    srand(5);
    for (int step = 0; step < STEPS; step++) {
        /* Full, empty, and full again. */
        bool grows = (step / 5000) % 2 == 0;
        if (n_held < MOST && (n_held == 0 || rand() % 8 < (grows ? 6 : 1))) {
            struct value v = draw();
            naive_put(&v);
            put(&s, &v, &arena);
        } else {
            size_t place = (size_t)rand() % n_held;
            struct value v = held[place];
            naive_take(place);
            sorted_take(&s, &v);
        }
        CHECK(s.n == n_held, "step %d", step);
        if (n_held == 0)
            continue;
        uint64_t rank = (uint64_t)rand() % n_held;
        const struct value *found = sorted_rank(&s, rank);
        CHECK(number_compare(found, &held[rank]) == 0, "step %d, rank %zu of %zu", step,
              (size_t)rank, n_held);
    }
    size_t bytes = arena.bytes;
    for (int round = 0; round < 20000 && n_held > 0; round++) {
        struct value v = draw(), old = held[(size_t)rand() % n_held];
        if (v.kind == VALUE_WIDE)
            continue; /* its text is not given back */
        sorted_take(&s, &old);
        sorted_put(&s, &old, &arena);
    }
    CHECK(arena.bytes <= 2 * bytes + 4096, "%zu bytes, then %zu", bytes, arena.bytes);
    arena_free(&arena);
    return unit_done();
}
