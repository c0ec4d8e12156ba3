#include "run/semantics.h"

#include <string.h>

#include "base/escape.h"
#include "base/wire.h"
#include "time/duration.h"

static void put_count(struct buf *to, uint64_t n)
{
    if (n > 0)
        buf_put_u64(to, n);
}

static void put_duration(struct buf *to, int64_t ns)
{
    if (ns != 0)
        duration_print(to, ns);
}

static void put_flag(struct buf *to, bool set)
{
    buf_puts(to, set ? "yes" : "no");
}

/* A comma inside a text is escaped: a,b and a\,b are different lists. */
static void put_list(struct buf *to, char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_puts(to, i > 0 ? "," : "");
        escape_put(to, texts[i], ",");
    }
}

static void window_text(const struct plan *plan, struct buf *to)
{
    window_print(&plan->window, to);
}

static void offset_text(const struct plan *plan, struct buf *to)
{
    put_duration(to, plan->window.offset_ns);
}

static void time_text(const struct plan *plan, struct buf *to)
{
    for (size_t i = 0; i < plan->input.n_time; i++)
        buf_printf(to, "%s%s", i > 0 ? "," : "", plan->input.time[i].escaped);
}

static void time_format_text(const struct plan *plan, struct buf *to)
{
    static const char *const names[] = {"auto", "s", "ms", "us", "ns"};
    const struct time_format *format = &plan->input.time_format;
    if (format->form != TIME_PATTERN)
        buf_puts(to, names[format->form]);
    else if (format->n_patterns == 1) /* as it stands: snapshots of before there could be several */
        buf_puts(to, format->patterns[0].text);
    for (size_t i = 0; format->n_patterns > 1 && i < format->n_patterns; i++) {
        char *text = (char *)format->patterns[i].text;
        put_list(to, &text, 1);
        buf_putc(to, ',');
    }
}

/* UTC need not be there in a snapshot of before there were zones. */
static void tz_text(const struct plan *plan, struct buf *to)
{
    if (plan->tz != NULL && strcmp(plan->tz, "UTC") != 0)
        buf_puts(to, plan->tz);
}

static void key_text(const struct plan *plan, struct buf *to)
{
    for (size_t i = 0; i < plan->n_keys; i++) {
        const struct path *path = &plan->input.fields[i].path;
        buf_puts(to, i > 0 ? "," : "");
        if (strcmp(path->text, plan->key_names[i]) != 0) {
            escape_put(to, plan->key_names[i], ",:=");
            buf_putc(to, '=');
        }
        buf_puts(to, path->escaped);
    }
}

static void agg_text(const struct plan *plan, struct buf *to)
{
    for (size_t i = 0; i < plan->n_aggs; i++) {
        buf_puts(to, i > 0 ? "," : "");
        agg_print(&plan->aggs[i], to);
    }
}

static void where_text(const struct plan *plan, struct buf *to)
{
    put_list(to, plan->where, plan->rules.n_where);
}

static void delay_text(const struct plan *plan, struct buf *to)
{
    buf_puts(to, plan->delay_all ? "all" : "");
    put_duration(to, plan->delay_ns);
}

static void dedup_text(const struct plan *plan, struct buf *to)
{
    if (plan->has_dedup)
        buf_puts(to, plan->input.fields[plan->dedup_column].path.escaped);
}

static void position_text(const struct plan *plan, struct buf *to)
{
    if (plan->has_position)
        buf_puts(to, plan->input.fields[plan->position_column].path.escaped);
}

static void source_text(const struct plan *plan, struct buf *to)
{
    if (plan->has_source)
        buf_puts(to, plan->input.fields[plan->source_column].path.escaped);
}

static void sources_text(const struct plan *plan, struct buf *to)
{
    put_count(to, plan->sources);
}

static void max_jump_text(const struct plan *plan, struct buf *to)
{
    put_duration(to, plan->max_jump_ns);
}

static void idle_text(const struct plan *plan, struct buf *to)
{
    put_duration(to, plan->idle_ns);
}

static void lateness_text(const struct plan *plan, struct buf *to)
{
    put_duration(to, plan->pane.lateness_ns);
}

static void mode_text(const struct plan *plan, struct buf *to)
{
    static const char *const names[] = {"accumulate", "discard", "retract"};
    buf_puts(to, names[plan->pane.mode]);
}

static void early_text(const struct plan *plan, struct buf *to)
{
    put_count(to, plan->pane.early_count);
    put_duration(to, plan->pane.early_ns);
}

static void late_every_text(const struct plan *plan, struct buf *to)
{
    put_count(to, plan->pane.late_every);
}

static void final_text(const struct plan *plan, struct buf *to)
{
    put_flag(to, plan->pane.final);
}

static void fill_text(const struct plan *plan, struct buf *to)
{
    buf_puts(to, plan->pane.fill ? "yes" : "");
}

static void top_text(const struct plan *plan, struct buf *to)
{
    put_count(to, plan->pane.top);
    if (plan->pane.top > 0)
        buf_printf(to, ":%s", plan->aggs[plan->pane.top_by].name);
}

static void input_format_text(const struct plan *plan, struct buf *to)
{
    static const char *const names[] = {"auto", "json", "csv", "tsv", "combined", "logfmt"};
    buf_puts(to, names[plan->input.format]);
}

static void no_header_text(const struct plan *plan, struct buf *to)
{
    put_flag(to, plan->input.no_header);
}

static void columns_text(const struct plan *plan, struct buf *to)
{
    put_list(to, plan->input.columns, plan->input.n_columns);
}

static void delimiter_text(const struct plan *plan, struct buf *to)
{
    if (plan->input.delimiter != '\0')
        buf_putc(to, plan->input.delimiter);
}

static void comment_text(const struct plan *plan, struct buf *to)
{
    if (plan->input.comment != '\0')
        buf_putc(to, plan->input.comment);
}

static void ragged_text(const struct plan *plan, struct buf *to)
{
    buf_puts(to, plan->input.ragged ? "yes" : "");
}

static void null_text(const struct plan *plan, struct buf *to)
{
    for (size_t i = 0; i < plan->input.n_nulls; i++) {
        buf_putc(to, '\'');
        escape_put(to, plan->input.nulls[i], "'");
        buf_putc(to, '\'');
    }
}

static void max_record_text(const struct plan *plan, struct buf *to)
{
    put_count(to, plan->input.max_record_bytes);
}

static void output_format_text(const struct plan *plan, struct buf *to)
{
    static const char *const names[] = {"json", "csv", "tsv", "sql:"};
    buf_puts(to, names[plan->output_format]);
    if (plan->output_format == OUTPUT_SQL)
        buf_puts(to, plan->sql_table);
}

static void output_time_text(const struct plan *plan, struct buf *to)
{
    static const char *const names[] = {"rfc3339", "s", "ms", "us", "ns", "local"};
    buf_puts(to, names[plan->time_unit]);
}

static void panes_text(const struct plan *plan, struct buf *to)
{
    put_flag(to, plan->panes);
}

static void row_id_text(const struct plan *plan, struct buf *to)
{
    static const char *const names[] = {"no", "yes", "window"};
    buf_puts(to, names[plan->id]);
}

/* A file that joins or leaves in the middle would hold a part of its records. */
static void late_text(const struct plan *plan, struct buf *to)
{
    put_flag(to, plan->late_path != NULL);
}

static void bad_text(const struct plan *plan, struct buf *to)
{
    put_flag(to, plan->bad_path != NULL);
}

static const struct semantic {
    const char *option;
    void (*text)(const struct plan *plan, struct buf *to);
} semantics[] = {
    {"--time", time_text},
    {"--time-format", time_format_text},
    {"--tz", tz_text},
    {"--window", window_text},
    {"--offset", offset_text},
    {"--key", key_text},
    {"--agg", agg_text},
    {"--where", where_text},
    {"--delay", delay_text},
    {"--dedup", dedup_text},
    {"--position", position_text},
    {"--source", source_text},
    {"--sources", sources_text},
    {"--max-jump", max_jump_text},
    {"--idle-timeout", idle_text},
    {"--lateness", lateness_text},
    {"--mode", mode_text},
    {"--early", early_text},
    {"--late-every", late_every_text},
    {"--final", final_text},
    {"--fill", fill_text},
    {"--top", top_text},
    {"--input-format", input_format_text},
    {"--no-header", no_header_text},
    {"--columns", columns_text},
    {"--delimiter", delimiter_text},
    {"--comment", comment_text},
    {"--ragged", ragged_text},
    {"--null", null_text},
    {"--max-record", max_record_text},
    {"--output-format", output_format_text},
    {"--output-time", output_time_text},
    {"--panes", panes_text},
    {"--row-id", row_id_text},
    {"--late", late_text},
    {"--bad", bad_text},
};

enum { N_SEMANTICS = sizeof semantics / sizeof semantics[0] };

void semantics_save(const struct plan *plan, struct buf *to)
{
    struct buf value = {0};
    wire_put_u32(to, N_SEMANTICS);
    for (size_t i = 0; i < N_SEMANTICS; i++) {
        value.len = 0;
        semantics[i].text(plan, &value);
        wire_put_bytes(to, semantics[i].option, strlen(semantics[i].option));
        wire_put_bytes(to, value.data, value.len);
    }
    buf_free(&value);
}

/* The value that a snapshot holds for an option; an option it does not know was not given. */
static bool saved_value(const char *option, const unsigned char *at, const unsigned char *end,
                        const void **value, size_t *len)
{
    uint32_t n;
    const void *name;
    size_t name_len;
    *value = "";
    *len = 0;
    if (!wire_u32(&at, end, &n))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (!wire_bytes(&at, end, &name, &name_len) || !wire_bytes(&at, end, value, len))
            return false;
        if (name_len == strlen(option) && memcmp(name, option, name_len) == 0)
            return true;
    }
    *value = "";
    *len = 0;
    return true;
}

static bool is_known(const char *name, size_t len)
{
    for (size_t i = 0; i < N_SEMANTICS; i++)
        if (strlen(semantics[i].option) == len && memcmp(semantics[i].option, name, len) == 0)
            return true;
    return false;
}

/* An option of a later version that was given: nobody here knows what it changes. */
static bool check_unknown(const char *state_path, const unsigned char *at, const unsigned char *end,
                          struct error *err)
{
    uint32_t n;
    const void *name, *value;
    size_t name_len, len;
    if (!wire_u32(&at, end, &n))
        return true;
    for (uint32_t i = 0; i < n; i++) {
        if (!wire_bytes(&at, end, &name, &name_len) || !wire_bytes(&at, end, &value, &len))
            return true;
        if (len > 0 && !is_known(name, name_len))
            return error_set(err, EXIT_RUNTIME,
                             "%s: snapshot of a run with the option %.*s '%.*s', which this "
                             "version of winagg does not know",
                             state_path, (int)name_len, (const char *)name, (int)len,
                             (const char *)value);
    }
    return true;
}

bool semantics_check(const struct plan *plan, const char *state_path, const unsigned char *at,
                     const unsigned char *end, struct error *err)
{
    struct buf differences = {0}, mine = {0};
    bool readable = true;
    for (size_t i = 0; i < N_SEMANTICS && readable; i++) {
        const void *saved;
        size_t len;
        mine.len = 0;
        semantics[i].text(plan, &mine);
        readable = saved_value(semantics[i].option, at, end, &saved, &len);
        if (!readable || (len == mine.len && (len == 0 || memcmp(saved, mine.data, len) == 0)))
            continue;
        buf_printf(&differences, "%s%s was '%.*s', is '%.*s'", differences.len > 0 ? "; " : "",
                   semantics[i].option, (int)len, (const char *)saved, (int)mine.len, mine.data);
    }
    bool same = readable && differences.len == 0;
    if (!readable)
        error_set(err, EXIT_RUNTIME, "%s: damaged snapshot: its options can't be read", state_path);
    else if (!same)
        error_set(err, EXIT_RUNTIME,
                  "%s: snapshot of a run with other options: %s (give the same ones, or another "
                  "--state)",
                  state_path, buf_cstr(&differences));
    buf_free(&differences);
    buf_free(&mine);
    return same && check_unknown(state_path, at, end, err);
}
