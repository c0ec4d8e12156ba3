#include "engine/dedup.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/wire.h"
#include "engine/heap.h"
#include "engine/keys.h"

enum { FIRST_SLOTS = 1024, LEAST_LOG_BYTES = 1 << 16 };

/* Its bytes stand in the log: the id, then the key. Free: len is 0, no id is so short. */
struct entry {
    size_t at;
    uint32_t len, key_len;
    uint32_t hash;
    uint32_t next_free; /* index + 1 of another free one; 0: none */
    int64_t time_ns;
};

struct dedup {
    uint64_t *slots; /* 0: empty; else hash << 32 | index + 1 */
    uint32_t mask;   /* slots - 1 */
    uint32_t n;      /* ids held */
    struct entry *entries;
    uint32_t n_entries, capacity; /* free ones included */
    uint32_t free;                /* index + 1; 0: none */
    struct buf log;
    size_t dead_bytes; /* of the log */
    /* When they are to be forgotten; the owner is an index + 1. Times mostly come in order: such a
     * one stands at the end of the line, which costs nothing; the others go to the heap. */
    struct timer *line; /* a ring */
    size_t line_first, line_n, line_capacity;
    struct heap heap;
};

struct dedup *dedup_new(void)
{
    struct dedup *d = memory_calloc(1, sizeof *d);
    d->slots = memory_calloc(FIRST_SLOTS, sizeof *d->slots);
    d->mask = FIRST_SLOTS - 1;
    return d;
}

void dedup_free(struct dedup *d)
{
    if (d == NULL)
        return;
    free(d->line);
    heap_free(&d->heap);
    buf_free(&d->log);
    free(d->entries);
    free(d->slots);
    free(d);
}

static const unsigned char *bytes_of(const struct dedup *d, const struct entry *entry)
{
    return (const unsigned char *)d->log.data + entry->at;
}

/* The slot of the id, or the empty one where it would stand. */
static uint32_t find_slot(const struct dedup *d, uint32_t hash, const unsigned char *id,
                          uint32_t len)
{
    uint32_t at = hash & d->mask;
    for (; d->slots[at] != 0; at = (at + 1) & d->mask) {
        const struct entry *entry = &d->entries[(uint32_t)d->slots[at] - 1];
        if ((uint32_t)(d->slots[at] >> 32) == hash && entry->len == len &&
            memcmp(bytes_of(d, entry), id, len) == 0)
            break;
    }
    return at;
}

void dedup_prefetch(const struct dedup *d, uint32_t hash)
{
    __builtin_prefetch(&d->slots[hash & d->mask]);
}

bool dedup_holds(const struct dedup *d, uint32_t hash, const unsigned char *id, uint32_t len)
{
    return d->slots[find_slot(d, hash, id, len)] != 0;
}

static struct dedup_id view(const struct dedup *d, const struct entry *entry)
{
    return (struct dedup_id){
        .hash = entry->hash,
        .len = entry->len,
        .key_len = entry->key_len,
        .id = bytes_of(d, entry),
        .key = bytes_of(d, entry) + entry->len,
        .time_ns = entry->time_ns,
    };
}

bool dedup_find(const struct dedup *d, uint32_t hash, const unsigned char *id, uint32_t len,
                struct dedup_id *found)
{
    uint64_t slot = d->slots[find_slot(d, hash, id, len)];
    if (slot != 0)
        *found = view(d, &d->entries[(uint32_t)slot - 1]);
    return slot != 0;
}

static void grow_slots(struct dedup *d)
{
    uint64_t *old = d->slots;
    uint32_t n_old = d->mask + 1;
    if (d->n > UINT32_MAX / 4)
        memory_alloc(SIZE_MAX); /* a billion ids: says so and ends the run */
    d->mask = n_old * 2 - 1;
    d->slots = memory_calloc((size_t)n_old * 2, sizeof *d->slots);
    for (uint32_t i = 0; i < n_old; i++) {
        if (old[i] == 0)
            continue;
        uint32_t at = (uint32_t)(old[i] >> 32) & d->mask;
        while (d->slots[at] != 0)
            at = (at + 1) & d->mask;
        d->slots[at] = old[i];
    }
    free(old);
}

static uint32_t take_entry(struct dedup *d)
{
    if (d->free != 0) {
        uint32_t index = d->free - 1;
        d->free = d->entries[index].next_free;
        return index;
    }
    if (d->n_entries == d->capacity) {
        d->capacity = d->capacity == 0 ? FIRST_SLOTS : d->capacity * 2;
        d->entries = memory_realloc(d->entries, d->capacity * sizeof *d->entries);
    }
    return d->n_entries++;
}

static struct timer *in_line(const struct dedup *d, size_t i)
{
    return &d->line[(d->line_first + i) & (d->line_capacity - 1)];
}

static void grow_line(struct dedup *d)
{
    size_t capacity = d->line_capacity == 0 ? FIRST_SLOTS : d->line_capacity * 2;
    struct timer *line = memory_calloc(capacity, sizeof *line);
    for (size_t i = 0; i < d->line_n; i++)
        line[i] = *in_line(d, i);
    free(d->line);
    d->line = line;
    d->line_first = 0;
    d->line_capacity = capacity;
}

static void set_timer(struct dedup *d, int64_t until_ns, uint32_t index)
{
    void *owner = (void *)(uintptr_t)(index + 1);
    if (d->line_n > 0 && in_line(d, d->line_n - 1)->time_ns > until_ns) {
        heap_push(&d->heap, until_ns, owner);
        return;
    }
    if (d->line_n == d->line_capacity)
        grow_line(d);
    *in_line(d, d->line_n++) = (struct timer){until_ns, owner};
}

static bool first_is_in_line(const struct dedup *d)
{
    return d->line_n > 0 && (d->heap.n == 0 || in_line(d, 0)->time_ns <= d->heap.timers[0].time_ns);
}

static struct timer take_first(struct dedup *d)
{
    if (!first_is_in_line(d))
        return heap_pop(&d->heap);
    struct timer first = *in_line(d, 0);
    d->line_first++;
    d->line_n--;
    return first;
}

void dedup_add(struct dedup *d, const struct dedup_id *id, int64_t until_ns)
{
    if (d->n >= d->mask / 4 * 3)
        grow_slots(d);
    uint32_t slot = find_slot(d, id->hash, id->id, id->len);
    bool held = d->slots[slot] != 0;
    uint32_t index = held ? (uint32_t)d->slots[slot] - 1 : take_entry(d);
    if (held)
        d->dead_bytes += (size_t)d->entries[index].len + d->entries[index].key_len;
    d->entries[index] = (struct entry){
        .at = d->log.len,
        .len = id->len,
        .key_len = id->key_len,
        .hash = id->hash,
        .time_ns = id->time_ns,
    };
    buf_put(&d->log, id->id, id->len);
    buf_put(&d->log, id->key, id->key_len);
    if (held)
        return;
    d->slots[slot] = (uint64_t)id->hash << 32 | (index + 1);
    d->n++;
    set_timer(d, until_ns, index);
}

static uint32_t owner_of(const struct timer *timer)
{
    return (uint32_t)(uintptr_t)timer->owner - 1;
}

int64_t dedup_next_ns(const struct dedup *d)
{
    int64_t line_ns = d->line_n > 0 ? in_line(d, 0)->time_ns : INT64_MAX;
    int64_t heap_ns = d->heap.n > 0 ? d->heap.timers[0].time_ns : INT64_MAX;
    return line_ns < heap_ns ? line_ns : heap_ns;
}

bool dedup_first(const struct dedup *d, struct dedup_id *id, int64_t *until_ns)
{
    if (d->n == 0)
        return false;
    const struct timer *first = first_is_in_line(d) ? in_line(d, 0) : &d->heap.timers[0];
    const struct entry *entry = &d->entries[owner_of(first)];
    *id = view(d, entry);
    *until_ns = first->time_ns;
    return true;
}

/* Closes the gap: what stands behind it in its run moves up, if it may stand there. */
static void clear_slot(struct dedup *d, uint32_t gap)
{
    for (uint32_t at = (gap + 1) & d->mask; d->slots[at] != 0; at = (at + 1) & d->mask) {
        uint32_t home = (uint32_t)(d->slots[at] >> 32) & d->mask;
        if (((at - home) & d->mask) < ((at - gap) & d->mask))
            continue;
        d->slots[gap] = d->slots[at];
        gap = at;
    }
    d->slots[gap] = 0;
}

/* Copies together what is alive. */
static void compact(struct dedup *d)
{
    struct buf live = {0};
    buf_reserve(&live, d->log.len - d->dead_bytes);
    for (uint32_t i = 0; i < d->n_entries; i++) {
        struct entry *entry = &d->entries[i];
        if (entry->len == 0)
            continue;
        size_t at = live.len;
        buf_put(&live, bytes_of(d, entry), (size_t)entry->len + entry->key_len);
        entry->at = at;
    }
    buf_free(&d->log);
    d->log = live;
    d->dead_bytes = 0;
}

void dedup_forget_first(struct dedup *d)
{
    struct timer first = take_first(d);
    uint32_t index = owner_of(&first);
    struct entry *entry = &d->entries[index];
    clear_slot(d, find_slot(d, entry->hash, bytes_of(d, entry), entry->len));
    d->n--;
    d->dead_bytes += (size_t)entry->len + entry->key_len;
    *entry = (struct entry){.next_free = d->free};
    d->free = index + 1;
    if (d->dead_bytes > LEAST_LOG_BYTES && d->dead_bytes > d->log.len / 2)
        compact(d);
}

void dedup_keep_first(struct dedup *d, int64_t until_ns)
{
    struct timer first = take_first(d);
    heap_push(&d->heap, until_ns, first.owner); /* at the end of the line it would hold up others */
}

size_t dedup_bytes(const struct dedup *d)
{
    return d->log.len - d->dead_bytes + d->n * (size_t)32;
}

size_t dedup_memory(const struct dedup *d)
{
    return ((size_t)d->mask + 1) * sizeof *d->slots + (size_t)d->capacity * sizeof *d->entries +
           d->log.cap + (d->line_capacity + d->heap.capacity) * sizeof *d->line;
}

void dedup_save(const struct dedup *d, struct buf *to)
{
    wire_put_u64(to, d->n);
    for (size_t i = 0; i < d->n; i++) {
        const struct timer *timer = i < d->line_n ? in_line(d, i) : &d->heap.timers[i - d->line_n];
        const struct entry *entry = &d->entries[owner_of(timer)];
        wire_put_bytes(to, bytes_of(d, entry), entry->len);
        wire_put_bytes(to, bytes_of(d, entry) + entry->len, entry->key_len);
        wire_put_i64(to, entry->time_ns);
        wire_put_i64(to, timer->time_ns);
    }
}

bool dedup_load(struct dedup *d, uint64_t key_seed, const unsigned char **at,
                const unsigned char *end)
{
    uint64_t n;
    if (!wire_u64(at, end, &n))
        return false;
    for (uint64_t i = 0; i < n; i++) {
        const void *id, *key;
        size_t len, key_len;
        struct dedup_id loaded;
        int64_t until_ns;
        if (!wire_bytes(at, end, &id, &len) || !wire_bytes(at, end, &key, &key_len) || len == 0 ||
            len > UINT32_MAX || key_len > UINT32_MAX || !wire_i64(at, end, &loaded.time_ns) ||
            !wire_i64(at, end, &until_ns))
            return false;
        loaded.id = id;
        loaded.key = key;
        loaded.len = (uint32_t)len;
        loaded.key_len = (uint32_t)key_len;
        loaded.hash = keys_hash(key_seed, id, len);
        if (dedup_holds(d, loaded.hash, loaded.id, loaded.len))
            return false;
        dedup_add(d, &loaded, until_ns);
    }
    return *at == end;
}
