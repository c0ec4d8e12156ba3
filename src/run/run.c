#include "run/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "pane/engine.h"
#include "run/feed.h"
#include "run/plan.h"
#include "run/report.h"
#include "run/signals.h"

struct running {
    const struct plan *plan;
    struct error *err;
    const char *input_name;
    struct input_options input_options;
    int input_fd;
    struct input *input;
    struct feed *feed;
    const struct batch *batch;
    struct sink out, late, bad;
    struct writer *writer;
    char **result_names;
    struct engine *engine;
    struct report report;
};

static unsigned threads(const struct plan *plan)
{
    long cores = plan->threads != 0 ? (long)plan->threads : sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : (unsigned)cores;
}

static bool open_input(struct running *r)
{
    const char *path = r->plan->input_path;
    r->input_name = path == NULL ? "stdin" : path;
    r->input_fd = path == NULL ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (r->input_fd < 0)
        return error_set(r->err, EXIT_RUNTIME, "%s: can't open it: %s", path, strerror(errno));
    r->input_options = r->plan->input;
    r->input_options.stop = &signals_stop;
    r->input = input_open(&r->input_options, r->input_fd, r->input_name);
    struct stat st;
    bool may_wait = fstat(r->input_fd, &st) != 0 || !S_ISREG(st.st_mode);
    r->feed = feed_start(r->input, threads(r->plan), may_wait);
    return true;
}

static bool open_outputs(struct running *r)
{
    const struct plan *plan = r->plan;
    r->out.fd = r->late.fd = r->bad.fd = -1;
    if (plan->output_path == NULL)
        sink_adopt(&r->out, STDOUT_FILENO, "stdout");
    else if (!sink_open(&r->out, plan->output_path, r->err))
        return false;
    if (plan->late_path != NULL && !sink_open(&r->late, plan->late_path, r->err))
        return false;
    return plan->bad_path == NULL || sink_open(&r->bad, plan->bad_path, r->err);
}

static void start_engine(struct running *r)
{
    const struct plan *plan = r->plan;
    r->result_names = memory_calloc(plan->n_aggs, sizeof *r->result_names);
    for (size_t i = 0; i < plan->n_aggs; i++)
        r->result_names[i] = plan->aggs[i].name;
    const struct writer_options writer = {
        .format = plan->output_format,
        .time_unit = plan->time_unit,
        .op = plan->pane.mode == PANE_RETRACT,
        .panes = plan->panes,
        .row_id = plan->row_id,
        .keys = plan->key_names,
        .n_keys = plan->n_keys,
        .results = r->result_names,
        .n_results = plan->n_aggs,
    };
    r->writer = writer_new(&writer);
    const struct engine_options engine = {
        .window = plan->window,
        .pane = plan->pane,
        .delay_ns = plan->delay_ns,
        .aggs = plan->aggs,
        .n_aggs = plan->n_aggs,
        .acc_bytes = plan->acc_bytes,
        .n_keys = plan->n_keys,
        .writer = r->writer,
        .sink = &r->out,
        .late = plan->late_path == NULL ? NULL : &r->late,
        .row_id = plan->row_id,
    };
    r->engine = engine_new(&engine);
    /* What is appended to a file that has rows already needs no second header. */
    r->engine->panes.header_due = r->out.position == 0;
}

static bool flush(struct running *r)
{
    if (r->engine->panes.err.status != 0) {
        *r->err = r->engine->panes.err;
        return false;
    }
    return sink_flush(&r->out, r->err) && sink_flush(&r->late, r->err) &&
           sink_flush(&r->bad, r->err);
}

/* Good and bad records of a batch in their order; false: --strict has met a bad one. */
static bool process(struct running *r)
{
    const struct batch *batch = r->batch;
    size_t done = 0;
    for (size_t i = 0; i < batch->n_bad; i++) {
        const struct bad_record *bad = &batch->bad[i];
        engine_consume(r->engine, batch, done, bad->before);
        done = bad->before;
        report_bad(&r->report, batch, bad);
        if (r->plan->strict)
            return error_set(r->err, EXIT_RUNTIME, "%s:%llu: %s (--strict ends the run here)",
                             r->input_name, (unsigned long long)bad->line, bad->reason);
    }
    engine_consume(r->engine, batch, done, batch->n);
    return true;
}

/* Reads to the end; false on a failure. Rows are out before it waits for more input. */
static bool read_all(struct running *r, enum input_status *status)
{
    for (;;) {
        *status = feed_next(r->feed, &r->batch, r->err);
        if (*status == INPUT_FAILED)
            return false;
        if (*status != INPUT_BLOCK) {
            r->report.bytes = r->batch->block->offset;
            return true;
        }
        bool ok = process(r);
        r->report.bytes = r->batch->block->offset + r->batch->block->bytes.len;
        if (!ok) {
            struct error strict = *r->err;
            if (flush(r))
                *r->err = strict;
            return false;
        }
        if (!flush(r))
            return false;
        if (r->out.closed_by_reader)
            return true;
    }
}

static bool work(struct running *r, struct run_result *result)
{
    enum input_status status;
    if (!open_input(r) || !open_outputs(r))
        return false;
    start_engine(r);
    report_start(&r->report, r->input_name, r->plan->strict,
                 r->plan->bad_path == NULL ? NULL : &r->bad);
    bool ok = read_all(r, &status);
    signals_release();
    if (ok && !r->out.closed_by_reader) {
        if (status == INPUT_STOPPED) {
            engine_interrupt(r->engine);
            result->signal = signals_stop;
        } else {
            engine_finish(r->engine);
            panes_header(&r->engine->panes);
        }
    }
    report_end(&r->report);
    ok = ok && flush(r);
    if (r->plan->stats)
        report_stats(&r->report, r->engine, r->plan->time_unit);
    return ok;
}

static void close_all(struct running *r)
{
    struct error second;
    bool failed = r->err->status != 0;
    struct error *err = failed ? &second : r->err;
    (void)(sink_close(&r->out, err) && sink_close(&r->late, err) && sink_close(&r->bad, err));
    engine_free(r->engine);
    writer_free(r->writer);
    free(r->result_names);
    feed_stop(r->feed);
    input_close(r->input);
    if (r->plan->input_path != NULL && r->input_fd >= 0)
        close(r->input_fd);
}

struct run_result run(const struct plan *plan, struct error *err)
{
    struct running r = {.plan = plan, .err = err, .input_fd = -1};
    struct run_result result = {0};
    r.out.fd = r.late.fd = r.bad.fd = -1;
    signals_hold();
    work(&r, &result);
    close_all(&r);
    result.status = err->status;
    return result;
}
