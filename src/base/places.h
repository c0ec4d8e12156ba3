/*
 * base/places.h - where something stands, by its name: for lists that a command line or a header
 * can make thousands long, so that no list is walked for each of its items.
 */
#ifndef BASE_PLACES_H
#define BASE_PLACES_H

#include <stdbool.h>
#include <stddef.h>

struct places_slot {
    const void *name; /* borrowed; NULL: the slot is free */
    size_t len, place;
};

struct places { /* {0} is empty */
    struct places_slot *slots;
    size_t n, n_slots;
};

/* Enters a name, which must stay as it is; false: it is there, and *place is set to where. */
bool places_enter(struct places *places, const void *name, size_t len, size_t *place);

/* False: it is not there. */
bool places_find(const struct places *places, const void *name, size_t len, size_t *place);

void places_free(struct places *places);

#endif
