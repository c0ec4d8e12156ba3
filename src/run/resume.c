#include "run/resume.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "base/memory.h"
#include "base/value.h"
#include "base/wire.h"
#include "engine/engine.h"
#include "verdict/clocks.h"
#include "verdict/replay.h"

static bool unreadable(const char *path, const char *tag, struct error *err)
{
    return error_set(err, EXIT_RUNTIME, "%s: damaged snapshot: its section %s can't be read", path,
                     tag);
}

bool resume_section(const char *path, const struct buf *image, const char *tag, uint32_t expected,
                    const unsigned char **at, const unsigned char **end, struct error *err)
{
    uint32_t version;
    if (!snapshot_find(image, tag, &version, at, end))
        return unreadable(path, tag, err);
    if (version == expected)
        return true;
    return error_set(err, EXIT_RUNTIME,
                     "%s: a snapshot of another version: its section %s is of version %lu, this "
                     "winagg reads version %lu",
                     path, tag, (unsigned long)version, (unsigned long)expected);
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

void resume_free(struct resume *resume)
{
    for (size_t i = 0; i < resume->n_inputs; i++)
        free(resume->inputs[i].generations);
    free(resume->inputs);
    resume->inputs = NULL;
    resume->n_inputs = 0;
}

static bool parse_outputs(const unsigned char *at, const unsigned char *end, struct resume *r)
{
    for (size_t i = 0; i < 3; i++)
        if (!wire_u64(&at, end, &r->positions[i]))
            return false;
    return wire_bytes(&at, end, &r->held, &r->held_len);
}

bool resume_parse(const char *path, const struct buf *image, struct resume *resume,
                  struct error *err)
{
    static const struct {
        const char *tag;
        uint32_t version;
        bool (*parse)(const unsigned char *, const unsigned char *, struct resume *);
    } sections[] = {{"RUN ", RUN_STATE_VERSION, parse_run},
                    {"INPT", INPUT_STATE_VERSION, parse_inputs},
                    {"OUTP", 1, parse_outputs}};
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        const unsigned char *at, *end;
        if (!resume_section(path, image, sections[i].tag, sections[i].version, &at, &end, err))
            return false;
        if (!sections[i].parse(at, end, resume))
            return unreadable(path, sections[i].tag, err);
    }
    return true;
}

bool resume_options(const char *path, const struct buf *image, const unsigned char **at,
                    const unsigned char **end, struct error *err)
{
    return resume_section(path, image, "PLAN", 1, at, end, err);
}

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

static void put_options(const struct buf *image, struct buf *to)
{
    const unsigned char *at, *end;
    uint32_t version, n;
    buf_puts(to, ",\"options\":{");
    if (snapshot_find(image, "PLAN", &version, &at, &end) && wire_u32(&at, end, &n)) {
        for (uint32_t i = 0; i < n; i++) {
            const void *name, *value;
            size_t name_len, value_len;
            if (!wire_bytes(&at, end, &name, &name_len) ||
                !wire_bytes(&at, end, &value, &value_len))
                break;
            if (i > 0)
                buf_putc(to, ',');
            json_text_string(to, name, name_len);
            buf_putc(to, ':');
            json_text_string(to, value, value_len);
        }
    }
    buf_putc(to, '}');
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

static void put_positions(const struct buf *image, struct buf *to)
{
    const unsigned char *at, *end;
    uint32_t version;
    if (!snapshot_find(image, "POSN", &version, &at, &end) || version != REPLAY_STATE_VERSION)
        return;
    buf_puts(to, ",\"positions\":[");
    replay_state_visit(&at, end, put_last, to);
    buf_putc(to, ']');
}

static void put_sources(const struct buf *image, struct buf *to)
{
    const unsigned char *at, *end;
    uint32_t version;
    if (!snapshot_find(image, "CLKS", &version, &at, &end) || version != CLOCKS_STATE_VERSION)
        return;
    buf_puts(to, ",\"sources\":[");
    clocks_state_visit(&at, end, put_source, to);
    buf_putc(to, ']');
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
static void put_inputs(const struct resume *r, struct buf *to)
{
    put_number(to, "input_offset", resume_last(&r->inputs[0])->mark.position.offset);
    put_number(to, "input_line", resume_last(&r->inputs[0])->mark.position.line);
    if (r->n_inputs == 1 && r->inputs[0].n == 1)
        return;
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
}

static void describe(const struct buf *image, const struct resume *r, const struct engine_state *s,
                     struct buf *to)
{
    const struct engine_counts *c = &s->counts;
    buf_printf(to, "{\"bytes_of_snapshot\":%zu", image->len);
    buf_printf(to, ",\"finished\":%s", r->finished ? "true" : "false");
    put_inputs(r, to);
    put_watermark(s, to);
    put_sources(image, to);
    put_positions(image, to);
    put_number(to, "live_windows", s->live);
    put_number(to, "records", c->used + r->bad + c->too_late + c->unassigned);
    put_number(to, "bytes", r->bytes);
    put_number(to, "used", c->used);
    put_number(to, "bad", r->bad);
    put_number(to, "late", c->late);
    put_number(to, "too_late", c->too_late);
    put_number(to, "unassigned", c->unassigned);
    put_number(to, "windows", c->windows);
    put_number(to, "rows", s->rows);
    put_position(to, "output_bytes", r->positions[0]);
    put_position(to, "late_bytes", r->positions[1]);
    put_position(to, "bad_bytes", r->positions[2]);
    put_number(to, "held_bytes", r->held_len);
    put_options(image, to);
    buf_puts(to, "}\n");
}

int resume_inspect(const char *path, struct error *err)
{
    struct buf image = {0}, text = {0};
    struct resume resume = {0};
    struct engine_state state;
    const unsigned char *at, *end;
    enum snapshot_found found = snapshot_read(path, &image, err);
    if (found == SNAPSHOT_NONE)
        error_set(err, EXIT_RUNTIME, "%s: can't read the snapshot: %s", path, strerror(ENOENT));
    bool ok = found == SNAPSHOT_FOUND && resume_parse(path, &image, &resume, err) &&
              resume_section(path, &image, "ENGN", ENGINE_STATE_VERSION, &at, &end, err);
    if (ok && !engine_state_load(&state, &at, end))
        ok = unreadable(path, "ENGN", err);
    if (ok) {
        describe(&image, &resume, &state, &text);
        if (fwrite(text.data, 1, text.len, stdout) != text.len || fflush(stdout) != 0)
            error_set(err, EXIT_RUNTIME, "stdout: write failed: %s", strerror(errno));
    }
    resume_free(&resume);
    buf_free(&image);
    buf_free(&text);
    return err->status;
}
