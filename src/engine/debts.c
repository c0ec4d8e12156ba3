#include "engine/debts.h"

#include "base/wire.h"

void debts_init(struct debts *debts)
{
    *debts = (struct debts){0};
    debts->end = &debts->first;
}

void debts_add(struct debts *debts, const struct window_bounds *bounds, uint32_t pane,
               const char *text, size_t len)
{
    struct retraction *r = arena_alloc(&debts->arena, sizeof *r);
    *r = (struct retraction){
        .bounds = *bounds, .pane = pane, .printed = printed_copy(text, len, &debts->arena)};
    *debts->end = r;
    debts->end = &r->next;
}

void debts_take(struct debts *debts, struct debts *from)
{
    if (from->first == NULL)
        return;
    *debts->end = from->first;
    debts->end = from->end;
    arena_adopt(&debts->arena, &from->arena);
    from->first = NULL;
    from->end = &from->first;
}

void debts_free(struct debts *debts)
{
    arena_free(&debts->arena);
    debts_init(debts);
}

void debts_save(const struct debts *debts, struct buf *to)
{
    uint64_t n = 0;
    for (const struct retraction *r = debts->first; r != NULL; r = r->next)
        n++;
    wire_put_u64(to, n);
    for (const struct retraction *r = debts->first; r != NULL; r = r->next) {
        wire_put_i64(to, r->bounds.start_ns);
        wire_put_i64(to, r->bounds.end_ns);
        wire_put_u32(to, r->pane);
        wire_put_bytes(to, r->printed->text, r->printed->len);
    }
}

bool debts_load(struct debts *debts, const unsigned char **at, const unsigned char *end)
{
    uint64_t n;
    if (!wire_u64(at, end, &n))
        return false;
    for (uint64_t i = 0; i < n; i++) {
        struct window_bounds bounds;
        uint32_t pane;
        const void *text;
        size_t len;
        if (!wire_i64(at, end, &bounds.start_ns) || !wire_i64(at, end, &bounds.end_ns) ||
            !wire_u32(at, end, &pane) || !wire_bytes(at, end, &text, &len))
            return false;
        debts_add(debts, &bounds, pane, text, len);
    }
    return true;
}
