#include "cli/print.h"

#include <string.h>

#include "base/escape.h"
#include "cli/options.h"
#include "time/duration.h"

/* What stands in a plan where the option says: in a command, which the plan begins. */
_Static_assert(offsetof(struct command, plan) == 0, "offsets in a command are those in its plan");

static const void *value_at(const struct plan *plan, const struct option *option)
{
    return (const char *)plan + option->at;
}

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

/* A comma inside a text is escaped: a,b and a\,b are different lists. */
static void put_list(struct buf *to, char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_puts(to, i > 0 ? "," : "");
        escape_put(to, texts[i], ",");
    }
}

void print_flag(const struct plan *plan, const struct option *option, struct buf *to)
{
    buf_puts(to, *(const bool *)value_at(plan, option) ? "yes" : "no");
}

void print_flag_if_set(const struct plan *plan, const struct option *option, struct buf *to)
{
    if (*(const bool *)value_at(plan, option))
        buf_puts(to, "yes");
}

void print_given(const struct plan *plan, const struct option *option, struct buf *to)
{
    const char *text;
    memcpy(&text, value_at(plan, option), sizeof text);
    buf_puts(to, text != NULL ? "yes" : "no");
}

void print_choice(const struct plan *plan, const struct option *option, struct buf *to)
{
    unsigned i;
    memcpy(&i, value_at(plan, option), sizeof i);
    buf_puts(to, option->choices[i]);
}

void print_duration(const struct plan *plan, const struct option *option, struct buf *to)
{
    put_duration(to, *(const int64_t *)value_at(plan, option));
}

void print_window(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
    window_print(&plan->window, to);
}

void print_offset(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
    put_duration(to, plan->window.offset_ns);
}

void print_time(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
    for (size_t i = 0; i < plan->input.n_time; i++)
        buf_printf(to, "%s%s", i > 0 ? "," : "", plan->input.time[i].escaped);
}

void print_time_format(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
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
void print_tz(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
    if (plan->tz != NULL && strcmp(plan->tz, "UTC") != 0)
        buf_puts(to, plan->tz);
}

void print_key(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
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

void print_agg(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
    for (size_t i = 0; i < plan->n_aggs; i++) {
        buf_puts(to, i > 0 ? "," : "");
        agg_print(&plan->aggs[i], to);
    }
}

void print_where(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
    put_list(to, plan->where, plan->rules.n_where);
}

void print_delay(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
    buf_puts(to, plan->delay_all ? "all" : "");
    put_duration(to, plan->delay_ns);
}

void print_dedup(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
    if (plan->has_dedup)
        buf_puts(to, plan->input.fields[plan->dedup_column].path.escaped);
}

void print_position(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
    if (plan->has_position)
        buf_puts(to, plan->input.fields[plan->position_column].path.escaped);
}

void print_source(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
    if (plan->has_source)
        buf_puts(to, plan->input.fields[plan->source_column].path.escaped);
}

void print_sources(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
    put_count(to, plan->sources);
}

void print_early(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
    put_count(to, plan->pane.early_count);
    put_duration(to, plan->pane.early_ns);
}

void print_late_every(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
    put_count(to, plan->pane.late_every);
}

void print_top(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
    put_count(to, plan->pane.top);
    if (plan->pane.top > 0)
        buf_printf(to, ":%s", plan->aggs[plan->pane.top_by].name);
}

void print_columns(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
    put_list(to, plan->input.columns, plan->input.n_columns);
}

void print_delimiter(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
    if (plan->input.delimiter != '\0')
        buf_putc(to, plan->input.delimiter);
}

void print_comment(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
    if (plan->input.comment != '\0')
        buf_putc(to, plan->input.comment);
}

void print_null(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
    for (size_t i = 0; i < plan->input.n_nulls; i++) {
        buf_putc(to, '\'');
        escape_put(to, plan->input.nulls[i], "'");
        buf_putc(to, '\'');
    }
}

void print_max_record(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
    put_count(to, plan->input.max_record_bytes);
}

void print_output_format(const struct plan *plan, const struct option *option, struct buf *to)
{
    if (plan->output_format == OUTPUT_SQL)
        buf_printf(to, "sql:%s", plan->sql_table);
    else
        buf_puts(to, option->choices[plan->output_format]);
}

void print_row_id(const struct plan *plan, const struct option *option, struct buf *to)
{
    (void)option;
    static const char *const names[] = {"no", "yes", "window"};
    buf_puts(to, names[plan->id]);
}
