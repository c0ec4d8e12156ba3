/*
 * --partial and --merge: what picks records goes with the one, what shapes results with the other,
 * which has the rest from the header of what it reads.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/memory.h"
#include "cli/options.h"
#include "run/merge.h"
#include "run/streams.h"

static bool check_sides(const struct command *c, struct error *err)
{
    const struct plan *plan = &c->plan;
    for (size_t i = 0; i < c->given.n; i++) {
        const struct option *option = c->given.at[i];
        if (option->side == SIDE_NEITHER)
            return error_set(err, EXIT_USAGE,
                             "--%s goes neither with --partial nor with --merge: expected one "
                             "without the other",
                             option->name);
        if (option->side == SIDE_PARTIAL && plan->merge)
            return error_set(err, EXIT_USAGE,
                             "--%s picks records: expected it beside --partial, where they are "
                             "read, found it beside --merge",
                             option->name);
        if (option->side == SIDE_MERGE && plan->partial)
            return error_set(err, EXIT_USAGE,
                             "--%s shapes results: expected it beside --merge, where they are "
                             "made, found it beside --partial",
                             option->name);
    }
    return true;
}

static bool is_given(const struct command *c, const char *name)
{
    for (size_t i = 0; i < c->given.n; i++)
        if (strcmp(c->given.at[i]->name, name) == 0)
            return true;
    return false;
}

/* As if it stood on the command line; the header lives as long as the plan. */
static bool take_option(struct command *c, const char *name, struct error *err)
{
    const char *value = streams_option(c->plan.header, name);
    const struct option *option = options_find(name, strlen(name));
    return value == NULL || option->parse(c, option, value, err);
}

static bool take_keys(struct command *c, struct error *err)
{
    size_t i;
    json_t *key;
    struct buf text = {0};
    json_array_foreach(json_object_get(c->plan.header, "keys"), i, key)
    {
        const char *name = json_string_value(key);
        if (name == NULL)
            break;
        text.len = 0;
        escape_put(&text, name, ".,:=[]");
        texts_add(&c->keys, buf_cstr(&text));
    }
    buf_free(&text);
    return i == json_array_size(json_object_get(c->plan.header, "keys")) ||
           error_set(err, EXIT_RUNTIME, "--merge: the header is damaged: expected names of keys");
}

/* Local days are those of the streams; --tz is for what is printed. */
static bool take_zone(struct command *c, struct error *err)
{
    const char *zone = streams_option(c->plan.header, "tz");
    bool given = is_given(c, "tz");
    if (given && c->plan.window.kind == WINDOW_CALENDAR &&
        strcmp(c->plan.tz, zone == NULL ? "UTC" : zone) != 0)
        return error_set(err, EXIT_USAGE,
                         "--tz: the days of the streams are those of %s: expected that zone or "
                         "none, found %s",
                         zone == NULL ? "UTC" : zone, c->plan.tz);
    return given || take_option(c, "tz", err);
}

bool command_begin_merge(struct command *c, struct error *err)
{
    struct plan *plan = &c->plan;
    if (!plan->partial && !plan->merge)
        return true;
    if (!check_sides(c, err))
        return false;
    if (!plan->merge)
        return true;
    if (!streams_look(plan, err) || !take_option(c, "window", err) ||
        !take_option(c, "offset", err) || !take_option(c, "agg", err) || !take_keys(c, err))
        return false;
    if (!is_given(c, "lateness") && !take_option(c, "lateness", err))
        return false;
    if (c->window != NULL && !window_parse(&plan->window, c->window, err))
        return false;
    return take_zone(c, err);
}

void command_finish_merge(struct command *c)
{
    struct plan *plan = &c->plan;
    struct input_options *input = &plan->input;
    struct buf path = {0};
    struct error ignored;
    for (size_t i = 0; i < input->n_fields; i++)
        path_free(&input->fields[i].path);
    free(input->fields);
    verdict_rules_free(&plan->rules);
    plan->rules = (struct verdict_rules){0};
    input->n_fields = plan->n_keys + MERGE_COLUMNS;
    input->fields = memory_calloc(input->n_fields, sizeof *input->fields);
    for (size_t i = 0; i < input->n_fields; i++) {
        bool is_key = i < plan->n_keys;
        path.len = 0;
        if (is_key)
            buf_printf(&path, "k.%zu", i);
        else
            buf_puts(&path, merge_fields[i - plan->n_keys].path);
        input->fields[i].use = is_key ? FIELD_KEY : merge_fields[i - plan->n_keys].use;
        path_parse(&input->fields[i].path, buf_cstr(&path), path.len, &ignored);
    }
    buf_free(&path);
    input->format = INPUT_JSON;
    input->defer_bad = input->keep_timeless = false;
    input->time_format.form = TIME_S;
    input->max_record_bytes = INPUT_MAX_RECORD_BYTES;
}
