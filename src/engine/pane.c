#include "engine/pane.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/memory.h"
#include "base/wire.h"

/*
 * Rows are passed on in pieces of this size, so that a window of a million keys needs no more. The
 * state is looked at each so many rows: how many bytes are pending depends on when some have left.
 */
enum { FLUSH_BYTES = 1 << 16, MEASURE_ROWS = 256 };

static const char *const timing_name[] = {"early", "on_time", "late"};

void panes_init(struct panes *panes, const struct pane_options *options, const struct agg *aggs,
                size_t n_aggs)
{
    *panes = (struct panes){.options = *options, .aggs = aggs, .n_aggs = n_aggs};
    panes->results = memory_calloc(n_aggs, sizeof *panes->results);
    panes->texts = memory_calloc(n_aggs, sizeof *panes->texts);
}

void panes_free(struct panes *panes)
{
    for (size_t i = 0; i < panes->n_aggs; i++)
        buf_free(&panes->texts[i]);
    free(panes->texts);
    buf_free(&panes->id_bytes);
    free(panes->results);
}

static void look(struct panes *panes, const struct attend *at)
{
    /* Most firing is done sooner than that: then the run ends in good order. */
    enum { PATIENCE_NS = 50000000 };
    panes->abandoned |= attend_look(at) > PATIENCE_NS;
}

bool panes_attend(struct panes *panes)
{
    look(panes, &panes->attend);
    look(panes, &panes->measure);
    return panes_are_lost(panes);
}

void panes_header(struct panes *panes)
{
    if (!panes->header_due)
        return;
    panes->header_due = false;
    writer_header(panes->writer, &panes->sink->pending);
}

void pane_start_accs(const struct panes *panes, char *accs)
{
    for (size_t i = 0; i < panes->n_aggs; i++)
        panes->aggs[i].ops->init(&panes->aggs[i], accs + panes->aggs[i].offset);
}

void pane_start(const struct panes *panes, struct cell *cell)
{
    pane_start_accs(panes, cell_accs(cell));
}

static bool is_among(const struct agg *agg, enum pane_aggs which)
{
    bool grows = agg->ops->running != NULL;
    return which == PANE_ALL || grows == (which == PANE_GROWING);
}

void pane_merge_accs(const struct panes *panes, enum pane_aggs which, char *into, const char *from,
                     struct arena *arena)
{
    for (size_t i = 0; i < panes->n_aggs; i++) {
        const struct agg *agg = &panes->aggs[i];
        if (is_among(agg, which))
            agg->ops->merge(agg, into + agg->offset, from + agg->offset, arena);
    }
}

void pane_merge(const struct panes *panes, struct cell *into, const struct cell *from,
                struct arena *arena)
{
    pane_merge_accs(panes, PANE_ALL, cell_accs(into), cell_accs_of(from), arena);
    cell_add_fresh(into, from->fresh);
}

/*
 * XXH3-128 over start, end, pane (8 bytes each, little-endian), op, key: the same row of a run and
 * of its repetition has the same id, whatever the machine. The id of a window: start, end, key.
 */
static void make_id(struct panes *panes, char id[33], const char *op,
                    const struct window_bounds *bounds, uint64_t pane, const struct cell *cell)
{
    struct buf *bytes = &panes->id_bytes;
    bytes->len = 0;
    wire_put_i64(bytes, bounds->start_ns);
    wire_put_i64(bytes, bounds->end_ns);
    if (panes->id == PANE_ID_ROW) {
        wire_put_u64(bytes, pane);
        buf_puts(bytes, op);
    }
    buf_put(bytes, cell_key(cell), cell->key_len);
    XXH128_hash_t hash = XXH3_128bits(bytes->data, bytes->len);
    for (size_t i = 0; i < 32; i++) {
        uint64_t half = i < 16 ? hash.high64 : hash.low64;
        id[i] = "0123456789abcdef"[half >> (60 - 4 * (i % 16)) & 15];
    }
    id[32] = '\0';
}

/* Starts a row; the caller appends its results and calls end_row. Returns where they begin. */
static size_t begin_row(struct panes *panes, const char *op, const struct window_bounds *bounds,
                        const struct cell *cell)
{
    struct buf *out = &panes->sink->pending;
    panes_header(panes);
    writer_begin(panes->writer, out, op, bounds->start_ns, bounds->end_ns, cell_key(cell),
                 cell->key_len);
    return out->len;
}

/* One more is written; many leave together. */
static void pass_on(struct panes *panes)
{
    panes->rows++;
    if (panes->rows % MEASURE_ROWS == 0)
        look(panes, &panes->measure);
    if (panes->sink->pending.len < FLUSH_BYTES)
        return;
    look(panes, &panes->attend);
    if (!panes_are_lost(panes))
        sink_flush(panes->sink, &panes->err);
}

static void end_row(struct panes *panes, const char *op, const struct window_bounds *bounds,
                    uint64_t pane, const struct cell *cell)
{
    char id[33] = "";
    if (panes->id != PANE_ID_NONE)
        make_id(panes, id, op, bounds, pane, cell);
    writer_end(panes->writer, &panes->sink->pending, id);
    pass_on(panes);
}

static void repeat_row(struct panes *panes, const char *op, const struct window_bounds *bounds,
                       uint64_t pane, const struct cell *cell, const struct printed *printed)
{
    begin_row(panes, op, bounds, cell);
    writer_repeat(panes->writer, &panes->sink->pending, printed->text, printed->len);
    end_row(panes, op, bounds, pane, cell);
}

void panes_commit(struct panes *panes)
{
    writer_commit(panes->writer, &panes->sink->pending);
}

struct printed *printed_copy(const char *text, size_t len, struct arena *arena)
{
    struct printed *copy = arena_alloc(arena, sizeof *copy + len);
    *copy = (struct printed){.len = (uint32_t)len, .cap = (uint32_t)len};
    memcpy(copy->text, text, len);
    return copy;
}

/* Keeps the text of the current row, which is all behind `start`, in the place of the one before if
   it fits. Of a chart's it is none, and `out` may be no memory at all. */
static void keep_row(struct cell *cell, const struct buf *out, size_t start, struct arena *arena)
{
    size_t len = out->len - start;
    const char *text = len > 0 ? out->data + start : "";
    if (cell->printed == NULL || cell->printed->cap < len) {
        cell->printed = printed_copy(text, len, arena);
        return;
    }
    cell->printed->len = (uint32_t)len;
    memcpy(cell->printed->text, text, len);
}

void pane_result(const struct panes *panes, size_t i, const struct window_bounds *bounds,
                 const struct cell *cell, struct datum *result, struct buf *text)
{
    const struct agg *agg = &panes->aggs[i];
    const void *acc = (const char *)(cell + 1) + agg->offset;
    /* Between bounds of int64, even saturated ones, the difference is one of uint64. */
    uint64_t length_ns =
        panes->unbounded ? 0 : (uint64_t)bounds->end_ns - (uint64_t)bounds->start_ns;
    if (agg->ops->result_over != NULL)
        agg->ops->result_over(agg, acc, length_ns, result, text);
    else
        agg->ops->result(agg, acc, result, text);
}

static void save_states(const struct panes *panes, const struct cell *cell, struct buf *to)
{
    for (size_t i = 0; i < panes->n_aggs; i++) {
        const struct agg *agg = &panes->aggs[i];
        agg->ops->save(agg, (const char *)(cell + 1) + agg->offset, to);
    }
}

void pane_reset(const struct panes *panes, struct cell *cell)
{
    for (size_t i = 0; i < panes->n_aggs; i++)
        panes->aggs[i].ops->reset(&panes->aggs[i], cell_accs(cell) + panes->aggs[i].offset);
}

/* What the next pane of this cell is to begin with. */
static void settle(const struct panes *panes, struct cell *cell, struct arena *arena)
{
    cell->lent = panes->lends && panes->options.mode != PANE_DISCARD;
    for (size_t i = 0; i < panes->n_aggs; i++) {
        const struct agg *agg = &panes->aggs[i];
        void *acc = cell_accs(cell) + agg->offset;
        if (panes->lends && agg->ops->running != NULL)
            agg->ops->init(agg, acc);
        else if (panes->options.mode == PANE_DISCARD)
            agg->ops->reset(agg, acc);
        else if (agg->ops->often != NULL)
            agg->ops->often(agg, acc, cell->fresh, arena);
    }
}

static void ship(struct panes *panes, const struct window_bounds *bounds, struct cell *cell)
{
    if (cell->fresh == 0)
        return;
    panes->partial->states.len = 0;
    save_states(panes, cell, &panes->partial->states);
    const struct partial_pane pane = {.start_ns = bounds->start_ns,
                                      .end_ns = bounds->end_ns,
                                      .key = cell_key(cell),
                                      .key_len = cell->key_len,
                                      .records = cell->fresh};
    partial_delta(panes->partial, &panes->sink->pending, &pane);
    pass_on(panes);
    pane_reset(panes, cell);
    cell->fresh = 0;
}

void pane_fire(struct panes *panes, const struct window_bounds *bounds, struct cell *cell,
               struct arena *arena, enum pane_timing timing)
{
    if (panes_are_lost(panes))
        return;
    if (panes->partial != NULL) {
        ship(panes, bounds, cell);
        return;
    }
    struct buf *out = &panes->sink->pending;
    bool retract = panes->options.mode == PANE_RETRACT;
    const char *op = !retract ? "" : cell->printed != NULL ? "+U" : "+I";
    if (cell->printed != NULL)
        repeat_row(panes, "-U", bounds, cell->pane - 1, cell, cell->printed);

    size_t start = begin_row(panes, op, bounds, cell);
    for (size_t i = 0; i < panes->n_aggs; i++) {
        panes->texts[i].len = 0;
        pane_result(panes, i, bounds, cell, &panes->results[i], &panes->texts[i]);
    }
    writer_results(panes->writer, out, panes->results, cell->pane, timing_name[timing]);
    if (retract && pane_refines(&panes->options))
        keep_row(cell, out, start, arena);
    end_row(panes, op, bounds, cell->pane, cell);

    if (pane_refines(&panes->options))
        settle(panes, cell, arena);
    cell->pane = (cell->pane + 1) & CELL_PANE_MAX;
    cell->fresh = 0;
}

void pane_take_back(struct panes *panes, const struct retraction *list, const struct cell *cell)
{
    for (const struct retraction *r = list; r != NULL; r = r->next)
        repeat_row(panes, "-D", &r->bounds, r->pane, cell, r->printed);
}

void cell_save(const struct panes *panes, const struct cell *cell, uint32_t pane, struct buf *to)
{
    bool is_printed = cell->printed != NULL;
    char *p = buf_reserve(to, 2 * WIRE_VARINT_MAX);
    p = wire_varint_at(p, (uint64_t)pane << 2 | (uint64_t)cell->lent << 1 | is_printed);
    p = wire_varint_at(p, cell->fresh);
    to->len = (size_t)(p - to->data);
    if (is_printed)
        wire_put_bytes(to, cell->printed->text, cell->printed->len);
    save_states(panes, cell, to);
}

bool cell_load_states(const struct panes *panes, struct cell *cell, const unsigned char **at,
                      const unsigned char *end, struct arena *arena)
{
    for (size_t i = 0; i < panes->n_aggs; i++) {
        const struct agg *agg = &panes->aggs[i];
        if (!agg->ops->load(agg, cell_accs(cell) + agg->offset, at, end, arena))
            return false;
    }
    return true;
}

bool cell_load(const struct panes *panes, struct cell *cell, const unsigned char **at,
               const unsigned char *end, struct arena *arena)
{
    uint64_t pane, fresh;
    const void *text;
    size_t len;
    if (!wire_varint(at, end, &pane) || !wire_varint(at, end, &fresh) ||
        pane >> 2 > CELL_PANE_MAX || fresh > UINT32_MAX)
        return false;
    cell->pane = pane >> 2 & CELL_PANE_MAX;
    cell->lent = pane >> 1 & 1;
    cell->fresh = (uint32_t)fresh;
    if ((pane & 1) != 0) {
        if (!wire_bytes(at, end, &text, &len))
            return false;
        cell->printed = printed_copy(text, len, arena);
    }
    return cell_load_states(panes, cell, at, end, arena);
}
