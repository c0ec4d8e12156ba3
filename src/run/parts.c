#include "run/parts.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/json_text.h"
#include "base/memory.h"
#include "base/wire.h"
#include "run/resume.h"
#include "run/running.h"
#include "run/semantics.h"
#include "time/timestamp.h"

static void put_number(struct buf *to, const char *name, uint64_t n)
{
    buf_printf(to, ",\"%s\":%llu", name, (unsigned long long)n);
}

static void put_position(struct buf *to, const char *name, uint64_t position)
{
    if (position == RESUME_NOWHERE)
        buf_printf(to, ",\"%s\":null", name);
    else
        put_number(to, name, position);
}

static bool always(const struct running *r)
{
    (void)r;
    return true;
}

/* The run itself. */

/*
 * Layout, version 2: finished, ended (u8), bytes of input, bad records (u64), open line of --bad
 * (u8), number of the snapshot (u64).
 */
static bool save_run(struct running *r, struct buf *to)
{
    wire_put_u8(to, r->finished);
    wire_put_u8(to, r->ended);
    wire_put_u64(to, r->report.bytes);
    wire_put_u64(to, r->report.bad);
    wire_put_u8(to, r->report.line_open);
    wire_put_u64(to, r->checkpoint.sequence);
    return true;
}

static bool parse_run(const unsigned char *at, const unsigned char *end, struct resume *r)
{
    uint8_t finished, ended, line_open;
    if (!wire_u8(&at, end, &finished) || !wire_u8(&at, end, &ended) ||
        !wire_u64(&at, end, &r->bytes) || !wire_u64(&at, end, &r->bad) ||
        !wire_u8(&at, end, &line_open) || !wire_u64(&at, end, &r->sequence))
        return false;
    r->finished = finished != 0;
    r->ended = ended != 0;
    r->line_open = line_open != 0;
    return true;
}

static bool describe_run(const struct resume *r, const unsigned char *at, const unsigned char *end,
                         struct buf *to)
{
    (void)at, (void)end;
    buf_printf(to, ",\"finished\":%s", r->finished ? "true" : "false");
    put_number(to, "bytes", r->bytes);
    put_number(to, "bad", r->bad);
    return true;
}

/* The inputs, each with its generations and its one position. */

static bool save_generation(struct running *r, const struct inlet *in, struct buf *image)
{
    struct source_mark mark;
    struct buf settled = {0};
    if (!source_mark(&in->source, r->plan->follow, &mark, r->err))
        return false;
    source_mark_save(&mark, image);
    wire_put_u8(image, in->settled);
    if (in->settled)
        input_save(in->input, in->batch == NULL ? NULL : in->batch->block, &settled);
    wire_put_bytes(image, settled.data, settled.len);
    buf_free(&settled);
    return true;
}

/* A FILE alone keeps none: it is that of the run, for the next one may have others beside it. */
static struct clock clock_of(const struct running *r, const struct inlet *in)
{
    const struct watermark *w = &r->engine->watermark;
    struct clock clock = in->clock;
    if (r->n_inlets > 1 || r->merge != NULL)
        return clock;
    clock.ns = r->clocks == NULL ? w->clock_ns : r->engine->moved_ns;
    clock.started = r->clocks == NULL ? w->started : clock.ns != INT64_MIN;
    return clock;
}

/*
 * Layout, version 3: number of FILEs (u64); each: its clock (verdict/clock.h), ended (u8), number
 * of its generations (u64); each of these, the oldest first: the mark (source/source.c), settled
 * (u8), and what the input settled (counted bytes).
 */
static bool save_inputs(struct running *r, struct buf *to)
{
    wire_put_u64(to, r->n_inlets);
    for (size_t i = 0; i < r->n_inlets; i++) {
        const struct inlet *in = &r->inlets[i];
        const struct clock clock = clock_of(r, in);
        clock_save(&clock, to);
        wire_put_u8(to, in->ended);
        wire_put_u64(to, in->n_older + 1);
        for (size_t k = 0; k <= in->n_older; k++)
            if (!save_generation(r, k < in->n_older ? in->older[k] : in, to))
                return false;
    }
    return true;
}

static bool parse_generation(const unsigned char **at, const unsigned char *end,
                             struct resume_generation *g)
{
    uint8_t settled;
    const void *bytes;
    size_t len;
    if (!source_mark_load(&g->mark, at, end) || !wire_u8(at, end, &settled) ||
        !wire_bytes(at, end, &bytes, &len))
        return false;
    g->input = settled ? bytes : NULL;
    g->input_end = (const unsigned char *)bytes + len;
    return true;
}

static bool parse_one_input(const unsigned char **at, const unsigned char *end,
                            struct resume_input *in)
{
    uint8_t ended;
    uint64_t n;
    if (!clock_load(&in->clock, at, end) || !wire_u8(at, end, &ended) || !wire_u64(at, end, &n) ||
        n == 0 || n > (uint64_t)(end - *at)) /* each has bytes, many */
        return false;
    in->ended = ended != 0;
    in->n = (size_t)n;
    in->generations = memory_calloc(in->n, sizeof *in->generations);
    for (size_t i = 0; i < in->n; i++)
        if (!parse_generation(at, end, &in->generations[i]))
            return false;
    return true;
}

static bool parse_inputs(const unsigned char *at, const unsigned char *end, struct resume *r)
{
    uint64_t n;
    if (!wire_u64(&at, end, &n) || n == 0 || n > (uint64_t)(end - at)) /* each has bytes, many */
        return false;
    r->inputs = memory_calloc(n, sizeof *r->inputs);
    r->n_inputs = (size_t)n;
    for (size_t i = 0; i < r->n_inputs; i++)
        if (!parse_one_input(&at, end, &r->inputs[i]))
            return false;
    return true;
}

/* --follow: how far those were read that were rotated away, the oldest first. */
static void put_older(const struct resume_input *in, struct buf *to)
{
    for (size_t i = 0; i + 1 < in->n; i++)
        buf_printf(to, "%s%llu", i == 0 ? ",\"rotated\":[" : ",",
                   (unsigned long long)in->generations[i].mark.position.offset);
    if (in->n > 1)
        buf_putc(to, ']');
}

/* Of the first FILE, and, if there are several, of each in turn. */
static bool describe_inputs(const struct resume *r, const unsigned char *at,
                            const unsigned char *end, struct buf *to)
{
    (void)at, (void)end;
    put_number(to, "input_offset", resume_last(&r->inputs[0])->mark.position.offset);
    put_number(to, "input_line", resume_last(&r->inputs[0])->mark.position.line);
    if (r->n_inputs == 1 && r->inputs[0].n == 1)
        return true;
    buf_puts(to, ",\"inputs\":[");
    for (size_t i = 0; i < r->n_inputs; i++) {
        const struct resume_input *in = &r->inputs[i];
        const struct input_position *position = &resume_last(in)->mark.position;
        buf_printf(to, "%s{\"offset\":%llu,\"line\":%llu,\"ended\":%s", i > 0 ? "," : "",
                   (unsigned long long)position->offset, (unsigned long long)position->line,
                   in->ended ? "true" : "false");
        put_older(in, to);
        buf_putc(to, '}');
    }
    buf_putc(to, ']');
    return true;
}

/* The outputs: how many bytes of each belong to the snapshot. */

/*
 * Layout, version 1: for each sink in the order of run/sinks.h: position (u64), RESUME_NOWHERE if
 * it is no regular file; then held rows.
 */
static bool save_outputs(struct running *r, struct buf *to)
{
    for (size_t i = 0; i < N_SINKS; i++)
        wire_put_u64(to, r->sinks[i].regular ? r->sinks[i].position : RESUME_NOWHERE);
    wire_put_bytes(to, r->sinks[SINK_ROWS].pending.data, r->sinks[SINK_ROWS].pending.len);
    return true;
}

static bool parse_outputs(const unsigned char *at, const unsigned char *end, struct resume *r)
{
    for (size_t i = 0; i < N_SINKS; i++)
        if (!wire_u64(&at, end, &r->positions[i]))
            return false;
    return wire_bytes(&at, end, &r->held, &r->held_len);
}

static bool describe_outputs(const struct resume *r, const unsigned char *at,
                             const unsigned char *end, struct buf *to)
{
    static const char *const names[N_SINKS] = {
        [SINK_ROWS] = "output_bytes", [SINK_LATE] = "late_bytes", [SINK_BAD] = "bad_bytes"};
    (void)at, (void)end;
    for (size_t i = 0; i < N_SINKS; i++)
        put_position(to, names[i], r->positions[i]);
    put_number(to, "held_bytes", r->held_len);
    return true;
}

/* The options: run/semantics.c. */

static bool save_options(struct running *r, struct buf *to)
{
    semantics_save(r->plan, to);
    return true;
}

static bool describe_options(const struct resume *r, const unsigned char *at,
                             const unsigned char *end, struct buf *to)
{
    uint32_t n;
    (void)r;
    if (!wire_u32(&at, end, &n))
        return false;
    buf_puts(to, ",\"options\":{");
    for (uint32_t i = 0; i < n; i++) {
        const void *name, *value;
        size_t name_len, value_len;
        if (!wire_bytes(&at, end, &name, &name_len) || !wire_bytes(&at, end, &value, &value_len))
            return false;
        if (i > 0)
            buf_putc(to, ',');
        json_text_string(to, name, name_len);
        buf_putc(to, ':');
        json_text_string(to, value, value_len);
    }
    buf_putc(to, '}');
    return true;
}

/* Windows, clocks, ids, positions: who owns them saves, loads and reads them. */

static bool has_engine(const struct running *r)
{
    return r->engine != NULL;
}

static bool save_engine(struct running *r, struct buf *to)
{
    engine_save(r->engine, to);
    return true;
}

static bool load_engine(struct running *r, const unsigned char **at, const unsigned char *end)
{
    return engine_load(r->engine, at, end);
}

static void put_watermark(const struct engine_state *s, struct buf *to)
{
    const struct {
        const char *name;
        bool any;
        int64_t ns;
    } times[] = {{"watermark", s->started && s->watermark_ns != INT64_MIN, s->watermark_ns},
                 {"max_event_time", s->started, s->clock_ns}};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        buf_printf(to, ",\"%s\":%s", times[i].name, times[i].any ? "\"" : "null");
        if (!times[i].any)
            continue;
        time_print(to, times[i].ns, TIME_UNIT_RFC3339, NULL);
        buf_putc(to, '"');
    }
}

static bool describe_engine(const struct resume *r, const unsigned char *at,
                            const unsigned char *end, struct buf *to)
{
    struct engine_state s;
    const struct engine_counts *c = &s.counts;
    if (!engine_state_load(&s, &at, end))
        return false;
    put_watermark(&s, to);
    put_number(to, "live_windows", s.live);
    put_number(to, "records",
               c->used + r->bad + c->too_late + c->unassigned + c->filtered + c->duplicates +
                   c->replayed);
    put_number(to, "used", c->used);
    put_number(to, "late", c->late);
    put_number(to, "too_late", c->too_late);
    put_number(to, "unassigned", c->unassigned);
    put_number(to, "windows", c->windows);
    put_number(to, "rows", s.rows);
    return true;
}

static bool has_clocks(const struct running *r)
{
    return r->clocks != NULL;
}

static bool save_clocks(struct running *r, struct buf *to)
{
    clocks_save(r->clocks, to);
    return true;
}

static bool load_clocks(struct running *r, const unsigned char **at, const unsigned char *end)
{
    return clocks_load(r->clocks, at, end);
}

/* A run over one FILE, whose clock stands with the FILE, may go on over several. */
static bool begin_clocks(struct running *r, const struct resume *from)
{
    clocks_go_on(r->clocks, r->engine->watermark.started, r->engine->watermark.now_ns);
    return from->n_inputs == 1;
}

/* The one source of a run without --source has no value. */
static void put_source(void *context, const void *source, size_t len, int64_t clock_ns)
{
    struct buf *to = context;
    buf_puts(to, to->data[to->len - 1] == '[' ? "{\"source\":" : ",{\"source\":");
    json_text_encoded(to, source, len);
    buf_puts(to, ",\"clock\":\"");
    time_print(to, clock_ns, TIME_UNIT_RFC3339, NULL);
    buf_puts(to, "\"}");
}

static bool describe_clocks(const struct resume *r, const unsigned char *at,
                            const unsigned char *end, struct buf *to)
{
    (void)r;
    buf_puts(to, ",\"sources\":[");
    bool ok = clocks_state_visit(&at, end, put_source, to);
    buf_putc(to, ']');
    return ok;
}

static bool has_dedup(const struct running *r)
{
    return r->engine->dedup != NULL;
}

static bool save_dedup(struct running *r, struct buf *to)
{
    dedup_save(r->engine->dedup, to);
    return true;
}

static bool load_dedup(struct running *r, const unsigned char **at, const unsigned char *end)
{
    return dedup_load(r->engine->dedup, r->engine->key_seed, at, end);
}

static bool has_merge(const struct running *r)
{
    return r->merge != NULL;
}

static bool save_merge(struct running *r, struct buf *to)
{
    merge_save(r->merge, to);
    return true;
}

static bool load_merge(struct running *r, const unsigned char **at, const unsigned char *end)
{
    return merge_load(r->merge, at, end);
}

static bool has_writer(const struct running *r)
{
    return r->writer != NULL && writer_has_state(r->writer);
}

static bool save_writer(struct running *r, struct buf *to)
{
    writer_save(r->writer, to);
    return true;
}

static bool load_writer(struct running *r, const unsigned char **at, const unsigned char *end)
{
    return writer_load(r->writer, at, end) && *at == end;
}

static bool has_replay(const struct running *r)
{
    return r->replay != NULL;
}

static bool save_replay(struct running *r, struct buf *to)
{
    replay_save(r->replay, to);
    return true;
}

static bool load_replay(struct running *r, const unsigned char **at, const unsigned char *end)
{
    return replay_load(r->replay, at, end);
}

static void put_last(void *context, const void *source, size_t source_len, const void *position,
                     size_t position_len)
{
    struct buf *to = context;
    buf_puts(to, to->data[to->len - 1] == '[' ? "{\"source\":" : ",{\"source\":");
    json_text_encoded(to, source, source_len);
    buf_puts(to, ",\"position\":");
    json_text_encoded(to, position, position_len);
    buf_putc(to, '}');
}

static bool describe_replay(const struct resume *r, const unsigned char *at,
                            const unsigned char *end, struct buf *to)
{
    (void)r;
    buf_puts(to, ",\"positions\":[");
    bool ok = replay_state_visit(&at, end, put_last, to);
    buf_putc(to, ']');
    return ok;
}

const struct part parts[] = {
    {"RUN ", 2, false, always, save_run, parse_run, NULL, NULL, describe_run},
    {"INPT", 3, false, always, save_inputs, parse_inputs, NULL, NULL, describe_inputs},
    {"ENGN", ENGINE_STATE_VERSION, true, has_engine, save_engine, NULL, load_engine, NULL,
     describe_engine},
    {"CLKS", CLOCKS_STATE_VERSION, false, has_clocks, save_clocks, NULL, load_clocks, begin_clocks,
     describe_clocks},
    {"DDUP", DEDUP_STATE_VERSION, false, has_dedup, save_dedup, NULL, load_dedup, NULL, NULL},
    {"POSN", REPLAY_STATE_VERSION, false, has_replay, save_replay, NULL, load_replay, NULL,
     describe_replay},
    {"MERG", MERGE_STATE_VERSION, false, has_merge, save_merge, NULL, load_merge, NULL, NULL},
    {"WRTR", 1, false, has_writer, save_writer, NULL, load_writer, NULL, NULL},
    {"OUTP", 1, false, always, save_outputs, parse_outputs, NULL, NULL, describe_outputs},
    {"PLAN", 1, false, always, save_options, NULL, NULL, NULL, describe_options},
    {0},
};
