/*
 * Places by name, against what was entered: names that are the beginnings of others, of any bytes,
 * entered again, and more of them than there is room for at first.
 */
#include "base/places.h"

#include <stdlib.h>
#include <string.h>

#include "unit/unit.h"

enum { BYTES = 24, NAMES = BYTES * BYTES };

struct name {
    char bytes[BYTES];
    size_t len;
};

/* None is another: byte and length tell. */
static void make_names(struct name *names)
{
    for (size_t i = 0; i < NAMES; i++) {
        names[i].len = i == 0 ? 0 : 1 + i % BYTES;
        memset(names[i].bytes, (int)(i / BYTES), names[i].len);
    }
}

static bool is_at(const struct places *places, const struct name *name, size_t expected)
{
    size_t place = SIZE_MAX;
    return places_find(places, name->bytes, name->len, &place) && place == expected;
}

int main(void)
{
    struct places places = {0};
    struct name *names = calloc(NAMES, sizeof *names);
    make_names(names);
    for (size_t i = 0; i < NAMES; i++) {
        size_t place = i + 1;
        CHECK(!places_find(&places, names[i].bytes, names[i].len, &place) && place == i + 1,
              "name %zu, before it is there", i);
        CHECK(places_enter(&places, names[i].bytes, names[i].len, &place), "name %zu", i);
        struct name copy = names[i];
        CHECK(!places_enter(&places, copy.bytes, copy.len, &place) && place == i + 1,
              "name %zu again: %zu", i, place);
        size_t before = (size_t)unit_below(i + 1);
        CHECK(is_at(&places, &names[before], before + 1), "name %zu of %zu", before, i);
    }
    for (size_t i = 0; i < NAMES; i++)
        CHECK(is_at(&places, &names[i], i + 1), "name %zu", i);
    CHECK(places.n == NAMES && 2 * places.n <= places.n_slots, "%zu of %zu", places.n,
          places.n_slots);
    places_free(&places);
    CHECK(!is_at(&places, &names[1], 2), "it is empty again");
    free(names);
    return unit_done();
}
