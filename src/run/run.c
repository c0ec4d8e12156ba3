#include "run/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cpus.h"
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
        .sources = plan->sources > 0 ? plan->sources : 1,
        .key_seed = r->engine->key_seed,
    };
    if (plan_has_clocks(plan))
        r->clocks = clocks_new(&options);
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

/* What else is read after the source that is read now: a rotated file ends for good. */
static void start_input(struct running *r)
{
    r->input_options = r->plan->input;
    r->input_options.stop = &signals_stop;
    r->input_options.keep_last = r->plan->at_eof_keep && r->next.fd < 0;
    r->input = input_open(&r->input_options, r->source.fd, r->source.name);
    r->settled = false;
}

static void start_feed(struct running *r)
{
    unsigned threads = r->plan->threads != 0 ? r->plan->threads : cpus_usable(FEED_THREADS_MAX);
    /* A snapshot may fall due while a quiet pipe is waited for: that takes a thread that waits. */
    if (r->plan->state_path != NULL && !r->source.regular && threads == 1)
        threads = 2;
    r->input_options.stop_fd = signals_fd;
    signals_block();
    const struct feed_options options = {
        .threads = threads,
        .may_wait = !r->source.regular,
        .keys = {[FEED_GROUP] = {true, 0, r->plan->n_keys},
                 [FEED_SOURCE] = {r->plan->has_source, r->plan->source_column, 1},
                 [FEED_ID] = {r->plan->has_dedup, r->plan->dedup_column, 1}},
        .key_seed = r->engine->key_seed,
        .rules = &r->plan->rules,
    };
    r->feed = feed_start(r->input, &options);
    signals_unblock();
}

static bool next_source(struct running *r)
{
    if (r->next.fd < 0)
        return false;
    feed_stop(r->feed);
    r->batch = NULL;
    input_close(r->input);
    source_close(&r->source);
    r->source = r->next;
    r->next = (struct source){.fd = -1, .packed_fd = -1, .unpack.fd = -1};
    r->report.input_name = r->source.name;
    start_input(r);
    start_feed(r);
    return true;
}

/* A finished run has nothing left to do, unless its input has grown. */
static bool check_finished(struct running *r)
{
    bool at_end;
    if (!source_at_end(&r->source, &at_end, r->err))
        return false;
    if (at_end && r->next.fd < 0)
        return true;
    return error_set(r->err, EXIT_RUNTIME,
                     "%s: the input has grown since the run of %s was finished: its windows were "
                     "closed at the end of the input (--at-eof keep leaves them open)",
                     r->source.name, r->plan->state_path);
}

/* Finds the input again and checks all outputs; nothing is touched yet. */
static bool check_resume(struct running *r, const struct resume *resume)
{
    const struct source_resume how = {
        .verify_full = r->plan->verify_full,
        .continues = r->plan->resume_continue,
    };
    return source_resume(&r->source, &r->next, &resume->mark, &how, r->err) &&
           (!resume->finished || check_finished(r)) && open_outputs(r, resume);
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
static bool apply_resume(struct running *r, const struct buf *image, const struct resume *resume)
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
    at = resume->input;
    if (at != NULL && !input_load(r->input, &at, resume->input_end, &resume->mark.position))
        return damaged(r);
    r->settled = at != NULL;
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
    /* A file that is missing just now may have been rotated: source_resume() looks. */
    if (ok && !source_open(&r->source, plan->input_path, r->err))
        ok = resumed && errno == ENOENT;
    if (ok && resumed)
        *r->err = (struct error){0};
    ok = ok && (resumed ? check_resume(r, &resume) : open_outputs(r, NULL));
    if (ok) {
        report_start(&r->report, r->source.name, plan->strict,
                     plan->bad_path == NULL ? NULL : &r->bad);
        r->unseen = unseen_new(&plan->input);
        r->advise = plan->advise ? advise_new(plan, seed_of_process()) : NULL;
        start_input(r);
        start_engine(r);
        r->out.held = plan->hold;
        r->out.exclusive = plan->state_path != NULL && r->out.regular;
        r->late.exclusive = plan->state_path != NULL && r->late.regular;
        r->bad.exclusive = plan->state_path != NULL && r->bad.regular;
        ok = !resumed || apply_resume(r, &image, &resume);
        *finished = ok && resumed && resume.finished;
        *goes_on = resumed && !resume.ended;
    }
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

/* Where we are in a batch. */
struct place {
    size_t good, bad; /* records dealt with */
    size_t bytes;     /* of the block, noted in the source's position */
};

/* The first byte of the block behind the records that were dealt with. */
static size_t bytes_done(const struct batch *batch, const struct place *at)
{
    size_t done = at->bytes;
    if (at->good > 0 && batch->start[at->good - 1] + batch->len[at->good - 1] > done)
        done = batch->start[at->good - 1] + batch->len[at->good - 1];
    if (at->bad > 0 && batch->bad[at->bad - 1].start + batch->bad[at->bad - 1].len > done)
        done = batch->bad[at->bad - 1].start + batch->bad[at->bad - 1].len;
    return done;
}

/* Does the block end within a record over the limit, whose rest is still to come? */
static bool ends_within(const struct block *block)
{
    return block->kind != BLOCK_RECORDS && block->bytes.data[block->bytes.len - 1] != '\n';
}

static void move_to(struct running *r, struct place *at, size_t bytes)
{
    const struct block *block = r->batch->block;
    bool last = bytes == block->bytes.len;
    bool overlong = last && ends_within(block);
    const char *moved = block->bytes.data + at->bytes;
    size_t len = bytes - at->bytes;
    /* The parser has counted the lines of the whole block, which is the usual case. */
    uint64_t lines = len == block->bytes.len ? r->batch->lines : newline_count(moved, len);
    source_move(&r->source, len, lines, overlong);
    if (r->plan->state_path != NULL)
        digest_add(&r->source.digest, moved, len);
    r->report.bytes += len;
    at->bytes = bytes;
}

/* first_line: of the block. False if --strict ends the run here, the whole record being read. */
static bool report_bad_record(struct running *r, const struct bad_record *bad, uint64_t first_line)
{
    report_bad(&r->report, r->batch, bad, first_line);
    if (!r->plan->strict)
        return true;
    if (r->strict.status == 0)
        error_set(&r->strict, EXIT_RUNTIME, "%s:%llu: %s (--strict ends the run here)",
                  r->source.name, (unsigned long long)(first_line + bad->line - 1),
                  bad->reason == NULL ? "record longer than --max-record" : bad->reason);
    if (ends_within(r->batch->block))
        return true;
    *r->err = r->strict;
    return false;
}

/* The bad record that comes now ends the run: rows that are held need a snapshot to cover them. */
static bool let_out_before_strict(struct running *r, struct place *at)
{
    if (!r->plan->strict || !r->plan->hold)
        return true;
    move_to(r, at, bytes_done(r->batch, at));
    return flush(r) && checkpoint_now(r, false);
}

/* What the engine is told with records from..to of the batch at hand; moves the clocks. */
static struct engine_records records(struct running *r, size_t from, size_t to)
{
    const struct keys *sources = r->plan->has_source ? &r->keys[FEED_SOURCE] : NULL;
    struct engine_records records = {
        .batch = r->batch,
        .keys = &r->keys[FEED_GROUP],
        .ids = r->plan->has_dedup ? &r->keys[FEED_ID] : NULL,
    };
    if (r->clocks != NULL && from < to) {
        records.w_after_ns = clocks_move(r->clocks, r->batch->time_ns, sources, from, to);
        tell_clocks(r);
    }
    return records;
}

static void consume(struct running *r, size_t from, size_t to)
{
    if (r->advise != NULL) {
        const struct keys *sources = r->plan->has_source ? &r->keys[FEED_SOURCE] : NULL;
        advise_consume(r->advise, r->batch, sources, from, to);
        return;
    }
    struct engine_records good = records(r, from, to);
    engine_consume(r->engine, &good, from, to);
}

/* A record that is bad for a value may be a duplicate, which comes first. */
static bool skip_duplicate(struct running *r, const struct bad_record *bad)
{
    struct engine_records at = records(r, 0, 0);
    if (!bad->has_lane || bad->sourceless || !engine_is_duplicate(r->engine, &at, bad->before))
        return false;
    at = records(r, bad->before, bad->before + 1);
    engine_skip_duplicate(r->engine, &at, bad->before);
    return true;
}

/* The bad record that comes next. False if --strict ends the run. */
static bool take_bad(struct running *r, struct place *at, uint64_t first_line)
{
    const struct bad_record *bad = &r->batch->bad[at->bad];
    if (!let_out_before_strict(r, at))
        return false;
    at->good += bad->has_lane;
    at->bad++;
    if (report_bad_record(r, bad, first_line))
        return true;
    move_to(r, at, bytes_done(r->batch, at));
    return false;
}

/*
 * Good and bad records of a batch in their order, in pieces that end where a snapshot is due by
 * number of records. False on a failure, or when --strict has met a bad record.
 */
static bool process(struct running *r)
{
    const struct batch *batch = r->batch;
    struct place at = {0};
    uint64_t first_line = r->source.position.line;
    if (r->plan->input.time_format.form == TIME_AUTO && !r->report.warned_of_dates)
        report_dates(&r->report, batch);
    unseen_look(r->unseen, batch);
    while (at.good < batch->n || at.bad < batch->n_bad) {
        uint64_t room = checkpoint_room(&r->checkpoint), taken;
        bool bad_next = at.bad < batch->n_bad;
        size_t stop = bad_next ? batch->bad[at.bad].before : batch->n;
        if (stop - at.good > room)
            stop = at.good + (size_t)room;
        consume(r, at.good, stop);
        taken = stop - at.good;
        at.good = stop;
        if (bad_next && batch->bad[at.bad].before == stop && taken < room) {
            const struct bad_record *bad = &batch->bad[at.bad];
            taken += !bad->more;
            if (skip_duplicate(r, bad)) {
                at.good++;
                at.bad++;
            } else if (!take_bad(r, &at, first_line)) {
                return false;
            }
        }
        if (taken == room)
            move_to(r, &at, bytes_done(batch, &at));
        if (taken > 0 && r->checkpoint.every_records > 0 &&
            !(flush(r) && checkpoint_if_due(r, taken)))
            return false;
        if (r->out.closed_by_reader)
            return true;
    }
    move_to(r, &at, batch->block->bytes.len);
    return true;
}

/* Once, when the input knows its format: what stood before the first record was read too. */
static void note_preamble(struct running *r)
{
    size_t len;
    const char *bytes = input_preamble(r->input, &len);
    if (r->settled || bytes == NULL)
        return;
    r->settled = true;
    r->report.bytes += len;
    source_move(&r->source, len, newline_count(bytes, len), false);
    if (r->plan->state_path != NULL)
        digest_add(&r->source.digest, bytes, len);
}

/* Waits for the next batch; takes the snapshots that fall due meanwhile. */
static bool wait_for_batch(struct running *r)
{
    for (;;) {
        int64_t due_ns = checkpoint_due_ns(&r->checkpoint);
        if (due_ns < 0)
            return true;
        if (feed_wait(r->feed, due_ns))
            return true;
        if (!checkpoint_if_due(r, 0))
            return false;
    }
}

/* Reads to the end; false on a failure. Rows are out before it waits for more input. */
static bool read_all(struct running *r, enum input_status *status)
{
    for (;;) {
        if (!wait_for_batch(r))
            return false;
        *status = feed_next(r->feed, &r->batch, &r->keys, r->err);
        if (*status == INPUT_FAILED)
            return false;
        note_preamble(r);
        if (*status == INPUT_END && signals_stop == 0 && !source_end(&r->source, r->err))
            return false;
        if (*status == INPUT_END && signals_stop == 0 && next_source(r))
            continue;
        /* What ended the input may have been the same Ctrl-C: then it is not complete. */
        if (*status == INPUT_END && signals_stop != 0)
            *status = INPUT_STOPPED;
        if (*status == INPUT_END && r->strict.status != 0 && !r->plan->at_eof_keep) {
            *r->err = r->strict;
            return false;
        }
        if (*status != INPUT_BLOCK)
            return true;
        bool ok = process(r);
        struct error why = *r->err;
        if (!flush(r))
            return false;
        if (!ok) {
            *r->err = why;
            return false;
        }
        if (r->out.closed_by_reader)
            return true;
        if (r->checkpoint.every_records == 0 && !checkpoint_if_due(r, 0))
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
    start_feed(r);
    bool ok = read_all(r, &status);
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
    feed_stop(r->feed);
    input_close(r->input);
    clocks_free(r->clocks);
    unseen_free(r->unseen);
    advise_free(r->advise);
    engine_free(r->engine);
    writer_free(r->writer);
    free(r->result_names);
    free(r->result_types);
    source_close(&r->source);
    source_close(&r->next);
    checkpoint_close(&r->checkpoint);
}

struct run_result run(const struct plan *plan, struct error *err)
{
    struct running r = {.plan = plan, .err = err};
    struct run_result result = {0};
    r.source.packed_fd = r.next.packed_fd = r.source.unpack.fd = r.next.unpack.fd = -1;
    r.source.fd = r.next.fd = r.out.fd = r.late.fd = r.bad.fd = -1;
    r.checkpoint.lock_fd = -1;
    if (plan->inspect_path != NULL) {
        result.status = resume_inspect(plan->inspect_path, err);
        return result;
    }
    work(&r, &result);
    close_all(&r);
    result.status = err->status;
    return result;
}
