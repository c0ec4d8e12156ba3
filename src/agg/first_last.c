/*
 * first, last: the value at the lowest and at the highest event time. Among equal times first is
 * the first to arrive and last the last: the only results in which arrival shows. Of partial
 * results, what stands in the earlier FILE has arrived earlier: its rank says so.
 */
#include "agg/functions.h"
#include "agg/kept.h"
#include "base/wire.h"

struct edge {
    int64_t time_ns; /* nothing unless there is a value */
    struct kept kept;
    uint64_t rank;
};

static void edge_init(const struct agg *agg, void *acc)
{
    (void)agg;
    *(struct edge *)acc = (struct edge){0};
}

static void edge_set(struct edge *e, int64_t time_ns, const struct value *v, struct arena *arena)
{
    e->time_ns = time_ns;
    kept_set(&e->kept, v, arena);
}

static inline void first_offer(struct edge *e, int64_t time_ns, const struct value *v,
                               struct arena *arena)
{
    if (v->kind != VALUE_NULL && (e->kept.kind == VALUE_NULL || time_ns < e->time_ns))
        edge_set(e, time_ns, v, arena);
}

static inline void last_offer(struct edge *e, int64_t time_ns, const struct value *v,
                              struct arena *arena)
{
    if (v->kind != VALUE_NULL && (e->kept.kind == VALUE_NULL || time_ns >= e->time_ns))
        edge_set(e, time_ns, v, arena);
}

/* The same for what others have kept, of any rank. */
static void edge_merge(struct edge *e, const struct edge *from, bool wins, struct arena *arena)
{
    struct value v = kept_value(&from->kept);
    if (v.kind == VALUE_NULL || (e->kept.kind != VALUE_NULL && !wins))
        return;
    edge_set(e, from->time_ns, &v, arena);
    e->rank = from->rank;
}

static void edge_rank(const struct agg *agg, void *acc, uint64_t rank)
{
    (void)agg;
    ((struct edge *)acc)->rank = rank;
}

static void first_add(const struct agg *agg, const struct agg_rows *rows,
                      const struct value *column)
{
    for (size_t i = 0; i < rows->n; i++) {
        uint32_t row = rows->rows[i];
        first_offer((struct edge *)(void *)(rows->accs[i] + agg->offset), rows->time_ns[row],
                    &column[row], rows->arenas[i]);
    }
}

static void last_add(const struct agg *agg, const struct agg_rows *rows, const struct value *column)
{
    for (size_t i = 0; i < rows->n; i++) {
        uint32_t row = rows->rows[i];
        last_offer((struct edge *)(void *)(rows->accs[i] + agg->offset), rows->time_ns[row],
                   &column[row], rows->arenas[i]);
    }
}

static void first_merge(const struct agg *agg, void *into, const void *from, struct arena *arena)
{
    (void)agg;
    const struct edge *e = into, *other = from;
    bool wins =
        other->time_ns < e->time_ns || (other->time_ns == e->time_ns && other->rank < e->rank);
    edge_merge(into, from, wins, arena);
}

static void last_merge(const struct agg *agg, void *into, const void *from, struct arena *arena)
{
    (void)agg;
    const struct edge *e = into, *other = from;
    bool wins =
        other->time_ns > e->time_ns || (other->time_ns == e->time_ns && other->rank >= e->rank);
    edge_merge(into, from, wins, arena);
}

static void edge_result(const struct agg *agg, const void *acc, struct datum *result,
                        struct buf *scratch)
{
    (void)agg;
    struct value v = kept_value(&((const struct edge *)acc)->kept);
    *result = value_datum(&v, scratch);
    /* A field without a type that reads as a JSON number is passed on as one, as written. */
    if (v.kind == VALUE_STRING && v.exp == VALUE_TYPELESS && number_is_json(v.text, v.len))
        result->kind = DATUM_NUMBER;
}

static void edge_reset(const struct agg *agg, void *acc)
{
    (void)agg;
    kept_reset(&((struct edge *)acc)->kept);
}

static void edge_save(const struct agg *agg, const void *acc, struct buf *to)
{
    (void)agg;
    const struct edge *e = acc;
    kept_save(&e->kept, to);
    if (e->kept.kind == VALUE_NULL)
        return;
    wire_put_i64(to, e->time_ns);
    wire_put_u64(to, e->rank);
    wire_put_u8(to, e->kept.kind == VALUE_STRING && e->kept.exp == VALUE_TYPELESS);
}

static bool edge_load(const struct agg *agg, void *acc, const unsigned char **at,
                      const unsigned char *end, struct arena *arena)
{
    (void)agg;
    struct edge *e = acc;
    uint8_t typeless;
    if (!kept_load(&e->kept, at, end, arena))
        return false;
    if (e->kept.kind == VALUE_NULL)
        return true;
    if (!wire_i64(at, end, &e->time_ns) || !wire_u64(at, end, &e->rank) ||
        !wire_u8(at, end, &typeless))
        return false;
    if (e->kept.kind == VALUE_STRING)
        e->kept.exp = typeless != 0 ? VALUE_TYPELESS : 0;
    return true;
}

const struct agg_ops first_ops = {
    .name = "first",
    .doc = "value at the lowest event time; of several the first to arrive",
    .size = sizeof(struct edge),
    .input = AGG_VALUE,
    .type = AGG_ANY,
    .init = edge_init,
    .add = first_add,
    .merge = first_merge,
    .result = edge_result,
    .reset = edge_reset,
    .save = edge_save,
    .load = edge_load,
    .rank = edge_rank,
};

const struct agg_ops last_ops = {
    .name = "last",
    .doc = "value at the highest event time; of several the last to arrive",
    .size = sizeof(struct edge),
    .input = AGG_VALUE,
    .type = AGG_ANY,
    .init = edge_init,
    .add = last_add,
    .merge = last_merge,
    .result = edge_result,
    .reset = edge_reset,
    .save = edge_save,
    .load = edge_load,
    .rank = edge_rank,
};
