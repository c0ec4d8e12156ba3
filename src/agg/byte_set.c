#include "agg/byte_set.h"

#include <assert.h>
#include <string.h>
#include <xxhash.h>

#include "base/memory.h"

enum { FIRST_SLOTS = 4, LONG_LENGTH = 255 };

static const uint64_t ADDRESS_MASK = ((uint64_t)1 << 48) - 1;

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

/* The slot where the search for a hash begins: its high bits, scaled; the tag is its low bits. */
static uint32_t home(const struct byte_set *s, uint64_t hash)
{
    return (uint32_t)(((hash >> 32) * s->n_slots) >> 32);
}

static uint32_t following(const struct byte_set *s, uint32_t slot)
{
    return slot + 1 == s->n_slots ? 0 : slot + 1;
}

static void insert(struct byte_set *s, uint64_t hash, const char *payload)
{
    assert(((uint64_t)(uintptr_t)payload & ~ADDRESS_MASK) == 0);
    uint32_t i = home(s, hash);
    while (s->slots[i] != 0)
        i = following(s, i);
    s->slots[i] = hash << 48 | (uint64_t)(uintptr_t)payload;
}

/* Entries are hashed again, in the order in which they stand: cheaper than 8 bytes each for it. */
static void grow(struct byte_set *s, struct arena *arena)
{
    uint64_t *outgrown = s->slots;
    uint32_t n_outgrown = s->n_slots;
    if (n_outgrown > UINT32_MAX / 3 * 2)
        memory_alloc(SIZE_MAX); /* 2.5e9 strings in one set: that is out of memory */
    s->n_slots = n_outgrown == 0 ? FIRST_SLOTS : n_outgrown + n_outgrown / 2;
    s->slots = arena_alloc(arena, s->n_slots * sizeof *s->slots);
    memset(s->slots, 0, s->n_slots * sizeof *s->slots);
    struct byte_set_cursor cursor = {0};
    struct byte_set_entry entry;
    while (byte_set_next(s, &cursor, &entry))
        insert(s, XXH3_64bits(entry.bytes, entry.len), entry.payload);
    if (outgrown != NULL)
        chunks_give(&s->entries, outgrown, n_outgrown * sizeof *outgrown);
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

char *byte_set_put(struct byte_set *s, const void *bytes, size_t len, struct arena *arena)
{
    uint64_t hash = XXH3_64bits(bytes, len);
    if (s->n_slots > 0) {
        uint32_t i = home(s, hash);
        for (; s->slots[i] != 0; i = following(s, i)) {
            if (s->slots[i] >> 48 != (hash & 0xffff))
                continue;
            char *payload = slot_payload(s->slots[i]);
            struct byte_set_entry entry = byte_set_entry(s, payload);
            if (entry.len == len && memcmp(entry.bytes, bytes, len) == 0)
                return payload;
        }
    }
    if ((s->n + 1) * 8 > (uint64_t)s->n_slots * 7)
        grow(s, arena);
    char *payload = new_entry(s, bytes, len, arena);
    insert(s, hash, payload);
    s->n++;
    return payload;
}

void byte_set_reset(struct byte_set *s)
{
    if (s->n > 0)
        memset(s->slots, 0, s->n_slots * sizeof *s->slots);
    chunks_reset(&s->entries);
    s->n = 0;
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
