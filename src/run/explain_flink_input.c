/*
 * --explain=flink-sql: the table over the FILE or the topic.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "run/explain_flink.h"

enum { MS = 1000000 };

void flink_put_name(struct buf *to, const char *text)
{
    buf_put_quoted(to, text, strlen(text), '`');
}

/* The way to a value within the first part; `named`: see script_ways(). */
static void put_way(struct buf *to, const struct path *path, unsigned named)
{
    struct buf text = {0};
    buf_putc(&text, '$');
    for (size_t i = 1; i < path->n_parts; i++) {
        const struct path_part *part = &path->parts[i];
        if (script_is_index(path, i, named)) {
            buf_printf(&text, "[%ld]", part->index);
            continue;
        }
        buf_puts(&text, "['");
        for (size_t k = 0; k < part->len; k++) {
            if (part->name[k] == '\'' || part->name[k] == '\\')
                buf_putc(&text, '\\');
            buf_putc(&text, part->name[k]);
        }
        buf_puts(&text, "']");
    }
    buf_puts(to, "JSON_VALUE(");
    flink_put_name(to, path->parts[0].name);
    buf_puts(to, ", ");
    buf_put_quoted(to, text.data, text.len, '\'');
    buf_putc(to, ')');
    buf_free(&text);
}

/* A value of a JSON record, as text. */
static void put_path(struct buf *to, const struct path *path)
{
    unsigned ways = script_ways(path);
    if (path->n_parts == 1) {
        flink_put_name(to, path->parts[0].name);
        return;
    }
    buf_puts(to, ways > 1 ? "COALESCE(" : "");
    for (unsigned named = 0; named < ways; named++) {
        buf_puts(to, named > 0 ? ", " : "");
        put_way(to, path, named);
    }
    buf_puts(to, ways > 1 ? ")" : "");
}

char *flink_expression(const struct flink *f, const struct field *field, size_t column)
{
    const struct input_options *input = &f->plan->input;
    bool empty_is_null = f->sample->format == INPUT_CSV && field->use != FIELD_KEY;
    struct buf to = {0};
    for (size_t i = 0; i < input->n_nulls + empty_is_null; i++)
        buf_puts(&to, "NULLIF(");
    if (f->sample->format == INPUT_CSV)
        buf_printf(&to, "x%zu", column);
    else
        put_path(&to, &field->path);
    buf_puts(&to, empty_is_null ? ", '')" : "");
    for (size_t i = 0; i < input->n_nulls; i++) {
        buf_puts(&to, ", ");
        script_put_string(&to, input->nulls[i]);
        buf_putc(&to, ')');
    }
    char *text = memory_strdup(buf_cstr(&to));
    buf_free(&to);
    return text;
}

char *flink_time(const struct flink *f)
{
    const struct field field = {f->plan->input.time[0], FIELD_KEY};
    char *plain = flink_expression(f, &field, f->sample->time);
    if (f->sample->format != INPUT_CSV)
        return plain;
    struct buf to = {0};
    buf_printf(&to, "TRIM(%s)", plain);
    free(plain);
    plain = memory_strdup(buf_cstr(&to));
    buf_free(&to);
    return plain;
}

void flink_put_interval(struct buf *to, int64_t ns)
{
    long long ms = ns / MS, days = ms / 86400000;
    buf_printf(to, "INTERVAL '%lld %02lld:%02lld:%02lld.%03lld' DAY", days, ms / 3600000 % 24,
               ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
    buf_puts(to, days > 99 ? "(5) TO SECOND(3)" : " TO SECOND(3)");
}

/* From an epoch number, floored. What int64 nanoseconds don't reach is no time. */
static void put_number_time(const struct flink *f, struct buf *to)
{
    static const struct {
        const char *from, *to, *scale; /* of what is that unit when its size tells */
    } units[] = {[TIME_S] = {"0", "9223372036", "1000"},
                 [TIME_MS] = {"1E11", "9223372036854", "1"},
                 [TIME_US] = {"1E14", "9223372036854775", "0.001"},
                 [TIME_NS] = {"1E17", "9223372036854775807", "0.000001"}};
    enum time_form form = f->plan->input.time_format.form;
    struct buf number = {0};
    buf_printf(&number, "TRY_CAST(%s AS DECIMAL(29, 9))", f->time);
    const char *n = buf_cstr(&number);
    buf_puts(to, "CAST(TO_TIMESTAMP_LTZ(CASE");
    for (size_t i = TIME_S; i <= TIME_NS; i++)
        if (form == TIME_AUTO || form == i)
            buf_printf(to,
                       "\n            WHEN ABS(%s) BETWEEN %s AND %s\n            "
                       "THEN CAST(FLOOR(%s * %s) AS BIGINT)",
                       n, form == i ? "0" : units[i].from, units[i].to, n, units[i].scale);
    buf_puts(to, " END, 3) AS TIMESTAMP(3))");
    buf_free(&number);
}

/* How far the clocks of a text's time are ahead, in seconds. */
static void put_offset(const struct flink *f, struct buf *to)
{
    static const char zone[] = "'(?<=:\\d\\d|[.,]\\d{1,30}) ?([+-]\\d\\d):?(\\d\\d)?$'";
    const char *x = f->time;
    int local_s = zone_offset_at(f->plan->zone, 0);
    if (f->sample->zoned_times)
        buf_printf(to,
                   "COALESCE(TRY_CAST(REGEXP_EXTRACT(%s, %s, 1) AS INT) * 3600\n            + "
                   "TRY_CAST(LEFT(REGEXP_EXTRACT(%s, %s, 1), 1)\n            || "
                   "COALESCE(REGEXP_EXTRACT(%s, %s, 2), '0') AS INT) * 60, ",
                   x, zone, x, zone, x, zone);
    if (local_s == 0)
        buf_puts(to, "0");
    else
        buf_printf(to, "CASE WHEN REGEXP(%s, '([Zz]|UTC|GMT)$') THEN 0 ELSE %d END", x, local_s);
    buf_puts(to, f->sample->zoned_times ? ")" : "");
}

/* RFC 3339 and its like. Flink reads no zone, and Feb 30 as Feb 29. */
static void put_text_time(const struct flink *f, struct buf *to)
{
    const char *x = f->time;
    bool moved = f->sample->zoned_times || zone_offset_at(f->plan->zone, 0) != 0;
    buf_printf(to,
               "CASE WHEN CAST(TO_DATE(LEFT(%s, 10)) AS STRING) = LEFT(%s, 10)\n            "
               "AND LEFT(%s, 4) BETWEEN '1678' AND '2261'\n        THEN ",
               x, x, x);
    if (moved) {
        buf_puts(to, "TIMESTAMPADD(SECOND, -");
        put_offset(f, to);
        buf_puts(to, ",\n            ");
    }
    buf_printf(
        to,
        "TO_TIMESTAMP(REPLACE(REPLACE(REGEXP_REPLACE(UPPER(%s),\n            '%s$', ''), 'T', "
        "' '), ',', '.'))",
        x,
        f->sample->zoned_times ? "(?<=:\\d\\d|[.,]\\d{1,30}) ?(Z|UTC|GMT|[+-]\\d\\d(:?\\d\\d)?)"
                               : " ?(Z|UTC|GMT)");
    buf_puts(to, moved ? ") END" : " END");
}

static void put_time(const struct flink *f, struct buf *to)
{
    bool automatic = f->plan->input.time_format.form == TIME_AUTO;
    bool numbers = !automatic || f->sample->number_times;
    bool texts = automatic && (f->sample->text_times || !numbers);
    buf_puts(to, numbers && texts ? "COALESCE(" : "");
    if (texts)
        put_text_time(f, to);
    buf_puts(to, numbers && texts ? ",\n        " : "");
    if (numbers)
        put_number_time(f, to);
    buf_puts(to, numbers && texts ? ")" : "");
}

/* That nothing but its time makes a record bad: all columns are there, numbers are numbers. */
static bool put_good(const struct flink *f, struct buf *to)
{
    const struct plan *plan = f->plan;
    const struct condition_sql sql = {CONDITION_FLINK, f->columns};
    bool ok = true;
    const char *and = "";
    if (f->sample->format == INPUT_CSV) {
        buf_printf(to, "x%zu IS NOT NULL", f->sample->n_columns - 1);
        and = "\n        AND ";
    }
    for (size_t i = 0; i < plan->n_aggs; i++) {
        const struct agg *agg = &plan->aggs[i];
        if (agg->input != AGG_NUMBER)
            continue;
        const char *x = f->columns[agg->column];
        bool condition = agg->condition != AGG_ALL_RECORDS;
        buf_printf(to, "%s(", and);
        and = "\n        AND ";
        if (condition || plan->rules.n_where > 0) {
            buf_puts(to, "NOT (");
            ok &= script_put_where(plan, &sql, to);
            buf_puts(to, condition ? " AND " : "");
            if (condition)
                ok &= condition_put_sql(plan->rules.conditions[agg->condition], &sql, to);
            buf_puts(to, ") OR ");
        }
        buf_printf(to,
                   "COALESCE(TRIM(%s), '') = '' OR REGEXP(TRIM(%s), "
                   "'^[+-]?(\\d+[.]?\\d*|[.]\\d+)([eE][+-]?\\d+)?$'))",
                   x, x);
    }
    return ok;
}

/* The columns of the FILE that play a part: of JSON by name, of CSV all of them. */
static void put_file_columns(const struct flink *f, struct buf *to)
{
    const struct input_options *input = &f->plan->input;
    if (f->sample->format == INPUT_CSV) {
        for (size_t i = 0; i < f->sample->n_columns; i++)
            buf_printf(to, "    x%zu STRING,\n", i);
        return;
    }
    for (size_t i = 0; i <= input->n_fields; i++) {
        const char *name =
            i == 0 ? input->time[0].parts[0].name : input->fields[i - 1].path.parts[0].name;
        bool again = i > 0 && strcmp(name, input->time[0].parts[0].name) == 0;
        for (size_t k = 0; k + 1 < i; k++)
            again |= strcmp(name, input->fields[k].path.parts[0].name) == 0;
        if (again)
            continue;
        bool own = i > 0 && flink_is_own(f->plan, &input->fields[i - 1].path);
        buf_puts(to, "    ");
        flink_put_name(to, name);
        buf_puts(to, own ? " STRING METADATA VIRTUAL,\n" : " STRING,\n");
    }
}

static void put_watermark(const struct flink *f, struct buf *to)
{
    const struct plan *plan = f->plan;
    bool session = plan->window.kind == WINDOW_SESSION;
    buf_printf(to, "    WATERMARK FOR %s AS ", f->clock);
    if (plan->delay_all || plan->window.kind == WINDOW_ALL) {
        buf_puts(to, "TIMESTAMP '1970-01-01 00:00:00.000'\n");
        return;
    }
    buf_printf(to, "%s - ", f->clock);
    flink_put_interval(to, plan->delay_ns + (plan->pane.final ? plan->pane.lateness_ns : 0) +
                               (session ? 2 : 1) * MS);
    buf_putc(to, '\n');
}

/* Where the records are. */
static void put_connector(const struct flink *f, struct buf *to)
{
    if (f->topic.name == NULL) {
        buf_puts(to, "    'connector' = 'filesystem',\n    'path' = ");
        script_put_string(to, f->plan->input_paths[0]);
        return;
    }
    /* Of what kcat does by itself Flink must be told that aborted transactions are left out; of
       what Flink does, that W moves after each record and not now and then. */
    buf_printf(to,
               "    'connector' = 'kafka',\n    'topic' = '%s',\n"
               "    'properties.bootstrap.servers' = '%s',\n"
               "    'properties.isolation.level' = 'read_committed',\n"
               "    'scan.startup.mode' = 'earliest-offset',\n%s"
               "    'scan.watermark.emit.strategy' = 'on-event'",
               f->topic.name, f->topic.brokers,
               f->plan->follow ? "" : "    'scan.bounded.mode' = 'latest-offset',\n");
}

bool flink_put_records(const struct flink *f, struct buf *to)
{
    const struct input_options *input = &f->plan->input;
    bool csv = f->sample->format == INPUT_CSV;
    struct buf good = {0};
    bool ok = put_good(f, &good);
    buf_puts(to, "CREATE TEMPORARY TABLE records (\n");
    put_file_columns(f, to);
    buf_printf(to, "    %s AS COALESCE(", f->clock);
    if (good.len > 0)
        buf_printf(to, "CASE WHEN %s\n        THEN ", buf_cstr(&good));
    put_time(f, to);
    if (f->offset_ns != 0) {
        buf_puts(to, " + ");
        flink_put_interval(to, f->offset_ns);
    }
    buf_puts(to, good.len > 0 ? " END" : "");
    buf_printf(to, ",\n        " FLINK_NO_TIME "),\n");
    buf_free(&good);
    put_watermark(f, to);
    buf_puts(to, ") WITH (\n");
    put_connector(f, to);
    buf_printf(to, ",\n    'format' = '%s',\n    '%s.ignore-parse-errors' = 'true'",
               csv ? "csv" : "json", csv ? "csv" : "json");
    if (csv && input->delimiter != '\0') {
        buf_puts(to, ",\n    'csv.field-delimiter' = ");
        buf_put_quoted(to, &input->delimiter, 1, '\'');
    }
    buf_puts(to, "\n);\n");
    return ok;
}

char *flink_clock(const struct input_options *input)
{
    struct buf name = {0};
    buf_putc(&name, 't');
    for (size_t i = 0; i <= input->n_fields; i++) {
        const struct path *path = i == 0 ? &input->time[0] : &input->fields[i - 1].path;
        if (path->n_parts > 0 && strcmp(path->parts[0].name, buf_cstr(&name)) == 0) {
            buf_putc(&name, '_');
            i = (size_t)-1; /* with the new one from the first field on */
        }
    }
    char *text = memory_strdup(buf_cstr(&name));
    buf_free(&name);
    return text;
}
