#include "run/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/seed.h"
#include "run/clashes.h"
#include "run/resume.h"
#include "run/running.h"
#include "run/semantics.h"
#include "run/signals.h"
#include "scan/newline.h"
#include "snapshot/snapshot.h"

static bool open_output(struct sink *sink, const char *path, bool create, struct error *err)
{
    return path == NULL || sink_open(sink, path, create, err);
}

/*
 * Can all outputs be cut back to these positions (none: where they are now)? Nothing is touched,
 * but that a file which may just have been created is made to stay.
 */
static bool check_outputs(struct running *r, const uint64_t positions[3])
{
    const struct sink *const sinks[] = {&r->out, &r->late, &r->bad};
    for (size_t i = 0; i < 3; i++) {
        const struct sink *sink = sinks[i];
        if (!sink->regular)
            continue;
        bool known = positions != NULL && positions[i] != RESUME_NOWHERE;
        if (!sink_check_cut(sink, known ? positions[i] : sink->position, r->err))
            return false;
        int error = sink->owned ? io_sync_directory(sink->name) : 0;
        if (error != 0 && error != EACCES) /* a directory that we may write to, but not read */
            return error_set(r->err, EXIT_RUNTIME, "%s: can't make it durable: %s", sink->name,
                             strerror(error));
    }
    return true;
}

/* `resume`: NULL for a fresh start. A file that must have bytes already is not created. */
static bool open_outputs(struct running *r, const struct resume *resume)
{
    const struct plan *plan = r->plan;
    const uint64_t *positions = resume == NULL ? NULL : resume->positions;
    bool create[3];
    for (size_t i = 0; i < 3; i++)
        create[i] = positions == NULL || positions[i] == 0 || positions[i] == RESUME_NOWHERE;
    if (plan->output_path == NULL)
        sink_adopt(&r->out, STDOUT_FILENO, "stdout");
    bool ok = open_output(&r->out, plan->output_path, create[0], r->err) &&
              open_output(&r->late, plan->late_path, create[1], r->err) &&
              open_output(&r->bad, plan->bad_path, create[2], r->err);
    return ok && (plan->state_path == NULL || check_outputs(r, positions));
}

static void start_clocks(struct running *r)
{
    const struct plan *plan = r->plan;
    const struct clocks_options options = {
        .stopped = plan->delay_all,
        .delay_ns = plan->delay_ns,
        .max_jump_ns = plan->max_jump_ns,
        .idle_ns = plan->idle_ns,
        .sources = plan->sources > 0 ? plan->sources : 1,
        .key_seed = r->engine->key_seed,
    };
    if (!plan_has_clocks(plan))
        return;
    r->clocks = clocks_new(&options);
    if (r->n_inlets > 1 && !plan->has_source)
        clocks_announce(r->clocks, (uint32_t)r->n_inlets);
}

static void start_engine(struct running *r)
{
    const struct plan *plan = r->plan;
    r->result_names = memory_calloc(plan->n_aggs, sizeof *r->result_names);
    r->result_types = memory_calloc(plan->n_aggs, sizeof *r->result_types);
    for (size_t i = 0; i < plan->n_aggs; i++) {
        r->result_names[i] = plan->aggs[i].name;
        r->result_types[i] = plan->aggs[i].type == AGG_COUNTING ? WRITER_COUNT
                             : plan->aggs[i].type == AGG_ANY    ? WRITER_TEXT
                                                                : WRITER_NUMBER;
    }
    const struct writer_options writer = {
        .format = plan->output_format,
        .time_unit = plan->time_unit,
        .zone = plan->zone,
        .unbounded = plan->window.kind == WINDOW_ALL,
        .op = plan->pane.mode == PANE_RETRACT,
        .panes = plan->panes,
        .row_id = plan->id != PANE_ID_NONE,
        .table = plan->sql_table,
        .keys = plan->key_names,
        .n_keys = plan->n_keys,
        .results = r->result_names,
        .types = r->result_types,
        .n_results = plan->n_aggs,
    };
    r->writer = writer_new(&writer);
    const struct engine_options engine = {
        .window = plan->window,
        .pane = plan->pane,
        .delay_ns = plan->delay_ns,
        .w_given = plan_has_clocks(plan),
        .dedup = plan->has_dedup,
        .aggs = plan->aggs,
        .n_aggs = plan->n_aggs,
        .acc_bytes = plan->acc_bytes,
        .writer = r->writer,
        .sink = &r->out,
        .late = plan->late_path == NULL ? NULL : &r->late,
        .id = plan->id,
        .key_seed = seed_of_process(),
    };
    r->engine = engine_new(&engine);
    start_clocks(r);
    /* What is appended to a file that has rows already needs no second header. */
    r->engine->panes.header_due = r->out.position == 0;
}

/* A finished run has nothing left to do, unless its input has grown. */
static bool check_finished(struct running *r, const struct inlet *in)
{
    bool at_end;
    if (!source_at_end(&in->source, &at_end, r->err))
        return false;
    if (at_end && in->next.fd < 0)
        return true;
    return error_set(r->err, EXIT_RUNTIME,
                     "%s: the input has grown since the run of %s was finished: its windows were "
                     "closed at the end of the input (--at-eof keep leaves them open)",
                     in->source.name, r->plan->state_path);
}

/*
 * Which FILE each of the snapshot's is: they stand in the same order, new ones among them, which
 * are told by how they begin. *saved is NULL for a new one.
 */
static bool match_inlets(struct running *r, const struct resume *resume,
                         const struct resume_input **saved)
{
    size_t j = 0;
    if (resume->n_inputs > r->n_inlets)
        return error_set(r->err, EXIT_RUNTIME,
                         "%s: snapshot of a run over %zu FILEs: expected all of them, found %zu",
                         r->plan->state_path, resume->n_inputs, r->n_inlets);
    for (size_t i = 0; i < r->n_inlets; i++) {
        bool must = r->n_inlets - i == resume->n_inputs - j;
        bool same = j < resume->n_inputs &&
                    (must || source_begins_as(&r->inlets[i].source, &resume->inputs[j].mark));
        saved[i] = same ? &resume->inputs[j++] : NULL;
    }
    return true;
}

/* Finds the inputs again and checks all outputs; nothing is touched yet. */
static bool check_resume(struct running *r, const struct resume *resume,
                         const struct resume_input **saved)
{
    const struct source_resume how = {
        .verify_full = r->plan->verify_full,
        .continues = r->plan->resume_continue,
    };
    if (!match_inlets(r, resume, saved))
        return false;
    for (size_t i = 0; i < r->n_inlets; i++) {
        struct inlet *in = &r->inlets[i];
        if (saved[i] == NULL) {
            if (resume->finished)
                return error_set(r->err, EXIT_RUNTIME,
                                 "%s: a new input, but the run of %s was finished", in->source.name,
                                 r->plan->state_path);
            continue;
        }
        if (!source_resume(&in->source, &in->next, &saved[i]->mark, &how, r->err) ||
            (resume->finished && !check_finished(r, in)))
            return false;
    }
    return open_outputs(r, resume);
}

/* What W alone does not tell the engine. */
static void tell_clocks(struct running *r)
{
    if (r->clocks == NULL)
        return;
    r->engine->watermark.finite = clocks_finite(r->clocks);
    r->engine->moved_ns = clocks_highest_ns(r->clocks);
}

static bool damaged(const struct running *r)
{
    return error_set(r->err, EXIT_RUNTIME, "%s: damaged snapshot: its state can't be read",
                     r->plan->state_path);
}

/* What was written after the last snapshot will be written again. */
static bool cut(struct running *r, struct sink *sink, uint64_t position)
{
    uint64_t bytes;
    if (!sink_cut(sink, position, &bytes, r->err))
        return false;
    if (bytes > 0)
        fprintf(stderr,
                "winagg: %s: cut by %llu bytes that were written after the last snapshot: their "
                "rows come again\n",
                sink->name, (unsigned long long)bytes);
    return true;
}

/* The state is read first: a file that turns out damaged must leave the outputs alone. */
static bool apply_inlet(struct running *r, struct inlet *in, const struct resume_input *saved)
{
    const unsigned char *at = saved->input;
    if (at != NULL && !input_load(in->input, &at, saved->input_end, &saved->mark.position))
        return damaged(r);
    in->settled = at != NULL;
    in->clock = saved->clock;
    in->ended = saved->ended;
    if (r->clocks != NULL)
        clocks_set_file(r->clocks, (uint32_t)(in - r->inlets), &in->clock, in->ended);
    return true;
}

static bool apply_resume(struct running *r, const struct buf *image, const struct resume *resume,
                         const struct resume_input **saved)
{
    const unsigned char *at, *end;
    struct sink *const sinks[] = {&r->out, &r->late, &r->bad};
    if (!resume_engine(r->plan->state_path, image, &at, &end, r->err))
        return false;
    if (!engine_load(r->engine, &at, end))
        return damaged(r);
    if (r->clocks != NULL && (!resume_clocks(r->plan->state_path, image, &at, &end, r->err) ||
                              !clocks_load(r->clocks, &at, end)))
        return r->err->status != 0 ? false : damaged(r);
    tell_clocks(r);
    if (r->engine->dedup != NULL && (!resume_dedup(r->plan->state_path, image, &at, &end, r->err) ||
                                     !dedup_load(r->engine->dedup, r->engine->key_seed, &at, end)))
        return r->err->status != 0 ? false : damaged(r);
    for (size_t i = 0; i < r->n_inlets; i++)
        if (saved[i] != NULL && !apply_inlet(r, &r->inlets[i], saved[i]))
            return false;
    tell_clocks(r);
    /* After the last snapshot of a run that ended we wrote nothing but held rows: what follows is
     * not ours, and stays. */
    if (resume->finished && resume->held_len == 0)
        return true;
    for (size_t i = 0; i < 3; i++)
        if (sinks[i]->regular && resume->positions[i] != RESUME_NOWHERE &&
            !(resume->ended && resume->held_len == 0 ? sink_go_to_end(sinks[i], r->err)
                                                     : cut(r, sinks[i], resume->positions[i])))
            return false;
    r->report.bytes = resume->bytes;
    r->report.bad = resume->bad;
    r->report.line_open = resume->line_open;
    report_resumed(&r->report, r->engine);
    r->checkpoint.sequence = resume->sequence;
    /* A file was cut back to before them; a pipe may have them already. */
    if (r->out.regular || !checkpoint_was_released(&r->checkpoint, resume->sequence)) {
        buf_put(&r->out.pending, resume->held, resume->held_len);
        if (!sink_write(&r->out, r->out.pending.len, r->err))
            return false;
        checkpoint_note_released(&r->checkpoint);
    }
    return !resume->finished || checkpoint_now(r, true);
}

/* All are opened before the first row. */
static bool open_inlets(struct running *r, bool resumed)
{
    for (size_t i = 0; i < r->n_inlets; i++) {
        const char *path = r->plan->n_inputs == 0 ? NULL : r->plan->input_paths[i];
        if (source_open(&r->inlets[i].source, path, r->err))
            continue;
        /* A file that is missing just now may have been rotated: source_resume() looks. */
        if (!resumed || errno != ENOENT)
            return false;
        *r->err = (struct error){0};
    }
    return true;
}

/*
 * Opens everything, from the snapshot if there is one. *goes_on: that snapshot still says what of
 * the outputs is to be cut off at a restart. *finished: there is nothing left to do.
 */
static bool start(struct running *r, bool *goes_on, bool *finished)
{
    const struct plan *plan = r->plan;
    struct buf image = {0};
    struct resume resume = {0};
    const unsigned char *at, *end;
    enum snapshot_found found = SNAPSHOT_NONE;
    if (plan->state_path != NULL)
        found = snapshot_read(plan->state_path, &image, r->err);
    bool resumed = found == SNAPSHOT_FOUND;
    bool ok = found != SNAPSHOT_FAILED;
    if (ok && resumed)
        ok = resume_options(plan->state_path, &image, &at, &end, r->err) &&
             semantics_check(plan, plan->state_path, at, end, r->err);
    ok = ok && (!resumed || resume_parse(plan->state_path, &image, &resume, r->err));
    const struct resume_input **saved = memory_calloc(r->n_inlets, sizeof *saved);
    ok = ok && open_inlets(r, resumed);
    ok = ok && (resumed ? check_resume(r, &resume, saved) : open_outputs(r, NULL));
    if (ok) {
        report_start(&r->report, r->inlets[0].source.name, plan->strict,
                     plan->bad_path == NULL ? NULL : &r->bad);
        r->unseen = unseen_new(&plan->input);
        r->advise = plan->advise ? advise_new(plan, seed_of_process()) : NULL;
        for (size_t i = 0; i < r->n_inlets; i++)
            inlet_start_input(r, &r->inlets[i]);
        start_engine(r);
        r->out.held = plan->hold;
        r->out.exclusive = plan->state_path != NULL && r->out.regular;
        r->late.exclusive = plan->state_path != NULL && r->late.regular;
        r->bad.exclusive = plan->state_path != NULL && r->bad.regular;
        ok = !resumed || apply_resume(r, &image, &resume, saved);
        *finished = ok && resumed && resume.finished;
        *goes_on = resumed && !resume.ended;
    }
    resume_free(&resume);
    free(saved);
    buf_free(&image);
    return ok;
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

static const struct keys *sources_of(const struct running *r, const struct inlet *in)
{
    return r->plan->has_source ? &in->keys[FEED_SOURCE] : NULL;
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
                                         (uint32_t)(in - r->inlets), from, to);
        tell_clocks(r);
    }
    for (size_t i = from; r->n_inlets > 1 && i < to; i++)
        clock_see(&in->clock, in->batch->time_ns[i], r->plan->max_jump_ns);
    return records;
}

static void consume(struct running *r, struct inlet *in, size_t from, size_t to)
{
    if (r->advise != NULL)
        advise_consume(r->advise, in->batch, sources_of(r, in), (uint32_t)(in - r->inlets), from,
                       to);
    struct engine_records good = records(r, in, from, to);
    if (r->advise == NULL)
        engine_consume(r->engine, &good, from, to);
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

static bool ends_within(const struct block *block)
{
    return block->kind != BLOCK_RECORDS && block->bytes.data[block->bytes.len - 1] != '\n';
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
    if (ends_within(in->batch->block))
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
        size_t end = inlet_turn(r, in, in->at.good, stop);
        turn = end == stop;
        consume(r, in, in->at.good, end);
        taken = end - in->at.good;
        in->at.good = end;
        turn = turn && (taken == 0 || inlet_lowest(r) == in);
        if (turn && bad_next && batch->bad[in->at.bad].before == end && taken < room) {
            const struct bad_record *bad = &batch->bad[in->at.bad];
            taken += !bad->more;
            if (skip_duplicate(r, in, bad)) {
                in->at.good++;
                in->at.bad++;
            } else if (!take_bad(r, in)) {
                return false;
            }
        }
        if (taken > 0 && r->checkpoint.every_records > 0 &&
            !(flush(r) && checkpoint_if_due(r, taken)))
            return false;
        if (r->out.closed_by_reader)
            break;
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
    r->report.bytes += len;
}

/*
 * Rows that the wall clock fired would not come again after a crash: what went into a pipe must
 * stand in a snapshot before.
 */
static bool let_out_fired(struct running *r)
{
    if (r->plan->state_path == NULL || r->out.regular || r->out.pending.len == 0)
        return flush(r);
    r->out.held = true;
    bool ok = checkpoint_now(r, false);
    r->out.held = r->plan->hold;
    return ok;
}

/* So long was waited for the input, and nothing came. */
static bool note_silence(struct running *r, struct inlet *in, int64_t ns)
{
    int64_t w_ns = clocks_wait(r->clocks, (uint32_t)(in - r->inlets), ns);
    tell_clocks(r);
    if (r->advise != NULL || w_ns == r->engine->watermark.now_ns)
        return true;
    engine_follow(r->engine, w_ns);
    return let_out_fired(r);
}

static bool may_be_idle(const struct running *r, const struct inlet *in)
{
    return r->plan->idle_ns > 0 && !in->source.regular && in->source.packed_fd < 0;
}

/*
 * Waits for the next batch; takes the snapshots that fall due meanwhile, and lets the clocks know
 * of silence. Waiting goes by short slices: of one that took much longer, because the process was
 * stopped, only the slice counts. *ready false: another input is to be looked at.
 */
static bool wait_for_batch(struct running *r, struct inlet *in, bool *ready)
{
    enum { SLICE_NS = 20000000 };
    *ready = true;
    for (;;) {
        bool idle = may_be_idle(r, in);
        int64_t due_ns = checkpoint_due_ns(&r->checkpoint), before_ns = 0;
        if (due_ns < 0 && !idle)
            return true;
        if (idle) {
            before_ns = clock_monotonic_ns();
            if (due_ns < 0 || due_ns > before_ns + SLICE_NS)
                due_ns = before_ns + SLICE_NS;
        }
        if (feed_wait(in->feed, due_ns))
            return true;
        if (idle) {
            int64_t waited_ns = clock_monotonic_ns() - before_ns;
            if (!note_silence(r, in, waited_ns < 2 * SLICE_NS ? waited_ns : SLICE_NS))
                return false;
        }
        if (!checkpoint_if_due(r, 0))
            return false;
        if (r->out.closed_by_reader)
            return true;
        if (idle && r->n_inlets > 1) {
            *ready = false;
            return true;
        }
    }
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
    if (!ready || r->out.closed_by_reader)
        return true;
    *status = feed_next(in->feed, &in->batch, &in->keys, r->err);
    if (*status == INPUT_FAILED)
        return false;
    note_preamble(r, in);
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
    if (inlet_next_source(r, in))
        return true;
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
        int64_t w_ns = clocks_end(r->clocks, (uint32_t)(in - r->inlets));
        tell_clocks(r);
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
        if (!inlet_has_records(in)) {
            if (!flush(r))
                return false;
            if (r->out.closed_by_reader)
                return true;
            if (r->checkpoint.every_records == 0 && !checkpoint_if_due(r, 0))
                return false;
            *status = INPUT_END;
            if (!in->empty && !next_batch(r, in, status))
                return false;
            if (r->out.closed_by_reader)
                return true;
            /* What ended the input may have been the same Ctrl-C: then it is not complete. */
            if (*status == INPUT_END && signals_stop != 0)
                *status = INPUT_STOPPED;
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

/* The input is at its end, or we were told to stop. */
static bool finish(struct running *r, enum input_status status, struct run_result *result)
{
    if (r->advise != NULL) {
        advise_print(r->advise, r->plan->advise_json, &r->out.pending);
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
            engine_interrupt(r->engine);
    } else if (!keep) {
        engine_finish(r->engine);
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
            in->empty = true;
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

static void say_idle(const struct running *r)
{
    for (size_t i = 0; i < r->n_inlets; i++)
        if (r->plan->idle_ns == 0 || may_be_idle(r, &r->inlets[i]))
            return;
    fputs("winagg: --idle-timeout has no effect: the input is regular files\n", stderr);
}

static bool work(struct running *r, struct run_result *result)
{
    enum input_status status;
    bool goes_on = false, finished = false;
    if (!clashes_check(r->plan, r->err) ||
        !checkpoint_open(&r->checkpoint, r->plan->state_path, r->err) ||
        !start(r, &goes_on, &finished))
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
    for (size_t i = 0; i < r->n_inlets; i++)
        inlet_start_feed(r, &r->inlets[i]);
    say_idle(r);
    bool ok = prime(r) && read_all(r, &status);
    if (ok && !r->out.closed_by_reader)
        ok = finish(r, status, result);
    else
        report_end(&r->report, false);
    if (r->plan->stats)
        report_stats(&r->report, r->engine, &r->checkpoint, r->plan->time_unit, r->plan->zone);
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
    /* Rows that are still held belong to no snapshot: they will be made again. */
    if (r->out.held)
        r->out.pending.len = 0;
    if (!sink_close(&r->out, err))
        err = &second;
    if (!sink_close(&r->late, err))
        err = &second;
    sink_close(&r->bad, err);
    for (size_t i = 0; i < r->n_inlets; i++)
        inlet_close(&r->inlets[i]);
    free(r->inlets);
    clocks_free(r->clocks);
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
    struct run_result result = {0};
    r.out.fd = r.late.fd = r.bad.fd = -1;
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
