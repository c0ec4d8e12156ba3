#include "run/inlet.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "run/follow.h"
#include "run/running.h"
#include "run/signals.h"
#include "scan/newline.h"

void inlet_init(struct inlet *in)
{
    *in = (struct inlet){.file = in, .options = memory_calloc(1, sizeof *in->options)};
    in->source = source_none();
}

void inlet_close(struct inlet *in)
{
    for (size_t i = 0; i < in->n_older; i++) {
        inlet_close(in->older[i]);
        free(in->older[i]);
    }
    free(in->older);
    feed_stop(in->feed);
    input_close(in->input);
    source_close(&in->source);
    free(in->options);
}

struct inlet *inlet_add_older(struct inlet *file, struct source *source)
{
    struct inlet *in = memory_alloc(sizeof *in);
    inlet_init(in);
    in->file = file;
    in->source = *source;
    *source = source_none();
    file->older = memory_realloc(file->older, (file->n_older + 1) * sizeof(struct inlet *));
    file->older[file->n_older++] = in;
    return in;
}

/* Nothing is read, and nothing at hand. */
static void start_anew(struct inlet *file)
{
    file->options = memory_calloc(1, sizeof *file->options);
    file->source = source_none();
    file->source.name = file->path;
    file->input = NULL;
    file->feed = NULL;
    file->batch = NULL;
    file->at = (struct place){0};
    file->settled = file->empty = file->dry = false;
    file->seen = (struct stat){0};
}

int *inlet_take_older(const struct inlet *file, struct source_resume *how)
{
    int *fds = memory_calloc(file->n_older, sizeof *fds);
    for (size_t i = 0; i < file->n_older; i++)
        fds[i] = source_file(&file->older[i]->source);
    how->taken = fds;
    how->n_taken = file->n_older;
    return fds;
}

void inlet_shift(struct inlet *file)
{
    struct source none = source_none();
    struct inlet *in = inlet_add_older(file, &none);
    free(in->options);
    *in = *file;
    in->older = NULL;
    in->n_older = 0;
    start_anew(file);
}

void inlet_empty(struct inlet *file)
{
    feed_stop(file->feed);
    input_close(file->input);
    source_close(&file->source);
    free(file->options);
    start_anew(file);
}

void inlet_drop_older(struct running *r, struct inlet *in)
{
    struct inlet *file = in->file;
    size_t at = 0;
    while (file->older[at] != in)
        at++;
    memmove(file->older + at, file->older + at + 1,
            (--file->n_older - at) * sizeof(struct inlet *));
    r->report.input_name = file->source.name;
    inlet_close(in);
    free(in);
}

struct inlet *inlet_generation(struct inlet *file)
{
    return file->n_older > 0 ? file->older[0] : file;
}

uint32_t inlet_number(const struct running *r, const struct inlet *in)
{
    return (uint32_t)(in->file - r->inlets);
}

bool inlet_each(struct running *r, bool (*visit)(struct running *r, struct inlet *in))
{
    for (size_t i = 0; i < r->n_inlets; i++) {
        struct inlet *file = &r->inlets[i];
        for (size_t k = 0; k < file->n_older; k++)
            if (!visit(r, file->older[k]))
                return false;
        if (!visit(r, file))
            return false;
    }
    return true;
}

/* What else is read after the source that is read now: a rotated file ends for good. */
void inlet_start_input(struct running *r, struct inlet *in)
{
    *in->options = r->plan->input;
    in->options->stop = &signals_stop;
    in->options->stop_fd = signals_fd;
    in->options->keep_last = r->plan->at_eof_keep && in->file == in;
    in->options->follow = r->plan->follow && in->source.regular;
    in->options->keep_last |= in->options->follow;
    in->empty = in->source.fd < 0; /* rotated away, and not made anew */
    if (in->empty)
        return;
    in->input = input_open(in->options, in->source.fd, in->source.name);
    if (in->source.ahead_fd >= 0)
        input_read_first(in->input, in->source.ahead_fd);
    const struct source *source = &in->source;
    input_goes_on_behind(in->input, source->tail.data, source->tail.len,
                         source->base + source->position.offset);
    in->settled = false;
}

/*
 * Several FILEs share the processors: each parses ahead with a thread of its own as long as there
 * are processors for that, else in the thread that aggregates.
 */
static unsigned threads_for(const struct running *r, const struct inlet *in)
{
    unsigned threads = r->plan->threads != 0 ? r->plan->threads : r->cpus;
    if (in->file != in) /* what was rotated away is mostly at its end */
        threads = 1;
    else if (r->n_inlets > 1)
        threads = threads >= r->n_inlets && threads > 1 ? 2 : 1;
    /* A snapshot or a timeout may fall due while a quiet pipe is waited for: that takes a thread
     * that waits. */
    bool looks = r->plan->state_path != NULL || r->plan->idle_ns > 0 ||
                 r->plan->metrics_path != NULL || r->progress.on;
    if (looks && !in->source.regular && threads == 1)
        threads = 2;
    return threads;
}

void inlet_start_feed(struct running *r, struct inlet *in)
{
    const struct plan *plan = r->plan;
    if (in->input == NULL)
        return;
    in->options->stop_fd = signals_fd;
    signals_block();
    const struct feed_options options = {
        .threads = threads_for(r, in),
        .may_wait = !in->source.regular,
        .keys = {[FEED_GROUP] = {true, 0, plan->n_keys},
                 [FEED_SOURCE] = {plan->has_source && (plan->has_position || plan->advise),
                                  plan->source_column, 1},
                 [FEED_ID] = {plan->has_dedup, plan->dedup_column, 1}},
        .key_seed = r->engine->key_seed,
        .rules = &plan->rules,
    };
    if (options.threads == 1) /* no other thread waits for bytes, or has signals */
        in->options->attend = r->attend;
    in->feed = feed_start(in->input, &options);
    signals_unblock();
}

bool inlet_has_records(const struct inlet *in)
{
    return in->batch != NULL && (in->at.good < in->batch->n || in->at.bad < in->batch->n_bad);
}

/* The first byte of the block behind the records that were dealt with. */
static size_t bytes_done(const struct inlet *in)
{
    const struct batch *batch = in->batch;
    const struct place *at = &in->at;
    size_t done = at->bytes;
    if (!inlet_has_records(in))
        return batch->block->bytes.len;
    if (at->good > 0 && batch->start[at->good - 1] + batch->len[at->good - 1] > done)
        done = batch->start[at->good - 1] + batch->len[at->good - 1];
    if (at->bad > 0 && batch->bad[at->bad - 1].start + batch->bad[at->bad - 1].len > done)
        done = batch->bad[at->bad - 1].start + batch->bad[at->bad - 1].len;
    return done;
}

bool inlet_ends_within(const struct block *block)
{
    return block->kind != BLOCK_RECORDS && block->bytes.len > 0 &&
           block->bytes.data[block->bytes.len - 1] != '\n';
}

bool inlet_settle(struct running *r, struct inlet *in)
{
    if (in->batch == NULL)
        return true;
    const struct block *block = in->batch->block;
    size_t bytes = bytes_done(in), len = bytes - in->at.bytes;
    const char *moved = block->bytes.data + in->at.bytes;
    if (len == 0)
        return true;
    bool overlong = bytes == block->bytes.len && inlet_ends_within(block);
    /* The parser has counted the lines of the whole block, which is the usual case. */
    uint64_t lines = len == block->bytes.len ? in->batch->lines : newline_count(moved, len);
    /* Comments behind it are as good as the header: the first record is still to come. */
    bool within_header =
        in->source.preamble == in->source.position.offset && in->at.good == 0 && in->at.bad == 0;
    source_move(&in->source, len, lines, overlong);
    if (within_header)
        in->source.preamble = in->source.position.offset;
    if (r->plan->state_path != NULL || r->plan->follow) {
        digest_add(&in->source.digest, moved, len);
        source_remember(&in->source, moved, len);
    }
    r->report.bytes += len;
    in->at.bytes = bytes;
    return true;
}

/* Is a to be read before b, which stands behind it on the command line? */
static bool goes_first(const struct inlet *a, const struct clock *b)
{
    return !a->clock.started || (b->started && a->clock.ns <= b->ns);
}

/* It is idle, and nothing has come from it meanwhile. */
static bool is_silent(const struct running *r, const struct inlet *in)
{
    return r->plan->idle_ns > 0 && r->n_inlets > 1 && !inlet_has_records(in) &&
           in->silent_ns >= r->plan->idle_ns &&
           (r->plan->follow ? follow_is_quiet(in) : in->feed != NULL && !feed_wait(in->feed, 0));
}

struct inlet *inlet_lowest(struct running *r)
{
    struct inlet *lowest = NULL;
    for (size_t i = r->n_inlets; i-- > 0;) {
        struct inlet *in = &r->inlets[i];
        if (!in->ended && !is_silent(r, in) && (lowest == NULL || goes_first(in, &lowest->clock)))
            lowest = in;
    }
    for (size_t i = 0; lowest == NULL && i < r->n_inlets; i++) /* all are silent */
        lowest = r->inlets[i].ended ? NULL : &r->inlets[i];
    return lowest;
}

/* The lowest of the other clocks; false: one has seen nothing, or there is none (*none). */
static bool lowest_other(const struct running *r, const struct inlet *in, int64_t *ns,
                         bool *earlier, bool *none)
{
    bool any = false;
    *none = true;
    for (size_t i = 0; i < r->n_inlets; i++) {
        const struct inlet *other = &r->inlets[i];
        if (other == in->file || other->ended || is_silent(r, other))
            continue;
        *none = false;
        if (!other->clock.started)
            return false;
        if (!any || other->clock.ns < *ns) {
            *ns = other->clock.ns;
            *earlier = other < in->file;
        }
        any = true;
    }
    return any;
}

size_t inlet_turn(const struct running *r, const struct inlet *in, size_t from, size_t to)
{
    struct clock clock = in->file->clock;
    int64_t other_ns = 0;
    bool earlier = false, none;
    if (r->n_inlets == 1 || from == to)
        return to;
    bool known = lowest_other(r, in, &other_ns, &earlier, &none);
    if (none)
        return to;
    while (from < to) {
        clock_see(&clock, in->batch->time_ns[from++], r->plan->max_jump_ns);
        if (!known || clock.ns > other_ns || (clock.ns == other_ns && earlier))
            break;
    }
    return from;
}
