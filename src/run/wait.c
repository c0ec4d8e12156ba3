#include "run/wait.h"

#include <poll.h>

#include "base/clock.h"
#include "run/follow.h"
#include "run/running.h"
#include "run/signals.h"
#include "run/start.h"

/*
 * Rows that the wall clock fired would not come again after a crash: what went into a pipe must
 * stand in a snapshot before.
 */
static bool let_out_fired(struct running *r)
{
    if (r->plan->state_path == NULL || r->sinks[SINK_ROWS].regular ||
        r->sinks[SINK_ROWS].pending.len == 0)
        return running_flush(r);
    r->sinks[SINK_ROWS].held = true;
    bool ok = checkpoint_now(r, false);
    r->sinks[SINK_ROWS].held = r->plan->hold;
    return ok;
}

/* So long was waited for the input, and nothing came. */
static bool note_silence(struct running *r, struct inlet *in, int64_t ns)
{
    in->file->silent_ns += in->file->part_ns + ns;
    in->file->part_ns = 0;
    int64_t w_ns = clocks_wait(r->clocks, inlet_number(r, in), ns);
    start_tell_clocks(r);
    if (r->advise != NULL || w_ns == r->engine->watermark.now_ns)
        return true;
    engine_follow(r->engine, w_ns);
    return let_out_fired(r);
}

bool wait_may_be_idle(const struct running *r, const struct inlet *in)
{
    return r->plan->idle_ns > 0 &&
           (r->plan->follow || (!in->source.regular && in->source.packed_fd < 0));
}

/*
 * Waiting goes by slices: of one that took much longer, because the process was stopped, only the
 * slice counts as silence. It ends early where a snapshot falls due.
 */
struct slice {
    bool idle; /* silence counts */
    int64_t length_ns, from_ns, until_ns;
};

static struct slice slice_now(const struct running *r, const struct inlet *in)
{
    enum { SLICE_NS = 200000000, IDLE_SLICE_NS = 20000000 };
    bool idle = wait_may_be_idle(r, in);
    int64_t now_ns = clock_monotonic_ns(), length_ns = idle ? IDLE_SLICE_NS : SLICE_NS;
    struct slice slice = {idle, length_ns, now_ns, now_ns + length_ns};
    int64_t due_ns = checkpoint_due_ns(&r->checkpoint);
    if (due_ns >= 0 && due_ns < slice.until_ns)
        slice.until_ns = due_ns;
    return slice;
}

static int64_t silence_of(const struct slice *slice)
{
    int64_t waited_ns = clock_monotonic_ns() - slice->from_ns;
    return waited_ns < 2 * slice->length_ns ? waited_ns : slice->length_ns;
}

/* It is over, and the input was silent. */
static bool note_slice(struct running *r, struct inlet *in, const struct slice *slice)
{
    metrics_if_due(r);
    progress_if_due(r);
    return !slice->idle || note_silence(r, in, silence_of(slice));
}

/*
 * Something came before it was over. A busy source never lets a whole slice pass, and the others
 * are silent nevertheless; but W waits until what came is read.
 */
static void note_part(struct running *r, struct inlet *in, const struct slice *slice)
{
    if (!slice->idle)
        return;
    int64_t ns = silence_of(slice);
    in->file->part_ns += ns;
    clocks_count(r->clocks, inlet_number(r, in), ns);
}

/*
 * Is there something to read? Then the input is not silent, though the thread that reads it has not
 * got to it yet: after we were stopped, both wake up at once.
 */
static bool has_arrived(const struct inlet *in)
{
    struct pollfd p = {.fd = in->source.fd, .events = POLLIN};
    return poll(&p, 1, 0) > 0 && (p.revents & POLLIN) != 0;
}

bool wait_for_batch(struct running *r, struct inlet *in, bool *ready)
{
    *ready = true;
    for (;;) {
        struct slice slice = slice_now(r, in);
        if (slice.idle && !feed_wait(in->feed, 0) && !note_silence(r, in, 0))
            return false;
        if (feed_wait(in->feed, slice.until_ns)) {
            note_part(r, in, &slice);
            return true;
        }
        attend_look(&r->attend);
        if (slice.idle && has_arrived(in)) {
            note_part(r, in, &slice);
            slice.idle = false;
        }
        if (!note_slice(r, in, &slice) || !checkpoint_if_due(r, 0))
            return false;
        if (running_is_over(r))
            return true;
        if (slice.idle && r->n_inlets > 1) {
            *ready = false;
            return true;
        }
    }
}

bool wait_for_growth(struct running *r, struct inlet *file)
{
    attend_look(&r->attend);
    if (wait_may_be_idle(r, file) && !note_silence(r, file, 0))
        return false;
    if (!running_flush(r))
        return false;
    struct slice slice = slice_now(r, file);
    int64_t wait_ns = slice.until_ns - slice.from_ns;
    if (signals_stop == 0 && !running_is_over(r))
        follow_wait(r, wait_ns > 0 ? wait_ns : 0);
    if (!follow_is_quiet(file))
        note_part(r, file, &slice);
    else if (!note_slice(r, file, &slice))
        return false;
    metrics_if_due(r);
    progress_if_due(r);
    return running_is_over(r) || checkpoint_if_due(r, 0);
}
