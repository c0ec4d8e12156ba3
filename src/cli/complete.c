#include "cli/complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/memory.h"
#include "cli/options.h"
#include "cli/topics.h"
#include "input/names.h"
#include "source/source.h"
#include "time/zone.h"

enum { LOOK_BYTES = 1 << 16, LOOK_SLACK = 8, RECORD_BYTES = 16 << 20 };

struct completion {
    struct command c;  /* what the words before say */
    const char *file;  /* the first FILE that can be looked into, or NULL */
    const char *typed; /* the word at the cursor */
    size_t kept;       /* so much of it stays; what is offered takes the place of the rest */
    struct buf *to;
};

/* A line that a shell can read, and a terminal can show. */
static bool is_plain(const char *word)
{
    for (; *word != '\0'; word++)
        if ((unsigned char)*word < ' ' || *word == 0x7f)
            return false;
    return true;
}

/* One word, if what was typed is its beginning. */
static void offer(struct completion *at, const char *word, const char *doc)
{
    const char *rest = at->typed + at->kept;
    if (strncmp(word, rest, strlen(rest)) == 0 && is_plain(word) && is_plain(at->typed))
        buf_printf(at->to, "%.*s%s\t%s\n", (int)at->kept, at->typed, word, doc);
}

static void offer_word(void *to, const char *word)
{
    offer(to, word, "");
}

static void offer_files(struct completion *at, const struct option *option)
{
    (void)option;
    buf_printf(at->to, "\t%zu\n", at->kept);
}

/* The beginning of the file, unpacked. Only of regular ones that have a size: no pipe, no device,
   and nothing of /proc, may make a shell wait. */
static bool look_into(const char *path, struct buf *bytes, bool *ended)
{
    struct stat st;
    struct source source;
    struct error ignored = {0};
    *ended = false;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0 ||
        !source_open(&source, path, &ignored))
        return false;
    while (bytes->len < LOOK_BYTES && !*ended) {
        ssize_t n = source_read(&source, buf_reserve(bytes, LOOK_BYTES), LOOK_BYTES - bytes->len);
        *ended = n <= 0;
        bytes->len += n > 0 ? (size_t)n : 0;
    }
    source_close(&source);
    memset(buf_reserve(bytes, LOOK_SLACK), 0, LOOK_SLACK);
    return true;
}

/* The names of the fields, a NUL behind each. */
static void find_fields(struct completion *at, struct buf *names)
{
    struct input_options *options = &at->c.plan.input;
    struct buf bytes = {0};
    bool ended;
    options->max_record_bytes = RECORD_BYTES;
    options->columns =
        at->c.columns.n == 0 ? NULL : memory_calloc(at->c.columns.n, sizeof *options->columns);
    for (; options->n_columns < at->c.columns.n; options->n_columns++)
        options->columns[options->n_columns] = escape_undo(
            at->c.columns.text[options->n_columns], strlen(at->c.columns.text[options->n_columns]));
    if (at->file != NULL && look_into(at->file, &bytes, &ended))
        names_read(options, bytes.data, bytes.len, ended, names);
    buf_free(&bytes);
}

static void offer_fields(struct completion *at, const struct option *option)
{
    struct buf names = {0};
    (void)option;
    find_fields(at, &names);
    for (size_t i = 0; i < names.len; i += strlen(names.data + i) + 1)
        offer(at, names.data + i, "");
    buf_free(&names);
}

/* Behind the last comma. */
static void offer_list(struct completion *at, const struct option *option)
{
    for (size_t len; at->typed[at->kept + (len = escape_span(at->typed + at->kept, ","))] != '\0';)
        at->kept += len + 1;
    offer_fields(at, option);
}

/* Behind the last comma, and the NAME=. */
static void offer_keys(struct completion *at, const struct option *option)
{
    for (size_t len; at->typed[at->kept + (len = escape_span(at->typed + at->kept, ",="))] != '\0';)
        at->kept += len + 1;
    offer_fields(at, option);
}

/* Can it stand in a condition without quotes? */
static bool is_bare(const char *name)
{
    for (; *name != '\0'; name++)
        if (strchr(" \"()!<>~", *name) != NULL)
            return false;
    return true;
}

static bool is_one_of(const char *word, size_t len, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strlen(*words) == len && memcmp(*words, word, len) == 0)
            return true;
    return false;
}

/*
 * In a condition a FIELD stands at the beginning and behind these words; elsewhere nothing is
 * offered. Quotes are not followed: in a text that ends in such a word fields are offered for
 * nothing.
 */
static void offer_condition(struct completion *at, const struct option *option)
{
    static const char *const before[] = {"", "and", "or", "not", NULL};
    const char *start = at->typed + at->kept, *word = start, *last = start;
    size_t last_len = 0;
    (void)option;
    for (const char *p = start; *p != '\0'; p++) {
        if (*p != ' ' && *p != '(')
            continue;
        if (p > word || *p == '(') {
            last = word;
            last_len = *p == '(' ? 0 : (size_t)(p - word);
        }
        word = p + 1;
    }
    if (!is_one_of(last, last_len, before))
        return;
    struct buf names = {0}, quoted = {0};
    at->kept = (size_t)(word - at->typed);
    find_fields(at, &names);
    for (size_t i = 0; i < names.len; i += strlen(names.data + i) + 1) {
        const char *name = names.data + i;
        if (is_bare(name)) {
            offer(at, name, "");
        } else if (strpbrk(name, "\"\\") == NULL) {
            quoted.len = 0;
            buf_printf(&quoted, "\"%s\"", name);
            offer(at, buf_cstr(&quoted), "");
        }
    }
    buf_free(&names);
    buf_free(&quoted);
}

static void offer_function(struct completion *at, const struct agg_ops *ops)
{
    static const char *const ranks[] = {"50", "90", "95", "99", "99.9"};
    char word[64];
    if (ops->param == AGG_RANK_FIELD) {
        for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
            snprintf(word, sizeof word, "%s%s:", ops->name, ranks[i]);
            offer(at, word, ops->doc);
        }
        return;
    }
    bool alone = ops->param == AGG_OPTIONAL_FIELD;
    snprintf(word, sizeof word, "%s%s", ops->name,
             alone                              ? ""
             : ops->param == AGG_CONDITION_ONLY ? "["
                                                : ":");
    offer(at, word, ops->doc);
}

/* [NAME=]FUNCTION[:FIELD[:PARAM]][[COND]] behind the last comma that is in no COND. */
static void offer_aggs(struct completion *at, const struct option *option)
{
    for (size_t len; at->typed[at->kept + (len = agg_span(at->typed + at->kept))] != '\0';)
        at->kept += len + 1;
    size_t len = escape_span(at->typed + at->kept, "=:[");
    if (at->typed[at->kept + len] == '=') {
        at->kept += len + 1;
        len = escape_span(at->typed + at->kept, ":[");
    }
    const char *behind = at->typed + at->kept + len;
    if (*behind == '\0') {
        for (size_t i = 0; agg_table[i] != NULL; i++)
            offer_function(at, agg_table[i]);
        return;
    }
    size_t field_len = *behind == ':' ? escape_span(behind + 1, ":[") + 1 : 0;
    at->kept += len + 1;
    if (behind[field_len] == '\0') {
        offer_fields(at, option);
    } else if (behind[field_len] == '[') {
        at->kept += field_len;
        offer_condition(at, option);
    }
}

static void offer_zones(struct completion *at, const struct option *option)
{
    (void)option;
    zone_each(offer_word, at);
}

static void offer_windows(struct completion *at, const struct option *option)
{
    (void)option;
    window_each_word(offer_word, at);
}

static void offer_topics(struct completion *at, const struct option *option)
{
    (void)option;
    for (const struct topic *topic = topics; topic->name != NULL; topic++)
        offer(at, topic->name, "");
}

/* Words of the table, and those that the name of the argument lists: [=duckdb]. Of sql:TABLE only
   what is no name. */
static void offer_choices(struct completion *at, const struct option *option)
{
    char word[64];
    for (size_t i = 0; option->choices != NULL && option->choices[i] != NULL; i++) {
        const char *choice = option->choices[i], *colon = strchr(choice, ':');
        snprintf(word, sizeof word, "%.*s",
                 (int)(colon == NULL ? strlen(choice) : (size_t)(colon - choice) + 1), choice);
        offer(at, word, "");
    }
    if (option_takes(option) != TAKES_ATTACHED || option->choices != NULL)
        return;
    for (const char *p = option->arg + 2; *p != '\0'; p += strspn(p, ", ]")) {
        size_t len = strcspn(p, ", ]");
        snprintf(word, sizeof word, "%.*s", (int)len, p);
        offer(at, word, "");
        p += len;
    }
}

/* The name of the argument tells what it is; of others there is nothing to offer but words. */
static const struct {
    const char *arg;
    void (*offer)(struct completion *at, const struct option *option);
} kinds[] = {
    {"FILE", offer_files},         {"FIELD", offer_fields},
    {"FIELD[,FIELD]", offer_list}, {"[NAME=]FIELD,...", offer_keys},
    {"AGG,...", offer_aggs},       {"COND", offer_condition},
    {"ZONE", offer_zones},         {"WINDOW", offer_windows},
    {"[TOPIC]", offer_topics},
};

static void offer_value(struct completion *at, const struct option *option)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].arg, option->arg) == 0)
            kinds[i].offer(at, option);
    offer_choices(at, option);
}

static void offer_options(struct completion *at)
{
    char word[64];
    for (const struct option_group *group = option_groups; group->heading != NULL; group++) {
        for (const struct option *option = group->options; option->name != NULL; option++) {
            snprintf(word, sizeof word, "-%c", option->letter);
            if (option->letter != 0)
                offer(at, word, option->doc);
            snprintf(word, sizeof word, "--%s", option->name);
            offer(at, word, option->doc);
            if (option_takes(option) == TAKES_ATTACHED) {
                snprintf(word, sizeof word, "--%s=", option->name);
                offer(at, word, option->doc);
            }
        }
    }
}

static void note_file(struct completion *at, const char *word)
{
    struct stat st;
    if (at->file == NULL && strcmp(word, "-") != 0 && stat(word, &st) == 0 && S_ISREG(st.st_mode))
        at->file = word;
}

/*
 * Words before or behind the cursor: options into at->c, errors being the later run's business.
 * *ended: only FILEs can follow. Returns the option that has its argument in the word that follows
 * these, or may have it there, or NULL.
 */
static const struct option *take_words(struct completion *at, int n, char **words, bool *ended)
{
    struct error ignored = {0};
    for (int i = 0; i < n; i++) {
        const char *value;
        if (*ended || words[i][0] != '-' || words[i][1] == '\0') {
            note_file(at, words[i]);
            continue;
        }
        *ended = strcmp(words[i], "--") == 0;
        const struct option *option = *ended ? NULL : options_of_word(words[i], &value);
        if (option == NULL)
            continue;
        enum option_takes takes = option_takes(option);
        bool next = value == NULL && (takes == TAKES_WORD || takes == TAKES_OPTIONAL);
        if (next && i + 1 == n)
            return option;
        if (next)
            value = words[++i];
        if (takes == TAKES_NOTHING || value != NULL)
            option->parse(&at->c, option, value, &ignored);
    }
    return NULL;
}

static void offer_at(struct completion *at, bool ended, const struct option *of)
{
    const char *typed = at->typed, *value = NULL;
    bool is_option = !ended && typed[0] == '-';
    const struct option *option =
        is_option && typed[1] != '\0' ? options_of_word(typed, &value) : NULL;
    if (of != NULL && (option_takes(of) == TAKES_WORD || typed[0] != '-')) {
        offer_value(at, of);
    } else if (!is_option) {
        offer_files(at, NULL);
    } else if (option != NULL && option->arg != NULL && value != NULL) {
        at->kept = (size_t)(value - typed);
        offer_value(at, option);
    } else {
        offer_options(at);
    }
}

void complete(int n, char **words, struct buf *to)
{
    struct completion at = {.c = {.plan = {.input.time_format = {.form = TIME_AUTO}}}, .to = to};
    int cursor = n == 0 ? 0 : atoi(words[0]);
    bool ended = false, ended_behind = false;
    if (cursor < 1 || cursor >= n)
        return;
    at.typed = words[cursor];
    const struct option *of = take_words(&at, cursor - 1, words + 1, &ended);
    take_words(&at, n - cursor - 1, words + cursor + 1, &ended_behind);
    offer_at(&at, ended, of);
    command_free(&at.c);
    plan_free(&at.c.plan);
}
