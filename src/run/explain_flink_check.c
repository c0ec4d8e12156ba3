/*
 * What --explain=flink-sql refuses: what Flink 2.3 was seen to do otherwise, or not at all.
 */
#include "run/explain_flink.h"

#include <string.h>

#include "base/number.h"
#include "input/reader.h"

enum { MS = 1000000, MOST_DAYS = 99999 };
static const int64_t day_ns = 86400000000000;

static bool refuse(const char *what, const char *why, struct error *err)
{
    return script_refuse("flink-sql", what, why, err);
}

static bool is_day(const struct window_spec *w)
{
    return w->kind == WINDOW_CALENDAR && w->unit <= CALENDAR_WEEK;
}

/* Do the clocks of --tz never change from 1970 on? */
static bool is_steady(const struct plan *plan)
{
    struct zone_span span = zone_span_at(plan->zone, 0);
    return span.to_s > INT64_MAX / 1000000000;
}

static bool is_hidden(const struct plan *plan)
{
    if (plan->n_inputs == 0 || plan->input_paths[0] == NULL || topic_of(plan) != NULL)
        return false;
    const char *slash = strrchr(plan->input_paths[0], '/');
    const char *name = slash == NULL ? plan->input_paths[0] : slash + 1;
    return *name == '.' || *name == '_';
}

static bool check_durations(const struct plan *plan, struct error *err)
{
    const struct window_spec *w = &plan->window;
    const int64_t all[] = {w->size_ns,   w->slide_ns,    w->gap_ns,
                           w->offset_ns, plan->delay_ns, plan->pane.lateness_ns};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i] % MS != 0)
            return refuse("a part of a millisecond", "its times have none", err);
        if (all[i] / day_ns > MOST_DAYS / 2)
            return refuse("a duration of more than 100 years", "its intervals end there", err);
    }
    return true;
}

/* A name at the top of a record. */
static bool is_named(const struct path *path, const char *name)
{
    return path->n_parts == 1 && strcmp(path->parts[0].name, name) == 0;
}

bool flink_is_own(const struct plan *plan, const struct path *path)
{
    return topic_of(plan) != NULL && ((plan->has_source && is_named(path, "partition")) ||
                                      (plan->has_position && is_named(path, "offset")));
}

/* Of a topic: its clocks are those of the partitions, its positions their offsets. */
static bool check_own(const struct plan *plan, struct error *err)
{
    const struct field *fields = plan->input.fields;
    if (plan->has_source && !plan->delay_all &&
        !flink_is_own(plan, &fields[plan->source_column].path))
        return refuse("--source with another FIELD than partition",
                      "it has a clock for each partition", err);
    if (plan->has_position && !flink_is_own(plan, &fields[plan->position_column].path))
        return refuse("--position with another FIELD than offset", "it goes by Kafka's offsets",
                      err);
    return true;
}

bool flink_is_grouped(const struct plan *plan)
{
    const struct window_spec *w = &plan->window;
    return w->kind == WINDOW_SESSION || pane_refines(&plan->pane) ||
           (w->kind == WINDOW_SLIDING && w->size_ns % w->slide_ns != 0);
}

bool flink_check(const struct plan *plan, struct error *err)
{
    const struct pane_options *o = &plan->pane;
    const struct window_spec *w = &plan->window;
    bool late = pane_refines(o);
    const struct script_refusal refused[] = {
        {plan->n_inputs == 0 || plan->input_paths[0] == NULL, "standard input",
         "a table reads a FILE or a topic, kafka://BROKER/TOPIC"},
        {plan->n_inputs > 1, "several FILEs", "a table has one path"},
        {is_hidden(plan), "a FILE whose name begins with . or _", "it does not see such files"},
        {o->early_count > 0 || o->early_ns > 0, "--early", "its early rows follow the wall clock"},
        {late && o->mode != PANE_RETRACT, "--lateness without --mode retract or --final",
         "its refinements take back the row before"},
        {late && o->late_every > 1, "--late-every", "each late record makes a row"},
        {late && w->kind == WINDOW_SESSION, "sessions with --lateness", "its sessions fire once"},
        {late && w->kind == WINDOW_CUMULATE, "cumulate with --lateness",
         "its cumulating windows fire once"},
        {w->kind == WINDOW_CALENDAR && !is_day(w), "a month, a quarter or a year",
         "its windows have one length"},
        {w->kind == WINDOW_SESSION && w->gap_ns <= MS, "a gap of a millisecond",
         "its sessions join at exactly the gap"},
        {is_day(w) && !is_steady(plan), "a day of a zone whose clocks change",
         "its windows have one length"},
        {o->top > 0 && flink_is_grouped(plan), "--top with a SIZE that is no multiple of SLIDE",
         "it ranks those row by row"},
    };
    static const char *const by_arrival[] = {"first", "last"};
    for (size_t i = 0; i < plan->n_aggs; i++)
        for (size_t k = 0; k < 2; k++)
            if (strcmp(plan->aggs[i].ops->name, by_arrival[k]) == 0)
                return refuse(by_arrival[k], "it goes by arrival, not by time", err);
    return script_check(plan, "flink-sql", err) &&
           script_refuse_any("flink-sql", refused, sizeof refused / sizeof refused[0], err) &&
           (topic_of(plan) == NULL || check_own(plan, err)) && check_durations(plan, err);
}

bool flink_check_sample(const struct plan *plan, const struct script_sample *sample,
                        struct error *err)
{
    const struct input_options *input = &plan->input;
    struct value number;
    bool csv = sample->format == INPUT_CSV;
    bool header = csv && !input->no_header && input->n_columns == 0 &&
                  number_parse(input->time[0].text, input->time[0].text_len, &number) == NUMBER_OK;
    const struct script_refusal refused[] = {
        {sample->n_good == 0, "a FILE that begins without a good record",
         "nothing tells what its columns are"},
        {csv && (plan->has_source || plan->has_position), "--source or --position in CSV",
         "a message has no such column"},
        {header, "a header that reads as a time", "it takes the header for a record"},
        {sample->format != INPUT_JSON && sample->format != INPUT_CSV, reader_names[sample->format],
         "it reads JSON lines and CSV"},
        {sample->packed, "a compressed FILE", "it goes by the name, not by the first bytes"},
        {sample->fine, "a time below the millisecond", "its times end there"},
        {sample->before_1970, "a time before 1970", "its clock begins there"},
        {sample->loose_times || sample->odd_times, "a time that is neither RFC 3339 nor a number",
         "it reads no other"},
        {sample->local_times && !is_steady(plan), "a local time of a zone whose clocks change",
         "its times without a zone are UTC"},
    };
    return script_refuse_any("flink-sql", refused, sizeof refused / sizeof refused[0], err) &&
           script_check_sample(plan, sample, "flink-sql", false, err);
}
