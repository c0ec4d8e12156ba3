#include "base/places.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/memory.h"
#include "base/seed.h"

/* The slot of the name, or the free one where it belongs. There is a free one. */
static struct places_slot *slot_of(const struct places *p, const void *name, size_t len)
{
    size_t i = XXH3_64bits_withSeed(name, len, seed_of_process()) & (p->n_slots - 1);
    for (;; i = (i + 1) & (p->n_slots - 1)) {
        struct places_slot *slot = &p->slots[i];
        if (slot->name == NULL || (slot->len == len && memcmp(slot->name, name, len) == 0))
            return slot;
    }
}

static void grow(struct places *p)
{
    enum { FIRST = 16 };
    struct places old = *p;
    p->n_slots = old.n_slots == 0 ? FIRST : 2 * old.n_slots;
    p->slots = memory_calloc(p->n_slots, sizeof *p->slots);
    for (size_t i = 0; i < old.n_slots; i++)
        if (old.slots[i].name != NULL)
            *slot_of(p, old.slots[i].name, old.slots[i].len) = old.slots[i];
    free(old.slots);
}

bool places_enter(struct places *p, const void *name, size_t len, size_t *place)
{
    if (places_find(p, name, len, place))
        return false;
    if (2 * (p->n + 1) > p->n_slots)
        grow(p);
    *slot_of(p, name, len) = (struct places_slot){name, len, *place};
    p->n++;
    return true;
}

bool places_find(const struct places *p, const void *name, size_t len, size_t *place)
{
    const struct places_slot *slot = p->n == 0 ? NULL : slot_of(p, name, len);
    if (slot == NULL || slot->name == NULL)
        return false;
    *place = slot->place;
    return true;
}

void places_free(struct places *p)
{
    free(p->slots);
    *p = (struct places){0};
}
