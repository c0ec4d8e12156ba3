#include "run/process.h"

#include "run/limit.h"
#include "run/running.h"
#include "run/start.h"

/* What the engine is told with records from..to of the batch at hand; moves the clocks. */
static struct engine_records records(struct running *r, struct inlet *in, size_t from, size_t to)
{
    struct engine_records records = {
        .batch = in->batch,
        .keys = &in->keys[FEED_GROUP],
        .ids = r->plan->has_dedup ? &in->keys[FEED_ID] : NULL,
    };
    if (r->clocks != NULL && from < to) {
        records.w_after_ns = clocks_move(r->clocks, in->batch->time_ns, running_sources(r, in),
                                         inlet_number(r, in), from, to);
        start_tell_clocks(r);
    }
    if (from < to)
        in->file->silent_ns = in->file->part_ns = 0;
    for (size_t i = from; r->n_inlets > 1 && i < to; i++)
        clock_see(&in->file->clock, in->batch->time_ns[i], r->plan->max_jump_ns);
    return records;
}

/* In the engine's place: it counts what the engine would, but for what comes of windows. */
static void advise_on(struct running *r, const struct inlet *in, size_t from, size_t to)
{
    struct engine_counts *counts = &r->engine->counts;
    const uint8_t *verdict = in->batch->verdict;
    advise_consume(r->advise, in->batch, &in->keys[FEED_SOURCE], inlet_number(r, in), from, to);
    advise_tell(r->advise, &r->engine->watermark);
    for (size_t i = from; i < to; i++) {
        bool used = verdict == NULL || verdict[i] == VERDICT_USE;
        counts->used += used;
        counts->filtered += !used;
    }
}

static void consume(struct running *r, struct inlet *in, size_t from, size_t to)
{
    struct engine_records good = records(r, in, from, to);
    if (r->advise != NULL)
        advise_on(r, in, from, to);
    else
        engine_consume(r->engine, &good, from, to);
}

/* Was lane i of the batch at hand there before? */
static bool is_replayed(struct running *r, const struct inlet *in, size_t i)
{
    const struct value *position = &in->batch->columns[r->plan->position_column][i];
    const struct keys *sources = r->plan->has_source ? &in->keys[FEED_SOURCE] : NULL;
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
        if (running_is_over(r))
            return;
        start = i + 1;
        r->engine->counts.replayed++;
    }
    consume(r, in, start, to);
}

/* Up to which record of the batch that is being taken they are counted. */
static size_t good_so_far(const struct running *r)
{
    return r->taking->at.good + (size_t)(report_good(r->engine) - r->good_before);
}

/* Good records; false if it is over with one of them, which is the last that counts. */
static bool take_good(struct running *r, struct inlet *in, size_t to)
{
    r->taking = in;
    r->good_before = report_good(r->engine);
    if (r->replay == NULL)
        consume(r, in, in->at.good, to);
    else
        consume_new(r, in, in->at.good, to);
    bool over = running_is_over(r);
    in->at.good = over ? good_so_far(r) : to;
    r->taking = NULL;
    return !over;
}

void process_settle(struct running *r)
{
    struct inlet *in = r->taking;
    size_t at = in == NULL ? 0 : in->at.good;
    if (in != NULL)
        in->at.good = good_so_far(r);
    inlet_each(r, inlet_settle);
    if (in != NULL)
        in->at.good = at;
}

static bool bad_has_position(const struct running *r, const struct inlet *in,
                             const struct bad_record *bad)
{
    if (!bad->has_lane)
        return false;
    uint8_t kind = in->batch->columns[r->plan->position_column][bad->before].kind;
    return kind == VALUE_NUMBER || kind == VALUE_WIDE;
}

/* Can't it be read, or can't it be told whose position it has? */
static bool is_placeless(const struct running *r, const struct inlet *in,
                         const struct bad_record *bad)
{
    return !bad->has_lane ||
           (r->plan->has_source &&
            in->batch->columns[r->plan->source_column][bad->before].kind == VALUE_BAD);
}

/*
 * The same for a bad record. A readable one without a position is bad; one that is too broken to
 * have one, or has no source, was there before if the last one that had one was.
 */
static bool skip_replayed(struct running *r, const struct inlet *in, const struct bad_record *bad)
{
    bool old;
    if (r->replay == NULL)
        return false;
    if (is_placeless(r, in, bad))
        old = replay_was_old(r->replay);
    else
        old = bad_has_position(r, in, bad) && is_replayed(r, in, bad->before);
    if (old)
        r->engine->counts.replayed += !bad->more;
    return old;
}

bool process_is_replayed(struct running *r, const struct inlet *in)
{
    const struct batch *batch = in->batch;
    bool old = true;
    for (size_t i = 0, b = 0; old && (i < batch->n || b < batch->n_bad);) {
        const struct bad_record *bad = b < batch->n_bad ? &batch->bad[b] : NULL;
        if (bad == NULL || bad->before > i) {
            old = is_replayed(r, in, i++);
            continue;
        }
        old = is_placeless(r, in, bad) || !bad_has_position(r, in, bad) || is_replayed(r, in, i);
        i += bad->has_lane;
        b++;
    }
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
    if (r->strict.status == 0) { /* its further pieces say nothing */
        uint64_t line = in->first_line + bad->line - 1;
        char lines[REASON_LINES] = "";
        if (!bad->more)
            report_lines(&r->report, in->batch, bad, line, lines);
        error_set(&r->strict, EXIT_RUNTIME, "%s:%llu: %s%s (--strict ends the run here)",
                  in->source.name, (unsigned long long)line,
                  bad->more ? "record longer than --max-record" : bad->reason, lines);
    }
    if (inlet_ends_within(in->batch->block))
        return true;
    *r->err = r->strict;
    return false;
}

/* The bad record that comes now ends the run: rows that are held need a snapshot to cover them. */
static bool let_out_before_strict(struct running *r)
{
    return !r->plan->strict || !r->plan->hold || (running_flush(r) && checkpoint_now(r, false));
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

/* How many records may be processed before something is to be looked at. */
static uint64_t room_now(const struct running *r)
{
    uint64_t room = checkpoint_room(&r->checkpoint);
    return r->plan->max_state_bytes > 0 && room > limit_room(r) ? limit_room(r) : room;
}

bool process_batch(struct running *r, struct inlet *in)
{
    const struct batch *batch = in->batch;
    if (r->plan->partial)
        merge_begin_stream(r, batch);
    for (bool turn = true; turn && inlet_has_records(in);) {
        uint64_t room = room_now(r), taken;
        bool bad_next = in->at.bad < batch->n_bad;
        size_t stop = bad_next ? batch->bad[in->at.bad].before : batch->n;
        if (stop - in->at.good > room)
            stop = in->at.good + (size_t)room;
        /* What is replayed moves no clock: whose turn it is shows after each record. */
        bool single = r->replay != NULL && r->n_inlets > 1 && stop > in->at.good;
        size_t end = single ? in->at.good + 1 : inlet_turn(r, in, in->at.good, stop);
        turn = end == stop || single;
        taken = end - in->at.good;
        if (!take_good(r, in, end))
            break;
        turn = turn && (taken == 0 || inlet_lowest(r) == in->file);
        if (turn && bad_next && batch->bad[in->at.bad].before == end && taken < room) {
            const struct bad_record *bad = &batch->bad[in->at.bad];
            taken += !bad->more;
            if (skip_replayed(r, in, bad) || skip_duplicate(r, in, bad)) {
                in->at.good += bad->has_lane;
                in->at.bad++;
                turn = inlet_lowest(r) == in->file; /* a duplicate has moved its clock */
            } else if (!take_bad(r, in)) {
                return false;
            }
        }
        if (running_is_over(r) || limit_after(r, taken))
            break;
        if (taken > 0 && r->checkpoint.every_records > 0 &&
            !(running_flush(r) && checkpoint_if_due(r, taken)))
            return false;
    }
    return true;
}
