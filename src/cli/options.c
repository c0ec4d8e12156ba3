#include "cli/options.h"
#include "input/reader.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "time/duration.h"

enum { MAX_RECORD_LIMIT_BYTES = 1 << 30, THREADS_LIMIT = 64 };

static void *field_at(struct command *c, const struct option *option)
{
    return (char *)c + option->at;
}

static bool parse_flag(struct command *c, const struct option *option, const char *value,
                       struct error *err)
{
    (void)value, (void)err;
    *(bool *)field_at(c, option) = true;
    return true;
}

static bool parse_text(struct command *c, const struct option *option, const char *value,
                       struct error *err)
{
    (void)err;
    *(const char **)field_at(c, option) = value;
    return true;
}

static bool parse_path(struct command *c, const struct option *option, const char *value,
                       struct error *err)
{
    if (*value == '\0')
        return error_set(err, EXIT_USAGE, "--%s: expected the name of a file, found ''",
                         option->name);
    if (strcmp(value, "-") == 0)
        return error_set(err, EXIT_USAGE,
                         "--%s: expected the name of a file, found '-' (./- is one)", option->name);
    return parse_text(c, option, value, err);
}

static bool parse_output(struct command *c, const struct option *option, const char *value,
                         struct error *err)
{
    bool is_stdout = strcmp(value, "-") == 0;
    return is_stdout ? parse_text(c, option, NULL, err) : parse_path(c, option, value, err);
}

/* The last list given counts. */
static bool parse_list(struct command *c, const struct option *option, const char *value,
                       struct error *err)
{
    (void)err;
    texts_free(field_at(c, option));
    texts_split(field_at(c, option), value);
    return true;
}

/* Lists given one after the other add up. */
static bool parse_more(struct command *c, const struct option *option, const char *value,
                       struct error *err)
{
    (void)err;
    texts_split(field_at(c, option), value);
    return true;
}

static bool parse_aggs(struct command *c, const struct option *option, const char *value,
                       struct error *err)
{
    (void)option, (void)err;
    texts_split_aggs(&c->aggs, value);
    return true;
}

/* Given several times, each counts. */
static bool parse_each(struct command *c, const struct option *option, const char *value,
                       struct error *err)
{
    (void)err;
    texts_add(field_at(c, option), value);
    return true;
}

static bool parse_choice(struct command *c, const struct option *option, const char *value,
                         struct error *err)
{
    struct buf words = {0};
    for (unsigned i = 0; option->choices[i] != NULL; i++) {
        if (strcmp(value, option->choices[i]) == 0) {
            buf_free(&words);
            /* Enums of non-negative constants are unsigned in every compiler we meet. */
            memcpy(field_at(c, option), &i, sizeof i);
            return true;
        }
        if (i > 0)
            buf_puts(&words, option->choices[i + 1] == NULL ? " or " : ", ");
        buf_puts(&words, option->choices[i]);
    }
    error_set(err, EXIT_USAGE, "--%s: expected %s, found '%s'", option->name, buf_cstr(&words),
              value);
    buf_free(&words);
    return false;
}

/* Decimal digits and nothing else, at most `max`. */
static bool read_count(const char *text, uint64_t max, uint64_t *n)
{
    *n = 0;
    if (*text == '\0')
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        uint64_t digit = (uint64_t)(*text - '0');
        if (digit > max || *n > (max - digit) / 10)
            return false;
        *n = *n * 10 + digit;
    }
    return *text == '\0';
}

static bool parse_duration(struct command *c, const struct option *option, const char *value,
                           struct error *err)
{
    char what[32] = "--";
    strncat(what, option->name, sizeof what - 3);
    bool signed_ok = strcmp(option->name, "offset") == 0;
    return duration_parse(value, signed_ok, field_at(c, option), what, err);
}

static bool parse_offset(struct command *c, const struct option *option, const char *value,
                         struct error *err)
{
    c->offset = true;
    return parse_duration(c, option, value, err);
}

static bool parse_delay(struct command *c, const struct option *option, const char *value,
                        struct error *err)
{
    c->plan.delay_all = strcmp(value, "all") == 0;
    c->plan.delay_ns = 0;
    return c->plan.delay_all || parse_duration(c, option, value, err);
}

static bool parse_positive(struct command *c, const struct option *option, const char *value,
                           struct error *err)
{
    if (!parse_duration(c, option, value, err))
        return false;
    if (*(const int64_t *)field_at(c, option) == 0)
        return error_set(err, EXIT_USAGE, "--%s: expected a duration above 0, found '%s'",
                         option->name, value);
    return true;
}

static bool parse_sources(struct command *c, const struct option *option, const char *value,
                          struct error *err)
{
    if (read_count(value, UINT32_MAX, &c->plan.sources) && c->plan.sources > 0)
        return true;
    return error_set(err, EXIT_USAGE,
                     "--%s: expected a number of sources from 1 to 4294967295, found '%s'",
                     option->name, value);
}

static bool parse_early(struct command *c, const struct option *option, const char *value,
                        struct error *err)
{
    struct pane_options *pane = &c->plan.pane;
    c->early = true;
    pane->early_count = 0;
    pane->early_ns = 0;
    if (value[strspn(value, "0123456789")] == '\0') {
        if (read_count(value, UINT32_MAX, &pane->early_count) && pane->early_count > 0)
            return true;
        return error_set(err, EXIT_USAGE,
                         "--early: expected a number of records from 1 to 4294967295 or a duration "
                         "like 10s, found '%s'",
                         value);
    }
    if (!duration_parse(value, false, &pane->early_ns, "--early", err))
        return false;
    if (pane->early_ns == 0)
        return error_set(err, EXIT_USAGE, "--%s: expected a duration above 0, found '%s'",
                         option->name, value);
    return true;
}

/* N[:NAME] */
static bool parse_top(struct command *c, const struct option *option, const char *value,
                      struct error *err)
{
    char digits[24];
    size_t len = strcspn(value, ":");
    snprintf(digits, sizeof digits, "%.*s", (int)(len < sizeof digits ? len : sizeof digits - 1),
             value);
    c->top_by = value[len] == ':' ? value + len + 1 : NULL;
    if (len < sizeof digits && read_count(digits, UINT32_MAX, &c->plan.pane.top) &&
        c->plan.pane.top > 0 && (c->top_by == NULL || *c->top_by != '\0'))
        return true;
    return error_set(err, EXIT_USAGE,
                     "--%s: expected N or N:NAME, N a number of rows from 1 to 4294967295, found "
                     "'%s'",
                     option->name, value);
}

static bool parse_late_every(struct command *c, const struct option *option, const char *value,
                             struct error *err)
{
    c->late_every = true;
    if (read_count(value, UINT32_MAX, &c->plan.pane.late_every) && c->plan.pane.late_every > 0)
        return true;
    return error_set(err, EXIT_USAGE,
                     "--%s: expected a number of records from 1 to 4294967295, found '%s'",
                     option->name, value);
}

static bool parse_checkpoint(struct command *c, const struct option *option, const char *value,
                             struct error *err)
{
    struct plan *plan = &c->plan;
    c->checkpoint = true;
    plan->checkpoint_ns = 0;
    plan->checkpoint_records = 0;
    if (value[strspn(value, "0123456789")] == '\0') {
        if (read_count(value, INT64_MAX, &plan->checkpoint_records) && plan->checkpoint_records > 0)
            return true;
    } else if (!duration_parse(value, false, &plan->checkpoint_ns, "--checkpoint", err)) {
        return false;
    } else if (plan->checkpoint_ns > 0) {
        return true;
    }
    return error_set(err, EXIT_USAGE,
                     "--%s: expected a number of records above 0 or a duration like 10s, found "
                     "'%s'",
                     option->name, value);
}

static bool parse_threads(struct command *c, const struct option *option, const char *value,
                          struct error *err)
{
    uint64_t n;
    if (!read_count(value, THREADS_LIMIT, &n))
        return error_set(err, EXIT_USAGE, "--%s: expected a number from 0 to %d, found '%s'",
                         option->name, THREADS_LIMIT, value);
    c->plan.threads = (unsigned)n;
    return true;
}

static bool parse_time_format(struct command *c, const struct option *option, const char *value,
                              struct error *err)
{
    (void)option;
    return time_format_add(&c->plan.input.time_format, value, err);
}

static bool parse_tz(struct command *c, const struct option *option, const char *value,
                     struct error *err)
{
    (void)option;
    zone_free(c->plan.zone);
    c->plan.tz = value;
    c->plan.zone = zone_open(value, err);
    return c->plan.zone != NULL;
}

static bool parse_help(struct command *c, const struct option *option, const char *value,
                       struct error *err)
{
    c->topic = value;
    return parse_flag(c, option, value, err);
}

static bool parse_row_id(struct command *c, const struct option *option, const char *value,
                         struct error *err)
{
    if (value != NULL && strcmp(value, "window") != 0)
        return error_set(err, EXIT_USAGE, "--%s: expected nothing or =window, found '%s'",
                         option->name, value);
    c->plan.id = value == NULL ? PANE_ID_ROW : PANE_ID_WINDOW;
    return true;
}

static const char *const explained_for[] = {"duckdb", "flink-sql", NULL};

static bool parse_explain(struct command *c, const struct option *option, const char *value,
                          struct error *err)
{
    if (value == NULL)
        c->plan.explain = EXPLAIN_WORDS;
    else if (strcmp(value, "duckdb") == 0)
        c->plan.explain = EXPLAIN_DUCKDB;
    else if (strcmp(value, "flink-sql") == 0)
        c->plan.explain = EXPLAIN_FLINK;
    else
        return error_set(err, EXIT_USAGE,
                         "--%s: expected nothing, =duckdb or =flink-sql, found '%s'", option->name,
                         value);
    return true;
}

/* At most SCHEMA.TABLE. */
static bool parse_sql_table(struct command *c, const char *table, struct error *err)
{
    const char *dot = strchr(table, '.');
    const char *last = dot == NULL ? table : dot + 1;
    if (dot == table || *last == '\0' || strchr(last, '.') != NULL)
        return error_set(err, EXIT_USAGE,
                         "--output-format: expected sql:TABLE or sql:SCHEMA.TABLE, found 'sql:%s'",
                         table);
    c->plan.output_format = OUTPUT_SQL;
    c->plan.sql_table = table;
    return true;
}

static bool parse_output_format(struct command *c, const struct option *option, const char *value,
                                struct error *err)
{
    c->output_format = true;
    if (strncmp(value, "sql:", 4) == 0)
        return parse_sql_table(c, value + 4, err);
    return parse_choice(c, option, value, err);
}

static bool parse_at_eof(struct command *c, const struct option *option, const char *value,
                         struct error *err)
{
    c->at_eof_given = true;
    return parse_choice(c, option, value, err);
}

static bool parse_comment(struct command *c, const struct option *option, const char *value,
                          struct error *err)
{
    if (strlen(value) != 1 || *value == '\n' || *value == '\r' || *value == '"')
        return error_set(err, EXIT_USAGE,
                         "--%s: expected one byte that is neither a quote nor a line's end, found "
                         "'%s'",
                         option->name, value);
    c->plan.input.comment = *value;
    return true;
}

static bool parse_delimiter(struct command *c, const struct option *option, const char *value,
                            struct error *err)
{
    if (strcmp(value, "\\t") == 0 || strcmp(value, "tab") == 0)
        value = "\t";
    if (strlen(value) != 1 || strchr("\"\r\n", *value) != NULL)
        return error_set(err, EXIT_USAGE,
                         "--%s: expected one byte that is no quote and no line end (or tab), "
                         "found '%s'",
                         option->name, value);
    c->plan.input.delimiter = *value;
    return true;
}

/* Units as GNU tools have them: k and KiB are 1024, kB is 1000. */
static const struct {
    const char *name;
    uint64_t bytes;
} size_units[] = {
    {"", 1},        {"B", 1},         {"k", 1 << 10},     {"K", 1 << 10},   {"KiB", 1 << 10},
    {"M", 1 << 20}, {"MiB", 1 << 20}, {"G", 1 << 30},     {"GiB", 1 << 30}, {"kB", 1000},
    {"KB", 1000},   {"MB", 1000000},  {"GB", 1000000000},
};

static bool read_size(const char *value, uint64_t max, size_t *size)
{
    char digits[24];
    uint64_t n;
    size_t n_digits = strspn(value, "0123456789");
    if (n_digits >= sizeof digits)
        return false;
    memcpy(digits, value, n_digits);
    digits[n_digits] = '\0';
    for (size_t i = 0; i < sizeof size_units / sizeof *size_units; i++) {
        uint64_t bytes = size_units[i].bytes;
        if (strcmp(value + n_digits, size_units[i].name) != 0)
            continue;
        if (!read_count(digits, max / bytes, &n))
            return false;
        *size = (size_t)(n * bytes);
        return n > 0;
    }
    return false;
}

static bool parse_max_record(struct command *c, const struct option *option, const char *value,
                             struct error *err)
{
    if (read_size(value, MAX_RECORD_LIMIT_BYTES, &c->plan.input.max_record_bytes))
        return true;
    return error_set(err, EXIT_USAGE,
                     "--%s: expected a size from 1 byte to 1GiB, like 64k or 16MiB, found '%s'",
                     option->name, value);
}

static bool parse_max_state(struct command *c, const struct option *option, const char *value,
                            struct error *err)
{
    if (read_size(value, SIZE_MAX, &c->plan.max_state_bytes))
        return true;
    return error_set(err, EXIT_USAGE, "--%s: expected a size, like 500MiB or 4G, found '%s'",
                     option->name, value);
}

static const char *const output_formats[] = {"json",  "csv",       "tsv", "table",
                                             "chart", "sql:TABLE", NULL};
static const char *const time_units[] = {"rfc3339", "s", "ms", "us", "ns", "local", NULL};
static const char *const at_eof_actions[] = {"flush", "keep", NULL};
static const char *const resume_actions[] = {"skip", "continue", NULL};
static const char *const verify_depths[] = {"quick", "full", NULL};
static const char *const delays[] = {"all", NULL};
static const char *const modes[] = {"accumulate", "discard", "retract", NULL};

#define AT(member) offsetof(struct command, member)

const struct option_group option_groups[] = {
    {"Event time",
     {{'t', "time", "FIELD[,FIELD]", "where the event time stands (required)", parse_list, AT(time),
       NULL, print_time, SIDE_PARTIAL},
      {0, "time-format", "FORMAT", "auto (default), s, ms, us, ns or a %-pattern",
       parse_time_format, 0, time_format_names, print_time_format, SIDE_PARTIAL},
      {0, "year-from", "DATE", "times without a year are from here on", parse_text, AT(year_from),
       NULL, NULL, SIDE_PARTIAL},
      {0, "tz", "ZONE", "of times that carry none, and of calendars (UTC)", parse_tz, 0, NULL,
       print_tz, SIDE_ANY},
      {'d', "delay", "DURATION", "how far out of order records come (0), or all", parse_delay,
       AT(plan.delay_ns), delays, print_delay, SIDE_PARTIAL},
      {0, "source", "FIELD", "a clock for each value; the slowest counts", parse_text, AT(source),
       NULL, print_source, SIDE_PARTIAL},
      {0, "sources", "N", "the clock waits for so many of them", parse_sources, 0, NULL,
       print_sources, SIDE_PARTIAL},
      {0, "max-jump", "DURATION", "a time so far ahead moves no clock, ten do", parse_positive,
       AT(plan.max_jump_ns), NULL, print_duration, SIDE_PARTIAL},
      {0, "idle-timeout", "DURATION", "a source so long silent holds nothing back", parse_positive,
       AT(plan.idle_ns), NULL, print_duration, SIDE_PARTIAL},
      {0, "follow", NULL, "wait at the ends of FILEs, as tail -F does", parse_flag, AT(plan.follow),
       NULL, NULL, SIDE_PARTIAL}}},
    {"Windows and results",
     {{'w', "window", "WINDOW", "SIZE, sliding:SIZE/SLIDE, session:GAP, all, ...", parse_text,
       AT(window), NULL, print_window, SIDE_PARTIAL},
      {0, "offset", "DURATION", "shifts windows of a fixed length", parse_offset,
       AT(plan.window.offset_ns), NULL, print_offset, SIDE_PARTIAL},
      {'k', "key", "[NAME=]FIELD,...", "group by these fields", parse_more, AT(keys), NULL,
       print_key, SIDE_PARTIAL},
      {'a', "agg", "AGG,...", "[NAME=]FUNCTION[:FIELD[:PARAM]][[COND]] (count)", parse_aggs, 0,
       NULL, print_agg, SIDE_PARTIAL},
      {0, "where", "COND", "only records that meet it, like 'status >= 500'", parse_each, AT(where),
       NULL, print_where, SIDE_PARTIAL},
      {0, "dedup", "FIELD", "use a record of an id once", parse_text, AT(dedup), NULL, print_dedup,
       SIDE_NEITHER}}},
    {"When windows fire",
     {{'l', "lateness", "DURATION", "how long a closed window takes late records (0)",
       parse_duration, AT(plan.pane.lateness_ns), NULL, print_duration, SIDE_ANY},
      {'m', "mode", "MODE", "accumulate (default), discard or retract", parse_choice,
       AT(plan.pane.mode), modes, print_choice, SIDE_MERGE},
      {0, "early", "N or DURATION", "partial results, by records or by event time", parse_early, 0,
       NULL, print_early, SIDE_NEITHER},
      {0, "late-every", "N", "a late result after N late records (1)", parse_late_every, 0, NULL,
       print_late_every, SIDE_NEITHER},
      {0, "final", NULL, "one result, when nothing can change it", parse_flag, AT(plan.pane.final),
       NULL, print_flag, SIDE_MERGE},
      {0, "fill", NULL, "rows for windows without records, too", parse_flag, AT(plan.pane.fill),
       NULL, print_flag_if_set, SIDE_MERGE},
      {0, "top", "N[:NAME]", "of a window the N keys with the largest NAME", parse_top, 0, NULL,
       print_top, SIDE_MERGE},
      {0, "at-eof", "ACTION", "at the end flush (default) or keep windows", parse_at_eof,
       AT(at_eof), at_eof_actions, NULL, SIDE_MERGE}}},
    {"Restart",
     {{'s', "state", "FILE", "snapshots go here; a new run goes on from it", parse_path,
       AT(plan.state_path), NULL, NULL, SIDE_MERGE},
      {0, "checkpoint", "D or N", "a snapshot every so often, or N records (10s)", parse_checkpoint,
       0, NULL, NULL, SIDE_MERGE},
      {0, "hold", NULL, "rows wait for the snapshot that covers them", parse_flag, AT(plan.hold),
       NULL, NULL, SIDE_MERGE},
      {0, "resume", "HOW", "a pipe: skip what was read, or continue", parse_choice, AT(resume),
       resume_actions, NULL, SIDE_MERGE},
      {0, "verify", "HOW", "compare a resumed file quick (default) or full", parse_choice,
       AT(verify), verify_depths, NULL, SIDE_MERGE},
      {0, "max-state", "SIZE", "end the run when its state takes more memory", parse_max_state, 0,
       NULL, NULL, SIDE_ANY},
      {0, "advise", NULL, "no results: how far out of order the input is", parse_flag,
       AT(plan.advise), NULL, NULL, SIDE_NEITHER},
      {0, "explain", "[=SYSTEM]", "no results: what it means; duckdb, flink-sql", parse_explain, 0,
       explained_for, NULL, SIDE_ANY},
      {0, "position", "FIELD", "a growing number: what came before is replayed", parse_text,
       AT(position), NULL, print_position, SIDE_PARTIAL},
      {0, "inspect", "FILE", "print what a snapshot holds, as JSON", parse_path,
       AT(plan.inspect_path), NULL, NULL, SIDE_ANY}}},
    {"Input",
     {{'i', "input-format", "FORMAT", "json, csv, tsv, combined, logfmt or auto", parse_choice,
       AT(plan.input.format), reader_names, print_choice, SIDE_PARTIAL},
      {0, "no-header", NULL, "columns are named 1, 2, ...", parse_flag, AT(plan.input.no_header),
       NULL, print_flag, SIDE_PARTIAL},
      {0, "columns", "NAMES", "names of the columns; there is no header", parse_list, AT(columns),
       NULL, print_columns, SIDE_PARTIAL},
      {0, "delimiter", "C", "between columns: one byte, or tab", parse_delimiter, 0, NULL,
       print_delimiter, SIDE_PARTIAL},
      {0, "comment", "C", "skip lines that begin with it; #: heed #fields", parse_comment, 0, NULL,
       print_comment, SIDE_PARTIAL},
      {0, "ragged", NULL, "fields missing at the end of a row are empty", parse_flag,
       AT(plan.input.ragged), NULL, print_flag_if_set, SIDE_PARTIAL},
      {0, "null", "TEXT", "this text is no value, like NA or -", parse_each, AT(nulls), NULL,
       print_null, SIDE_PARTIAL},
      {0, "max-record", "SIZE", "a longer record is bad (16MiB)", parse_max_record, 0, NULL,
       print_max_record, SIDE_PARTIAL},
      {0, "bad", "FILE", "bad records go here, verbatim", parse_path, AT(plan.bad_path), NULL,
       print_given, SIDE_PARTIAL},
      {0, "strict", NULL, "the first bad record ends the run", parse_flag, AT(plan.strict), NULL,
       NULL, SIDE_PARTIAL}}},
    {"Output and others",
     {{'o', "output-format", "FORMAT", "json, csv, tsv, table, chart or sql:TABLE (json)",
       parse_output_format, AT(plan.output_format), output_formats, print_output_format,
       SIDE_MERGE},
      {0, "output", "FILE", "append rows to FILE, not stdout", parse_output, AT(plan.output_path),
       NULL, NULL, SIDE_MERGE},
      {0, "output-time", "UNIT", "rfc3339 (default), s, ms, us, ns or local", parse_choice,
       AT(plan.time_unit), time_units, print_choice, SIDE_MERGE},
      {0, "panes", NULL, "always show the columns pane and timing", parse_flag, AT(plan.panes),
       NULL, print_flag, SIDE_MERGE},
      {0, "row-id", "[=window]", "a column id: the same for the same row", parse_row_id, 0, NULL,
       print_row_id, SIDE_MERGE},
      {0, "late", "FILE", "records too late for every window go here", parse_path,
       AT(plan.late_path), NULL, print_given, SIDE_ANY},
      {0, "stats", NULL, "at the end, counters as JSON on stderr", parse_flag, AT(plan.stats), NULL,
       NULL, SIDE_ANY},
      {0, "progress", NULL, "a line on stderr: how far it is", parse_flag, AT(plan.progress), NULL,
       NULL, SIDE_ANY},
      {0, "metrics", "FILE", "the counters for Prometheus, each 10 s", parse_path,
       AT(plan.metrics_path), NULL, NULL, SIDE_ANY},
      {0, "partial", NULL, "write states for --merge, not results", parse_flag, AT(plan.partial),
       NULL, NULL, SIDE_ANY},
      {0, "merge", NULL, "FILEs are what --partial wrote", parse_flag, AT(plan.merge), NULL, NULL,
       SIDE_ANY},
      {'j', "threads", "N", "threads that parse; 0: one a core (default)", parse_threads, 0, NULL,
       NULL, SIDE_ANY},
      {0, "no-sandbox", NULL, "keep the rights that a run needs no more", parse_flag,
       AT(plan.no_sandbox), NULL, NULL, SIDE_ANY},
      {'h', "help", "[TOPIC]", "print this, or more about a topic (below)", parse_help, AT(help),
       NULL, NULL, SIDE_ANY},
      {'V', "version", NULL, "print the version", parse_flag, AT(version), NULL, NULL, SIDE_ANY}}},
    {0},
};

enum option_takes option_takes(const struct option *option)
{
    if (option->arg == NULL)
        return TAKES_NOTHING;
    if (option->arg[0] != '[' || option->arg[strlen(option->arg) - 1] != ']')
        return TAKES_WORD; /* as [NAME=]FIELD,... is */
    return option->arg[1] == '=' ? TAKES_ATTACHED : TAKES_OPTIONAL;
}

const struct option *options_find(const char *name, size_t len)
{
    for (const struct option_group *group = option_groups; group->heading != NULL; group++)
        for (const struct option *option = group->options; option->name != NULL; option++)
            if (strlen(option->name) == len && memcmp(option->name, name, len) == 0)
                return option;
    return NULL;
}

static const struct option *find_letter(char letter)
{
    for (const struct option_group *group = option_groups; group->heading != NULL; group++)
        for (const struct option *option = group->options; option->name != NULL; option++)
            if (option->letter == letter)
                return option;
    return NULL;
}

const struct option *options_of_word(const char *word, const char **value)
{
    *value = NULL;
    if (word[1] != '-') {
        *value = word[2] != '\0' ? word + 2 : NULL;
        return find_letter(word[1]);
    }
    size_t len = strcspn(word + 2, "=");
    if (word[2 + len] == '=')
        *value = word + 2 + len + 1;
    return options_find(word + 2, len);
}
