#include "run/report.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/say.h"
#include "run/advise.h"
#include "run/counters.h"
#include "run/limit.h"
#include "run/running.h"
#include "scan/newline.h"
#include "time/duration.h"

enum { SHOWN = 10 };

void report_start(struct report *report, const char *input_name, const struct plan *plan,
                  struct sink *bad_sink)
{
    *report = (struct report){
        .input_name = input_name,
        .strict = plan->strict,
        .bad_sink = bad_sink,
        .max_record = plan->input.max_record_bytes,
        .started_ns = clock_monotonic_ns(),
    };
}

/*
 * To which line the record goes on: what swallowed so much is what one looks for. How much of an
 * overlong one is here is the read size's to say; as much as makes it one always is.
 */
void report_lines(const struct report *report, const struct batch *batch,
                  const struct bad_record *bad, uint64_t line, char text[REASON_LINES])
{
    const char *bytes = batch->block->bytes.data + bad->start;
    size_t record_len = bad->len - (bad->len > 0 && bytes[bad->len - 1] == '\n');
    bool overlong = batch->block->kind != BLOCK_RECORDS || record_len > report->max_record;
    if (!overlong) {
        reason_lines(text, line, bytes, bad->len);
        return;
    }
    unsigned long long last = line + newline_count(bytes, (size_t)report->max_record);
    text[0] = '\0';
    if (last > line)
        snprintf(text, REASON_LINES, " (it goes on at least to line %llu)", last);
}

void report_bad(struct report *report, const struct batch *batch, const struct bad_record *bad,
                uint64_t first_line)
{
    const char *bytes = batch->block->bytes.data + bad->start;
    if (report->bad_sink != NULL) {
        struct buf *to = &report->bad_sink->pending;
        bool cut = batch->block->kind != BLOCK_RECORDS; /* further pieces may follow */
        buf_put(to, bytes, bad->len);
        report->line_open = bad->len == 0 || bytes[bad->len - 1] != '\n';
        if (report->line_open && !cut) {
            buf_putc(to, '\n');
            report->line_open = false;
        }
    }
    if (bad->more)
        return;
    if (++report->bad > SHOWN || report->strict)
        return;
    uint64_t line = first_line + bad->line - 1;
    char lines[REASON_LINES];
    report_lines(report, batch, bad, line, lines);
    say("%s:%llu: %s%s", report->input_name, (unsigned long long)line, bad->reason, lines);
}

/* Do just these eight digits stand in the record? */
static bool holds_digits(const char *text, size_t len, const char *digits)
{
    const char *at = text, *end = text + len;
    while ((at = memmem(at, (size_t)(end - at), digits, 8)) != NULL) {
        bool longer = (at > text && ((at[-1] >= '0' && at[-1] <= '9') || at[-1] == '.')) ||
                      (at + 8 < end && ((at[8] >= '0' && at[8] <= '9') || at[8] == '.'));
        if (!longer)
            return true;
        at++;
    }
    return false;
}

void report_dates(struct report *report, const struct batch *batch)
{
    if (report->warned_of_dates || !time_may_be_dates(batch->time_ns, batch->n))
        return;
    for (size_t i = 0; !report->warned_of_dates && i < batch->n; i++) {
        char digits[9];
        if (!time_was_date(batch->time_ns[i], digits) ||
            !holds_digits(batch->block->bytes.data + batch->start[i], batch->len[i], digits))
            continue;
        report->warned_of_dates = true;
        say("%s: the time %s is read as seconds since 1970; if it is a date, give "
            "--time-format %%Y%%m%%d",
            report->input_name, digits);
    }
}

void report_end(struct report *report, bool goes_on)
{
    if (report->line_open && !goes_on)
        buf_putc(&report->bad_sink->pending, '\n');
    if (report->bad > SHOWN)
        say("%llu bad records in all", (unsigned long long)report->bad);
}

/* All records that were not bad, over all runs. */
uint64_t report_good(const struct engine *engine)
{
    const struct engine_counts *c = &engine->counts;
    return c->used + c->too_late + c->unassigned + c->filtered + c->duplicates + c->replayed;
}

void report_resumed(struct report *report, const struct engine *engine)
{
    report->bad_before = report->bad;
    report->good_before = report_good(engine);
}

void report_losses(const struct report *report, const struct engine *engine, bool merges)
{
    uint64_t good = report_good(engine) - report->good_before;
    uint64_t records = good + report->bad - report->bad_before;
    struct buf advice = {0};
    /* Late is what lies behind W, which trails the clock by the delay. */
    if (merges) {
        buf_puts(&advice, "the shards' own --lateness was longer");
    } else {
        buf_puts(&advice, "with --delay ");
        advise_put_delay(&advice, time_add(engine->watermark.delay_ns, engine->lateness.lag_ns));
        buf_puts(&advice, " none would have been late");
    }
    if (engine->lateness.too_late > 0 && engine->late == NULL)
        say("%llu of %llu records came too late for their windows and are in no row: "
            "%s (--late FILE keeps them)",
            (unsigned long long)engine->lateness.too_late, (unsigned long long)records,
            buf_cstr(&advice));
    if (engine->lateness.partly_late > 0)
        say("%llu of %llu records came too late for some of their windows: %s",
            (unsigned long long)engine->lateness.partly_late, (unsigned long long)records,
            buf_cstr(&advice));
    buf_free(&advice);
}

void report_left_out(const struct engine *engine, const char *option)
{
    uint64_t open = engine->ops->open(engine);
    if (open > 0)
        say("interrupted: %llu open windows are not printed, for with %s a result is "
            "printed only when it is complete",
            (unsigned long long)open, option);
}

void report_incomplete(uint64_t rows)
{
    if (rows > 0)
        say("interrupted: the last %llu rows are of windows that were not complete",
            (unsigned long long)rows);
}

void report_given_up(const struct engine *engine, const char *state_path, uint64_t bytes)
{
    const char *why = bytes > 0 ? "nobody read the rows" : "windows were firing";
    if (state_path != NULL)
        say("interrupted while %s: %s stays as it was, and the rows since then come "
            "again",
            why, state_path);
    else
        say("interrupted while %s: %llu bytes of rows, and %llu open windows, could not "
            "be written",
            why, (unsigned long long)bytes, (unsigned long long)engine->ops->open(engine));
}

bool report_all_bad(const struct report *report, const struct engine *engine)
{
    return report->bad > report->bad_before && report_good(engine) == report->good_before;
}

static void put_count(struct buf *to, const char *name, uint64_t n)
{
    buf_printf(to, "%s\"%s\":%llu", to->len == 1 ? "" : ",", name, (unsigned long long)n);
}

struct time_style {
    enum time_unit unit;
    const struct zone *zone;
};

static void put_time(struct buf *to, const char *name, bool any, int64_t ns,
                     const struct time_style *style)
{
    const char *quote = time_unit_is_text(style->unit) && any ? "\"" : "";
    buf_printf(to, ",\"%s\":%s", name, any ? quote : "null");
    if (any)
        time_print(to, ns, style->unit, style->zone);
    buf_puts(to, quote);
}

bool report_knows_times(const struct running *r)
{
    return r->merge != NULL ? merge_knows_times(r->merge) : r->engine->watermark.started;
}

void report_stats(const struct running *r)
{
    const struct engine *engine = r->engine;
    const struct engine_counts *c = &engine->counts;
    const struct watermark *w = &engine->watermark;
    const struct time_style style = {r->plan->time_unit, r->plan->zone};
    struct buf line = {0};
    buf_putc(&line, '{');
    for (enum counter i = 0; i < COUNTER_PARTLY_LATE; i++)
        put_count(&line, counter_texts[i].name, counter_value(r, i));
    put_time(&line, "watermark", w->finite, w->now_ns, &style);
    put_time(&line, "max_event_time", report_knows_times(r), w->clock_ns, &style);
    put_count(&line, "partly_late", c->partly_late);
    buf_puts(&line, ",\"too_late_by\":");
    buf_puts(&line, c->too_late > 0 ? "\"" : "null");
    if (c->too_late > 0) {
        duration_print(&line, c->too_late_by_ns);
        buf_putc(&line, '"');
    }
    put_count(&line, "replayed", c->replayed);
    put_count(&line, "fill_skipped", c->fill_skipped);
    put_count(&line, "state_bytes_peak", limit_peak_bytes(r));
    if (r->checkpoint.path != NULL) {
        put_count(&line, "checkpoints", r->checkpoint.taken);
        buf_printf(&line, ",\"checkpoint_interval\":%.3f", (double)r->checkpoint.longest_ns / 1e9);
    }
    buf_printf(&line, ",\"seconds\":%.3f}\n",
               (double)(clock_monotonic_ns() - r->report.started_ns) / 1e9);
    fwrite(line.data, 1, line.len, stderr);
    buf_free(&line);
}
