#include "agg/byte_set.h"

#include <assert.h>
#include <string.h>
#include <xxhash.h>

#include "base/memory.h"
#include "base/seed.h"

enum { FIRST_SLOTS = 4, MOST_SLOTS = 1 << 30, FIRST_PARTS = 4, LONG_LENGTH = 255, GROUP = 16 };

static const uint64_t ADDRESS_MASK = ((uint64_t)1 << 48) - 1;

uint64_t byte_set_hash(const void *bytes, size_t len)
{
    return XXH3_64bits_withSeed(bytes, len, seed_of_process());
}

static uint64_t *slot_at(const struct byte_set *s, uint32_t i)
{
    if (i < FIRST_SLOTS)
        return &s->parts[0][i];
    unsigned log2 = 31 - (unsigned)__builtin_clz(i);
    return &s->parts[log2 - 1][i - ((uint32_t)1 << log2)];
}

static uint32_t home(const struct byte_set *s, uint64_t hash)
{
    return (uint32_t)hash & (s->n_slots - 1);
}

static uint32_t following(const struct byte_set *s, uint32_t i)
{
    return (i + 1) & (s->n_slots - 1);
}

static bool has_tag_of(uint64_t slot, uint64_t hash)
{
    return (slot ^ hash) >> 48 == 0;
}

static char *slot_payload(uint64_t slot)
{
    return (char *)(uintptr_t)(slot & ADDRESS_MASK);
}

struct byte_set_entry byte_set_entry(const struct byte_set *s, const char *payload)
{
    const unsigned char *p = (const unsigned char *)payload + s->payload_bytes;
    struct byte_set_entry entry = {.payload = payload, .len = *p++};
    if (entry.len == LONG_LENGTH) {
        memcpy(&entry.len, p, sizeof entry.len);
        p += sizeof entry.len;
    }
    entry.bytes = p;
    return entry;
}

void byte_set_expect(const struct byte_set *s, uint64_t hash)
{
    if (s->n_slots > 0)
        __builtin_prefetch(slot_at(s, home(s, hash)));
}

void byte_set_expect_entry(const struct byte_set *s, uint64_t hash)
{
    if (s->n_slots == 0)
        return;
    uint32_t i = home(s, hash);
    uint64_t slot;
    while ((slot = *slot_at(s, i)) != 0 && !has_tag_of(slot, hash))
        i = following(s, i);
    if (slot != 0)
        __builtin_prefetch(slot_payload(slot));
}

static void insert(struct byte_set *s, uint64_t hash, const char *payload)
{
    assert(((uint64_t)(uintptr_t)payload & ~ADDRESS_MASK) == 0);
    uint32_t i = home(s, hash);
    while (*slot_at(s, i) != 0)
        i = following(s, i);
    *slot_at(s, i) = (hash & ~ADDRESS_MASK) | (uint64_t)(uintptr_t)payload;
}

/* Puts all entries into the empty slots, by groups: see byte_set_expect(). */
static void insert_all(struct byte_set *s)
{
    struct byte_set_cursor cursor = {0};
    struct byte_set_entry entry[GROUP];
    uint64_t hash[GROUP];
    size_t n;
    do {
        for (n = 0; n < GROUP && byte_set_next(s, &cursor, &entry[n]); n++) {
            hash[n] = byte_set_hash(entry[n].bytes, entry[n].len);
            byte_set_expect(s, hash[n]);
        }
        for (size_t i = 0; i < n; i++)
            insert(s, hash[i], entry[i].payload);
    } while (n == GROUP);
}

/* How many slots part k has. */
static uint32_t part_slots(unsigned k)
{
    return k == 0 ? FIRST_SLOTS : (uint32_t)FIRST_SLOTS << (k - 1);
}

static unsigned count_parts(const struct byte_set *s)
{
    return s->n_slots == 0 ? 0 : 30 - (unsigned)__builtin_clz(s->n_slots);
}

static void clear_slots(struct byte_set *s)
{
    for (unsigned k = 0; k < count_parts(s); k++)
        memset(s->parts[k], 0, part_slots(k) * sizeof *s->parts[k]);
}

static void grow(struct byte_set *s, struct arena *arena)
{
    unsigned n = count_parts(s);
    if (s->n_slots == MOST_SLOTS)
        memory_alloc(SIZE_MAX); /* 9e8 strings in one set: that is out of memory */
    if (n == 0 || (n >= FIRST_PARTS && (n & (n - 1)) == 0)) {
        uint64_t **parts = arena_alloc(arena, (n == 0 ? FIRST_PARTS : 2 * n) * sizeof *parts);
        if (n > 0)
            memcpy(parts, s->parts, n * sizeof *parts);
        s->parts = parts;
    }
    s->parts[n] = arena_alloc(arena, part_slots(n) * sizeof *s->parts[n]);
    s->n_slots = n == 0 ? FIRST_SLOTS : 2 * s->n_slots;
    clear_slots(s);
    insert_all(s);
}

static char *new_entry(struct byte_set *s, const void *bytes, size_t len, struct arena *arena)
{
    size_t prefix = s->payload_bytes + (len < LONG_LENGTH ? 1 : 1 + sizeof len);
    char *payload = chunks_take(&s->entries, prefix + len, arena);
    memset(payload, 0, s->payload_bytes);
    payload[s->payload_bytes] = (char)(len < LONG_LENGTH ? len : LONG_LENGTH);
    if (len >= LONG_LENGTH)
        memcpy(payload + s->payload_bytes + 1, &len, sizeof len);
    memcpy(payload + prefix, bytes, len);
    return payload;
}

char *byte_set_get(const struct byte_set *s, uint64_t hash, const void *bytes, size_t len)
{
    uint64_t slot;
    if (s->n_slots == 0)
        return NULL;
    for (uint32_t i = home(s, hash); (slot = *slot_at(s, i)) != 0; i = following(s, i)) {
        if (!has_tag_of(slot, hash))
            continue;
        struct byte_set_entry entry = byte_set_entry(s, slot_payload(slot));
        if (entry.len == len && memcmp(entry.bytes, bytes, len) == 0)
            return slot_payload(slot);
    }
    return NULL;
}

char *byte_set_put(struct byte_set *s, uint64_t hash, const void *bytes, size_t len,
                   struct arena *arena)
{
    char *payload = byte_set_get(s, hash, bytes, len);
    if (payload != NULL)
        return payload;
    if (((uint64_t)s->n + 1) * 8 > (uint64_t)s->n_slots * 7)
        grow(s, arena);
    payload = new_entry(s, bytes, len, arena);
    insert(s, hash, payload);
    s->n++;
    return payload;
}

void byte_set_reset(struct byte_set *s)
{
    clear_slots(s);
    chunks_reset(&s->entries);
    s->n = s->n_gone = 0;
}

bool byte_set_next(const struct byte_set *s, struct byte_set_cursor *cursor,
                   struct byte_set_entry *entry)
{
    if (!cursor->started)
        *cursor = (struct byte_set_cursor){.chunk = s->entries.used, .started = true};
    while (cursor->chunk != NULL && cursor->at == cursor->chunk->used) {
        cursor->chunk = cursor->chunk->next;
        cursor->at = 0;
    }
    if (cursor->chunk == NULL)
        return false;
    *entry = byte_set_entry(s, cursor->chunk->data + cursor->at);
    cursor->at = (size_t)((const char *)entry->bytes + entry->len - cursor->chunk->data);
    return true;
}
