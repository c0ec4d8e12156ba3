#include "run/explain.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/width.h"
#include "run/streams.h"
#include "source/source.h"
#include "time/duration.h"
#include "time/timestamp.h"

enum { LINE_COLUMNS = 79, LABEL_COLUMNS = 12 };

/* A label, and sentences beside it, which end in a blank. */
static void put_paragraph(struct buf *to, const char *label, const struct buf *text)
{
    size_t column = LABEL_COLUMNS;
    buf_printf(to, "%-*s", LABEL_COLUMNS, label);
    for (size_t at = 0; at < text->len;) {
        const char *word = text->data + at;
        const char *blank = memchr(word, ' ', text->len - at);
        size_t len = blank == NULL ? text->len - at : (size_t)(blank - word);
        size_t width = width_of(word, len);
        if (column > LABEL_COLUMNS && column + 1 + width > LINE_COLUMNS) {
            buf_printf(to, "\n%*s", LABEL_COLUMNS, "");
            column = LABEL_COLUMNS;
        }
        if (column > LABEL_COLUMNS)
            buf_putc(to, ' ');
        column += width + (column > LABEL_COLUMNS);
        buf_put(to, word, len);
        at += len + 1;
    }
    buf_putc(to, '\n');
}

static void put_duration(struct buf *to, int64_t ns)
{
    duration_print(to, ns);
}

static void put_time(struct buf *to, int64_t ns)
{
    time_print(to, ns, TIME_UNIT_RFC3339, NULL);
}

static void put_names(struct buf *to, char **names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_printf(to, "%s%s", i == 0 ? "" : i + 1 == n ? " and " : ", ", names[i]);
}

/* A batch that begins with the first record, if there is one; whatever is read at once. */
static void read_first(struct input *in, struct batch *batch, struct block *block,
                       struct error *err)
{
    struct input_parser *parser = NULL;
    while (batch->n + batch->n_bad == 0 && input_read_block(in, block, err) == INPUT_BLOCK) {
        if (parser == NULL)
            parser = input_parser_new(in);
        input_parse(parser, block, batch);
    }
    input_parser_free(parser);
}

/* The first record of the first input, and how its time is read. */
static void put_example(const struct plan *plan, struct buf *to)
{
    struct source source;
    struct error err = {0};
    struct block block = {0};
    struct batch batch = {0};
    struct input_options options = plan->input;
    const char *path = plan->n_inputs == 0 ? NULL : plan->input_paths[0];
    options.follow = false;
    if ((path == NULL && isatty(STDIN_FILENO)) || !source_open(&source, path, &err)) {
        if (err.status != 0)
            buf_printf(to, "%s. ", err.text);
        return;
    }
    struct input *in = input_open(&options, source.fd, source.name);
    read_first(in, &batch, &block, &err);
    bool bad = batch.n_bad > 0 && batch.bad[0].before == 0;
    if (err.status != 0) {
        buf_printf(to, "But: %s. ", err.text);
    } else if (batch.n > 0 && !bad) {
        buf_printf(to, "The first record of %s is read as ", source.name);
        put_time(to, batch.time_ns[0]);
        buf_puts(to, ". ");
    } else if (bad) {
        buf_printf(to, "The first record of %s can't be used: %s. ", source.name,
                   batch.bad[0].reason == NULL ? "it is too long" : batch.bad[0].reason);
    }
    input_close(in);
    batch_free(&batch);
    block_free(&block);
    source_close(&source);
}

/* How many of the inputs are regular files, which a run resumes by seeking and never waits for. */
static size_t count_regular(const struct plan *plan)
{
    size_t n = 0;
    for (size_t i = 0; i < plan->n_inputs || i == 0; i++) {
        struct stat st;
        const char *path = plan->n_inputs == 0 ? NULL : plan->input_paths[i];
        bool known = path == NULL ? fstat(STDIN_FILENO, &st) == 0 : stat(path, &st) == 0;
        n += known && S_ISREG(st.st_mode);
    }
    return n;
}

static bool has_pipe(const struct plan *plan)
{
    return count_regular(plan) < (plan->n_inputs == 0 ? 1 : plan->n_inputs);
}

static void put_inputs(const struct plan *plan, struct buf *text)
{
    if (plan->n_inputs == 0)
        buf_puts(text, "Standard input");
    for (size_t i = 0; i < plan->n_inputs; i++)
        buf_printf(text, "%s%s", i > 0 ? ", " : "",
                   plan->input_paths[i] == NULL ? "standard input" : plan->input_paths[i]);
}

static void explain_input(const struct plan *plan, struct buf *text)
{
    put_inputs(plan, text);
    if (plan->merge) {
        buf_puts(text, ": partial results, as --partial writes them; what picked the records "
                       "stands in their header. ");
        return;
    }
    buf_puts(text, plan->n_inputs > 1
                       ? ", read side by side: always the one whose clock is lowest. "
                       : ". ");
    if (plan->follow)
        buf_puts(text, "At its end a FILE is waited for, over rotations, until a signal comes. ");
    for (size_t i = 0; i < plan->rules.n_where; i++)
        buf_printf(text, "Only records that meet %s count; the others still move the clock. ",
                   plan->where[i]);
    if (plan->has_dedup)
        buf_printf(text, "Of records with one %s the first one counts. ",
                   plan->input.fields[plan->dedup_column].path.text);
    if (plan->has_position) {
        const char *field = plan->input.fields[plan->position_column].path.text;
        buf_printf(text,
                   "A record whose %s is not above the last one%s was there before, and counts no "
                   "more; one without a number there is bad. ",
                   field, plan->has_source ? " of its source" : "");
        if (!has_pipe(plan))
            buf_puts(text, "That is not needed: a regular file is resumed by seeking. ");
    }
    buf_puts(text, plan->strict ? "The first bad record ends the run. "
                                : "Bad records are counted, said on stderr, and skipped. ");
}

static void explain_times(const struct plan *plan, struct buf *text)
{
    static const char *const units[] = {[TIME_S] = "seconds",
                                        [TIME_MS] = "milliseconds",
                                        [TIME_US] = "microseconds",
                                        [TIME_NS] = "nanoseconds"};
    const struct input_options *input = &plan->input;
    for (size_t i = 0; i < input->n_time; i++)
        buf_printf(text, "%s%s", i > 0 ? " and " : "From the field ", input->time[i].text);
    if (input->time_format.form == TIME_AUTO)
        buf_puts(text, ": RFC 3339 and its like, or epoch numbers whose size tells the unit. ");
    else if (input->time_format.form != TIME_PATTERN)
        buf_printf(text, ": epoch numbers in %s. ", units[input->time_format.form]);
    else
        for (size_t i = 0; i < input->time_format.n_patterns; i++)
            buf_printf(text, "%s%s%s", i == 0 ? ", as " : " or ",
                       input->time_format.patterns[i].text,
                       i + 1 == input->time_format.n_patterns ? ". " : "");
    if (input->time_format.form == TIME_AUTO || input->time_format.form == TIME_PATTERN)
        buf_printf(text, "A time without a zone is one of %s. ",
                   plan->tz == NULL ? "UTC" : plan->tz);
    if (time_format_needs_year(&input->time_format))
        buf_printf(text, "One without a year is the first such time from %04d-%02d-%02d on. ",
                   input->time_format.year_from, input->time_format.year_from_month,
                   input->time_format.year_from_day);
    put_example(plan, text);
}

static void put_keys(const struct plan *plan, struct buf *text)
{
    if (plan->n_keys == 0)
        return;
    buf_puts(text, " (");
    put_names(text, plan->key_names, plan->n_keys);
    buf_puts(text, ")");
}

static bool overlap(const struct window_spec *w)
{
    return w->kind == WINDOW_SLIDING || w->kind == WINDOW_CUMULATE;
}

static void put_offset(const struct window_spec *w, struct buf *text)
{
    bool fixed = w->kind == WINDOW_TUMBLING || overlap(w);
    if (!fixed || w->offset_ns == 0)
        return;
    buf_puts(text, "They begin ");
    put_duration(text, w->offset_ns);
    buf_puts(text, " off the multiples of ");
    put_duration(text, w->kind == WINDOW_SLIDING ? w->slide_ns : w->size_ns);
    buf_puts(text, " since 1970. ");
}

static void explain_windows(const struct plan *plan, struct buf *text)
{
    const struct window_spec *w = &plan->window;
    struct buf size = {0}, slide = {0}, name = {0};
    put_duration(&size, w->kind == WINDOW_SESSION ? w->gap_ns : w->size_ns);
    put_duration(&slide, w->slide_ns);
    window_print(w, &name);
    switch (w->kind) {
    case WINDOW_TUMBLING:
        buf_printf(text, "Each record is in one window of %s. ", buf_cstr(&size));
        break;
    case WINDOW_SLIDING:
        buf_printf(text, "Windows of %s, one each %s: a record is in %lld of them at most. ",
                   buf_cstr(&size), buf_cstr(&slide),
                   (long long)((w->size_ns + w->slide_ns - 1) / w->slide_ns));
        break;
    case WINDOW_CUMULATE:
        buf_printf(text, "Of each %s the first %s, twice that, and so on up to all of it. ",
                   buf_cstr(&size), buf_cstr(&slide));
        break;
    case WINDOW_CALENDAR:
        buf_printf(text, "Each record is in one %s of the calendar of %s. ",
                   strchr(buf_cstr(&name), ':') + 1, plan->tz == NULL ? "UTC" : plan->tz);
        break;
    case WINDOW_ALL:
        buf_puts(text, "One window for all time. ");
        break;
    case WINDOW_SESSION:
        buf_puts(text, "Sessions: records of a key");
        put_keys(plan, text);
        buf_printf(text, " less than %s apart are one. ", buf_cstr(&size));
        break;
    case WINDOW_SLICE:
        break;
    }
    put_offset(w, text);
    if (plan->n_keys > 0 && w->kind != WINDOW_SESSION) {
        buf_puts(text, "Each with a result for each ");
        put_names(text, plan->key_names, plan->n_keys);
        buf_puts(text, ". ");
    }
    buf_free(&size);
    buf_free(&slide);
    buf_free(&name);
}

/* What the function is in the form that was typed. */
static void put_function(const struct plan *plan, const struct agg *agg, struct buf *text)
{
    const struct agg_ops *ops = agg->ops;
    size_t len = strcspn(ops->doc, ";:"); /* what follows are other forms of it */
    if (strcmp(ops->name, "rate") == 0) {
        buf_printf(text, "%s%s a second of the window's length",
                   agg->field == NULL ? "records" : "sum of ",
                   agg->field == NULL ? "" : agg->field);
        if (plan->window.kind == WINDOW_ALL)
            buf_puts(text, ", and so null, for this one has none");
    } else if (ops->param == AGG_OPTIONAL_FIELD && agg->field != NULL) {
        buf_printf(text, "number of records where %s is present and not null", agg->field);
    } else if (ops->param == AGG_CONDITION_ONLY) {
        buf_printf(text, "part of the records that meet %s, 0 to 1", agg->condition_text);
    } else if (ops->param == AGG_FIELD_COUNT) {
        buf_printf(text, "the %llu most frequent values with their counts, as JSON, of %s",
                   (unsigned long long)agg->n, agg->field);
    } else {
        buf_printf(text, "%.*s", (int)len, ops->doc);
        if (ops->param == AGG_RANK_FIELD)
            buf_printf(text, " (%s)", agg->function);
        if (agg->field != NULL)
            buf_printf(text, ", of %s", agg->field);
    }
}

static void explain_results(const struct plan *plan, struct buf *text)
{
    for (size_t i = 0; i < plan->n_aggs; i++) {
        const struct agg *agg = &plan->aggs[i];
        buf_printf(text, "%s: ", agg->name);
        put_function(plan, agg, text);
        if (agg->condition_text != NULL && agg->ops->param != AGG_CONDITION_ONLY)
            buf_printf(text, ", where %s", agg->condition_text);
        buf_puts(text, i + 1 < plan->n_aggs ? "; " : ". ");
    }
}

/* Who else moves W. */
static void explain_silence(const struct plan *plan, struct buf *text)
{
    bool waits = plan->follow || has_pipe(plan);
    if (plan->idle_ns > 0 && waits) {
        buf_puts(text, "A source that is silent for ");
        put_duration(text, plan->idle_ns);
        buf_puts(text, " holds it back no more; when all are, it goes on with the wall clock. ");
        if (!plan->follow && count_regular(plan) > 0)
            buf_puts(text, "A regular file is never silent. ");
        return;
    }
    if (plan->idle_ns > 0)
        buf_puts(text, "--idle-timeout has no effect: the input is regular files. ");
    if (plan->follow)
        buf_puts(text, "A file that was rotated is read before the new one until it was quiet for "
                       "a minute. ");
    buf_puts(text, "No other clock plays a part. ");
}

static void explain_clock(const struct plan *plan, struct buf *text)
{
    if (plan->merge) {
        buf_puts(text, "The watermark W is the lowest of the inputs'; in one that holds several "
                       "streams it waits for the end. ");
        if (plan->n_inputs < 2 && has_pipe(plan))
            buf_puts(text, "To know, a pipe is read up to the second stream, or its end, before "
                           "any row. ");
        return;
    }
    if (plan->delay_all) {
        buf_puts(text, "Nothing is complete before the input ends, so nothing is late. ");
        return;
    }
    buf_puts(text, "The watermark W, behind which no record is expected any more, is the highest "
                   "event time so far");
    if (plan->delay_ns > 0) {
        buf_puts(text, " less ");
        put_duration(text, plan->delay_ns);
    }
    if (plan->has_source)
        buf_printf(text, ", of the slowest %s", plan->input.fields[plan->source_column].path.text);
    else if (plan->n_inputs > 1)
        buf_puts(text, ", of the slowest FILE");
    buf_puts(text, ". ");
    if (plan->sources > 0)
        buf_printf(text, "It waits until %llu source%s seen. ", (unsigned long long)plan->sources,
                   plan->sources == 1 ? " was" : "s were");
    if (plan->max_jump_ns > 0) {
        buf_puts(text, "A time more than ");
        put_duration(text, plan->max_jump_ns);
        buf_puts(text, " ahead moves it only when ten in a row were so. ");
    }
    explain_silence(plan, text);
}

/* Of one window for all time. */
static const char *when_all_comes(const struct plan *plan)
{
    bool ends = !plan->at_eof_keep && !plan->follow;
    return ends ? "A row comes at the end of the input. "
           : plan->state_path != NULL
               ? "No row comes in the end: a snapshot keeps the window open. "
               : "A row comes when a signal ends the run, a partial one. ";
}

static void explain_first_row(const struct plan *plan, struct buf *text)
{
    const struct pane_options *o = &plan->pane;
    if (plan->window.kind == WINDOW_ALL) {
        buf_puts(text, when_all_comes(plan));
        return;
    }
    if (!o->final) {
        buf_puts(text, "A row comes when W passes the end of its window. ");
        return;
    }
    buf_puts(text, "One row, when W ");
    if (o->lateness_ns > 0) {
        buf_puts(text, "is ");
        put_duration(text, o->lateness_ns);
        buf_puts(text, " past");
    } else {
        buf_puts(text, "passes");
    }
    buf_puts(text, " the end of its window, and nothing can change it any more. ");
}

static void explain_late(const struct plan *plan, struct buf *text)
{
    const struct pane_options *o = &plan->pane;
    const char *what = plan->merge ? "delta" : "record";
    if (plan->window.kind == WINDOW_ALL || plan->delay_all)
        return; /* nothing is */
    if (o->lateness_ns > 0 && !o->final) {
        buf_puts(text, "For ");
        put_duration(text, o->lateness_ns);
        buf_printf(text, " more a window takes late %ss, ", what);
        if (o->late_every == 1)
            buf_puts(text, "each of which makes a further row. ");
        else
            buf_printf(text, "and %llu of them make a further row, as does what is left then. ",
                       (unsigned long long)o->late_every);
    }
    buf_printf(text, "A %s that comes later than that%s is in no row: %s. ", what,
               overlap(&plan->window) ? " for all of its windows" : "",
               plan->merge ? "its records are counted" : "it is counted");
}

static void explain_refinement(const struct plan *plan, struct buf *text)
{
    bool sessions = plan->window.kind == WINDOW_SESSION;
    if (!pane_refines(&plan->pane))
        return;
    if (plan->pane.mode == PANE_DISCARD)
        buf_puts(text, "Each row holds what is new since the last one. ");
    else if (plan->pane.mode == PANE_ACCUMULATE)
        buf_puts(text, sessions ? "Each row holds all so far, and replaces the one before of the "
                                  "same bounds; those of a session that has grown are others. "
                                : "Each row holds all so far, and replaces the one before. ");
    else
        buf_puts(text, sessions ? "Each row replaces the one before, which is taken back first "
                                  "(-U, +U; -D where its session has become another). "
                                : "Each row replaces the one before, which is taken back first "
                                  "(-U, +U). ");
}

/* With --partial. */
static void explain_states(const struct plan *plan, struct buf *text)
{
    const struct window_spec *w = &plan->window;
    buf_printf(text, "What is new in a %s is written %s. ",
               overlap(w) ? "slice, which windows share," : "window",
               w->kind == WINDOW_ALL ? "at the end of the input" : "when W passes its end");
    if (w->kind == WINDOW_ALL || plan->delay_all)
        return;
    if (plan->pane.lateness_ns > 0) {
        buf_puts(text, "For ");
        put_duration(text, plan->pane.lateness_ns);
        buf_puts(text, " more a window takes late records, each of which is written. ");
    }
    buf_puts(text, "A record that comes later than that is in no state: it is counted. ");
}

static void explain_rows(const struct plan *plan, struct buf *text)
{
    const struct pane_options *o = &plan->pane;
    if (plan->partial) {
        explain_states(plan, text);
        return;
    }
    explain_first_row(plan, text);
    if (o->early_count > 0)
        buf_printf(text, "Before, there are partial ones, each %llu records. ",
                   (unsigned long long)o->early_count);
    if (o->early_ns > 0) {
        buf_puts(text, "Before, there are partial ones, each ");
        put_duration(text, o->early_ns);
        buf_puts(text, " of event time, if something is new. ");
    }
    explain_late(plan, text);
    explain_refinement(plan, text);
    if (o->fill)
        buf_puts(text, "Windows without records have rows, too, from the first one of a key on. ");
    if (o->top > 0)
        buf_printf(text, "Of each window the %llu keys with the largest %s are printed. ",
                   (unsigned long long)o->top, plan->aggs[o->top_by].name);
}

static void explain_files(const struct plan *plan, struct buf *text)
{
    if (plan->partial)
        buf_puts(text, "The states of the aggregates, for --merge, to standard output. ");
    else
        buf_printf(text, "Rows go to %s. ",
                   plan->output_path == NULL ? "standard output" : plan->output_path);
    if (plan->late_path != NULL)
        buf_printf(text, "Records that came too late go to %s. ", plan->late_path);
    if (plan->bad_path != NULL)
        buf_printf(text, "Bad records go to %s. ", plan->bad_path);
}

/* A pipe that goes on where it ended, whatever was read of it. */
static void explain_loss(const struct plan *plan, struct buf *text)
{
    buf_puts(text, "The same command goes on from there, with what the pipe brings then: records "
                   "that a killed run had read since its last snapshot are lost with it. ");
    if (plan->output_path != NULL)
        buf_puts(text, "No row is written twice. ");
    else if (plan->hold)
        buf_puts(text, "Rows wait for the snapshot that covers them. ");
    else
        buf_puts(text, "Into a pipe the rows since the last snapshot may come twice. ");
}

static void explain_exactness(const struct plan *plan, struct buf *text)
{
    buf_puts(text, "The same command goes on from there, as if it had never stopped");
    if (plan->resume_continue && has_pipe(plan))
        buf_puts(text, ", however far back before that the pipe begins");
    else if (has_pipe(plan))
        buf_puts(text, ", where a pipe brings again what it brought before");
    if (plan->output_path != NULL)
        buf_puts(text, ": no row is lost or written twice. ");
    else if (plan->hold)
        buf_puts(text, ": rows wait for the snapshot that covers them. ");
    else
        buf_puts(text, ": no row is lost; into a pipe those since the last snapshot come twice. ");
}

static void explain_restart(const struct plan *plan, struct buf *text)
{
    if (plan->state_path == NULL) {
        buf_puts(text, "A run that is killed begins anew: there is no --state. ");
        return;
    }
    buf_printf(text, "A snapshot of everything goes to %s, ", plan->state_path);
    if (plan->checkpoint_records > 0)
        buf_printf(text, "each %llu records. ", (unsigned long long)plan->checkpoint_records);
    else {
        buf_puts(text, "each ");
        put_duration(text, plan->checkpoint_ns);
        buf_puts(text, ". ");
    }
    if (plan->resume_continue && !plan->has_position && has_pipe(plan))
        explain_loss(plan, text);
    else
        explain_exactness(plan, text);
    if (plan->at_eof_keep)
        buf_puts(text, "At the end of the input open windows stay open for the next run. ");
}

/* Functions whose state grows with the values. */
static bool grows(const struct agg *agg)
{
    static const char *const growing[] = {"median", "p", "distinct", "topk", "mode"};
    for (size_t i = 0; i < sizeof growing / sizeof growing[0]; i++)
        if (strcmp(agg->ops->name, growing[i]) == 0)
            return true;
    return false;
}

/* Not only the different ones. */
static bool keeps_all(const struct agg *agg)
{
    return strcmp(agg->ops->name, "median") == 0 || strcmp(agg->ops->name, "p") == 0;
}

static void explain_memory(const struct plan *plan, struct buf *text)
{
    buf_printf(text,
               "Grows with the windows that are open%s%s: about %zu bytes each, and the key. ",
               plan->pane.lateness_ns > 0 ? " or still take late records" : "",
               plan->n_keys > 0 ? ", times the keys in them" : "", plan->acc_bytes + 48);
    for (size_t i = 0; i < plan->n_aggs; i++)
        if (grows(&plan->aggs[i]))
            buf_printf(text, "%s keeps every %svalue. ", plan->aggs[i].name,
                       keeps_all(&plan->aggs[i]) ? "" : "different ");
    if (plan->has_dedup)
        buf_puts(text, plan->window.kind == WINDOW_ALL
                           ? "Ids are kept for good. "
                           : "Ids are kept until their windows have expired. ");
    if (plan->pane.fill)
        buf_puts(text, "--fill keeps every key. ");
    if (plan->max_state_bytes > 0)
        buf_printf(text, "Beyond %zu bytes the run ends (--max-state). ", plan->max_state_bytes);
    if (plan->delay_all)
        buf_puts(text, "With --delay all every window is open until the end. ");
}

void explain(const struct plan *plan, struct buf *to)
{
    static const struct {
        const char *label;
        void (*put)(const struct plan *plan, struct buf *text);
    } parts[] = {
        {"Input", explain_input},     {"Times", explain_times},     {"Windows", explain_windows},
        {"Results", explain_results}, {"Clock", explain_clock},     {"Rows", explain_rows},
        {"Output", explain_files},    {"Restart", explain_restart}, {"Memory", explain_memory},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct buf text = {0}, safe = {0};
        if (plan->merge && parts[i].put == explain_times)
            continue;
        parts[i].put(plan, &text);
        width_put_safe(&safe, text.data, text.len);
        put_paragraph(to, parts[i].label, &safe);
        buf_free(&text);
        buf_free(&safe);
    }
}
