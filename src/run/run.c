#include "run/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpus.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/sandbox.h"
#include "base/say.h"
#include "run/clashes.h"
#include "run/counters.h"
#include "run/follow.h"
#include "run/limit.h"
#include "run/process.h"
#include "run/resume.h"
#include "run/running.h"
#include "run/signals.h"
#include "run/start.h"
#include "run/wait.h"
#include "scan/newline.h"

static void print_stats(struct running *r)
{
    process_settle(r); /* what is counted is what was dealt with */
    report_stats(r);
}

/* What is done about signals by whoever works or waits for long: base/attend.h. */
static int64_t look_at_signals(void *context)
{
    if (signals_take_report())
        print_stats(context);
    return signals_since_ns();
}

/* While windows fire, which may take memory: too much is as a signal long ago. */
static int64_t look_at_state(void *context)
{
    return limit_is_over(context) ? INT64_MAX : -1;
}

/* The bytes before the first record count for the position as those of records do. */
static void note_preamble(struct running *r, struct inlet *in)
{
    size_t len;
    const char *bytes = in->settled ? NULL : input_preamble(in->input, &len);
    if (bytes == NULL)
        return;
    in->settled = true;
    source_move(&in->source, len, newline_count(bytes, len), false);
    in->source.preamble = in->source.position.offset;
    if (r->plan->state_path != NULL || r->plan->follow) {
        digest_add(&in->source.digest, bytes, len);
        source_remember(&in->source, bytes, len);
    }
    r->report.bytes += len;
}

/* The input goes on with another header, which lacks a column: on which line? */
static void name_line_of_header(struct running *r, const struct inlet *in)
{
    const struct error why = *r->err;
    const char *name = in->source.name;
    size_t len = strlen(name);
    if (why.status == EXIT_USAGE && in->source.position.line > 1 &&
        strncmp(why.text, name, len) == 0)
        error_set(r->err, why.status, "%s:%llu:%s", name,
                  (unsigned long long)in->source.position.line, why.text + len);
}

/* A new batch of this input, which may be its end. */
static bool next_batch(struct running *r, struct inlet *in, enum input_status *status)
{
    bool ready;
    inlet_settle(r, in);
    in->batch = NULL;
    in->at = (struct place){0};
    *status = INPUT_BLOCK;
    if (!wait_for_batch(r, in, &ready))
        return false;
    if (!ready || running_is_over(r))
        return true;
    *status = feed_next(in->feed, engine_wants_keys(r->engine), &in->batch, &in->keys, r->err);
    if (*status == INPUT_FAILED) {
        name_line_of_header(r, in);
        in->batch = NULL;
        return false;
    }
    note_preamble(r, in);
    if (*status == INPUT_DRY) {
        in->batch = NULL;
        in->dry = true;
    }
    if (*status != INPUT_BLOCK)
        return true;
    in->first_line = in->source.position.line;
    r->report.input_name = in->source.name;
    if (r->plan->input.time_format.form == TIME_AUTO && !r->report.warned_of_dates)
        report_dates(&r->report, in->batch);
    unseen_look(r->unseen, in->batch);
    return true;
}

/* A file that is shorter now than what was read of it had more: it ended where it was cut. */
static void say_if_truncated(const struct source *source)
{
    struct stat st;
    if (source->regular && fstat(source->fd, &st) == 0 &&
        (uint64_t)st.st_size < source->base + source->position.offset)
        say("%s: truncated while it was read, behind byte %llu: what stood there is lost",
            source->name, (unsigned long long)source->position.offset);
}

/*
 * The next record would have to come from an input that has no more. *goes_on: it is a rotated one
 * whose new file comes now, or another input is left.
 */
static bool end_inlet(struct running *r, struct inlet *in, bool *goes_on)
{
    *goes_on = true;
    if (!source_end(&in->source, r->err))
        return false;
    if (!r->plan->follow)
        say_if_truncated(&in->source);
    if (in->file != in) {
        in->done = r->plan->follow && !in->source.regular;
        in->batch = NULL;
        if (!in->done)
            inlet_drop_older(r, in);
        return true;
    }
    if (r->strict.status != 0 && !r->plan->at_eof_keep) {
        *r->err = r->strict;
        return false;
    }
    *goes_on = false;
    if (r->plan->at_eof_keep)
        return true;
    in->ended = true;
    *goes_on = inlet_lowest(r) != NULL;
    if (r->merge != NULL)
        return merge_end(r, in);
    if (r->clocks != NULL && *goes_on && r->n_inlets > 1) {
        int64_t w_ns = clocks_end(r->clocks, inlet_number(r, in));
        start_tell_clocks(r);
        if (r->advise != NULL)
            advise_end(r->advise, inlet_number(r, in));
        else if (w_ns != r->engine->watermark.now_ns)
            engine_follow(r->engine, w_ns);
    }
    return true;
}

/* What reading goes on with. */
enum step { STEP_ON, STEP_END, STEP_FAILED };

/* All that this input brought is dealt with. Rows are out before it waits for more. */
static enum step read_more(struct running *r, struct inlet *in, enum input_status *status)
{
    attend_look(&r->attend);
    if (!running_is_over(r) && !running_flush(r))
        return STEP_FAILED;
    if (running_is_over(r))
        return STEP_END;
    if (r->checkpoint.every_records == 0 && !checkpoint_if_due(r, 0))
        return STEP_FAILED;
    metrics_if_due(r);
    progress_if_due(r);
    *status = INPUT_END;
    if (!in->empty && !next_batch(r, in, status))
        return STEP_FAILED;
    if (running_is_over(r))
        return STEP_END;
    /*
     * What ended the input may have been the same Ctrl-C: then it is not complete. Nor is it if its
     * last records, too few to have been looked at, are too much: what is open does not fire.
     */
    if (*status == INPUT_END)
        signals_repeat();
    if (*status == INPUT_END && (signals_stop != 0 || limit_is_over(r)))
        *status = INPUT_STOPPED;
    bool goes_on = *status == INPUT_BLOCK || *status == INPUT_DRY;
    if (*status == INPUT_END && !end_inlet(r, in, &goes_on))
        return STEP_FAILED;
    return goes_on ? STEP_ON : STEP_END;
}

/* The FILE whose clock is lowest, or what rotation left of it. */
static enum step read_on(struct running *r, enum input_status *status)
{
    struct inlet *file = inlet_lowest(r), *in;
    *status = INPUT_END;
    if (file == NULL) /* all had ended before a restart */
        return STEP_END;
    if (!r->plan->follow)
        in = inlet_generation(file);
    else if (!follow_next(r, file, &in))
        return STEP_FAILED;
    if (in == NULL) {
        *status = INPUT_STOPPED;
        if (!wait_for_growth(r, file))
            return STEP_FAILED;
        return running_is_over(r) || signals_stop != 0 ? STEP_END : STEP_ON;
    }
    if (!inlet_has_records(in))
        return read_more(r, in, status);
    if (r->merge != NULL ? merge_batch(r, in) : process_batch(r, in)) {
        *status = INPUT_STOPPED; /* if it is over here */
        return r->over_limit || running_is_over(r) ? STEP_END : STEP_ON;
    }
    struct error why = *r->err;
    inlet_settle(r, in);
    if (running_flush(r))
        *r->err = why;
    return STEP_FAILED;
}

/* Reads to the end; false on a failure. */
static bool read_all(struct running *r, enum input_status *status)
{
    enum step step;
    do
        step = read_on(r, status);
    while (step == STEP_ON);
    return step == STEP_END;
}

/* Every window with something unfired fires, complete or not. */
static void interrupt(struct running *r)
{
    uint64_t before = r->engine->panes.rows;
    engine_interrupt(r->engine);
    report_incomplete(r->engine->panes.rows - before);
}

/* What a pipe brought of a record that is not whole is left for the next run, which has it only if
   the pipe begins again. */
static bool say_torn(struct running *r, struct inlet *in)
{
    size_t len = 0;
    if (r->plan->resume_continue && !in->source.regular)
        input_rest(in->input, &len);
    if (len > 0)
        say("%s: the last %zu bytes end in no newline: they are no record, and with --resume "
            "continue the next run does not have them",
            in->source.name, len);
    return true;
}

/* The input is at its end, or we were told to stop. */
static bool finish(struct running *r, enum input_status status, struct run_result *result)
{
    if (r->advise != NULL) {
        advise_print(r->advise, r->plan->advise_json, &r->sinks[SINK_ROWS].pending);
        report_end(&r->report, false);
        result->signal = signals_stop;
        return running_flush(r);
    }
    bool keep = r->plan->state_path != NULL && (status == INPUT_STOPPED || r->plan->at_eof_keep);
    if (status == INPUT_STOPPED && !r->over_limit) {
        if (!keep && r->plan->pane.final)
            report_left_out(r->engine, "--final");
        else if (!keep && r->plan->pane.top > 0)
            report_left_out(r->engine, "--top");
        else if (!keep && r->plan->output_format == OUTPUT_SQL)
            report_left_out(r->engine, "-o sql");
        else if (!keep && r->plan->partial)
            report_left_out(r->engine, "--partial");
        else if (!keep)
            interrupt(r);
    } else if (!keep && !r->over_limit) {
        engine_finish(r->engine);
        if (running_is_over(r)) {
            report_end(&r->report, false);
            return true;
        }
        panes_header(&r->engine->panes);
        panes_commit(&r->engine->panes);
        if (r->plan->partial)
            merge_end_stream(r);
    }
    writer_finish(r->writer, &r->sinks[SINK_ROWS].pending);
    if (keep && status != INPUT_STOPPED)
        inlet_each(r, say_torn);
    report_end(&r->report, keep);
    report_losses(&r->report, r->engine, r->merge != NULL);
    unseen_report(r->unseen);
    r->ended = true;
    if (!(running_flush(r) && checkpoint_now(r, !keep)))
        return false;
    result->signal = signals_stop; /* also one that came when all was read */
    return true;
}

/* *same: does the file begin with these bytes? */
static bool begins_with(const struct source *source, const char *bytes, size_t len, bool *same,
                        struct error *err)
{
    char *found = memory_alloc(len + 1);
    bool there = io_read_at(source->fd, source->base, found, len);
    int error = there ? 0 : errno;
    *same = there && memcmp(found, bytes, len) == 0;
    free(found);
    return error == 0 || error_set(err, EXIT_RUNTIME, "%s: can't read it again: %s", source->name,
                                   strerror(error));
}

/* *same: have they the same header? One that goes on from a snapshot has read its own long ago. */
static bool compare(const struct inlet *a, const struct inlet *b, bool *same, struct error *err)
{
    size_t a_len, b_len;
    const char *a_head = input_preamble(a->input, &a_len);
    const char *b_head = input_preamble(b->input, &b_len);
    *same = true;
    if (a->batch == NULL || b->batch == NULL || !a->batch->is_text || !b->batch->is_text)
        return true;
    if (a_head != NULL && b_head != NULL)
        *same = a_len == b_len && (a_len == 0 || memcmp(a_head, b_head, a_len) == 0);
    else if (a_head != NULL)
        return begins_with(&b->source, a_head, a_len, same, err);
    else if (b_head != NULL)
        return begins_with(&a->source, b_head, b_len, same, err);
    return true;
}

/*
 * The headers of all regular FILEs are read before the first row. Records of different columns
 * could not be told apart in --late and --bad, which have no header.
 */
static bool prime(struct running *r)
{
    const struct inlet *first = NULL;
    for (size_t i = 0; r->n_inlets > 1 && i < r->n_inlets; i++) {
        struct inlet *in = &r->inlets[i];
        enum input_status status;
        if (in->ended || !in->source.regular)
            continue;
        if (!next_batch(r, in, &status))
            return false;
        if (status != INPUT_BLOCK) {
            in->batch = NULL; /* it ends when its turn comes */
            in->empty = status != INPUT_DRY;
            continue;
        }
        const char *shared = r->plan->late_path != NULL  ? "--late"
                             : r->plan->bad_path != NULL ? "--bad"
                                                         : NULL;
        bool same = true;
        if (first != NULL && shared != NULL && !compare(first, in, &same, r->err))
            return false;
        if (!same)
            return error_set(r->err, EXIT_RUNTIME,
                             "%s and %s have different headers: expected the same where they "
                             "share a %s file, which has none",
                             first->source.name, in->source.name, shared);
        first = first == NULL ? in : first;
    }
    return true;
}

static void say_position(const struct running *r)
{
    for (size_t i = 0; i < r->n_inlets; i++)
        if (!r->plan->has_position || !r->inlets[i].source.regular)
            return;
    say("--position is not needed: a regular file is resumed by seeking (what is replayed in it is "
        "left out all the same)");
}

static void say_idle(const struct running *r)
{
    for (size_t i = 0; i < r->n_inlets; i++)
        if (r->plan->idle_ns == 0 || wait_may_be_idle(r, &r->inlets[i]))
            return;
    say("--idle-timeout has no effect: the input is regular files");
}

static bool start_feed(struct running *r, struct inlet *in)
{
    inlet_start_feed(r, in);
    return true;
}

/* A program that unpacks it was started already, and may have to be ended. */
static bool is_plain(struct running *r, struct inlet *in)
{
    (void)r;
    return in->source.packed_fd < 0;
}

static bool is_regular(struct running *r, struct inlet *in)
{
    (void)r;
    return in->source.regular;
}

/*
 * All is open, and no thread was started yet. What is left is to replace two files. --follow opens
 * whatever its FILEs are called next, which links and rotation may put anywhere, and unpacks it.
 */
static void enter_sandbox(struct running *r)
{
    const struct plan *plan = r->plan;
    const char *replaced[2];
    struct sandbox_options options = {
        .replaced = replaced,
        .reads = plan->follow,
        .kills = plan->follow || !inlet_each(r, is_plain),
        .cancels = plan->follow || !inlet_each(r, is_regular),
    };
    if (plan->no_sandbox)
        return;
    if (r->checkpoint.path != NULL)
        replaced[options.n_replaced++] = r->checkpoint.path;
    if (r->metrics.path != NULL)
        replaced[options.n_replaced++] = r->metrics.path;
    sandbox_enter(&options);
}

/* False: it has more than was there before, or can't be read. */
static bool read_replayed(struct running *r, struct inlet *in)
{
    enum input_status status = INPUT_END;
    if (!start_may_be_replayed(r, in))
        return true;
    inlet_start_feed(r, in);
    do {
        status = feed_next(in->feed, engine_wants_keys(r->engine), &in->batch, &in->keys, r->err);
        if (status == INPUT_BLOCK && !process_is_replayed(r, in))
            return start_refuse_grown(r, in);
    } while (status == INPUT_BLOCK);
    in->batch = NULL;
    return status != INPUT_FAILED;
}

/* The reader does not take the rows that the snapshot held. */
static bool end_unreleased(struct running *r, struct run_result *result)
{
    uint64_t stalled = r->sinks[SINK_ROWS].stalled;
    if (stalled > 0) {
        report_given_up(r->engine, r->plan->state_path, stalled);
        result->signal = signals_stop;
    }
    if (r->plan->stats)
        print_stats(r);
    return true;
}

static bool work(struct running *r, struct run_result *result)
{
    enum input_status status;
    bool goes_on = false, finished = false;
    if (!clashes_check(r->plan, r->err) ||
        !checkpoint_open(&r->checkpoint, r->plan->state_path, r->err) ||
        !start_run(r, &goes_on, &finished))
        return false;
    r->cpus = cpus_usable(FEED_THREADS_MAX);
    if (!signals_start(r->plan->state_path != NULL, r->err) || !start_release(r))
        return false;
    if (r->sinks[SINK_ROWS].closed_by_reader) /* the snapshot keeps what is not out */
        return end_unreleased(r, result);
    if (finished) {
        bool ok = inlet_each(r, read_replayed);
        result->signal = signals_stop;
        return ok;
    }
    if (!metrics_start(r))
        return false;
    progress_start(r);
    checkpoint_start(r);
    bool fresh = r->checkpoint.sequence == 0;
    if (r->checkpoint.path != NULL && fresh && !checkpoint_forget_released(&r->checkpoint, r->err))
        return false;
    /* Before the first byte of output: a crash before the second snapshot is covered as well. */
    if (!goes_on && !checkpoint_now(r, false))
        return false;
    enter_sandbox(r);
    inlet_each(r, start_feed);
    if (r->plan->follow)
        follow_start(r);
    say_idle(r);
    say_position(r);
    bool ok = prime(r) && read_all(r, &status);
    if (ok && !running_is_over(r))
        ok = finish(r, status, result);
    else
        report_end(&r->report, false);
    if (ok && !r->over_limit && (r->engine->panes.abandoned || r->sinks[SINK_ROWS].stalled > 0)) {
        report_given_up(r->engine, r->plan->state_path, r->sinks[SINK_ROWS].stalled);
        result->signal = signals_stop;
    }
    if (!ok && fresh && counter_value(r, COUNTER_RECORDS) == 0)
        checkpoint_withdraw(&r->checkpoint);
    progress_end(r);
    metrics_write(r);
    if (r->plan->stats)
        print_stats(r);
    if (ok && r->over_limit)
        return limit_fail(r);
    if (ok && result->signal == 0 && report_all_bad(&r->report, r->engine))
        return error_set(r->err, EXIT_RUNTIME,
                         "%s: every record was bad: expected at least one that can be used",
                         r->report.input_name);
    return ok;
}

static void close_all(struct running *r)
{
    struct error second = {0};
    struct error *err = r->err->status != 0 ? &second : r->err;
    checkpoint_stop(&r->checkpoint);
    /* Rows that are still held belong to no snapshot: they will be made again, as are those of
     * firing that was given up for a signal. What goes over a limit ends at the same row always. */
    bool given_up = r->engine != NULL && r->engine->panes.abandoned && !r->over_limit;
    if (r->sinks[SINK_ROWS].held || given_up)
        r->sinks[SINK_ROWS].pending.len = 0;
    for (size_t i = 0; i < N_SINKS; i++)
        if (!sink_close(&r->sinks[i], err))
            err = &second;
    for (size_t i = 0; i < r->n_inlets; i++)
        inlet_close(&r->inlets[i]);
    free(r->inlets);
    if (r->watch >= 0)
        close(r->watch);
    clocks_free(r->clocks);
    merge_free(r->merge);
    partial_free(&r->partial);
    replay_free(r->replay);
    unseen_free(r->unseen);
    advise_free(r->advise);
    engine_free(r->engine);
    writer_free(r->writer);
    free(r->result_names);
    free(r->result_types);
    metrics_free(&r->metrics);
    checkpoint_close(&r->checkpoint);
}

struct run_result run(const struct plan *plan, struct error *err)
{
    struct running r = {.plan = plan, .err = err};
    r.attend = (struct attend){look_at_signals, &r};
    r.measure = (struct attend){look_at_state, &r};
    struct run_result result = {0};
    for (size_t i = 0; i < N_SINKS; i++)
        r.sinks[i].fd = -1;
    r.watch = -1;
    r.checkpoint.lock_fd = -1;
    if (plan->inspect_path != NULL) {
        result.status = resume_inspect(plan->inspect_path, err);
        return result;
    }
    r.n_inlets = plan->n_inputs == 0 ? 1 : plan->n_inputs;
    r.inlets = memory_calloc(r.n_inlets, sizeof *r.inlets);
    for (size_t i = 0; i < r.n_inlets; i++)
        inlet_init(&r.inlets[i]);
    work(&r, &result);
    close_all(&r);
    result.status = err->status;
    return result;
}
