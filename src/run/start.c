#include "run/start.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"
#include "base/say.h"
#include "base/seed.h"
#include "base/terminal.h"
#include "run/follow.h"
#include "run/parts.h"
#include "run/resume.h"
#include "run/running.h"
#include "run/semantics.h"
#include "snapshot/snapshot.h"
#include "source/rotated.h"

static bool open_output(struct sink *sink, const char *path, bool create, struct error *err)
{
    return path == NULL || sink_open(sink, path, create, err);
}

/*
 * Can all outputs be cut back to these positions (none: where they are now)? Nothing is touched,
 * but that a file which may just have been created is made to stay.
 */
static bool check_outputs(struct running *r, const uint64_t positions[N_SINKS])
{
    for (size_t i = 0; i < N_SINKS; i++) {
        const struct sink *sink = &r->sinks[i];
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
    const char *const paths[N_SINKS] = {[SINK_ROWS] = plan->output_path,
                                        [SINK_LATE] = plan->late_path,
                                        [SINK_BAD] = plan->bad_path};
    bool ok = plan->output_path != NULL ||
              sink_adopt(&r->sinks[SINK_ROWS], STDOUT_FILENO, "stdout", r->err);
    for (size_t i = 0; ok && i < N_SINKS; i++) {
        bool create = positions == NULL || positions[i] == 0 || positions[i] == RESUME_NOWHERE;
        ok = open_output(&r->sinks[i], paths[i], create, r->err);
        r->sinks[i].attend = r->attend;
    }
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
        .fd = r->sinks[SINK_ROWS].fd,
        .styled = terminal_is_styled(r->sinks[SINK_ROWS].fd),
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
        .attend = r->attend,
        .measure = r->measure,
        .w_given = plan_has_clocks(plan) || plan->merge,
        .dedup = plan->has_dedup,
        .aggs = plan->aggs,
        .n_aggs = plan->n_aggs,
        .acc_bytes = plan->acc_bytes,
        .writer = r->writer,
        .sink = &r->sinks[SINK_ROWS],
        .late = plan->late_path == NULL ? NULL : &r->sinks[SINK_LATE],
        .partial = plan->partial ? &r->partial : NULL,
        .id = plan->id,
        .n_keys = plan->n_keys,
        .key_seed = seed_of_process(),
    };
    r->engine = engine_new(&engine);
    start_clocks(r);
    bool begins = r->sinks[SINK_ROWS].position == 0 || writer_header_again(r->writer);
    r->engine->panes.header_due = begins && !plan->partial;
}

bool start_may_be_replayed(const struct running *r, const struct inlet *in)
{
    return r->plan->has_position && r->plan->resume_continue && !in->source.regular;
}

/* A finished run has nothing left to do, unless its input has grown. */
static bool check_finished(struct running *r, const struct inlet *in)
{
    bool at_end;
    if (start_may_be_replayed(r, in))
        return true;
    if (!source_at_end(&in->source, &at_end, r->err))
        return false;
    return (at_end && in->n_older == 0) || start_refuse_grown(r, in);
}

bool start_refuse_grown(struct running *r, const struct inlet *in)
{
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
        bool same = must;
        if (j < resume->n_inputs && !must &&
            !source_begins_as(&r->inlets[i].source, &resume_last(&resume->inputs[j])->mark, &same,
                              r->err))
            return false;
        saved[i] = same ? &resume->inputs[j++] : NULL;
    }
    return true;
}

/* Nothing of it is there any more: what was written to it after the position is lost. */
static bool give_up_older(struct running *r, const struct inlet *file, uint64_t offset)
{
    say("%s: the file that was rotated away before the snapshot is not there any more: "
        "what was written to it behind byte %llu, if anything, is lost",
        file->source.name, (unsigned long long)offset);
    *r->err = (struct error){0};
    return true;
}

/* The FILE is another one than the snapshot's, which is found beside it or not at all. */
static bool find_generation(struct running *r, struct inlet *file,
                            const struct resume_generation *saved, const struct source_resume *how,
                            bool is_last)
{
    struct source_older older = {0};
    struct source_resume this = *how;
    this.alone = !is_last;
    enum source_found found = source_find(&file->source, &saved->mark, &this, &older, r->err);
    uint64_t offset = saved->mark.position.offset;
    bool ok = found == SOURCE_FOUND;
    if (found == SOURCE_NONE && !is_last) {
        ok = give_up_older(r, file, offset);
    } else if (found == SOURCE_NONE && how->follows && file->source.fd >= 0) {
        *r->err = (struct error){0};
        follow_say_lost(file, offset);
        ok = true;
    }
    for (size_t i = 0; i < older.n; i++) {
        struct inlet *in = inlet_add_older(file, &older.at[i]);
        in->saved = i == 0 ? saved : NULL;
    }
    source_older_free(&older);
    return ok;
}

/*
 * The snapshot's last file was empty, or not there yet: nothing of it can be compared. All that
 * were rotated away after the generation before it are new; *any: there are such.
 */
static bool find_newer(struct running *r, struct inlet *file, bool *any)
{
    struct source_older older = {0};
    const struct inlet *newest = file->older[file->n_older - 1];
    int64_t born_ns = newest->saved != NULL ? newest->saved->mark.born_ns : 0;
    bool ok = source_find_newer(file->path, source_file(&newest->source), born_ns, file->source.fd,
                                NULL, &older, r->err);
    *any = older.n > 0;
    for (size_t i = 0; i < older.n; i++)
        inlet_add_older(file, &older.at[i]);
    source_older_free(&older);
    return ok;
}

static bool find_last(struct running *r, struct inlet *file, const struct resume_generation *last,
                      const struct source_resume *how)
{
    bool is_it = false, newer = false;
    bool blank = last->mark.head_len == 0 && last->mark.position.offset == 0;
    if (blank && file->n_older > 0 && how->follows) {
        if (!find_newer(r, file, &newer))
            return false;
        if (newer || file->source.fd < 0)
            return true;
    }
    if (!source_resume(&file->source, &last->mark, how, &is_it, r->err))
        return false;
    file->saved = is_it ? last : NULL;
    return is_it || find_generation(r, file, last, how, true);
}

static bool find_input(struct running *r, struct inlet *file, const struct resume_input *saved,
                       const struct source_resume *how)
{
    bool ok = true;
    struct source_resume with = *how;
    with.follows = true; /* those between are generations, too */
    for (size_t i = 0; ok && i + 1 < saved->n; i++) {
        int *known = inlet_take_older(file, &with);
        ok = find_generation(r, file, &saved->generations[i], &with, false);
        free(known);
    }
    int *fds = inlet_take_older(file, &with);
    with.follows = how->follows;
    ok = ok && find_last(r, file, resume_last(saved), &with);
    free(fds);
    return ok;
}

/* Finds the inputs again and checks all outputs; nothing is touched yet. */
static bool check_resume(struct running *r, const struct resume *resume,
                         const struct resume_input **saved)
{
    const struct source_resume how = {
        .verify_full = r->plan->verify_full,
        .continues = r->plan->resume_continue,
        .follows = r->plan->follow,
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
        if (!find_input(r, in, saved[i], &how) || (resume->finished && !check_finished(r, in)))
            return false;
    }
    return open_outputs(r, resume);
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
        say("%s: cut by %llu bytes that were written after the last snapshot: their "
            "rows come again",
            sink->name, (unsigned long long)bytes);
    return true;
}

static bool apply_generation(struct running *r, struct inlet *in)
{
    const struct resume_generation *saved = in->saved;
    in->saved = NULL;
    if (saved == NULL)
        return true;
    const unsigned char *at = saved->input;
    if (at != NULL && !input_load(in->input, &at, saved->input_end, &saved->mark.position))
        return damaged(r);
    in->settled = at != NULL;
    return true;
}

static void apply_clock(struct running *r, struct inlet *in, const struct resume_input *saved)
{
    in->clock = saved->clock;
    in->ended = saved->ended;
    if (r->clocks != NULL)
        clocks_set_file(r->clocks, inlet_number(r, in), &in->clock, in->ended);
}

static bool load_parts(struct running *r, const struct buf *image, const struct resume *resume)
{
    const unsigned char *at, *end;
    uint32_t version;
    for (const struct part *part = parts; part->tag != NULL; part++) {
        if (part->load == NULL || !part->is_there(r))
            continue;
        if (part->begin != NULL && !snapshot_find(image, part->tag, &version, &at, &end) &&
            part->begin(r, resume))
            continue;
        if (!resume_section(r->plan->state_path, image, part->tag, part->version, &at, &end,
                            r->err))
            return false;
        if (!part->load(r, &at, end))
            return damaged(r);
    }
    return true;
}

/* The state is read first: a file that turns out damaged must leave the outputs alone. */
static bool apply_resume(struct running *r, const struct buf *image, const struct resume *resume,
                         const struct resume_input **saved)
{
    if (!load_parts(r, image, resume))
        return false;
    for (size_t i = 0; i < r->n_inlets; i++)
        if (saved[i] != NULL)
            apply_clock(r, &r->inlets[i], saved[i]);
    if (!inlet_each(r, apply_generation))
        return false;
    start_tell_clocks(r);
    /* After the last snapshot of a run that ended we wrote nothing but held rows: what follows is
     * not ours, and stays. */
    if (resume->finished && resume->held_len == 0)
        return true;
    for (size_t i = 0; i < N_SINKS; i++) {
        struct sink *sink = &r->sinks[i];
        if (!sink->regular || resume->positions[i] == RESUME_NOWHERE)
            continue;
        bool theirs = resume->ended && resume->held_len == 0;
        if (!(theirs ? sink_go_to_end(sink, r->err) : cut(r, sink, resume->positions[i])))
            return false;
    }
    r->report.bytes = resume->bytes;
    r->report.bad = resume->bad;
    r->report.line_open = resume->line_open && r->report.bad_sink != NULL;
    report_resumed(&r->report, r->engine);
    r->checkpoint.sequence = resume->sequence;
    /* A file was cut back to before them; a pipe may have them already. */
    bool out = false;
    if (!r->sinks[SINK_ROWS].regular &&
        !checkpoint_was_released(&r->checkpoint, resume->sequence, &out, r->err))
        return false;
    r->releases = !out;
    if (!out)
        buf_put(&r->sinks[SINK_ROWS].pending, resume->held, resume->held_len);
    r->finishes = resume->finished;
    return true;
}

bool start_release(struct running *r)
{
    struct sink *rows = &r->sinks[SINK_ROWS];
    if (r->releases && !sink_write(rows, rows->pending.len, r->err))
        return false;
    if (rows->closed_by_reader) /* they are not out, or not all */
        return true;
    if (r->releases)
        checkpoint_note_released(&r->checkpoint);
    return !r->finishes || checkpoint_now(r, true);
}

/* All are opened before the first row. */
static bool open_inlets(struct running *r, bool resumed)
{
    for (size_t i = 0; i < r->n_inlets; i++) {
        const char *path = r->plan->n_inputs == 0 ? NULL : r->plan->input_paths[i];
        r->inlets[i].path = path;
        if (i < r->plan->n_opened) {
            r->inlets[i].source = r->plan->opened[i];
            r->plan->opened[i] = source_none();
            continue;
        }
        if (r->plan->follow && !follow_check(path, r->err))
            return false;
        if (source_open(&r->inlets[i].source, path, r->err)) {
            if (r->plan->follow && r->inlets[i].source.packed_fd >= 0)
                return error_set(r->err, EXIT_USAGE,
                                 "--follow: expected FILEs that grow; %s is compressed", path);
            continue;
        }
        /* A file that is missing just now may have been rotated: source_resume() looks. */
        if (!resumed || errno != ENOENT)
            return false;
        *r->err = (struct error){0};
    }
    return true;
}

static bool start_input(struct running *r, struct inlet *in)
{
    inlet_start_input(r, in);
    return true;
}

bool start_run(struct running *r, bool *goes_on, bool *finished)
{
    const struct plan *plan = r->plan;
    struct buf image = {0};
    struct resume resume = {0};
    const unsigned char *at, *end;
    enum snapshot_found found = SNAPSHOT_NONE;
    if (plan->state_path != NULL)
        found = snapshot_read(plan->state_path, &image, r->err);
    bool resumed = found == SNAPSHOT_FOUND;
    const char *const own[] = {plan->output_path, plan->late_path, plan->bad_path,
                               plan->metrics_path, plan->state_path};
    memcpy(r->own_paths, own, sizeof own);
    rotated_leave_out(r->own_paths, sizeof own / sizeof own[0]);
    bool ok = found != SNAPSHOT_FAILED;
    if (ok && resumed)
        ok = resume_options(plan->state_path, &image, &at, &end, r->err) &&
             semantics_check(plan, plan->state_path, at, end, r->err);
    ok = ok && (!resumed || resume_parse(plan->state_path, &image, &resume, r->err));
    const struct resume_input **saved = memory_calloc(r->n_inlets, sizeof *saved);
    ok = ok && open_inlets(r, resumed);
    ok = ok && (resumed ? check_resume(r, &resume, saved) : open_outputs(r, NULL));
    if (ok) {
        report_start(&r->report, r->inlets[0].source.name, plan,
                     plan->bad_path == NULL ? NULL : &r->sinks[SINK_BAD]);
        r->unseen = plan->merge ? NULL : unseen_new(&plan->input);
        r->replay = plan->has_position ? replay_new(seed_of_process()) : NULL;
        r->advise = plan->advise ? advise_new(plan, seed_of_process()) : NULL;
        inlet_each(r, start_input);
        start_engine(r);
        r->merge = plan->merge ? merge_new(r) : NULL;
        ok = r->merge != NULL || !plan->merge;
        r->sinks[SINK_ROWS].held = plan->hold;
        for (size_t i = 0; i < N_SINKS; i++) {
            struct sink *sink = &r->sinks[i];
            sink->exclusive = plan->state_path != NULL && sink->regular;
            sink->shared = sink->exclusive && io_same_file(sink->fd, STDERR_FILENO);
            sink->whole = i != SINK_ROWS && !io_same_file(sink->fd, r->sinks[SINK_ROWS].fd);
        }
        ok = ok && (!resumed || apply_resume(r, &image, &resume, saved));
        *finished = ok && resumed && resume.finished;
        *goes_on = resumed && !resume.ended;
    }
    resume_free(&resume);
    free(saved);
    buf_free(&image);
    return ok;
}

void start_tell_clocks(struct running *r)
{
    if (r->clocks == NULL)
        return;
    bool finite = clocks_finite(r->clocks);
    if (finite && !r->engine->watermark.finite)
        engine_begin_clock(r->engine, clocks_first_ns(r->clocks));
    r->engine->watermark.finite = finite;
    r->engine->moved_ns = clocks_highest_ns(r->clocks);
}
