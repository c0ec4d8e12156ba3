#include "agg/value_set.h"

#include "base/value.h"
#include "base/wire.h"

enum { GROUP = 16 };

/* Counts of damaged states would overflow, and a value that is there must not seem to be gone. */
static void add_count(char *payload, uint64_t more)
{
    uint64_t count;
    if (__builtin_add_overflow(value_set_count(payload), more, &count))
        count = UINT64_MAX;
    memcpy(payload, &count, sizeof count);
}

/* Values on their way into their sets, together: see agg/byte_set.h. */
struct group {
    struct buf encodings;
    value_set_moved *moved; /* or NULL */
    size_t n;
    struct {
        struct byte_set *set;
        struct arena *arena;
        size_t start, len; /* in encodings */
        uint64_t hash;
    } item[GROUP];
};

static void group_put(struct group *g)
{
    for (size_t i = 0; i < g->n; i++)
        byte_set_expect_entry(g->item[i].set, g->item[i].hash);
    for (size_t i = 0; i < g->n; i++) {
        struct byte_set *set = g->item[i].set;
        char *payload = byte_set_put(set, g->item[i].hash, g->encodings.data + g->item[i].start,
                                     g->item[i].len, g->item[i].arena);
        if (set->payload_bytes == 0)
            continue;
        add_count(payload, 1);
        if (g->moved != NULL)
            g->moved(set, payload, value_set_count(payload) - 1);
    }
    g->encodings.len = 0;
    g->n = 0;
}

static void group_add(struct group *g, struct byte_set *set, const struct value *v,
                      struct arena *arena)
{
    size_t start = g->encodings.len;
    value_encode(&g->encodings, v);
    size_t len = g->encodings.len - start;
    uint64_t hash = byte_set_hash(g->encodings.data + start, len);
    byte_set_expect(set, hash);
    g->item[g->n].set = set;
    g->item[g->n].arena = arena;
    g->item[g->n].start = start;
    g->item[g->n].len = len;
    g->item[g->n].hash = hash;
    if (++g->n == GROUP)
        group_put(g);
}

void value_set_add_moved(const struct agg *agg, const struct agg_rows *rows,
                         const struct value *column, value_set_moved *moved)
{
    struct group g = {.moved = moved};
    for (size_t i = 0; i < rows->n; i++) {
        const struct value *v = &column[rows->rows[i]];
        if (v->kind != VALUE_NULL)
            group_add(&g, (struct byte_set *)(void *)(rows->accs[i] + agg->offset), v,
                      rows->arenas[i]);
    }
    group_put(&g);
    buf_free(&g.encodings);
}

void value_set_add(const struct agg *agg, const struct agg_rows *rows, const struct value *column)
{
    value_set_add_moved(agg, rows, column, NULL);
}

void value_set_merge(const struct agg *agg, void *into, const void *from, struct arena *arena)
{
    (void)agg;
    struct byte_set *set = into;
    struct byte_set_cursor cursor = {0};
    struct byte_set_entry entry;
    while (byte_set_next(from, &cursor, &entry)) {
        char *payload =
            byte_set_put(set, byte_set_hash(entry.bytes, entry.len), entry.bytes, entry.len, arena);
        if (set->payload_bytes != 0)
            add_count(payload, value_set_count(entry.payload));
    }
}

static void running_init(const struct agg *agg, void *acc)
{
    (void)agg;
    *(struct byte_set *)acc = (struct byte_set){.payload_bytes = sizeof(uint64_t)};
}

/* How often the entry counts in a running state. */
static uint64_t count_of(const struct byte_set *set, const struct byte_set_entry *entry)
{
    return set->payload_bytes != 0 ? value_set_count(entry->payload) : 1;
}

/* What a running state has of an entry, made if it is not there. */
static char *running_put(struct byte_set *set, const struct byte_set_entry *entry,
                         struct arena *arena)
{
    uint64_t hash = byte_set_hash(entry->bytes, entry->len);
    return byte_set_put(set, hash, entry->bytes, entry->len, arena);
}

void value_set_enter(struct byte_set *set, const struct byte_set *from, struct arena *arena,
                     value_set_moved *moved, void *context)
{
    struct byte_set_cursor cursor = {0};
    struct byte_set_entry entry;
    while (byte_set_next(from, &cursor, &entry)) {
        uint32_t n = set->n;
        char *payload = running_put(set, &entry, arena);
        uint64_t before = value_set_count(payload);
        set->n_gone -= n == set->n && before == 0; /* it was there, and gone */
        add_count(payload, count_of(from, &entry));
        if (moved != NULL)
            moved(context, payload, before);
    }
}

void value_set_leave(struct byte_set *set, const struct byte_set *from, struct arena *arena,
                     value_set_moved *moved, void *context)
{
    struct byte_set_cursor cursor = {0};
    struct byte_set_entry entry;
    while (byte_set_next(from, &cursor, &entry)) {
        char *payload = running_put(set, &entry, arena); /* it is there */
        uint64_t before = value_set_count(payload), less = count_of(from, &entry);
        uint64_t count = before > less ? before - less : 0; /* it may have been cut off: above */
        memcpy(payload, &count, sizeof count);
        set->n_gone += before > 0 && count == 0;
        if (moved != NULL)
            moved(context, payload, before);
    }
}

static void running_enter(const struct agg *agg, void *acc, const void *from, struct arena *arena)
{
    (void)agg;
    value_set_enter(acc, from, arena, NULL, NULL);
}

static void running_leave(const struct agg *agg, void *acc, const void *from, struct arena *arena)
{
    (void)agg;
    value_set_leave(acc, from, arena, NULL, NULL);
}

const struct agg_running value_set_running = {running_init, running_enter, running_leave};

void value_set_reset(const struct agg *agg, void *acc)
{
    (void)agg;
    byte_set_reset(acc);
}

void value_set_save(const struct agg *agg, const void *acc, struct buf *to)
{
    (void)agg;
    const struct byte_set *s = acc;
    wire_put_u64(to, s->n);
    struct byte_set_cursor cursor = {0};
    struct byte_set_entry entry;
    while (byte_set_next(s, &cursor, &entry)) {
        buf_put(to, entry.bytes, entry.len);
        if (s->payload_bytes != 0)
            wire_put_u64(to, value_set_count(entry.payload));
    }
}

static bool load_entry(struct byte_set *s, const unsigned char **at, const unsigned char *end,
                       struct buf *text, struct arena *arena)
{
    struct value v;
    uint64_t count;
    const unsigned char *start = *at;
    text->len = 0;
    if (!value_decode(at, end, &v, text) || v.kind == VALUE_NULL)
        return false;
    size_t len = (size_t)(*at - start);
    char *payload = byte_set_put(s, byte_set_hash(start, len), start, len, arena);
    if (s->payload_bytes == 0)
        return true;
    if (!wire_u64(at, end, &count) || count == 0)
        return false;
    add_count(payload, count);
    return true;
}

bool value_set_load(const struct agg *agg, void *acc, const unsigned char **at,
                    const unsigned char *end, struct arena *arena)
{
    (void)agg;
    struct byte_set *s = acc;
    uint64_t n;
    if (!wire_u64(at, end, &n))
        return false;
    struct buf text = {0};
    bool ok = true;
    for (uint64_t i = 0; i < n && ok; i++)
        ok = load_entry(s, at, end, &text, arena) && s->n == i + 1; /* none comes twice */
    buf_free(&text);
    return ok;
}
