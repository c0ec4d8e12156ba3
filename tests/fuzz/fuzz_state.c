/*
 * Fuzzes the state of an engine, and partial states, without files and runs: what is damaged is
 * refused, or records go on into it. The first byte chooses the job, the kind (go on; save it and
 * go on from there, too, to the same rows; the same, saved in steps; merge partial states) and, by
 * its highest bit, what the rest is: the bytes of a state, or what is changed in those of the job,
 * three bytes each: where (two; the highest bit: eight bytes at once), and what to.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/wire.h"
#include "engine/engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEED = 7, MOST_AGGS = 4 };
enum { FIRST = 16, HALF = 19, ALL = 22 }; /* records, of which the states hold the first */
enum { KEY, NUMBERS, VALUES, COLUMNS };
enum { GO_ON, SAVE, SAVE_IN_STEPS, MERGE, KINDS };

static const int64_t SECOND_NS = 1000000000;

static const struct spec {
    const char *window, *functions[MOST_AGGS + 1];
    struct pane_options pane; /* times in seconds */
} SPECS[] = {
    {"2s", {"count", "sum:v", "first:x"}, {0}},
    {"2s", {"rate", "rate:v"}, {.mode = PANE_DISCARD, .early_ns = 1, .lateness_ns = 2}},
    {"2s", {"count", "share[v>1]"}, {.fill = true, .lateness_ns = 9}},
    {"2s", {"mean:v", "min:v"}, {.fill = true, .top = 1}},
    {"sliding:5s/1s", {"p90:v", "distinct:x"}, {.lateness_ns = 3}},
    {"sliding:5s/1s", {"topk:x:2"}, {.mode = PANE_RETRACT, .lateness_ns = 3}},
    {"sliding:5s/1s", {"approx_p90:v", "mode:x"}, {.mode = PANE_DISCARD, .lateness_ns = 2}},
    {"sliding:5s/1s", {"approx_distinct:x"}, {.lateness_ns = 2}},
    {"sliding:3s/1s", {"sum:v", "last:x"}, {.final = true, .lateness_ns = 3}},
    {"sliding:2s/1s", {"count"}, {.fill = true, .early_ns = 1}},
    {"sliding:3s/1s", {"sum:v"}, {.early_ns = 2}},
    {"sliding:2s/1s", {"median:v"}, {.mode = PANE_RETRACT, .early_count = 2, .lateness_ns = 9}},
    {"cumulate:8s/2s", {"max:v", "mode:x"}, {0}},
    {"cumulate:10s/1s", {"median:v", "distinct:x"}, {.mode = PANE_RETRACT, .lateness_ns = 9}},
    {"session:600ms",
     {"sum:v", "first:x"},
     {.mode = PANE_RETRACT, .early_count = 2, .lateness_ns = 9}},
    {"session:600ms", {"topk:x:3", "p50:v"}, {.early_ns = 1, .lateness_ns = 2}},
    {"session:400ms", {"count", "last:x"}, {.mode = PANE_DISCARD, .lateness_ns = 9}},
    {"tumbling:day", {"p90:v", "topk:x:2", "mode:x", "stddev:v"}, {.lateness_ns = 9}},
    {"all", {"approx_distinct:x", "approx_p90:v"}, {.mode = PANE_RETRACT, .early_count = 3}},
};
enum { N_JOBS = sizeof SPECS / sizeof *SPECS };

static struct job {
    struct window_spec window;
    struct pane_options pane;
    struct agg aggs[MOST_AGGS];
    size_t n_aggs, acc_bytes;
    struct writer *writer;
    struct buf image, states; /* states: of a unit, behind its start, end, number of records */
} jobs[N_JOBS];

static struct value column[COLUMNS][ALL], *columns[COLUMNS] = {column[0], column[1], column[2]};
static int64_t time_ns[ALL];
static uint64_t meets[ALL];
static const struct batch batch = {
    .n = ALL, .time_ns = time_ns, .columns = columns, .meets = meets};
static struct keys keys;
static struct sink sinks[2] = {{.fd = -1}, {.fd = -1}};
static size_t looks[2];

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* What is to be fired without an end is given up. */
static int64_t look(void *context)
{
    enum { MOST_LOOKS = 100 };
    return ++*(size_t *)context > MOST_LOOKS ? INT64_MAX : -1;
}

static struct engine *new_engine(const struct job *job, size_t which, bool w_given)
{
    struct engine_options options = {.window = job->window,
                                     .pane = job->pane,
                                     .delay_ns = SECOND_NS,
                                     .aggs = job->aggs,
                                     .n_aggs = job->n_aggs,
                                     .acc_bytes = job->acc_bytes,
                                     .writer = job->writer,
                                     .sink = &sinks[which],
                                     .n_keys = 1,
                                     .key_seed = SEED,
                                     .attend = {look, &looks[which]},
                                     .w_given = w_given};
    if (w_given) { /* as for what is merged, where nothing is early */
        options.pane.early_ns = 0;
        options.pane.early_count = 0;
    }
    sinks[which].pending.len = looks[which] = 0;
    return engine_new(&options);
}

static void consume(struct engine *e, size_t from, size_t to)
{
    static const struct keys none;
    const struct engine_records records = {.batch = &batch,
                                           .keys = engine_wants_keys(e) ? &keys : &none};
    engine_consume(e, &records, from, to);
}

static bool load(struct engine *e, const unsigned char *image, size_t len)
{
    const unsigned char *at = image;
    return engine_load(e, &at, image + len);
}

static void make_records(void)
{
    static const char *const TEXTS[] = {"0", "-2.5", "1e40", "17", "123456789012345678901", "0.1"};
    for (size_t i = 0; i < ALL; i++) {
        const char *text = TEXTS[i * i % 11 % 6];
        time_ns[i] = (int64_t)(i - i % 7 / 5 * 3) * (SECOND_NS / 4);
        meets[i] = i % 2;
        column[KEY][i] = (struct value){.text = &"ab"[i % 2], .len = 1, .kind = VALUE_STRING};
        require(number_parse(text, strlen(text), &column[NUMBERS][i]) == NUMBER_OK);
        column[VALUES][i] = i % 5 == 0   ? (struct value){.kind = VALUE_NULL}
                            : i % 4 == 0 ? column[KEY][i]
                                         : column[NUMBERS][i];
    }
    keys_encode(&keys, SEED, columns, 1, ALL);
}

/* The states of aggregates over all records. */
static void put_states(const struct job *job, struct buf *to)
{
    char *block = memory_calloc(1, job->acc_bytes), *accs[ALL];
    struct arena arena = {0}, *arenas[ALL];
    uint32_t rows[ALL];
    for (uint32_t i = 0; i < ALL; i++) {
        accs[i] = block;
        arenas[i] = &arena;
        rows[i] = i;
    }
    const struct agg_rows all = {ALL, accs, arenas, rows, time_ns, meets};
    for (const struct agg *agg = job->aggs; agg < job->aggs + job->n_aggs; agg++) {
        agg->ops->init(agg, block + agg->offset);
        agg->ops->add(agg, &all, agg->input == AGG_NO_INPUT ? NULL : columns[agg->column]);
        agg->ops->save(agg, block + agg->offset, to);
    }
    arena_free(&arena);
    free(block);
}

static void make_aggs(struct job *job, const struct spec *spec)
{
    struct error err = {0};
    for (; spec->functions[job->n_aggs] != NULL; job->n_aggs++) {
        struct agg *agg = &job->aggs[job->n_aggs];
        require(agg_parse(agg, spec->functions[job->n_aggs], &err));
        agg->column = agg->input == AGG_NUMBER ? NUMBERS : VALUES;
        agg->condition = agg->condition_text == NULL ? AGG_ALL_RECORDS : 0;
    }
    job->acc_bytes = agg_layout(job->aggs, job->n_aggs);
}

static void make_writer(struct job *job)
{
    static char *key = "k";
    char *names[MOST_AGGS];
    for (size_t i = 0; i < job->n_aggs; i++)
        names[i] = job->aggs[i].name;
    const struct writer_options options = {.format = OUTPUT_JSON,
                                           .unbounded = job->window.kind == WINDOW_ALL,
                                           .op = job->pane.mode == PANE_RETRACT,
                                           .panes = pane_refines(&job->pane),
                                           .keys = &key,
                                           .n_keys = 1,
                                           .results = names,
                                           .n_results = job->n_aggs};
    job->writer = writer_new(&options);
}

static void make_images(struct job *job)
{
    const struct window_spec units = window_units(&job->window);
    struct window_bounds bounds = {0, ALL / 4 * SECOND_NS};
    struct engine *e = new_engine(job, 0, false);
    consume(e, 0, FIRST);
    engine_save(e, &job->image);
    engine_free(e);
    if (units.kind != WINDOW_SESSION)
        require(window_at(&units, ALL / 8 * SECOND_NS, 0, &bounds));
    wire_put_i64(&job->states, bounds.start_ns);
    wire_put_i64(&job->states, bounds.end_ns);
    wire_put_u64(&job->states, ALL);
    put_states(job, &job->states);
}

static void prepare(void)
{
    struct error err = {0};
    make_records();
    for (size_t i = 0; i < N_JOBS; i++) {
        struct job *job = &jobs[i];
        require(window_parse(&job->window, SPECS[i].window, &err));
        job->pane = SPECS[i].pane;
        job->pane.lateness_ns *= SECOND_NS;
        job->pane.early_ns *= SECOND_NS;
        job->pane.late_every = 1;
        make_aggs(job, &SPECS[i]);
        make_writer(job);
        make_images(job);
    }
}

static bool merge(struct engine *e, const unsigned char *at, size_t len, size_t i)
{
    const struct engine_records records = {.batch = &batch, .keys = &keys};
    const unsigned char *end = at + len;
    struct engine_delta delta = {.rank = i};
    if (!wire_i64(&at, end, &delta.bounds.start_ns) || !wire_i64(&at, end, &delta.bounds.end_ns) ||
        !wire_u64(&at, end, &delta.records))
        return false;
    delta.states = at;
    delta.len = (size_t)(end - at);
    return engine_merge(e, &records, i, &delta);
}

/* Damaged states to good ones, of one key, and good ones of another. */
static void run_merge(const struct job *job, const unsigned char *damaged, size_t len)
{
    const unsigned char *good = (const unsigned char *)job->states.data;
    struct engine *e = new_engine(job, 0, true);
    require(merge(e, good, job->states.len, 0));
    if (merge(e, damaged, len, 2)) {
        e->watermark.finite = true;
        engine_follow(e, ALL / 4 * SECOND_NS);
        require(merge(e, good, job->states.len, 5));
        engine_finish(e);
    }
    engine_free(e);
}

/* What e saves is as good as e: from there on it fires the same. */
static void check_saved(const struct job *job, struct engine *e, bool in_steps)
{
    enum { STEP_BYTES = 64 };
    struct buf saved = {0};
    struct engine *twin = new_engine(job, 1, false);
    if (in_steps)
        engine_save_begin(e, &saved);
    else
        engine_save(e, &saved);
    sinks[0].pending.len = 0;
    consume(e, FIRST, HALF);
    while (in_steps && !engine_save_step(e, STEP_BYTES))
        ;
    require(load(twin, (const unsigned char *)saved.data, saved.len));
    consume(twin, FIRST, HALF);
    consume(e, HALF, ALL);
    consume(twin, HALF, ALL);
    engine_finish(e);
    engine_finish(twin);
    const struct buf *rows = &sinks[0].pending, *same = &sinks[1].pending;
    require(panes_are_lost(&e->panes) || panes_are_lost(&twin->panes) ||
            (rows->len == same->len &&
             (rows->len == 0 || memcmp(rows->data, same->data, rows->len) == 0)));
    engine_free(twin);
    buf_free(&saved);
}

static void run_load(const struct job *job, unsigned kind, const unsigned char *image, size_t len)
{
    struct engine *e = new_engine(job, 0, false);
    bool ok = load(e, image, len);
    if (ok && kind == GO_ON) {
        consume(e, FIRST, ALL);
        engine_finish(e);
    } else if (ok) {
        check_saved(job, e, kind == SAVE_IN_STEPS);
    }
    engine_free(e);
}

/* One byte of it, or eight. */
static void damage(unsigned char *image, size_t len, const uint8_t how[3])
{
    size_t at = (how[0] % 128u << 8 | how[1]) % len, n = how[0] < 128 ? 1 : sizeof(uint64_t);
    memset(image + at, how[2], n < len - at ? n : len - at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (jobs[0].image.len == 0)
        prepare();
    if (size < 1)
        return 0;
    const struct job *job = &jobs[data[0] % 32 % N_JOBS];
    const unsigned kind = data[0] / 32 % KINDS;
    const struct buf *whole = kind == MERGE ? &job->states : &job->image;
    const bool raw = data[0] >= 128;
    /* Exactly as large as it is, so that a checker sees a read behind its end. */
    size_t len = raw ? size - 1 : whole->len;
    unsigned char *image = memory_alloc(len > 0 ? len : 1);
    if (len > 0)
        memcpy(image, raw ? (const char *)data + 1 : whole->data, len);
    for (size_t i = 1; !raw && i + 3 <= size; i += 3)
        damage(image, len, data + i);
    if (kind == MERGE)
        run_merge(job, image, len);
    else
        run_load(job, kind, image, len);
    free(image);
    return 0;
}
