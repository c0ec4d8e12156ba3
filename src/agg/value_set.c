#include "agg/value_set.h"

#include "base/value.h"
#include "base/wire.h"

void value_set_save(const struct byte_set *s, struct buf *to)
{
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
    char *payload = byte_set_put(s, start, (size_t)(*at - start), arena);
    if (s->payload_bytes == 0)
        return true;
    if (!wire_u64(at, end, &count) || count == 0)
        return false;
    value_set_add_count(payload, count);
    return true;
}

bool value_set_load(struct byte_set *s, const unsigned char **at, const unsigned char *end,
                    struct arena *arena)
{
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
