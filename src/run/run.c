#include "run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "run/clashes.h"
#include "run/follow.h"
#include "run/resume.h"
#include "run/running.h"
#include "run/signals.h"
#include "run/start.h"
#include "scan/newline.h"

static bool flush(struct running *r)
{
    if (r->engine->panes.err.status != 0) {
        *r->err = r->engine->panes.err;
        return false;
    }
    for (size_t i = 0; i < N_SINKS; i++)
        if (!sink_flush(&r->sinks[i], r->err))
            return false;
    return true;
}

static const struct keys *sources_of(const struct running *r, const struct inlet *in)
{
    return r->plan->has_source ? &in->keys[FEED_SOURCE] : NULL;
}

/* Nobody reads the rows any more, or firing was given up: the run ends, and nothing is saved. */
static bool is_over(const struct running *r)
{
    return r->sinks[SINK_ROWS].closed_by_reader || r->engine->panes.abandoned;
}

static void print_stats(struct running *r)
{
    report_stats(&r->report, r->engine, &r->checkpoint, r->plan->time_unit, r->plan->zone);
}

/* What is done about signals by whoever works or waits for long: base/attend.h. */
static int64_t look_at_signals(void *context)
{
    if (signals_take_report())
        print_stats(context);
    return signals_since_ns();
}

/* What the engine is told with records from..to of the batch at hand; moves the clocks. */
static struct engine_records records(struct running *r, struct inlet *in, size_t from, size_t to)
{
    struct engine_records records = {
        .batch = in->batch,
        .keys = &in->keys[FEED_GROUP],
        .ids = r->plan->has_dedup ? &in->keys[FEED_ID] : NULL,
    };
    if (r->clocks != NULL && from < to) {
        records.w_after_ns = clocks_move(r->clocks, in->batch->time_ns, sources_of(r, in),
                                         inlet_number(r, in), from, to);
        start_tell_clocks(r);
    }
    for (size_t i = from; r->n_inlets > 1 && i < to; i++)
        clock_see(&in->file->clock, in->batch->time_ns[i], r->plan->max_jump_ns);
    return records;
}

static void consume(struct running *r, struct inlet *in, size_t from, size_t to)
{
    if (r->advise != NULL)
        advise_consume(r->advise, in->batch, sources_of(r, in), inlet_number(r, in), from, to);
    struct engine_records good = records(r, in, from, to);
    if (r->advise == NULL)
        engine_consume(r->engine, &good, from, to);
}

/* Was lane i of the batch at hand there before? */
static bool is_replayed(struct running *r, const struct inlet *in, size_t i)
{
    const struct value *position = &in->batch->columns[r->plan->position_column][i];
    const struct keys *sources = sources_of(r, in);
    uint32_t len = 0;
    const unsigned char *source = sources == NULL ? NULL : keys_at(sources, i, &len);
    return replay_is_old(r->replay, sources == NULL ? 0 : sources->hash[i], source, len, position);
}

/* Good records, without those that were there before. */
static void consume_new(struct running *r, struct inlet *in, size_t from, size_t to)
{
    size_t start = from;
    for (size_t i = from; i < to; i++) {
        if (!is_replayed(r, in, i))
            continue;
        consume(r, in, start, i);
        start = i + 1;
        r->engine->counts.replayed++;
    }
    consume(r, in, start, to);
}

/*
 * The same for a bad record. A readable one without a position is bad; one that is too broken to
 * have one was there before if the record before it was.
 */
static bool skip_replayed(struct running *r, const struct inlet *in, const struct bad_record *bad)
{
    bool old;
    if (r->replay == NULL)
        return false;
    if (bad->has_lane) {
        uint8_t kind = in->batch->columns[r->plan->position_column][bad->before].kind;
        bool has_position = kind == VALUE_NUMBER || kind == VALUE_WIDE;
        old = has_position && is_replayed(r, in, bad->before);
    } else {
        old = replay_was_old(r->replay);
    }
    if (old)
        r->engine->counts.replayed += !bad->more;
    return old;
}

/* A record that is bad for a value may be a duplicate, which comes first. */
static bool skip_duplicate(struct running *r, struct inlet *in, const struct bad_record *bad)
{
    struct engine_records at = records(r, in, 0, 0);
    if (!bad->has_lane || bad->sourceless || !engine_is_duplicate(r->engine, &at, bad->before))
        return false;
    at = records(r, in, bad->before, bad->before + 1);
    engine_skip_duplicate(r->engine, &at, bad->before);
    return true;
}

/* False if --strict ends the run here, the whole record being read. */
static bool report_bad_record(struct running *r, const struct inlet *in,
                              const struct bad_record *bad)
{
    r->report.input_name = in->source.name;
    report_bad(&r->report, in->batch, bad, in->first_line);
    if (!r->plan->strict)
        return true;
    if (r->strict.status == 0)
        error_set(&r->strict, EXIT_RUNTIME, "%s:%llu: %s (--strict ends the run here)",
                  in->source.name, (unsigned long long)(in->first_line + bad->line - 1),
                  bad->reason == NULL ? "record longer than --max-record" : bad->reason);
    if (inlet_ends_within(in->batch->block))
        return true;
    *r->err = r->strict;
    return false;
}

/* The bad record that comes now ends the run: rows that are held need a snapshot to cover them. */
static bool let_out_before_strict(struct running *r)
{
    return !r->plan->strict || !r->plan->hold || (flush(r) && checkpoint_now(r, false));
}

/* The bad record that comes next. False if --strict ends the run. */
static bool take_bad(struct running *r, struct inlet *in)
{
    const struct bad_record *bad = &in->batch->bad[in->at.bad];
    if (!let_out_before_strict(r))
        return false;
    in->at.good += bad->has_lane;
    in->at.bad++;
    return report_bad_record(r, in, bad);
}

/*
 * Good and bad records of the batch at hand in their order, in pieces that end where a snapshot is
 * due by number of records, until it is another FILE's turn. False on a failure, or when --strict
 * has met a bad record.
 */
static bool process(struct running *r, struct inlet *in)
{
    const struct batch *batch = in->batch;
    for (bool turn = true; turn && inlet_has_records(in);) {
        uint64_t room = checkpoint_room(&r->checkpoint), taken;
        bool bad_next = in->at.bad < batch->n_bad;
        size_t stop = bad_next ? batch->bad[in->at.bad].before : batch->n;
        if (stop - in->at.good > room)
            stop = in->at.good + (size_t)room;
        /* What is replayed moves no clock: whose turn it is shows after each record. */
        bool single = r->replay != NULL && r->n_inlets > 1 && stop > in->at.good;
        size_t end = single ? in->at.good + 1 : inlet_turn(r, in, in->at.good, stop);
        turn = end == stop || single;
        if (r->replay == NULL)
            consume(r, in, in->at.good, end);
        else
            consume_new(r, in, in->at.good, end);
        taken = end - in->at.good;
        in->at.good = end;
        turn = turn && (taken == 0 || inlet_lowest(r) == in->file);
        if (turn && bad_next && batch->bad[in->at.bad].before == end && taken < room) {
            const struct bad_record *bad = &batch->bad[in->at.bad];
            taken += !bad->more;
            if (skip_replayed(r, in, bad) || skip_duplicate(r, in, bad)) {
                in->at.good += bad->has_lane;
                in->at.bad++;
            } else if (!take_bad(r, in)) {
                return false;
            }
        }
        if (is_over(r))
            break;
        if (taken > 0 && r->checkpoint.every_records > 0 &&
            !(flush(r) && checkpoint_if_due(r, taken)))
            return false;
    }
    return true;
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
    if (r->plan->state_path != NULL)
        digest_add(&in->source.digest, bytes, len);
    if (r->plan->state_path != NULL || r->plan->follow)
        source_remember(&in->source, bytes, len);
    r->report.bytes += len;
}

/*
 * Rows that the wall clock fired would not come again after a crash: what went into a pipe must
 * stand in a snapshot before.
 */
static bool let_out_fired(struct running *r)
{
    if (r->plan->state_path == NULL || r->sinks[SINK_ROWS].regular ||
        r->sinks[SINK_ROWS].pending.len == 0)
        return flush(r);
    r->sinks[SINK_ROWS].held = true;
    bool ok = checkpoint_now(r, false);
    r->sinks[SINK_ROWS].held = r->plan->hold;
    return ok;
}

/* So long was waited for the input, and nothing came. */
static bool note_silence(struct running *r, struct inlet *in, int64_t ns)
{
    int64_t w_ns = clocks_wait(r->clocks, inlet_number(r, in), ns);
    start_tell_clocks(r);
    if (r->advise != NULL || w_ns == r->engine->watermark.now_ns)
        return true;
    engine_follow(r->engine, w_ns);
    return let_out_fired(r);
}

static bool may_be_idle(const struct running *r, const struct inlet *in)
{
    return r->plan->idle_ns > 0 &&
           (r->plan->follow || (!in->source.regular && in->source.packed_fd < 0));
}

/*
 * Waits for the next batch; takes the snapshots that fall due meanwhile, lets the clocks know of
 * silence, and heeds SIGUSR1. Waiting goes by slices: of one that took much longer, because the
 * process was stopped, only the slice counts. *ready false: another input is to be looked at.
 */
static bool wait_for_batch(struct running *r, struct inlet *in, bool *ready)
{
    enum { SLICE_NS = 200000000, IDLE_SLICE_NS = 20000000 };
    bool idle = may_be_idle(r, in);
    int64_t slice_ns = idle ? IDLE_SLICE_NS : SLICE_NS;
    *ready = true;
    for (;;) {
        int64_t before_ns = clock_monotonic_ns(), due_ns = checkpoint_due_ns(&r->checkpoint);
        if (due_ns < 0 || due_ns > before_ns + slice_ns)
            due_ns = before_ns + slice_ns;
        if (feed_wait(in->feed, due_ns))
            return true;
        attend_look(&r->attend);
        if (idle) {
            int64_t waited_ns = clock_monotonic_ns() - before_ns;
            if (!note_silence(r, in, waited_ns < 2 * slice_ns ? waited_ns : slice_ns))
                return false;
        }
        if (!checkpoint_if_due(r, 0))
            return false;
        if (is_over(r))
            return true;
        if (idle && r->n_inlets > 1) {
            *ready = false;
            return true;
        }
    }
}

/*
 * --follow: nothing of the FILE that is to be read next has grown. Rows are out before it waits, a
 * slice of time; snapshots and silence are seen to.
 */
static bool wait_for_growth(struct running *r, struct inlet *file)
{
    enum { SLICE_NS = 200000000, IDLE_SLICE_NS = 20000000 };
    bool idle = may_be_idle(r, file);
    int64_t slice_ns = idle ? IDLE_SLICE_NS : SLICE_NS;
    attend_look(&r->attend);
    if (!flush(r))
        return false;
    int64_t before_ns = clock_monotonic_ns(), due_ns = checkpoint_due_ns(&r->checkpoint);
    int64_t wait_ns = due_ns >= 0 && due_ns < before_ns + slice_ns ? due_ns - before_ns : slice_ns;
    if (signals_stop == 0 && !is_over(r))
        follow_wait(r, wait_ns > 0 ? wait_ns : 0);
    if (idle && follow_is_quiet(file)) {
        int64_t waited_ns = clock_monotonic_ns() - before_ns;
        if (!note_silence(r, file, waited_ns < 2 * slice_ns ? waited_ns : slice_ns))
            return false;
    }
    return is_over(r) || checkpoint_if_due(r, 0);
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
    if (!ready || is_over(r))
        return true;
    *status = feed_next(in->feed, &in->batch, &in->keys, r->err);
    if (*status == INPUT_FAILED)
        return false;
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

/*
 * The next record would have to come from an input that has no more. *goes_on: it is a rotated one
 * whose new file comes now, or another input is left.
 */
static bool end_inlet(struct running *r, struct inlet *in, bool *goes_on)
{
    *goes_on = true;
    if (!source_end(&in->source, r->err))
        return false;
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
    if (r->clocks != NULL && *goes_on && r->n_inlets > 1) {
        int64_t w_ns = clocks_end(r->clocks, inlet_number(r, in));
        start_tell_clocks(r);
        if (r->advise == NULL && w_ns != r->engine->watermark.now_ns)
            engine_follow(r->engine, w_ns);
    }
    return true;
}

/* Reads to the end; false on a failure. Rows are out before it waits for more input. */
static bool read_all(struct running *r, enum input_status *status)
{
    for (;;) {
        struct inlet *in = inlet_lowest(r);
        if (in == NULL) { /* all had ended before a restart */
            *status = INPUT_END;
            return true;
        }
        struct inlet *file = in;
        if (!r->plan->follow)
            in = inlet_generation(file);
        else if (!follow_next(r, file, &in))
            return false;
        if (in == NULL) {
            if (!wait_for_growth(r, file))
                return false;
            *status = INPUT_STOPPED;
            if (is_over(r) || signals_stop != 0)
                return true;
            continue;
        }
        if (!inlet_has_records(in)) {
            attend_look(&r->attend);
            if (!is_over(r) && !flush(r))
                return false;
            if (is_over(r))
                return true;
            if (r->checkpoint.every_records == 0 && !checkpoint_if_due(r, 0))
                return false;
            *status = INPUT_END;
            if (!in->empty && !next_batch(r, in, status))
                return false;
            if (is_over(r))
                return true;
            /* What ended the input may have been the same Ctrl-C: then it is not complete. */
            if (*status == INPUT_END && signals_stop != 0)
                *status = INPUT_STOPPED;
            if (*status == INPUT_DRY)
                continue;
            bool goes_on = *status == INPUT_BLOCK;
            if (*status == INPUT_END && !end_inlet(r, in, &goes_on))
                return false;
            if (!goes_on)
                return true;
            continue;
        }
        bool ok = process(r, in);
        if (ok)
            continue;
        struct error why = *r->err;
        inlet_settle(r, in);
        if (flush(r))
            *r->err = why;
        return false;
    }
}

/* Every window with something unfired fires, complete or not. */
static void interrupt(struct running *r)
{
    uint64_t before = r->engine->panes.rows;
    engine_interrupt(r->engine);
    report_incomplete(r->engine->panes.rows - before);
}

/* The input is at its end, or we were told to stop. */
static bool finish(struct running *r, enum input_status status, struct run_result *result)
{
    if (r->advise != NULL) {
        advise_print(r->advise, r->plan->advise_json, &r->sinks[SINK_ROWS].pending);
        report_end(&r->report, false);
        result->signal = signals_stop;
        return flush(r);
    }
    bool keep = r->plan->state_path != NULL && (status == INPUT_STOPPED || r->plan->at_eof_keep);
    if (status == INPUT_STOPPED) {
        if (!keep && r->plan->pane.final)
            report_left_out(r->engine, "--final");
        else if (!keep && r->plan->pane.top > 0)
            report_left_out(r->engine, "--top");
        else if (!keep && r->plan->output_format == OUTPUT_SQL)
            report_left_out(r->engine, "-o sql");
        else if (!keep)
            interrupt(r);
    } else if (!keep) {
        engine_finish(r->engine);
        if (is_over(r)) {
            report_end(&r->report, false);
            return true;
        }
        panes_header(&r->engine->panes);
    }
    report_end(&r->report, keep);
    report_losses(&r->report, r->engine);
    unseen_report(r->unseen);
    r->ended = true;
    if (!(flush(r) && checkpoint_now(r, !keep)))
        return false;
    result->signal = signals_stop; /* also one that came when all was read */
    return true;
}

static bool differ(const struct inlet *a, const struct inlet *b)
{
    size_t a_len, b_len;
    const char *a_head = input_preamble(a->input, &a_len);
    const char *b_head = input_preamble(b->input, &b_len);
    if (a->batch == NULL || b->batch == NULL || !a->batch->is_text || !b->batch->is_text)
        return false;
    return a_head != NULL && b_head != NULL &&
           (a_len != b_len || (a_len > 0 && memcmp(a_head, b_head, a_len) != 0));
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
        if (first != NULL && shared != NULL && differ(first, in))
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
    fputs("winagg: --position is not needed: a regular file is resumed by seeking\n", stderr);
}

static void say_idle(const struct running *r)
{
    for (size_t i = 0; i < r->n_inlets; i++)
        if (r->plan->idle_ns == 0 || may_be_idle(r, &r->inlets[i]))
            return;
    fputs("winagg: --idle-timeout has no effect: the input is regular files\n", stderr);
}

static bool start_feed(struct running *r, struct inlet *in)
{
    inlet_start_feed(r, in);
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
    if (finished)
        return true;
    if (!signals_start(r->plan->state_path != NULL, r->err))
        return false;
    checkpoint_start(r);
    if (!goes_on && r->checkpoint.path != NULL)
        checkpoint_note_released(&r->checkpoint); /* none: the lock file may be an old one */
    /* Before the first byte of output: a crash before the second snapshot is covered as well. */
    if (!goes_on && !checkpoint_now(r, false))
        return false;
    inlet_each(r, start_feed);
    if (r->plan->follow)
        follow_start(r);
    say_idle(r);
    say_position(r);
    bool ok = prime(r) && read_all(r, &status);
    if (ok && !is_over(r))
        ok = finish(r, status, result);
    else
        report_end(&r->report, false);
    if (ok && (r->engine->panes.abandoned || r->sinks[SINK_ROWS].stalled > 0)) {
        report_given_up(r->engine, r->plan->state_path, r->sinks[SINK_ROWS].stalled);
        result->signal = signals_stop;
    }
    if (r->plan->stats)
        print_stats(r);
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
    /* Rows that are still held belong to no snapshot: they will be made again, as are those of
     * firing that was given up. */
    if (r->sinks[SINK_ROWS].held || (r->engine != NULL && r->engine->panes.abandoned))
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
    replay_free(r->replay);
    unseen_free(r->unseen);
    advise_free(r->advise);
    engine_free(r->engine);
    writer_free(r->writer);
    free(r->result_names);
    free(r->result_types);
    checkpoint_close(&r->checkpoint);
}

struct run_result run(const struct plan *plan, struct error *err)
{
    struct running r = {.plan = plan, .err = err};
    r.attend = (struct attend){look_at_signals, &r};
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
