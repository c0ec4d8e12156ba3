/*
 * cli/plan.c - from options as given to a plan that can run: fields, columns, and what fits
 * together.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/escape.h"
#include "base/memory.h"
#include "base/places.h"
#include "base/say.h"
#include "cli/options.h"
#include "input/reader.h"
#include "run/topic.h"
#include "run/unseen.h"

/* The names of CSV columns are taken whole; only JSON has paths. */
static bool read_path(const struct command *c, struct path *path, const char *typed,
                      const char *option, struct error *err)
{
    enum input_format format = c->plan.input.format;
    bool whole = reader_table[format].is_text;
    struct error why = {0};
    if ((whole ? path_parse_whole : path_parse)(path, typed, strlen(typed), &why))
        return true;
    return error_set(err, EXIT_USAGE, "%s: %s", option, why.text);
}

static bool finish_time(struct command *c, struct error *err)
{
    struct input_options *input = &c->plan.input;
    input->time = memory_calloc(c->time.n, sizeof *input->time);
    for (; input->n_time < c->time.n; input->n_time++)
        if (!read_path(c, &input->time[input->n_time], c->time.text[input->n_time], "--time", err))
            return false;
    input->time_format.zone = c->plan.zone;
    if (!time_format_finish(&input->time_format, c->year_from, err))
        return false;
    if (c->year_from != NULL && !time_format_needs_year(&input->time_format))
        say("--year-from has no effect: every time has a year");
    return true;
}

static void finish_columns(struct command *c)
{
    struct input_options *input = &c->plan.input;
    if (c->columns.n == 0)
        return;
    input->columns = memory_calloc(c->columns.n, sizeof *input->columns);
    for (; input->n_columns < c->columns.n; input->n_columns++) {
        const char *typed = c->columns.text[input->n_columns];
        input->columns[input->n_columns] = escape_undo(typed, strlen(typed));
    }
}

static void finish_nulls(struct command *c)
{
    struct input_options *input = &c->plan.input;
    input->nulls = memory_calloc(c->nulls.n + 1, sizeof *input->nulls);
    for (; input->n_nulls < c->nulls.n; input->n_nulls++)
        input->nulls[input->n_nulls] = memory_strdup(c->nulls.text[input->n_nulls]);
}

/* The column of a field that is read in one way: there is one, however often it is asked for. */
static bool plan_column(struct command *c, const char *typed, enum field_use use,
                        const char *option, size_t *column, struct error *err)
{
    struct input_options *input = &c->plan.input;
    struct path path;
    if (!read_path(c, &path, typed, option, err))
        return false;
    *column = input->n_fields;
    if (!places_enter(&c->fields[use], path.escaped, strlen(path.escaped), column)) {
        path_free(&path);
        return true;
    }
    input->fields = memory_realloc(input->fields, (input->n_fields + 1) * sizeof *input->fields);
    input->fields[input->n_fields++] = (struct field){.path = path, .use = use};
    return true;
}

/* [NAME=]FIELD */
static bool read_key(struct command *c, const char *typed, struct field *field, char **name,
                     struct error *err)
{
    size_t name_len = escape_span(typed, "=");
    bool named = typed[name_len] == '=';
    if (named && name_len == 0)
        return error_set(err, EXIT_USAGE, "--key '%s': the name before '=' is empty", typed);
    field->use = FIELD_KEY;
    if (!read_path(c, &field->path, named ? typed + name_len + 1 : typed, "--key", err))
        return false;
    *name = named ? escape_undo(typed, name_len) : memory_strdup(field->path.text);
    return true;
}

static bool finish_keys(struct command *c, struct error *err)
{
    struct plan *plan = &c->plan;
    struct input_options *input = &plan->input;
    plan->key_names = memory_calloc(c->keys.n, sizeof *plan->key_names);
    input->fields = memory_calloc(c->keys.n, sizeof *input->fields);
    for (; plan->n_keys < c->keys.n; plan->n_keys++, input->n_fields++)
        if (!read_key(c, c->keys.text[plan->n_keys], &input->fields[plan->n_keys],
                      &plan->key_names[plan->n_keys], err))
            return false;
    return true;
}

/* Finds or adds the column that the aggregate reads. */
static bool finish_input_of(struct command *c, struct agg *agg, struct error *err)
{
    static const enum field_use uses[] = {
        [AGG_PRESENCE] = FIELD_PRESENCE, [AGG_NUMBER] = FIELD_NUMBER, [AGG_VALUE] = FIELD_VALUE};
    return agg->input == AGG_NO_INPUT ||
           plan_column(c, agg->field, uses[agg->input], "--agg", &agg->column, err);
}

struct condition_context {
    struct command *command;
    const char *option;
};

static bool condition_column(void *context, const char *field, size_t *column, struct error *err)
{
    struct condition_context *of = context;
    return plan_column(of->command, field, FIELD_CONDITION, of->option, column, err);
}

static struct condition *read_condition(struct command *c, const char *text, const char *option,
                                        struct error *err)
{
    struct condition_context of = {c, option};
    const struct condition_columns columns = {condition_column, &of};
    struct error why = {0};
    struct condition *condition = condition_parse(text, &columns, &why);
    if (condition == NULL)
        error_set(err, EXIT_USAGE, "%s %s", option, why.text);
    return condition;
}

static bool finish_where(struct command *c, struct error *err)
{
    struct plan *plan = &c->plan;
    struct verdict_rules *rules = &plan->rules;
    plan->where = memory_calloc(c->where.n, sizeof *plan->where);
    rules->where = memory_calloc(c->where.n, sizeof(struct condition *));
    for (; rules->n_where < c->where.n; rules->n_where++) {
        const char *text = c->where.text[rules->n_where];
        struct condition *condition = read_condition(c, text, "--where", err);
        if (condition == NULL)
            return false;
        rules->where[rules->n_where] = condition;
        plan->where[rules->n_where] = memory_strdup(text);
    }
    return true;
}

/* The same text is the same condition: it is asked once. */
static bool finish_condition(struct command *c, struct agg *agg, struct error *err)
{
    struct plan *plan = &c->plan;
    struct verdict_rules *rules = &plan->rules;
    if (agg->condition_text == NULL)
        return true;
    for (const struct agg *other = plan->aggs; other < agg; other++) {
        if (other->condition_text != NULL &&
            strcmp(other->condition_text, agg->condition_text) == 0) {
            agg->condition = other->condition;
            return true;
        }
    }
    if (rules->n_conditions == AGG_MOST_CONDITIONS)
        return error_set(err, EXIT_USAGE, "--agg: expected at most %d different conditions",
                         AGG_MOST_CONDITIONS);
    struct condition *condition = read_condition(c, agg->condition_text, "--agg", err);
    if (condition == NULL)
        return false;
    agg->condition = (int)rules->n_conditions;
    rules->conditions[rules->n_conditions++] = condition;
    return true;
}

/* The clocks that W follows. */
static bool finish_clocks(struct command *c, struct error *err)
{
    struct plan *plan = &c->plan;
    if (plan->sources > 0 && c->source == NULL)
        return error_set(err, EXIT_USAGE,
                         "--sources: expected --source FIELD beside it, found none");
    const char *given = plan->sources > 0         ? "--sources"
                        : plan->idle_ns > 0       ? "--idle-timeout"
                        : plan->pane.early_ns > 0 ? "--early"
                                                  : NULL;
    if (plan->delay_all && given != NULL)
        return error_set(err, EXIT_USAGE,
                         "%s: expected a --delay that ends before the input does, found "
                         "--delay all",
                         given);
    plan->has_dedup = c->dedup != NULL;
    if (plan->has_dedup &&
        !plan_column(c, c->dedup, FIELD_VALUE, "--dedup", &plan->dedup_column, err))
        return false;
    plan->has_position = c->position != NULL;
    if (plan->has_position &&
        !plan_column(c, c->position, FIELD_NUMBER, "--position", &plan->position_column, err))
        return false;
    plan->has_source = c->source != NULL;
    return c->source == NULL ||
           plan_column(c, c->source, FIELD_VALUE, "--source", &plan->source_column, err);
}

/* Which values must be good: those of keys, and of aggregates where they take the record. */
static void finish_rules(struct plan *plan)
{
    struct verdict_rules *rules = &plan->rules;
    if (rules->n_where + rules->n_conditions + plan->has_dedup + plan->has_position == 0)
        return;
    plan->input.defer_bad = true;
    rules->columns = memory_calloc(plan->input.n_fields, sizeof *rules->columns);
    for (size_t i = 0; i < plan->n_keys; i++)
        rules->columns[i].always = true;
    if (plan->has_dedup)
        rules->columns[plan->dedup_column].always = true;
    if (plan->has_position) {
        struct verdict_column *column = &rules->columns[plan->position_column];
        column->must = plan->input.fields[plan->position_column].path.text;
        column->of_clock = true;
        plan->input.keep_timeless = true;
    }
    if (plan->has_source)
        rules->columns[plan->source_column].of_clock = true;
    for (size_t i = 0; i < plan->n_aggs; i++) {
        const struct agg *agg = &plan->aggs[i];
        if (agg->input == AGG_NO_INPUT)
            continue;
        if (agg->condition == AGG_ALL_RECORDS)
            rules->columns[agg->column].always = true;
        else
            rules->columns[agg->column].if_met |= UINT64_C(1) << agg->condition;
    }
}

static bool finish_aggs(struct command *c, struct error *err)
{
    struct plan *plan = &c->plan;
    plan->aggs = memory_calloc(c->aggs.n, sizeof *plan->aggs);
    plan->rules.conditions = memory_calloc(AGG_MOST_CONDITIONS, sizeof(struct condition *));
    for (size_t i = 0; i < c->aggs.n; i++) {
        if (!agg_parse(&plan->aggs[i], c->aggs.text[i], err))
            return false;
        plan->n_aggs++;
        if (!finish_input_of(c, &plan->aggs[i], err) || !finish_condition(c, &plan->aggs[i], err))
            return false;
    }
    plan->acc_bytes = agg_layout(plan->aggs, plan->n_aggs);
    return true;
}

enum { SQL_NAME_BYTES = 63 }; /* PostgreSQL cuts what is longer */

/* Names that SQL would take for one, though they differ, or would cut. */
static bool check_sql_names(const char **names, size_t n, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (strlen(names[i]) > SQL_NAME_BYTES)
            return error_set(err, EXIT_USAGE,
                             "-o sql: expected names of columns of at most %d bytes, found '%s'",
                             SQL_NAME_BYTES, names[i]);
        for (size_t k = 0; k < i; k++)
            if (strcasecmp(names[i], names[k]) == 0 && strcmp(names[i], names[k]) != 0)
                return error_set(err, EXIT_USAGE,
                                 "-o sql: expected names of columns that differ by more than case, "
                                 "found '%s' and '%s'",
                                 names[k], names[i]);
    }
    return true;
}

/* Two columns of one name would make JSON rows that readers take for one. */
static bool check_names(const struct plan *plan, struct error *err)
{
    bool sql = plan->output_format == OUTPUT_SQL;
    const char **names = memory_calloc(plan->n_keys + plan->n_aggs + 6, sizeof *names);
    size_t n = 0;
    if (plan->pane.mode == PANE_RETRACT && !sql)
        names[n++] = "op";
    names[n++] = "window_start";
    names[n++] = "window_end";
    if (plan->panes) {
        names[n++] = "pane";
        names[n++] = "timing";
    }
    if (plan->id != PANE_ID_NONE)
        names[n++] = "id";
    for (size_t i = 0; i < plan->n_keys; i++)
        names[n++] = plan->key_names[i];
    for (size_t i = 0; i < plan->n_aggs; i++)
        names[n++] = plan->aggs[i].name;
    bool ok = !sql || check_sql_names(names, n, err);
    struct places places = {0};
    for (size_t i = 0; ok && i < n; i++) {
        size_t place = i;
        if (!places_enter(&places, names[i], strlen(names[i]), &place))
            ok = error_set(err, EXIT_USAGE,
                           "expected a name of its own for each output column, found '%s' "
                           "twice (NAME= before a function or a key names its column)",
                           names[i]);
    }
    places_free(&places);
    free(names);
    return ok;
}

static bool check_fill(const struct command *c, struct error *err)
{
    enum window_kind kind = c->plan.window.kind;
    bool may = kind == WINDOW_TUMBLING || kind == WINDOW_SLIDING || kind == WINDOW_CALENDAR;
    return !c->plan.pane.fill || may || c->no_window ||
           error_set(err, EXIT_USAGE,
                     "--fill: expected tumbling, sliding or calendar windows, found -w %s",
                     c->window);
}

/* A window is ranked once, when it is whole. */
static bool finish_top(struct command *c, struct error *err)
{
    struct plan *plan = &c->plan;
    const struct pane_options *pane = &plan->pane;
    const char *given = c->early                                ? "--early"
                        : pane->lateness_ns > 0 && !pane->final ? "--lateness without --final"
                        : plan->window.kind == WINDOW_SESSION   ? "sessions"
                                                                : NULL;
    if (pane->top == 0)
        return true;
    if (given != NULL)
        return error_set(err, EXIT_USAGE,
                         "--top: expected windows that fire once for all keys, found %s", given);
    char *name = c->top_by == NULL ? NULL : escape_undo(c->top_by, strlen(c->top_by));
    size_t i = 0;
    while (name != NULL && i < plan->n_aggs && strcmp(plan->aggs[i].name, name) != 0)
        i++;
    free(name);
    if (i == plan->n_aggs)
        return error_set(err, EXIT_USAGE, "--top: expected the name of an aggregate, found '%s'",
                         c->top_by);
    if (plan->aggs[i].type == AGG_ANY)
        return error_set(err, EXIT_USAGE,
                         "--top: expected an aggregate that is a number by nature, found '%s'",
                         plan->aggs[i].name);
    plan->pane.top_by = i;
    return true;
}

static bool check_triggers(const struct command *c, struct error *err)
{
    const struct pane_options *pane = &c->plan.pane;
    if (pane->final && c->early)
        return error_set(err, EXIT_USAGE,
                         "--final prints one result per window, --early several: expected one of "
                         "the two, found both");
    if (pane->final && c->late_every)
        return error_set(err, EXIT_USAGE,
                         "--final prints one result per window, --late-every several: expected "
                         "one of the two, found both");
    if (c->offset && c->plan.window.kind == WINDOW_CALENDAR)
        return error_set(err, EXIT_USAGE,
                         "--offset: expected a window of a fixed length, found the calendar's '%s' "
                         "(--tz moves it)",
                         c->window);
    return true;
}

static void say_no_effect(const struct command *c, const char *option)
{
    if (!c->no_window)
        say("%s has no effect on -w %s", option, c->window);
}

/* What changes nothing is said, and then taken as not given. */
static void drop_without_effect(struct command *c)
{
    struct plan *plan = &c->plan;
    bool all = plan->window.kind == WINDOW_ALL;
    if (c->offset && (all || plan->window.kind == WINDOW_SESSION)) {
        say_no_effect(c, "--offset");
        plan->window.offset_ns = 0;
    }
    if (!all && c->late_every && plan->pane.lateness_ns == 0)
        say("--late-every has no effect without --lateness");
    if (!all)
        return;
    if (plan->pane.lateness_ns > 0)
        say_no_effect(c, "--lateness");
    if (plan->pane.final)
        say_no_effect(c, "--final");
    if (c->late_every)
        say_no_effect(c, "--late-every");
    plan->pane.lateness_ns = 0;
    plan->pane.final = false;
    plan->pane.late_every = 0;
}

/* A table for people, unless JSON is asked for. */
static bool check_advise(struct command *c, struct error *err)
{
    struct plan *plan = &c->plan;
    if (!plan->advise)
        return true;
    if (plan->state_path != NULL)
        return error_set(err, EXIT_USAGE, "--advise keeps nothing: expected no --state beside it");
    if (c->output_format && plan->output_format != OUTPUT_JSON)
        return error_set(err, EXIT_USAGE,
                         "--advise: expected -o json, or no -o for a table, found another -o");
    plan->advise_json = c->output_format;
    c->no_window = c->window == NULL;
    if (c->no_window)
        c->window = "all"; /* it changes nothing */
    return true;
}

/* What is explained are rows. */
static bool check_explain(const struct plan *plan, struct error *err)
{
    if (plan->explain == EXPLAIN_NOT || (plan->inspect_path == NULL && !plan->advise))
        return true;
    return error_set(err, EXIT_USAGE,
                     "--explain says what a run would print: expected no --%s beside it",
                     plan->advise ? "advise" : "inspect");
}

/* Nothing is read but a snapshot, and nothing else is done. */
static bool check_inspect(const struct command *c, struct error *err)
{
    struct buf idle = {0};
    size_t n = 0;
    if (c->plan.n_inputs > 0) {
        const char *path = c->plan.input_paths[0];
        return error_set(err, EXIT_USAGE,
                         "--inspect prints a snapshot and reads no input: expected no FILE beside "
                         "it, found '%s'",
                         path == NULL ? "-" : path);
    }
    for (size_t i = 0; i < c->given.n; i++)
        if (strcmp(c->given.at[i]->name, "inspect") != 0)
            buf_printf(&idle, "%s--%s", n++ > 0 ? ", " : "", c->given.at[i]->name);
    if (n > 0)
        say("%s %s no effect beside --inspect", buf_cstr(&idle), n == 1 ? "has" : "have");
    buf_free(&idle);
    return true;
}

enum { CHECKPOINT_DEFAULT_S = 10 };

static bool finish_state(struct command *c, struct error *err)
{
    struct plan *plan = &c->plan;
    plan->at_eof_keep = c->at_eof == 1;
    plan->resume_continue = c->resume == 1;
    plan->verify_full = c->verify == 1;
    if (plan->follow && c->at_eof_given)
        return error_set(
            err, EXIT_USAGE,
            "--follow: a FILE that is followed has no end: expected no --at-eof, found "
            "one");
    for (size_t i = 0; plan->follow && i < (plan->n_inputs > 0 ? plan->n_inputs : 1); i++)
        if (plan->n_inputs == 0 || plan->input_paths[i] == NULL)
            return error_set(err, EXIT_USAGE, "--follow: expected FILEs, found stdin");
    const char *given = plan->at_eof_keep ? "--at-eof keep"
                        : c->checkpoint   ? "--checkpoint"
                        : plan->hold      ? "--hold"
                        : c->resume != 0  ? "--resume"
                        : c->verify != 0  ? "--verify"
                                          : NULL;
    if (plan->state_path == NULL && given != NULL)
        return error_set(err, EXIT_USAGE, "%s: expected --state FILE beside it, found none", given);
    if (!c->checkpoint)
        plan->checkpoint_ns = (int64_t)CHECKPOINT_DEFAULT_S * 1000000000;
    return true;
}

static bool check_chart(const struct plan *plan, struct error *err)
{
    const char *given = plan->state_path != NULL    ? "--state"
                        : plan->output_path != NULL ? "--output"
                        : plan->hold                ? "--hold"
                                                    : NULL;
    return plan->output_format != OUTPUT_CHART || given == NULL ||
           error_set(err, EXIT_USAGE,
                     "-o chart is drawn for who looks at it: expected no %s beside it, found one",
                     given);
}

/* A result replaces the one before by its id; in discard mode each pane is a row of its own. */
static bool finish_sql(struct plan *plan, struct error *err)
{
    if (plan->output_format != OUTPUT_SQL)
        return true;
    bool retract = plan->pane.mode == PANE_RETRACT;
    if (plan->window.kind == WINDOW_SESSION && pane_refines(&plan->pane) && !retract)
        return error_set(err, EXIT_USAGE,
                         "-o sql: expected -m retract beside sessions that can fire more than "
                         "once, for a session that grows is another row; found none");
    plan->id = plan->pane.mode == PANE_DISCARD ? PANE_ID_ROW : PANE_ID_WINDOW;
    return true;
}

static bool is_given(const struct command *c, const struct option *option)
{
    for (size_t i = 0; i < c->given.n; i++)
        if (c->given.at[i] == option)
            return true;
    return false;
}

/* As texts, for snapshots: each row of the table that can change a result. */
static void finish_options(struct command *c)
{
    struct plan *plan = &c->plan;
    struct buf value = {0};
    for (const struct option_group *group = option_groups; group->heading != NULL; group++)
        for (size_t i = 0; i < OPTIONS_PER_GROUP && group->options[i].name != NULL; i++) {
            const struct option *option = &group->options[i];
            if (option->print == NULL)
                continue;
            value.len = 0;
            option->print(plan, option, &value);
            plan->options =
                memory_realloc(plan->options, (plan->n_options + 1) * sizeof *plan->options);
            plan->options[plan->n_options++] = (struct plan_option){
                option->name, memory_strdup(buf_cstr(&value)),
                option->side == SIDE_MERGE || option->side == SIDE_NEITHER, is_given(c, option)};
        }
    buf_free(&value);
}

static bool check_required(const struct command *c, struct error *err)
{
    if (c->time.n == 0 && !c->plan.merge)
        return error_set(err, EXIT_USAGE,
                         "expected -t FIELD, the field that holds the event time; found no -t");
    if (c->window == NULL)
        return error_set(err, EXIT_USAGE,
                         "expected -w WINDOW, like 1m, sliding:1h/5m or session:30m; found no -w");
    return true;
}

bool command_finish(struct command *c, struct error *err)
{
    struct plan *plan = &c->plan;
    if (!check_explain(plan, err) || !topic_check(plan, err))
        return false;
    if (plan->inspect_path != NULL)
        return check_inspect(c, err);
    if (!command_begin_merge(c, err) || !check_advise(c, err) || !check_required(c, err) ||
        !finish_state(c, err))
        return false;
    plan->window.zone = plan->zone;
    if (!window_parse(&plan->window, c->window, err) || !check_triggers(c, err) ||
        !check_fill(c, err))
        return false;
    drop_without_effect(c);
    if (plan->input.max_record_bytes == 0)
        plan->input.max_record_bytes = INPUT_MAX_RECORD_DEFAULT_BYTES;
    if (plan->pane.late_every == 0)
        plan->pane.late_every = 1;
    if (c->aggs.n == 0)
        texts_split(&c->aggs, "count");
    finish_columns(c);
    if (plan->input.format != INPUT_AUTO && !reader_table[plan->input.format].has_columns)
        unseen_say_columns(&plan->input);
    finish_nulls(c);
    if (!finish_time(c, err) || !finish_keys(c, err) || !finish_aggs(c, err) ||
        !finish_where(c, err) || !finish_clocks(c, err) || !finish_top(c, err))
        return false;
    finish_rules(plan);
    bool fires_again = plan->pane.lateness_ns > 0 || c->early;
    plan->panes = plan->panes || (fires_again && !plan->pane.final);
    if (!check_chart(plan, err) || !finish_sql(plan, err) || !check_names(plan, err))
        return false;
    finish_options(c);
    if (plan->merge)
        command_finish_merge(c);
    return true;
}
