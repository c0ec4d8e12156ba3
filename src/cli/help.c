#include <string.h>

#include "base/suggest.h"
#include "cli/options.h"
#include "cli/topics.h"

enum { DOC_COLUMN = 31, LINE_WIDTH = 79 };

static void help_option(struct buf *to, const struct option *option)
{
    size_t start = to->len;
    if (option->letter != 0)
        buf_printf(to, "  -%c, --%s", option->letter, option->name);
    else
        buf_printf(to, "      --%s", option->name);
    if (option->arg != NULL)
        buf_printf(to, "%s%s", option_takes(option) == TAKES_ATTACHED ? "" : " ", option->arg);
    do
        buf_putc(to, ' ');
    while (to->len - start < DOC_COLUMN);
    buf_printf(to, "%s\n", option->doc);
}

/* The quantiles are listed by their stem: p is p50, p99.9, ... */
static void help_function(struct buf *to, const struct agg_ops *ops, size_t *line_start)
{
    size_t len = strlen(ops->name);
    bool stem = strcmp(ops->name, "p") == 0 || strcmp(ops->name, "approx_p") == 0;
    if (to->len - *line_start + 1 + len + (stem ? 2 : 0) > LINE_WIDTH) {
        buf_puts(to, "\n ");
        *line_start = to->len - 1;
    }
    buf_printf(to, " %s%s", ops->name, stem ? "NN" : "");
}

void options_usage(struct buf *to)
{
    buf_puts(to, "Usage: winagg -t FIELD -w WINDOW [OPTION]... [FILE]...\n"
                 "  tail -F app.log | winagg -t ts -w 1m -k host -a count,p99:ms -d 5s\n"
                 "'winagg --help' lists the options, 'man winagg' says what they mean.\n");
}

void options_help(struct buf *to)
{
    buf_puts(to, "Usage: winagg -t FIELD -w WINDOW [OPTION]... [FILE]...  (no FILE, or -: stdin)\n"
                 "  tail -F app.log | winagg -t ts -w 1m -k host -a count,p99:ms -d 5s\n"
                 "  winagg -i combined -t time -w 1h -a 'share[status >= 500]' -o chart log\n"
                 "  winagg -t ts -w session:30m -k user -d all -o csv day-*.log.gz\n");
    for (const struct option_group *group = option_groups; group->heading != NULL; group++) {
        buf_printf(to, "%s:\n", group->heading);
        for (const struct option *option = group->options; option->name != NULL; option++)
            help_option(to, option);
    }
    buf_puts(to, "Topics of --help:");
    for (const struct topic *topic = topics; topic->name != NULL; topic++)
        buf_printf(to, " %s", topic->name);
    buf_putc(to, '\n');
    size_t line_start = to->len;
    buf_puts(to, "Functions:");
    for (size_t i = 0; agg_table[i] != NULL; i++)
        help_function(to, agg_table[i], &line_start);
    buf_putc(to, '\n');
}

static bool unknown_topic(const char *name, struct error *err)
{
    struct suggest nearest = {.typed = name};
    struct buf list = {0};
    for (const struct topic *topic = topics; topic->name != NULL; topic++) {
        suggest_offer(&nearest, topic->name);
        if (topic > topics)
            buf_puts(&list, topic[1].name == NULL ? " or " : ", ");
        buf_puts(&list, topic->name);
    }
    error_set(err, EXIT_USAGE, "--help: expected %s, found '%s'%s%s%s", buf_cstr(&list), name,
              nearest.best == NULL ? "" : "; did you mean '",
              nearest.best == NULL ? "" : nearest.best, nearest.best == NULL ? "" : "'?");
    buf_free(&list);
    return false;
}

bool options_topic(const char *name, struct buf *to, struct error *err)
{
    for (const struct topic *topic = topics; topic->name != NULL; topic++) {
        if (strcmp(topic->name, name) != 0)
            continue;
        for (size_t i = 0; topic->lines[i] != NULL; i++)
            buf_printf(to, "%s\n", topic->lines[i]);
        return true;
    }
    return unknown_topic(name, err);
}
