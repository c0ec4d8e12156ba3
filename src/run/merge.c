#include "run/merge.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/wire.h"
#include "output/partial.h"
#include "run/limit.h"
#include "run/running.h"
#include "run/streams.h"
#include "scan/newline.h"

const struct merge_field merge_fields[MERGE_COLUMNS] = {
    [MERGE_NAME] = {"s", FIELD_VALUE},
    [MERGE_BOUNDS] = {"w", FIELD_VALUE},
    [MERGE_N] = {"n", FIELD_NUMBER},
    [MERGE_STATES] = {"a", FIELD_VALUE},
    [MERGE_WATERMARK] = {"watermark", FIELD_NUMBER},
    [MERGE_LINES] = {"lines", FIELD_NUMBER},
    [MERGE_RECORDS] = {"records", FIELD_NUMBER},
    [MERGE_CLOCK] = {"clock", FIELD_NUMBER},
    [MERGE_MAX] = {"max", FIELD_NUMBER},
    [MERGE_HEADER] = {"partial", FIELD_NUMBER},
};

/* Of the streams of one name in an input, which are one but where two begin alike. */
struct stream {
    uint64_t lines, lines_told, headers, ends, records, records_told;
};

struct merge_input {
    struct table streams; /* by name; a struct stream each */
    struct cell *last;    /* of the last line */
    bool several;         /* more than one stream: W waits for the end */
    bool started;
    int64_t w_ns; /* once started */
};

struct merge {
    struct merge_input *inputs;
    size_t n_inputs;
    bool any; /* the two times are known */
    int64_t clock_ns, max_ns;
    uint64_t key_seed;
    struct buf states; /* scratch */
};

static struct stream *stream_of(struct cell *cell)
{
    return (struct stream *)(void *)cell_accs(cell);
}

struct merge *merge_new(struct running *r)
{
    struct merge *m = memory_calloc(1, sizeof *m);
    m->n_inputs = r->n_inlets;
    m->inputs = memory_calloc(m->n_inputs, sizeof *m->inputs);
    m->key_seed = r->engine->key_seed;
    for (size_t i = 0; i < m->n_inputs; i++) {
        struct source *source = &r->inlets[i].source;
        bool one = r->n_inlets > 1 || !r->plan->several_streams;
        table_init(&m->inputs[i].streams, sizeof(struct stream));
        if (source->regular && !streams_look_through(source, &one, r->err)) {
            merge_free(m);
            return NULL;
        }
        m->inputs[i].several = !one;
    }
    return m;
}

void merge_free(struct merge *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->n_inputs; i++)
        table_free(&m->inputs[i].streams);
    free(m->inputs);
    buf_free(&m->states);
    free(m);
}

/* A line at hand. */
struct line {
    struct running *r;
    struct inlet *in;
    struct merge_input *from;
    size_t i; /* its lane */
};

static const struct value *column(const struct line *line, enum merge_column which)
{
    return &line->in->batch->columns[line->r->plan->n_keys + (size_t)which][line->i];
}

static bool has(const struct line *line, enum merge_column which)
{
    return column(line, which)->kind != VALUE_NULL;
}

static uint64_t line_number(const struct line *line)
{
    const struct batch *batch = line->in->batch;
    return line->in->first_line + newline_count(batch->block->bytes.data, batch->start[line->i]);
}

static bool refuse(const struct line *line, const char *what)
{
    return error_set(line->r->err, EXIT_RUNTIME, "%s:%llu: expected a line of partial results: %s",
                     line->in->source.name, (unsigned long long)line_number(line), what);
}

static bool get_count(const struct line *line, enum merge_column which, uint64_t *n)
{
    struct value v = *column(line, which);
    if (v.kind != VALUE_NUMBER || v.mant < 0 || v.exp < 0 || v.exp > 18)
        return false;
    *n = (uint64_t)v.mant;
    for (int i = 0; i < v.exp; i++)
        if (__builtin_mul_overflow(*n, UINT64_C(10), n))
            return false;
    return true;
}

static const struct time_format seconds = {.form = TIME_S};

static bool get_time(const struct line *line, enum merge_column which, int64_t *ns)
{
    const struct value *v = column(line, which);
    return (v->kind == VALUE_NUMBER || v->kind == VALUE_WIDE) &&
           time_from_number(&seconds, v, ns) == TIME_OK;
}

/* START/END */
static bool get_bounds(const struct line *line, struct window_bounds *bounds)
{
    const struct value *v = column(line, MERGE_BOUNDS);
    struct value start, end;
    const char *slash = v->kind == VALUE_STRING ? memchr(v->text, '/', v->len) : NULL;
    if (slash == NULL)
        return false;
    size_t len = (size_t)(slash - v->text);
    return number_parse(v->text, len, &start) == NUMBER_OK &&
           number_parse(slash + 1, v->len - len - 1, &end) == NUMBER_OK &&
           time_from_number(&seconds, &start, &bounds->start_ns) == TIME_OK &&
           time_from_number(&seconds, &end, &bounds->end_ns) == TIME_OK;
}

/* A second stream in an input ends what the first one can say of W. */
static bool note_second(const struct line *line)
{
    struct merge_input *from = line->from;
    bool too_late = from->started && !from->several;
    from->several = true;
    return !too_late ||
           refuse(line, "a second stream begins, but windows have fired by what the first one said "
                        "of its time: of several pipes each holds one (a pipe alone, or a regular "
                        "file, may hold more)");
}

/* The stream that the line names. */
static bool find_stream(const struct line *line)
{
    struct merge_input *from = line->from;
    const struct value *name = column(line, MERGE_NAME);
    const struct cell *last = from->last;
    if (name->kind != VALUE_STRING)
        return refuse(line, "it names no stream");
    if (last != NULL && last->key_len == name->len &&
        memcmp(cell_key(last), name->text, name->len) == 0)
        return true;
    const unsigned char *key = (const unsigned char *)name->text;
    bool made;
    from->last = table_get(&from->streams, keys_hash(line->r->merge->key_seed, key, name->len), key,
                           name->len, &made);
    if (made)
        *stream_of(from->last) = (struct stream){0};
    return !made || from->streams.n == 1 || note_second(line);
}

/* Do the options of this header agree with those of the first? */
static bool take_header(const struct line *line)
{
    const struct batch *batch = line->in->batch;
    json_error_t ignored;
    struct error why = {0};
    uint64_t version;
    if (!get_count(line, MERGE_HEADER, &version) || version != PARTIAL_VERSION)
        return refuse(line, "it is of a version that this winagg does not read");
    json_t *header = json_loadb(batch->block->bytes.data + batch->start[line->i],
                                batch->len[line->i], JSON_ALLOW_NUL, &ignored);
    bool ok = header != NULL && streams_agree(line->r->plan->header, header, &why);
    json_decref(header);
    if (!ok)
        return error_set(line->r->err, EXIT_RUNTIME, "%s:%llu: %s", line->in->source.name,
                         (unsigned long long)line_number(line),
                         header == NULL ? "expected a header" : why.text);
    return ++stream_of(line->from->last)->headers == 1 || note_second(line);
}

/* W is the lowest over the inputs that have not ended, in this run or the one before. */
static void follow(struct running *r)
{
    const struct merge *m = r->merge;
    int64_t w_ns = INT64_MAX;
    bool any = false;
    for (size_t i = 0; i < m->n_inputs; i++) {
        const struct merge_input *input = &m->inputs[i];
        if (r->inlets[i].ended)
            continue;
        if (input->several || !input->started)
            return;
        w_ns = input->w_ns < w_ns ? input->w_ns : w_ns;
        any = true;
    }
    if (any && w_ns > r->engine->watermark.now_ns) {
        r->engine->watermark.finite = r->engine->watermark.started = true;
        engine_follow(r->engine, w_ns);
    }
}

static bool take_watermark(const struct line *line)
{
    struct merge_input *from = line->from;
    int64_t w_ns;
    if (!get_time(line, MERGE_WATERMARK, &w_ns))
        return refuse(line, "the watermark is no time");
    if (from->several || (from->started && w_ns <= from->w_ns))
        return true;
    from->started = true;
    from->w_ns = w_ns;
    line->in->file->clock = (struct clock){.started = true, .ns = w_ns};
    follow(line->r);
    return true;
}

static bool take_last(const struct line *line)
{
    struct merge *m = line->r->merge;
    struct stream *stream = stream_of(line->from->last);
    uint64_t lines, records;
    int64_t clock_ns, max_ns;
    if (!get_count(line, MERGE_LINES, &lines) || !get_count(line, MERGE_RECORDS, &records))
        return refuse(line, "the last line of a stream counts no lines or records");
    stream->ends++;
    stream->lines_told += lines;
    stream->records_told += records;
    if (get_time(line, MERGE_CLOCK, &clock_ns) && get_time(line, MERGE_MAX, &max_ns)) {
        m->clock_ns = m->any && m->clock_ns > clock_ns ? m->clock_ns : clock_ns;
        m->max_ns = m->any && m->max_ns > max_ns ? m->max_ns : max_ns;
        m->any = true;
        line->r->engine->watermark.clock_ns = m->max_ns;
    }
    return true;
}

static bool take_delta(const struct line *line)
{
    struct running *r = line->r;
    struct buf *states = &r->merge->states;
    const struct value *text = column(line, MERGE_STATES);
    struct engine_delta delta = {.rank = inlet_number(r, line->in)};
    const struct engine_records records = {.batch = line->in->batch,
                                           .keys = &line->in->keys[FEED_GROUP]};
    states->len = 0;
    if (!get_bounds(line, &delta.bounds) || !get_count(line, MERGE_N, &delta.records) ||
        text->kind != VALUE_STRING || !base64_read(states, text->text, text->len))
        return refuse(line, "a delta has window bounds, a number of records, and states in base64");
    delta.states = (const unsigned char *)states->data;
    delta.len = states->len;
    if (!engine_merge(r->engine, &records, line->i, &delta))
        return refuse(line, "its window or its states are not such as the header says");
    stream_of(line->from->last)->records += delta.records;
    return true;
}

static bool take_line(const struct line *line)
{
    if (!find_stream(line))
        return false;
    stream_of(line->from->last)->lines++;
    if (has(line, MERGE_STATES))
        return take_delta(line);
    if (has(line, MERGE_WATERMARK))
        return take_watermark(line);
    if (has(line, MERGE_LINES))
        return take_last(line);
    if (has(line, MERGE_HEADER))
        return take_header(line);
    return refuse(line, "it is neither a header, a delta, a watermark nor a last line");
}

/* A torn line, say. */
static bool refuse_bad(struct running *r, const struct inlet *in)
{
    const struct bad_record *bad = &in->batch->bad[in->at.bad];
    return error_set(r->err, EXIT_RUNTIME, "%s:%llu: expected a line of partial results: %s",
                     in->source.name, (unsigned long long)(in->first_line + bad->line - 1),
                     bad->reason == NULL ? "it is too long" : bad->reason);
}

bool merge_batch(struct running *r, struct inlet *in)
{
    const struct batch *batch = in->batch;
    struct line line = {r, in, &r->merge->inputs[inlet_number(r, in)], 0};
    if (r->plan->partial)
        merge_begin_stream(r, batch);
    while (inlet_has_records(in)) {
        line.i = in->at.good;
        if (in->at.bad < batch->n_bad && batch->bad[in->at.bad].before == line.i)
            return refuse_bad(r, in);
        if (!take_line(&line))
            return false;
        in->at.good++;
        if (running_is_over(r) || limit_after(r, 1) || inlet_lowest(r) != in->file)
            return true;
        if (r->checkpoint.every_records > 0 && !(running_flush(r) && checkpoint_if_due(r, 1)))
            return false;
    }
    return true;
}

static bool check_complete(struct running *r, const struct inlet *in, const struct cell *cell)
{
    const struct stream *stream = (const struct stream *)(const void *)(cell + 1);
    const char *missing = stream->headers < stream->ends   ? "its header"
                          : stream->ends < stream->headers ? "its last line"
                          : stream->headers == 0           ? "its header and its last line"
                                                           : NULL;
    if (missing != NULL)
        return error_set(r->err, EXIT_RUNTIME,
                         "%s: stream %.*s is not complete: %s is missing (was its run interrupted, "
                         "or a line torn?)",
                         in->source.name, (int)cell->key_len, cell_key(cell), missing);
    if (stream->lines != stream->lines_told || stream->records != stream->records_told)
        return error_set(r->err, EXIT_RUNTIME,
                         "%s: stream %.*s is not complete: expected %llu lines of %llu records, "
                         "found %llu of %llu",
                         in->source.name, (int)cell->key_len, cell_key(cell),
                         (unsigned long long)stream->lines_told,
                         (unsigned long long)stream->records_told,
                         (unsigned long long)stream->lines, (unsigned long long)stream->records);
    return true;
}

bool merge_end(struct running *r, struct inlet *in)
{
    struct merge *m = r->merge;
    struct merge_input *from = &m->inputs[inlet_number(r, in)];
    if (from->streams.n == 0)
        return error_set(r->err, EXIT_RUNTIME,
                         "%s: expected partial results (winagg --partial writes them), found none",
                         in->source.name);
    for (uint32_t i = 0; i < from->streams.n; i++)
        if (!check_complete(r, in, table_cell(&from->streams, i)))
            return false;
    /* For what is filled up to the last record, and for --stats. */
    r->engine->moved_ns = m->clock_ns;
    r->engine->watermark.clock_ns = m->max_ns;
    r->engine->watermark.started |= m->any;
    follow(r);
    return true;
}

bool merge_knows_times(const struct merge *m)
{
    return m->any;
}

void merge_save(const struct merge *m, struct buf *to)
{
    wire_put_u8(to, m->any);
    wire_put_i64(to, m->clock_ns);
    wire_put_i64(to, m->max_ns);
    wire_put_u64(to, m->n_inputs);
    for (size_t i = 0; i < m->n_inputs; i++) {
        const struct merge_input *input = &m->inputs[i];
        wire_put_u8(to, input->several);
        wire_put_u8(to, input->started);
        wire_put_i64(to, input->w_ns);
        wire_put_u64(to, input->streams.n);
        for (uint32_t k = 0; k < input->streams.n; k++) {
            struct cell *cell = table_cell(&input->streams, k);
            const struct stream *s = stream_of(cell);
            const uint64_t counts[] = {s->lines, s->lines_told, s->headers,
                                       s->ends,  s->records,    s->records_told};
            wire_put_bytes(to, cell_key(cell), cell->key_len);
            for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
                wire_put_u64(to, counts[c]);
        }
    }
}

static bool load_stream(const struct merge *m, struct merge_input *input, const unsigned char **at,
                        const unsigned char *end)
{
    const void *name;
    size_t len;
    bool made;
    if (!wire_bytes(at, end, &name, &len) || len > UINT32_MAX)
        return false;
    struct cell *cell =
        table_get(&input->streams, keys_hash(m->key_seed, name, len), name, (uint32_t)len, &made);
    struct stream *s = stream_of(cell);
    uint64_t *const counts[] = {&s->lines, &s->lines_told, &s->headers,
                                &s->ends,  &s->records,    &s->records_told};
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
        if (!wire_u64(at, end, counts[c]))
            return false;
    return made;
}

bool merge_load(struct merge *m, const unsigned char **at, const unsigned char *end)
{
    uint8_t any, several, started;
    uint64_t n_inputs, n;
    if (!wire_u8(at, end, &any) || !wire_i64(at, end, &m->clock_ns) ||
        !wire_i64(at, end, &m->max_ns) || !wire_u64(at, end, &n_inputs) || n_inputs != m->n_inputs)
        return false;
    m->any = any != 0;
    for (size_t i = 0; i < m->n_inputs; i++) {
        struct merge_input *input = &m->inputs[i];
        if (!wire_u8(at, end, &several) || !wire_u8(at, end, &started) ||
            !wire_i64(at, end, &input->w_ns) || !wire_u64(at, end, &n))
            return false;
        input->several |= several != 0;
        input->started = started != 0;
        for (uint64_t k = 0; k < n; k++)
            if (!load_stream(m, input, at, end))
                return false;
    }
    return true;
}

/* A run of the same bytes has the same name: of what was asked for, and of the first line. */
void merge_begin_stream(struct running *r, const struct batch *first)
{
    enum { SEED_BYTES = 4096 };
    const struct plan *plan = r->plan;
    struct buf header = {0};
    if (r->partial.lines > 0)
        return;
    streams_header(plan, &header);
    size_t len = header.len;
    for (size_t i = 0; i < plan->n_inputs; i++)
        buf_puts(&header, plan->input_paths[i] == NULL ? "-" : plan->input_paths[i]);
    if (first != NULL) {
        const struct buf *bytes = &first->block->bytes;
        size_t most =
            SEED_BYTES < plan->input.max_record_bytes ? SEED_BYTES : plan->input.max_record_bytes;
        most = bytes->len < most ? bytes->len : most;
        const char *newline = memchr(bytes->data, '\n', most);
        buf_put(&header, bytes->data, newline == NULL ? most : (size_t)(newline - bytes->data));
    }
    partial_name(&r->partial, header.data, header.len);
    struct buf *to = &r->sinks[SINK_ROWS].pending;
    size_t start = partial_open(&r->partial, to);
    buf_printf(to, "\"partial\":%d,", PARTIAL_VERSION);
    buf_put(to, header.data, len);
    partial_close(&r->partial, to, start);
    buf_free(&header);
}

void merge_end_stream(struct running *r)
{
    const struct engine *e = r->engine;
    merge_begin_stream(r, NULL);
    partial_end(&r->partial, &r->sinks[SINK_ROWS].pending, e->watermark.started,
                e->w_given ? e->moved_ns : e->watermark.clock_ns, e->watermark.clock_ns);
}
