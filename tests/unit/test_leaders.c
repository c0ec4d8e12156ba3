/*
 * The best of a counted set as its counts go up and down, by the leaders, against looking at all of
 * them: values that come and go at random, by turns as in a window that slides, and often.
 */
#include <stdlib.h>
#include <string.h>

#include "agg/leaders.h"
#include "base/value.h"
#include "unit/unit.h"

enum { MOST = 5000, BEST = 20 };

struct subject {
    struct arena arena;
    struct byte_set set;
    struct leaders *leaders;
    char *payload[MOST]; /* by value */
};

static void change(struct subject *s, uint64_t i, bool up)
{
    struct value v = {.mant = (int64_t)i, .kind = VALUE_NUMBER};
    struct buf encoding = {0};
    value_encode(&encoding, &v);
    uint32_t n = s->set.n;
    uint64_t hash = byte_set_hash(encoding.data, encoding.len);
    char *payload = byte_set_put(&s->set, hash, encoding.data, encoding.len, &s->arena);
    uint64_t before = value_set_count(payload), count = before;
    buf_free(&encoding);
    s->payload[i] = payload;
    if (!up && before == 0)
        up = true;
    count += up ? 1 : (uint64_t)-1;
    memcpy(payload, &count, sizeof count);
    if (up && before == 0 && n == s->set.n)
        s->set.n_gone--;
    else if (count == 0)
        s->set.n_gone++;
    if (s->leaders != NULL)
        leaders_moved(s->leaders, payload, before);
    if (s->leaders == NULL || leaders_outgrown(s->leaders, &s->set))
        s->leaders = leaders_new(&s->set, 3, &s->arena);
}

static bool agrees(struct subject *s, size_t n)
{
    const void *fast[BEST], *slow[BEST];
    size_t size = value_set_size(&s->set);
    if (n > size)
        n = size;
    leaders_best(s->leaders, &s->set, fast, n);
    leaders_best(NULL, &s->set, slow, n);
    return memcmp(fast, slow, n * sizeof *fast) == 0;
}

/* values: how many there are; step: 0 at random, 1 by turns, as in a window that slides. */
static void one_life(uint64_t values, int step, uint64_t changes, uint64_t asked_every)
{
    struct subject *s = calloc(1, sizeof *s);
    s->set.payload_bytes = sizeof(uint64_t);
    bool used = false;
    for (uint64_t i = 0; i < changes; i++) {
        if (step == 1) {
            change(s, i % values, true);
            if (i >= values / 2)
                change(s, (i - values / 2) % values, false);
        } else {
            uint64_t at = step == 0 ? unit_below(values) : unit_below(1 + unit_below(values));
            change(s, at, unit_below(20) > i * 20 / changes || unit_below(3) == 0);
        }
        used |= s->leaders != NULL;
        if (i % asked_every == 0) {
            size_t n = 1 + (size_t)unit_below(unit_below(8) == 0 ? BEST : 3);
            CHECK(agrees(s, n), "values %d, step %d, change %d: the best %d", (int)values, step,
                  (int)i, (int)n);
        }
        if (unit_failures > 3)
            break;
    }
    CHECK(used == (values >= 500), "leaders only of many values: %d", (int)values);
    arena_free(&s->arena);
    free(s);
}

int main(void)
{
    for (int step = 0; step < 3; step++) {
        one_life(50, step, 5000, 1);
        one_life(500, step, 20000, 3);
        one_life(500, step, 20000, 97);
        one_life(MOST, step, 60000, 13);
        one_life(MOST, step, 60000, 1009);
    }
    return unit_done();
}
