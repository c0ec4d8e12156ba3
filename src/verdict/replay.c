#include "verdict/replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/wire.h"
#include "engine/table.h"

/* What a source's cell holds: the last position as canonical bytes, which order as numbers do. */
struct last {
    struct buf position;
};

struct replay {
    uint64_t key_seed;
    struct table sources;
    struct buf encoded; /* scratch */
    bool was_old;
};

struct replay *replay_new(uint64_t key_seed)
{
    struct replay *r = memory_calloc(1, sizeof *r);
    r->key_seed = key_seed;
    table_init(&r->sources, sizeof(struct last));
    return r;
}

static struct last *last_of(struct cell *cell)
{
    return (void *)cell_accs(cell);
}

void replay_free(struct replay *r)
{
    if (r == NULL)
        return;
    for (uint32_t i = 0; i < r->sources.n; i++)
        buf_free(&last_of(table_cell(&r->sources, i))->position);
    table_free(&r->sources);
    buf_free(&r->encoded);
    free(r);
}

static struct last *find(struct replay *r, uint32_t hash, const void *source, uint32_t len)
{
    bool made;
    struct cell *cell =
        table_get(&r->sources, hash, source == NULL ? (const void *)"" : source, len, &made);
    if (made)
        *last_of(cell) = (struct last){0};
    return last_of(cell);
}

/* Is a at most b? No encoding is a prefix of another. */
static bool at_most(const struct buf *a, const struct buf *b)
{
    size_t len = a->len < b->len ? a->len : b->len;
    return memcmp(a->data, b->data, len) <= 0;
}

bool replay_is_old(struct replay *r, uint32_t hash, const unsigned char *source,
                   uint32_t source_len, const struct value *position)
{
    struct last *last = find(r, source == NULL ? 0 : hash, source, source_len);
    r->encoded.len = 0;
    value_encode(&r->encoded, position);
    r->was_old = last->position.len > 0 && at_most(&r->encoded, &last->position);
    if (!r->was_old) {
        last->position.len = 0;
        buf_put(&last->position, r->encoded.data, r->encoded.len);
    }
    return r->was_old;
}

bool replay_was_old(const struct replay *r)
{
    return r->was_old;
}

void replay_save(const struct replay *r, struct buf *to)
{
    wire_put_u8(to, r->was_old);
    wire_put_u64(to, r->sources.n);
    for (uint32_t i = 0; i < r->sources.n; i++) {
        struct cell *cell = table_cell(&r->sources, i);
        const struct last *last = last_of(cell);
        wire_put_bytes(to, cell_key(cell), cell->key_len);
        wire_put_bytes(to, last->position.data, last->position.len);
    }
}

bool replay_load(struct replay *r, const unsigned char **at, const unsigned char *end)
{
    uint8_t was_old;
    uint64_t n;
    if (!wire_u8(at, end, &was_old) || !wire_u64(at, end, &n))
        return false;
    r->was_old = was_old != 0;
    for (uint64_t i = 0; i < n; i++) {
        const void *source, *position;
        size_t source_len, position_len;
        if (!wire_bytes(at, end, &source, &source_len) || source_len > UINT32_MAX ||
            !wire_bytes(at, end, &position, &position_len))
            return false;
        uint32_t hash = source_len == 0 ? 0 : keys_hash(r->key_seed, source, source_len);
        struct last *last = find(r, hash, source, (uint32_t)source_len);
        if (last->position.len > 0)
            return false;
        buf_put(&last->position, position, position_len);
    }
    return *at == end;
}

bool replay_state_visit(const unsigned char **at, const unsigned char *end,
                        void (*visit)(void *context, const void *source, size_t source_len,
                                      const void *position, size_t position_len),
                        void *context)
{
    uint8_t was_old;
    uint64_t n;
    if (!wire_u8(at, end, &was_old) || !wire_u64(at, end, &n))
        return false;
    for (uint64_t i = 0; i < n; i++) {
        const void *source, *position;
        size_t source_len, position_len;
        if (!wire_bytes(at, end, &source, &source_len) ||
            !wire_bytes(at, end, &position, &position_len))
            return false;
        visit(context, source, source_len, position, position_len);
    }
    return *at == end;
}
