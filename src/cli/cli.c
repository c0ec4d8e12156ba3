#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/suggest.h"
#include "cli/complete.h"
#include "cli/options.h"

static bool unknown_option(const char *word, struct error *err)
{
    if (word[1] != '-')
        return error_set(err, EXIT_USAGE, "unknown option '-%c'", word[1]);
    char typed[64];
    snprintf(typed, sizeof typed, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    struct suggest nearest = {.typed = typed};
    for (const struct option_group *group = option_groups; group->heading != NULL; group++)
        for (const struct option *option = group->options; option->name != NULL; option++)
            suggest_offer(&nearest, option->name);
    if (nearest.best != NULL)
        return error_set(err, EXIT_USAGE, "unknown option '--%s'; did you mean '--%s'?", typed,
                         nearest.best);
    return error_set(err, EXIT_USAGE, "unknown option '--%s'", typed);
}

static void note_given(struct option_list *given, const struct option *option)
{
    for (size_t i = 0; i < given->n; i++)
        if (given->at[i] == option)
            return;
    given->at = memory_realloc(given->at, (given->n + 1) * sizeof *given->at);
    given->at[given->n++] = option;
}

/* One option that starts at argv[*i]; an argument of its own may be the next word. */
static bool take_option(struct command *c, int argc, char **argv, int *i, struct error *err)
{
    const char *value;
    const struct option *option = options_of_word(argv[*i], &value);
    if (option == NULL)
        return unknown_option(argv[*i], err);
    enum option_takes takes = option_takes(option);
    if (takes == TAKES_NOTHING && value != NULL)
        return error_set(err, EXIT_USAGE, "--%s: expected no argument, found '%s'", option->name,
                         value);
    if (takes == TAKES_OPTIONAL && value == NULL && *i + 1 < argc && argv[*i + 1][0] != '-')
        value = argv[++*i];
    if (takes == TAKES_WORD && value == NULL) {
        if (*i + 1 >= argc)
            return error_set(err, EXIT_USAGE,
                             "--%s: expected an argument (%s), found the end of the command line",
                             option->name, option->arg);
        value = argv[++*i];
    }
    note_given(&c->given, option);
    return option->parse(c, option, value, err);
}

static bool take_operand(struct command *c, const char *word, bool *stdin_seen, struct error *err)
{
    struct plan *plan = &c->plan;
    bool is_stdin = strcmp(word, "-") == 0;
    if (is_stdin && *stdin_seen)
        return error_set(err, EXIT_USAGE, "expected '-' (stdin) once, found it twice");
    *stdin_seen |= is_stdin;
    plan->input_paths =
        memory_realloc(plan->input_paths, (plan->n_inputs + 1) * sizeof *plan->input_paths);
    plan->input_paths[plan->n_inputs++] = is_stdin ? NULL : word;
    return true;
}

static bool take_all(struct command *c, int argc, char **argv, struct error *err)
{
    bool options_end = false, stdin_seen = false;
    for (int i = 1; i < argc && !c->help && !c->version; i++) {
        const char *word = argv[i];
        if (!options_end && strcmp(word, "--") == 0)
            options_end = true;
        else if (options_end || word[0] != '-' || word[1] == '\0') {
            if (!take_operand(c, word, &stdin_seen, err))
                return false;
        } else if (!take_option(c, argc, argv, &i, err))
            return false;
    }
    return true;
}

enum cli_action cli_parse(int argc, char **argv, struct plan *plan, struct buf *text,
                          struct error *err)
{
    struct command c = {.plan = {.input.time_format = {.form = TIME_AUTO}}};
    enum cli_action action = CLI_RUN;
    if (argc <= 1)
        action = CLI_ALONE;
    else if (strcmp(argv[1], "--complete") == 0)
        action = CLI_PRINT;
    else if (!take_all(&c, argc, argv, err))
        action = CLI_WRONG;
    else if (c.topic != NULL)
        action = options_topic(c.topic, text, err) ? CLI_PRINT : CLI_WRONG;
    else if (c.help || c.version)
        action = CLI_PRINT;
    else if (!command_finish(&c, err))
        action = CLI_WRONG;
    if (action == CLI_ALONE)
        options_usage(text);
    else if (action == CLI_PRINT && !c.help && !c.version)
        complete(argc - 2, argv + 2, text);
    else if (action == CLI_PRINT && c.help && c.topic == NULL)
        options_help(text);
    else if (action == CLI_PRINT && c.version)
        buf_puts(text, "winagg " WINAGG_VERSION "\n");
    command_free(&c);
    if (action != CLI_RUN)
        plan_free(&c.plan);
    *plan = c.plan;
    return action;
}
