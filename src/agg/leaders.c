#include "agg/leaders.h"

#include <string.h>

#include "agg/heap.h"

struct leaders {
    bool known;      /* was all looked at? */
    const char *bar; /* payload of the value that ranks as the bar; NULL: all values are leaders */
    uint64_t bar_count; /* what its count was then */
    size_t made_for;    /* as many values */
    size_t wanted;      /* so many when all are looked at */
    size_t n, capacity;
    const void *item[]; /* payloads, the best first */
};

enum { FEW = 128, TIMES_ROOT = 4, TIMES_ROOM = 2, OUTGROWN = 4 };

static int by_bytes(const char *a, const char *b)
{
    const struct byte_set set = {.payload_bytes = sizeof(uint64_t)};
    struct byte_set_entry x = byte_set_entry(&set, a), y = byte_set_entry(&set, b);
    /* Encodings differ before either ends, so the shorter length is enough to compare. */
    return memcmp(x.bytes, y.bytes, x.len < y.len ? x.len : y.len);
}

/* The payloads of two entries: the higher count first, then the lower value. */
static int by_rank(const void *a, const void *b)
{
    uint64_t count_a = value_set_count(a), count_b = value_set_count(b);
    if (count_a != count_b)
        return count_a > count_b ? -1 : 1;
    return by_bytes(a, b);
}

struct leaders *leaders_new(const struct byte_set *set, size_t n, struct arena *arena)
{
    size_t root = 1, size = set->n;
    if (size < FEW || n > size / OUTGROWN)
        return NULL;
    while (root * root < size)
        root++;
    size_t wanted = TIMES_ROOT * (n + root); /* of 128 values 60 at most, of more a smaller part */
    size_t capacity = TIMES_ROOM * wanted;
    struct leaders *l = arena_alloc(arena, sizeof *l + capacity * sizeof l->item[0]);
    *l = (struct leaders){.made_for = size, .wanted = wanted, .capacity = capacity};
    return l;
}

bool leaders_outgrown(const struct leaders *l, const struct byte_set *set)
{
    return set->n / OUTGROWN > l->made_for;
}

/* Does a value rank no lower than the bar, with that count? */
static bool reaches_bar(const struct leaders *l, const char *payload, uint64_t count)
{
    if (count == 0 || l->bar == NULL)
        return count > 0;
    if (count != l->bar_count)
        return count > l->bar_count;
    return by_bytes(payload, l->bar) <= 0;
}

/* Does a value with that count rank before an item, which has its own? */
static bool goes_before(const char *payload, uint64_t count, const char *item)
{
    uint64_t other = value_set_count(item);
    return count != other ? count > other : by_bytes(payload, item) < 0;
}

/* Where a value with that count stands, or belongs. What stands elsewhere is in order. */
static size_t place_of(const struct leaders *l, const char *payload, uint64_t count)
{
    size_t low = 0, high = l->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (l->item[middle] == payload)
            return middle;
        if (goes_before(payload, count, l->item[middle]))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void take_out(struct leaders *l, size_t at)
{
    l->n--;
    memmove(&l->item[at], &l->item[at + 1], (l->n - at) * sizeof l->item[0]);
}

static void put_in(struct leaders *l, size_t at, const char *payload)
{
    memmove(&l->item[at + 1], &l->item[at], (l->n - at) * sizeof l->item[0]);
    l->item[at] = payload;
    l->n++;
}

/* The last of the items ranks as the bar. */
static void set_bar(struct leaders *l)
{
    l->bar = l->item[l->n - 1];
    l->bar_count = value_set_count(l->bar);
}

void leaders_moved(struct leaders *l, const char *payload, uint64_t before)
{
    uint64_t count = value_set_count(payload);
    if (!l->known)
        return;
    if (reaches_bar(l, payload, before))
        take_out(l, place_of(l, payload, before));
    if (!reaches_bar(l, payload, count))
        return;
    put_in(l, place_of(l, payload, count), payload);
    if (l->n == l->capacity) {
        l->n = l->wanted;
        set_bar(l);
    }
}

/* Takes one more for the best n of those offered, which item[0..*taken) holds, if full as a heap.
 */
static void offer(const void **item, size_t n, size_t *taken, const void *payload)
{
    if (*taken < n) {
        item[(*taken)++] = payload;
        if (*taken == n)
            heap_build(item, n, by_rank);
    } else if (by_rank(payload, item[0]) < 0) {
        item[0] = payload;
        heap_sift(item, n, by_rank);
    }
}

/* The best n of all values, in order; returns how many there are, if fewer. */
static size_t best_of_all(const struct byte_set *set, const void **best, size_t n)
{
    struct byte_set_cursor cursor = {0};
    struct byte_set_entry entry;
    size_t taken = 0;
    while (byte_set_next(set, &cursor, &entry))
        if (value_set_count(entry.payload) > 0)
            offer(best, n, &taken, entry.payload);
    if (taken < n)
        heap_build(best, taken, by_rank);
    heap_sort(best, taken, by_rank);
    return taken;
}

static void look_at_all(struct leaders *l, const struct byte_set *set)
{
    l->n = best_of_all(set, l->item, l->wanted);
    l->known = true;
    l->bar = NULL;
    if (l->n == l->wanted)
        set_bar(l);
}

void leaders_best(struct leaders *l, const struct byte_set *set, const void **best, size_t n)
{
    if (l == NULL || n > l->wanted) {
        best_of_all(set, best, n);
        return;
    }
    if (!l->known || (l->n < n && l->bar != NULL))
        look_at_all(l, set);
    memcpy(best, l->item, n * sizeof *best);
}
