#include "run/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/say.h"
#include "base/wire.h"
#include "run/parts.h"
#include "run/resume.h"
#include "run/running.h"
#include "run/semantics.h"
#include "snapshot/snapshot.h"

enum {
    COST_SHARE = 50,     /* checkpoints may take 1/50 of the processor time */
    PATIENCE = 4,        /* but wait for so many times that by the clock at most */
    FAULT_NS = 4000,     /* a copy-on-write fault: 3 to 5 microseconds, measured */
    TOUCHED_BYTE_NS = 2, /* what a byte costs that is saved between two steps, as a cell changes */
    MAX_FAILURES = 3,
    POLL_NS = 5000000, /* how often to look whether a snapshot is done, while idle */
};

/* What a byte of a large state costs in all, before one was written. */
#define GUESSED_BYTE_NS 0.6

struct checkpoint_tuning checkpoint_tuning = {
    .small_bytes = 4 << 20, .rest_bytes = 4 << 20, .step_bytes = 1 << 20};

bool checkpoint_open(struct checkpoint *c, const char *path, struct error *err)
{
    *c = (struct checkpoint){.lock_fd = -1};
    if (path == NULL)
        return true;
    c->path = io_link_end(path);
    if (c->path == NULL)
        return error_set(err, EXIT_RUNTIME, "%s: can't follow the link: %s", path, strerror(errno));
    c->lock_fd = snapshot_lock(c->path, err);
    return c->lock_fd >= 0;
}

void checkpoint_stop(struct checkpoint *c)
{
    if (c->stage == CHECKPOINT_FORKED)
        while (waitpid(c->child, NULL, 0) < 0 && errno == EINTR)
            ;
    else if (c->stage == CHECKPOINT_WRITING)
        scribe_end(&c->scribe);
    c->stage = CHECKPOINT_NONE;
}

void checkpoint_withdraw(struct checkpoint *c)
{
    checkpoint_stop(c);
    if (c->path != NULL)
        unlink(c->path);
}

void checkpoint_close(struct checkpoint *c)
{
    if (c->path != NULL && c->lock_fd >= 0)
        io_close(c->lock_fd);
    free(c->path);
    buf_free(&c->image);
}

/* From now on, or from a snapshot that is done. */
static void begin_interval(struct checkpoint *c)
{
    c->last_ns = clock_monotonic_ns();
    c->last_cpu_ns = clock_process_ns();
    c->due_ns = c->last_ns + c->interval_ns;
}

void checkpoint_start(struct running *r)
{
    struct checkpoint *c = &r->checkpoint;
    c->interval_ns = c->longest_ns = r->plan->checkpoint_ns;
    c->every_records = c->records_left = r->plan->checkpoint_records;
    c->byte_ns = GUESSED_BYTE_NS;
    begin_interval(c);
}

int64_t checkpoint_due_ns(const struct checkpoint *c)
{
    if (c->stage != CHECKPOINT_NONE)
        return clock_monotonic_ns() + (c->stage == CHECKPOINT_SAVING ? 0 : POLL_NS);
    return c->path == NULL || c->every_records > 0 ? -1 : c->due_ns;
}

/* 0 or an error number. */
static int write_note(const struct checkpoint *c, uint64_t sequence)
{
    ssize_t n;
    do
        n = pwrite(c->lock_fd, &sequence, sizeof sequence, 0);
    while (n < 0 ? errno == EINTR : n < (ssize_t)sizeof sequence);
    return n < 0 ? errno : 0;
}

void checkpoint_note_released(const struct checkpoint *c)
{
    int error = write_note(c, c->sequence);
    (void)error; /* then a crash before the next snapshot repeats them, which is what it may do */
}

/* What the lock file says; 0: nothing. */
static bool read_note(const struct checkpoint *c, uint64_t *sequence, struct error *err)
{
    char bytes[sizeof *sequence];
    ssize_t n = io_read_up_to(c->lock_fd, 0, bytes, sizeof bytes);
    *sequence = 0;
    if (n < 0)
        return error_set(err, EXIT_RUNTIME, "%s.lock: can't read it: %s", c->path, strerror(errno));
    if (n == (ssize_t)sizeof bytes)
        memcpy(sequence, bytes, sizeof bytes);
    return true;
}

bool checkpoint_was_released(const struct checkpoint *c, uint64_t sequence, bool *was,
                             struct error *err)
{
    uint64_t released;
    *was = false;
    if (!read_note(c, &released, err))
        return false;
    *was = sequence > 0 && released == sequence;
    return true;
}

/* Durably: else it could come back when the power fails, and be taken for a note of this run's. */
bool checkpoint_forget_released(const struct checkpoint *c, struct error *err)
{
    uint64_t released;
    if (!read_note(c, &released, err))
        return false;
    int error = released == 0 ? 0 : write_note(c, 0);
    if (released != 0 && error == 0 && io_datasync(c->lock_fd) != 0)
        error = errno;
    return error == 0 ||
           error_set(err, EXIT_RUNTIME, "%s.lock: can't write it: %s", c->path, strerror(error));
}

static bool put_part(struct running *r, const struct part *part, struct buf *image)
{
    if (!part->is_there(r))
        return true;
    size_t section = snapshot_section(image, part->tag, part->version);
    if (!part->save(r, image))
        return false;
    snapshot_section_end(image, section);
    return true;
}

bool checkpoint_image(struct running *r, bool finished, struct buf *image)
{
    r->finished = finished;
    snapshot_begin(image);
    for (const struct part *part = parts; part->tag != NULL; part++)
        if (!put_part(r, part, image))
            return false;
    snapshot_seal(image);
    return true;
}

/*
 * A snapshot that can't be written leaves the old one in force; several in a row end the run, and
 * so does one that the run must have: the first and the last.
 */
static bool failed(struct running *r, int error, bool must)
{
    struct checkpoint *c = &r->checkpoint;
    const char *why = strerror(error);
    if (error == EIO || must || ++c->failures >= MAX_FAILURES)
        return error_set(r->err, EXIT_RUNTIME, "%s: can't write the snapshot: %s", c->path, why);
    say("%s: can't write the snapshot: %s (going on with the last one)", c->path, why);
    return true;
}

/* A snapshot was written and published, or not: `error`. Lets out the rows that it covers. */
static bool done(struct running *r, int error, bool must)
{
    struct checkpoint *c = &r->checkpoint;
    if (error != 0)
        return failed(r, error, must);
    c->failures = 0;
    c->taken++;
    metrics_write(r);
    size_t held = c->held;
    c->held = 0;
    if (!r->sinks[SINK_ROWS].held || held == 0)
        return true;
    if (!sink_write(&r->sinks[SINK_ROWS], held, r->err))
        return false;
    if (!r->sinks[SINK_ROWS].closed_by_reader) /* else they are not out, or not all */
        checkpoint_note_released(c);
    return true;
}

static bool sync_outputs(struct running *r)
{
    for (size_t i = 0; i < N_SINKS; i++)
        if (!sink_sync(&r->sinks[i], r->err))
            return false;
    return true;
}

/* Writes what the snapshot will say is written, and says how far the inputs were read. */
static bool settle_outputs(struct running *r)
{
    inlet_each(r, inlet_settle);
    for (size_t i = 0; i < N_SINKS; i++)
        if (!sink_flush(&r->sinks[i], r->err))
            return false;
    r->checkpoint.held = r->sinks[SINK_ROWS].pending.len; /* 0 unless rows are held */
    r->checkpoint.sequence++;
    return true;
}

static long page_faults(void)
{
    struct rusage self;
    getrusage(RUSAGE_SELF, &self);
    return self.ru_minflt;
}

/* The last snapshot's cost is known: a large one tells what the next will cost. */
static void learn_cost(struct checkpoint *c)
{
    if (c->bytes > checkpoint_tuning.small_bytes)
        c->byte_ns = (double)c->cost_ns / (double)c->bytes;
}

/* What a snapshot will cost now: that of a small state is as dear as the last one. */
static int64_t expected_cost_ns(const struct running *r)
{
    const struct checkpoint *c = &r->checkpoint;
    size_t bytes = engine_state_bytes(r->engine);
    return bytes > checkpoint_tuning.small_bytes ? (int64_t)((double)bytes * c->byte_ns)
                                                 : c->cost_ns;
}

/* The interval is over; has the run done enough to pay for the next snapshot? If not, it waits. */
static bool is_affordable(struct running *r)
{
    struct checkpoint *c = &r->checkpoint;
    int64_t now_ns = clock_monotonic_ns();
    int64_t wanted_ns = expected_cost_ns(r) * COST_SHARE;
    int64_t missing_ns = wanted_ns - (clock_process_ns() - c->last_cpu_ns);
    int64_t latest_ns = c->last_ns + wanted_ns * PATIENCE;
    if (missing_ns <= 0 || now_ns >= latest_ns) {
        if (now_ns - c->last_ns > c->longest_ns)
            c->longest_ns = now_ns - c->last_ns;
        return true;
    }
    /* Two threads or more use it up that much sooner. */
    c->due_ns = now_ns + missing_ns / 4;
    if (c->due_ns > latest_ns)
        c->due_ns = latest_ns;
    return false;
}

static bool write_in_place(struct running *r, bool finished, bool must)
{
    struct checkpoint *c = &r->checkpoint;
    int64_t before_ns = clock_thread_ns();
    if (!sync_outputs(r) || !checkpoint_image(r, finished, &c->image))
        return false;
    int error = snapshot_write(c->path, &c->image);
    if (error == 0)
        error = snapshot_publish(c->path);
    bool ok = done(r, error, must);
    c->cost_ns = clock_thread_ns() - before_ns;
    learn_cost(c);
    begin_interval(c);
    return ok;
}

/* All but the engine's state is put into the image, which is little; that comes in steps. */
static bool start_saving(struct running *r)
{
    struct checkpoint *c = &r->checkpoint;
    int64_t before_ns = clock_thread_ns();
    r->finished = false;
    snapshot_begin(&c->image);
    const struct part *slow = parts;
    for (const struct part *part = parts; part->tag != NULL; part++) {
        if (part->is_slow)
            slow = part;
        else if (!put_part(r, part, &c->image))
            return false;
    }
    c->rest_bytes = c->image.len;
    c->section = snapshot_section(&c->image, slow->tag, slow->version);
    engine_save_begin(r->engine, &c->image);
    c->stage = CHECKPOINT_SAVING;
    c->stepped_bytes = c->image.len;
    c->cost_ns = clock_thread_ns() - before_ns;
    return true;
}

/* A step further, or all the way; then the scribe goes on with it. */
static void go_on_saving(struct running *r, bool whole)
{
    struct checkpoint *c = &r->checkpoint;
    int64_t before_ns = clock_thread_ns();
    c->cost_ns += (int64_t)(c->image.len - c->stepped_bytes) * TOUCHED_BYTE_NS;
    bool all = engine_save_step(r->engine, whole ? SIZE_MAX : checkpoint_tuning.step_bytes);
    c->cost_ns += clock_thread_ns() - before_ns;
    c->stepped_bytes = c->image.len;
    if (!all)
        return;
    snapshot_section_end(&c->image, c->section);
    c->scribe.path = c->path;
    c->scribe.image = &c->image;
    c->scribe.sinks = r->sinks;
    c->scribe.n_sinks = N_SINKS;
    scribe_start(&c->scribe);
    c->stage = CHECKPOINT_WRITING;
}

/* The scribe has ended. */
static bool finish_writing(struct running *r)
{
    struct checkpoint *c = &r->checkpoint;
    scribe_end(&c->scribe);
    c->stage = CHECKPOINT_NONE;
    c->cost_ns += c->scribe.cost_ns;
    learn_cost(c);
    if (c->scribe.err.status != 0) {
        *r->err = c->scribe.err;
        return false;
    }
    bool ok = done(r, c->scribe.error, false);
    begin_interval(c);
    return ok;
}

static void child_exhausted(size_t wanted_bytes)
{
    (void)wanted_bytes;
    _exit(ENOMEM);
}

/*
 * The child: writes and publishes (a rename over a large file takes 20 ms), and reports by its exit
 * status, which holds an error number. It ends with its parent, whose lock it would hold on to; as
 * long as it lives, it has the lock, so that it never replaces the snapshot of a later run.
 */
static _Noreturn void child_main(struct running *r, pid_t parent, int report_fd)
{
    struct buf image = {0};
    int error = EINVAL;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    memory_on_exhaustion(child_exhausted);
    if (getppid() != parent)
        _exit(error);
    if (checkpoint_image(r, false, &image)) {
        error = snapshot_write(r->checkpoint.path, &image);
    } else {
        ssize_t written = write(report_fd, r->err->text, strlen(r->err->text));
        (void)written; /* the pipe is empty: it fits */
    }
    if (error == 0)
        error = snapshot_publish(r->checkpoint.path);
    _exit(error & 0xff);
}

static bool start_child(struct running *r)
{
    struct checkpoint *c = &r->checkpoint;
    int64_t before_ns = clock_thread_ns();
    pid_t parent = getpid();
    int ends[2];
    if (!sync_outputs(r))
        return false;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return write_in_place(r, false, false);
    pid_t child = fork();
    if (child == 0)
        child_main(r, parent, ends[1]);
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return write_in_place(r, false, false);
    }
    c->stage = CHECKPOINT_FORKED;
    c->child = child;
    c->child_fd = ends[0];
    c->faults_before = page_faults();
    c->cost_ns = clock_thread_ns() - before_ns;
    return true;
}

/* Did the child say why it failed? Then the run ends as if it had found that itself. */
static bool hear_child(struct running *r)
{
    char why[sizeof r->err->text];
    ssize_t n = read(r->checkpoint.child_fd, why, sizeof why - 1);
    close(r->checkpoint.child_fd);
    if (n <= 0)
        return false;
    error_set(r->err, EXIT_RUNTIME, "%.*s", (int)n, why);
    return true;
}

/* The child has ended, or is waited for. */
static bool reap(struct running *r, bool wait)
{
    struct checkpoint *c = &r->checkpoint;
    struct rusage used = {0};
    int status = 0;
    pid_t ended;
    do
        ended = wait4(c->child, &status, wait ? 0 : WNOHANG, &used);
    while (ended < 0 && errno == EINTR);
    if (ended == 0)
        return true;
    int wait_error = errno;
    c->stage = CHECKPOINT_NONE;
    int error = ended < 0           ? wait_error
                : WIFEXITED(status) ? WEXITSTATUS(status)
                                    : EINTR; /* killed: try again later */
    bool told = hear_child(r);
    bool ok = told ? false : done(r, error, false);
    c->cost_ns += (page_faults() - c->faults_before) * FAULT_NS;
    c->cost_ns += ((int64_t)used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000 +
                  ((int64_t)used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000;
    learn_cost(c);
    begin_interval(c);
    return ok;
}

/* Goes on with what is under way: a step, or to its end. */
static bool go_on(struct running *r, bool to_the_end)
{
    struct checkpoint *c = &r->checkpoint;
    if (c->stage == CHECKPOINT_FORKED)
        return reap(r, to_the_end);
    if (c->stage == CHECKPOINT_SAVING)
        go_on_saving(r, to_the_end);
    if (c->stage == CHECKPOINT_WRITING && (to_the_end || scribe_is_done(&c->scribe)))
        return finish_writing(r);
    return true;
}

/* Is there too much that would be put into the image at once? */
static bool has_much_else(const struct running *r)
{
    size_t most = checkpoint_tuning.rest_bytes;
    return engine_rest_bytes(r->engine) > most || r->checkpoint.rest_bytes > most;
}

/*
 * By number small ones are written in place: they are all written at their records, which takes as
 * long as they do.
 */
static bool start(struct running *r)
{
    struct checkpoint *c = &r->checkpoint;
    bool small =
        c->bytes <= checkpoint_tuning.small_bytes && c->image.len <= checkpoint_tuning.small_bytes;
    if (small && c->every_records > 0)
        return write_in_place(r, false, false);
    if (has_much_else(r))
        return start_child(r);
    if (!start_saving(r))
        return false;
    go_on_saving(r, false);
    return true;
}

bool checkpoint_if_due(struct running *r, uint64_t records)
{
    struct checkpoint *c = &r->checkpoint;
    if (c->path == NULL || r->engine->panes.abandoned)
        return true;
    c->records_left -= c->every_records > 0 ? records : 0;
    bool due = c->every_records > 0 ? c->records_left == 0
                                    : clock_monotonic_ns() >= c->due_ns &&
                                          (c->stage != CHECKPOINT_NONE || is_affordable(r));
    /* One that is due by number is taken at that very record: it waits for the one before it. */
    if (!go_on(r, due && c->every_records > 0))
        return false;
    if (!due || c->stage != CHECKPOINT_NONE)
        return true;
    c->records_left = c->every_records;
    c->bytes = engine_state_bytes(r->engine);
    if (!settle_outputs(r))
        return false;
    return r->sinks[SINK_ROWS].closed_by_reader || start(r);
}

bool checkpoint_now(struct running *r, bool finished)
{
    struct checkpoint *c = &r->checkpoint;
    if (c->path == NULL || r->engine->panes.abandoned)
        return true;
    if (!go_on(r, true) || !settle_outputs(r))
        return false;
    if (r->sinks[SINK_ROWS].closed_by_reader)
        return true;
    bool held = c->held > 0;
    if (!write_in_place(r, finished, true))
        return false;
    if (!held || r->sinks[SINK_ROWS].closed_by_reader)
        return true;
    /* Rows that were held are out now: the snapshot at rest must not hold them any more. */
    return settle_outputs(r) && write_in_place(r, finished, true);
}
