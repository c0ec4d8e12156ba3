#include "run/inlet.h"

#include "base/cpus.h"
#include "run/running.h"
#include "run/signals.h"
#include "scan/newline.h"

void inlet_init(struct inlet *in)
{
    *in = (struct inlet){0};
    in->source.fd = in->source.packed_fd = in->source.unpack.fd = -1;
    in->next.fd = in->next.packed_fd = in->next.unpack.fd = -1;
}

void inlet_close(struct inlet *in)
{
    feed_stop(in->feed);
    input_close(in->input);
    source_close(&in->source);
    source_close(&in->next);
}

/* What else is read after the source that is read now: a rotated file ends for good. */
void inlet_start_input(struct running *r, struct inlet *in)
{
    in->options = r->plan->input;
    in->options.stop = &signals_stop;
    in->options.stop_fd = signals_fd;
    in->options.keep_last = r->plan->at_eof_keep && in->next.fd < 0;
    in->input = input_open(&in->options, in->source.fd, in->source.name);
    in->settled = false;
}

/*
 * Several FILEs share the processors: each parses ahead with a thread of its own as long as there
 * are processors for that, else in the thread that aggregates.
 */
static unsigned threads_for(const struct running *r, const struct inlet *in)
{
    unsigned threads = r->plan->threads != 0 ? r->plan->threads : cpus_usable(FEED_THREADS_MAX);
    if (r->n_inlets > 1)
        threads = threads >= r->n_inlets && threads > 1 ? 2 : 1;
    /* A snapshot or a timeout may fall due while a quiet pipe is waited for: that takes a thread
     * that waits. */
    bool looks = r->plan->state_path != NULL || r->plan->idle_ns > 0;
    if (looks && !in->source.regular && threads == 1)
        threads = 2;
    return threads;
}

void inlet_start_feed(struct running *r, struct inlet *in)
{
    const struct plan *plan = r->plan;
    in->options.stop_fd = signals_fd;
    signals_block();
    const struct feed_options options = {
        .threads = threads_for(r, in),
        .may_wait = !in->source.regular,
        .keys = {[FEED_GROUP] = {true, 0, plan->n_keys},
                 [FEED_SOURCE] = {plan->has_source, plan->source_column, 1},
                 [FEED_ID] = {plan->has_dedup, plan->dedup_column, 1}},
        .key_seed = r->engine->key_seed,
        .rules = &plan->rules,
    };
    if (options.threads == 1) /* no other thread waits for bytes, or has signals */
        in->options.attend = r->attend;
    in->feed = feed_start(in->input, &options);
    signals_unblock();
}

bool inlet_next_source(struct running *r, struct inlet *in)
{
    if (in->next.fd < 0)
        return false;
    feed_stop(in->feed);
    in->batch = NULL;
    input_close(in->input);
    source_close(&in->source);
    in->source = in->next;
    in->next = (struct source){.fd = -1, .packed_fd = -1, .unpack.fd = -1};
    inlet_start_input(r, in);
    inlet_start_feed(r, in);
    return true;
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

void inlet_settle(struct running *r, struct inlet *in)
{
    if (in->batch == NULL)
        return;
    const struct block *block = in->batch->block;
    size_t bytes = bytes_done(in), len = bytes - in->at.bytes;
    const char *moved = block->bytes.data + in->at.bytes;
    if (len == 0)
        return;
    bool overlong = bytes == block->bytes.len && inlet_ends_within(block);
    /* The parser has counted the lines of the whole block, which is the usual case. */
    uint64_t lines = len == block->bytes.len ? in->batch->lines : newline_count(moved, len);
    source_move(&in->source, len, lines, overlong);
    if (r->plan->state_path != NULL)
        digest_add(&in->source.digest, moved, len);
    r->report.bytes += len;
    in->at.bytes = bytes;
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
           clocks_is_idle(r->clocks, (uint32_t)(in - r->inlets)) && in->feed != NULL &&
           !feed_wait(in->feed, 0);
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
        if (other == in || other->ended || is_silent(r, other))
            continue;
        *none = false;
        if (!other->clock.started)
            return false;
        if (!any || other->clock.ns < *ns) {
            *ns = other->clock.ns;
            *earlier = other < in;
        }
        any = true;
    }
    return any;
}

size_t inlet_turn(const struct running *r, const struct inlet *in, size_t from, size_t to)
{
    struct clock clock = in->clock;
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
