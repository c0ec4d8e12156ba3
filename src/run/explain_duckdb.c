/*
 * --explain=duckdb: the same rows from DuckDB, as one statement over the FILE.
 *
 *     input     each record as it is read: its number, time in nanoseconds, keys, fields
 *     clocked   and W before it, the highest time so far less the delay
 *     placed    a row for each window that takes the record
 *     result    grouped, and printed as winagg prints
 *
 * Texts are compared as texts and numbers as doubles, so results are equal up to rounding.
 */
#include <string.h>

#include "input/reader.h"
#include "run/explain.h"
#include "run/script.h"

static const struct condition_sql dialect = {0};

static void put_name(struct buf *to, const char *text)
{
    buf_put_quoted(to, text, strlen(text), '"');
}

static bool check(const struct plan *plan, struct error *err)
{
    const struct pane_options *o = &plan->pane;
    bool session = plan->window.kind == WINDOW_SESSION;
    const struct script_refusal refused[] = {
        {o->early_count > 0 || o->early_ns > 0, "--early", "a query gives each row once"},
        {pane_refines(o), "--lateness without --final", "a query gives each row once"},
        {plan->has_dedup, "--dedup", "how long an id is remembered depends on the watermark"},
        {plan->n_inputs > 1 && !plan->delay_all, "several FILEs",
         "they are read one after the other (--delay all makes no difference of it)"},
        {session && !plan->delay_all, "sessions with a watermark",
         "which records a session still takes depends on those before (--delay all waits for all)"},
        {plan->tz != NULL && strcmp(plan->tz, "UTC") != 0, "--tz",
         "its local midnights that come twice are wrong"},
        {plan->input.no_header || plan->input.n_columns > 0, "a CSV file without a header",
         "its columns would have other names"},
        {plan->input.n_nulls > 0, "--null", "it compares texts before it reads numbers"},
    };
    return script_check(plan, "duckdb", err) &&
           script_refuse_any("duckdb", refused, sizeof refused / sizeof refused[0], err);
}

/* The way to a value; `named`: see script_ways(). */
static void put_way(struct buf *to, const struct path *path, unsigned named)
{
    struct buf text = {0};
    buf_putc(&text, '$');
    for (size_t i = 0; i < path->n_parts; i++) {
        const struct path_part *part = &path->parts[i];
        if (script_is_index(path, i, named)) {
            buf_printf(&text, "[%ld]", part->index);
            continue;
        }
        buf_puts(&text, ".\"");
        for (size_t k = 0; k < part->len; k++) {
            if (part->name[k] == '"' || part->name[k] == '\\')
                buf_putc(&text, '\\');
            buf_putc(&text, part->name[k]);
        }
        buf_putc(&text, '"');
    }
    buf_put_quoted(to, text.data, text.len, '\'');
    buf_free(&text);
}

/* What is found by the first way that finds something. */
static void put_found(struct buf *to, const char *before, const struct path *path,
                      const char *behind)
{
    unsigned ways = script_ways(path);
    buf_puts(to, ways > 1 ? "coalesce(" : "");
    for (unsigned named = 0; named < ways; named++) {
        buf_printf(to, "%s%s", named > 0 ? ", " : "", before);
        put_way(to, path, named);
        buf_puts(to, behind);
    }
    buf_puts(to, ways > 1 ? ")" : "");
}

/* The value of a field, as text; NULL if it has none. */
static void put_field(struct buf *to, const struct path *path, bool json)
{
    if (json)
        put_found(to, "json ->> ", path, "");
    else
        put_name(to, path->text);
}

/* Is the value an object or an array? */
static void put_is_composite(struct buf *to, const struct path *path)
{
    buf_puts(to, "coalesce(");
    put_found(to, "nullif(json_type(json, ", path, "), 'NULL')");
    buf_puts(to, ", '') IN ('OBJECT', 'ARRAY')");
}

static void put_files(const struct plan *plan, struct buf *to)
{
    buf_puts(to, "[");
    for (size_t i = 0; i < plan->n_inputs; i++) {
        buf_puts(to, i > 0 ? ", " : "");
        script_put_string(to, plan->input_paths[i] == NULL ? "/dev/stdin" : plan->input_paths[i]);
    }
    if (plan->n_inputs == 0)
        script_put_string(to, "/dev/stdin");
    buf_puts(to, "]");
}

static void put_reader(const struct plan *plan, const struct script_sample *sample, struct buf *to)
{
    const struct input_options *input = &plan->input;
    if (sample->format == INPUT_JSON) {
        buf_puts(to, "read_json_objects(");
        put_files(plan, to);
        buf_puts(to, ", format = 'newline_delimited', ignore_errors = true,"
                     " maximum_object_size = 1073741824)");
        return;
    }
    buf_puts(to, "read_csv(");
    put_files(plan, to);
    const char delimiter[] = {input->delimiter == '\0' ? ',' : input->delimiter, '\0'};
    buf_puts(to, ", all_varchar = true, header = true, delim = ");
    script_put_string(to, delimiter);
    buf_puts(to, ", quote = '\"', escape = '\"', ignore_errors = true)");
}

/* In nanoseconds; NULL: it is none. DuckDB takes more for a time than winagg does, and not all. */
static void put_time(const struct plan *plan, bool json, struct buf *to)
{
    static const char *const scales[] = {
        [TIME_S] = "1000000000", [TIME_MS] = "1000000", [TIME_US] = "1000", [TIME_NS] = "1"};
    struct buf field = {0};
    put_field(&field, &plan->input.time[0], json);
    const char *f = buf_cstr(&field);
    if (plan->input.time_format.form == TIME_AUTO)
        buf_printf(to,
                   "coalesce((SELECT CAST(floor(n * CASE WHEN abs(n) < 1e11 THEN 1000000000 WHEN "
                   "abs(n) < 1e14 THEN 1000000 WHEN abs(n) < 1e17 THEN 1000 ELSE 1 END) AS BIGINT) "
                   "FROM (SELECT TRY_CAST(%s AS DECIMAL(29, 9)) AS n)), "
                   "(SELECT CASE WHEN regexp_full_match(v, '" SCRIPT_RFC3339 "') THEN "
                   "epoch_ns(TRY_CAST(regexp_replace(regexp_replace(regexp_replace("
                   "replace(upper(v), ',', '.'), ' ?(Z|UTC|GMT)$', 'Z'), "
                   "' ([+-][0-9:]+)$', '\\1'), '([+-][0-9]{2})([0-9]{2})$', '\\1:\\2') "
                   "AS TIMESTAMPTZ)) END FROM (SELECT %s%s%s AS v)))",
                   f, json ? "" : "trim(", f, json ? "" : ", ' ' || chr(9))");
    else
        buf_printf(to, "CAST(floor(TRY_CAST(%s AS DECIMAL(29, 9)) * %s) AS BIGINT)", f,
                   scales[plan->input.time_format.form]);
    buf_free(&field);
}

static void put_column(struct buf *to, size_t i)
{
    buf_printf(to, "c%zu", i);
}

/* Each column once: keys and the fields of aggregates. Beside c1, x1: is it no single value? */
static void put_input(const struct plan *plan, const struct script_sample *sample, struct buf *to)
{
    static const char *const types[] = {[SCRIPT_INTEGER] = "BIGINT",
                                        [SCRIPT_NUMBER] = "DOUBLE",
                                        [SCRIPT_BOOLEAN] = "BOOLEAN",
                                        [SCRIPT_MIXED] = NULL};
    bool json = sample->format == INPUT_JSON;
    buf_puts(to, "WITH input AS (\n    SELECT row_number() OVER () AS i, ");
    put_time(plan, json, to);
    buf_puts(to, " AS t");
    for (size_t i = 0; i < plan->input.n_fields; i++) {
        struct buf field = {0};
        put_field(&field, &plan->input.fields[i].path, json);
        buf_puts(to, ",\n        ");
        const char *type = script_is_typed(&plan->input.fields[i]) ? types[sample->types[i]] : NULL;
        if (type != NULL)
            buf_printf(to, "TRY_CAST(%s AS %s) AS ", buf_cstr(&field), type);
        else if (i < plan->n_keys && !json) /* an empty key is a text, too */
            buf_printf(to, "coalesce(%s, '') AS ", buf_cstr(&field));
        else
            buf_printf(to, "%s AS ", buf_cstr(&field));
        put_column(to, i);
        buf_free(&field);
        if (json && script_is_typed(&plan->input.fields[i])) {
            buf_puts(to, ",\n        ");
            put_is_composite(to, &plan->input.fields[i].path);
            buf_printf(to, " AS x%zu", i);
        }
    }
    buf_puts(to, "\n    FROM ");
    put_reader(plan, sample, to);
    buf_puts(to, "\n),\n");
}

/* Begins what must hold of a record that counts: of one that an aggregate takes; NULL: of any. */
static void put_demand(const struct plan *plan, const struct agg *agg, struct buf *to)
{
    buf_puts(to, "\n        AND (NOT (");
    script_put_where(plan, &dialect, to);
    if (agg != NULL && agg->condition != AGG_ALL_RECORDS) {
        buf_puts(to, " AND ");
        condition_put_sql(plan->rules.conditions[agg->condition], &dialect, to);
    }
    buf_puts(to, ") OR ");
}

/*
 * A record without a time, or with what is no number or no single value where one is needed, is
 * bad: in no window, and it moves no clock. That is judged where an aggregate takes it.
 */
static void put_clocked(const struct plan *plan, bool json, struct buf *to)
{
    buf_puts(to, "clocked AS (\n    SELECT *");
    if (plan->delay_all)
        buf_puts(to, ", NULL AS w");
    else
        buf_printf(to,
                   ", max(t) OVER (ORDER BY i ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) - "
                   "%lld AS w",
                   (long long)plan->delay_ns);
    buf_puts(to, "\n    FROM input WHERE t IS NOT NULL");
    for (size_t i = 0; i < plan->n_aggs; i++) {
        const struct agg *agg = &plan->aggs[i];
        size_t c = agg->column;
        if (agg->input == AGG_NUMBER) {
            put_demand(plan, agg, to);
            buf_printf(to,
                       "c%zu IS NULL OR trim(c%zu) = '' OR TRY_CAST(c%zu AS DOUBLE) IS NOT NULL)",
                       c, c, c);
        } else if (agg->input == AGG_VALUE && json) {
            put_demand(plan, agg, to);
            buf_printf(to, "NOT x%zu)", c);
        }
    }
    for (size_t i = 0; i < plan->n_keys && json; i++) {
        put_demand(plan, NULL, to);
        buf_printf(to, "NOT x%zu)", i);
    }
    buf_puts(to, "\n),\n");
}

/* floor((t - offset) / length) * length + offset */
static void put_floor(struct buf *to, long long offset, long long length)
{
    buf_printf(to, "t - (((t - %lld) %% %lld) + %lld) %% %lld", offset, length, length, length);
}

static void put_placed(const struct plan *plan, struct buf *to)
{
    static const char *const units[] = {"day", "week", "month", "quarter", "year"};
    static const char *const lengths[] = {"1 day", "7 days", "1 month", "3 months", "1 year"};
    const struct window_spec *w = &plan->window;
    long long size = w->size_ns, slide = w->slide_ns, offset = w->offset_ns;
    buf_puts(to, "placed AS (\n    SELECT * FROM (SELECT *, ");
    switch (w->kind) {
    case WINDOW_TUMBLING:
        put_floor(to, offset, size);
        buf_printf(to, " AS ws, ws + %lld AS we FROM clocked)\n    WHERE true", size);
        break;
    case WINDOW_SLIDING:
        put_floor(to, offset, slide);
        buf_printf(to,
                   " - k * %lld AS ws, ws + %lld AS we FROM clocked, range(%lld) AS _(k))\n"
                   "    WHERE we > t",
                   slide, size, (size + slide - 1) / slide);
        break;
    case WINDOW_CUMULATE:
        put_floor(to, offset, size);
        buf_printf(to,
                   " AS ws, ws + (k + 1) * %lld AS we FROM clocked, range(%lld) AS _(k))\n"
                   "    WHERE we > t",
                   slide, size / slide);
        break;
    case WINDOW_CALENDAR:
        buf_printf(to,
                   "epoch_ns(date_trunc('%s', make_timestamp(t // 1000))) AS ws, "
                   "epoch_ns(date_trunc('%s', make_timestamp(t // 1000)) + INTERVAL '%s') AS we "
                   "FROM clocked)\n    WHERE true",
                   units[w->unit], units[w->unit], lengths[w->unit]);
        break;
    case WINDOW_SESSION:
    case WINDOW_ALL:
    case WINDOW_SLICE:
        buf_puts(to, "NULL::BIGINT AS ws, NULL::BIGINT AS we FROM clocked)\n    WHERE true");
        break;
    }
    if (!plan->delay_all && w->kind != WINDOW_ALL)
        buf_printf(to, " AND (w IS NULL OR we + %lld > w)", (long long)plan->pane.lateness_ns);
    buf_puts(to, " AND ");
    script_put_where(plan, &dialect, to);
    buf_puts(to, "\n),\n");
}

static void put_keys(const struct plan *plan, struct buf *to)
{
    for (size_t i = 0; i < plan->n_keys; i++)
        buf_printf(to, ", c%zu", i);
}

/* Records sorted by time: one begins where the one before is a gap away. */
static void put_sessions(const struct plan *plan, struct buf *to)
{
    long long gap = plan->window.gap_ns;
    struct buf by = {0};
    put_keys(plan, &by);
    const char *keys = by.len == 0 ? "" : buf_cstr(&by) + 2;
    const char *part = by.len == 0 ? "" : "PARTITION BY ";
    buf_printf(
        to,
        "begun AS (\n    SELECT *, coalesce(t - lag(t) OVER (%s%s ORDER BY t, i) >= %lld, "
        "true)::INT AS begins FROM placed\n),\n"
        "numbered AS (\n    SELECT * EXCLUDE (ws, we), sum(begins) OVER (%s%s ORDER BY t, i) "
        "AS s FROM begun\n),\n"
        "bounded AS (\n    SELECT *, min(t) OVER (PARTITION BY s%s) AS ws, max(t) OVER "
        "(PARTITION BY s%s) + %lld AS we FROM numbered\n),\n",
        part, keys, gap, part, keys, by.len == 0 ? "" : buf_cstr(&by),
        by.len == 0 ? "" : buf_cstr(&by), gap);
    buf_free(&by);
}

/* What follows FILTER: the aggregate's condition, and that there is a value. */
static void put_filter(const struct plan *plan, const struct agg *agg, bool value, struct buf *to)
{
    bool condition = agg->condition != AGG_ALL_RECORDS;
    if (!condition && !value)
        return;
    buf_puts(to, " FILTER (WHERE ");
    if (condition)
        condition_put_sql(plan->rules.conditions[agg->condition], &dialect, to);
    if (value)
        buf_printf(to, "%sc%zu IS NOT NULL", condition ? " AND " : "", agg->column);
    buf_putc(to, ')');
}

static void put_agg(const struct plan *plan, const struct agg *agg, struct buf *to)
{
    static const struct {
        const char *name, *before, *behind; /* of the number */
    } plain[] = {{"sum", "sum(", ")"},
                 {"mean", "avg(", ")"},
                 {"min", "min(", ")"},
                 {"max", "max(", ")"},
                 {"var", "var_samp(", ")"},
                 {"stddev", "stddev_samp(", ")"},
                 {"median", "quantile_cont(", ", 0.5)"}};
    const char *name = agg->ops->name;
    size_t c = agg->column;
    bool rate = strcmp(name, "rate") == 0, share = strcmp(name, "share") == 0;
    bool sum = strcmp(name, "sum") == 0 || (rate && agg->field != NULL), value = false;
    buf_puts(to, sum ? "coalesce(" : "");
    if (agg->field == NULL)
        buf_puts(to, share ? "1.0 * count(*)" : "count(*)");
    else if (strcmp(name, "count") == 0)
        buf_printf(to, "count(c%zu)", c);
    else if (rate)
        buf_printf(to, "sum(TRY_CAST(c%zu AS DOUBLE))", c);
    else if (strcmp(name, "distinct") == 0)
        buf_printf(to, "count(DISTINCT c%zu)", c);
    else if (strcmp(name, "p") == 0)
        buf_printf(to, "quantile_cont(TRY_CAST(c%zu AS DOUBLE), %.15g)", c,
                   (double)agg->q_numerator / (double)agg->q_denominator);
    else if (strcmp(name, "first") == 0 || strcmp(name, "last") == 0) {
        buf_printf(to, "%s(c%zu ORDER BY t, i)", name, c);
        value = true;
    }
    for (size_t i = 0; i < sizeof plain / sizeof plain[0] && agg->field != NULL; i++)
        if (strcmp(name, plain[i].name) == 0)
            buf_printf(to, "%sTRY_CAST(c%zu AS DOUBLE)%s", plain[i].before, c, plain[i].behind);
    put_filter(plan, agg, value, to);
    buf_puts(to, sum ? ", 0)" : "");
    if (share)
        buf_puts(to, " / count(*)");
    if (rate)
        buf_puts(to, " * 1e9 / any_value(we - ws)");
}

static void put_bound(const struct plan *plan, const char *ns, struct buf *to)
{
    static const char *const scales[] = {[TIME_UNIT_S] = " / 1e9",
                                         [TIME_UNIT_MS] = " / 1e6",
                                         [TIME_UNIT_US] = " / 1e3",
                                         [TIME_UNIT_NS] = ""};
    if (plan->time_unit != TIME_UNIT_RFC3339) {
        buf_printf(to, "%s%s", ns, scales[plan->time_unit]);
        return;
    }
    static const char *const forms[][2] = {{"% 1000000000 = 0", "%Y-%m-%dT%H:%M:%SZ"},
                                           {"% 1000000 = 0", "%Y-%m-%dT%H:%M:%S.%gZ"},
                                           {"IS NOT NULL", "%Y-%m-%dT%H:%M:%S.%fZ"}};
    buf_puts(to, "CASE");
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        buf_printf(to, " WHEN %s %s THEN strftime(make_timestamp(%s // 1000), '%s')", ns,
                   forms[i][0], ns, forms[i][1]);
    buf_puts(to, " END");
}

/* As winagg orders keys. */
static void put_key_order(const struct plan *plan, struct buf *to)
{
    for (size_t i = 0; i < plan->n_keys; i++)
        buf_printf(to, ", c%zu NULLS FIRST", i);
}

static void put_result(const struct plan *plan, struct buf *to)
{
    bool retract = plan->pane.mode == PANE_RETRACT;
    buf_printf(to, "result AS (\n    SELECT ws, we");
    put_keys(plan, to);
    for (size_t i = 0; i < plan->n_aggs; i++) {
        buf_puts(to, ",\n        ");
        put_agg(plan, &plan->aggs[i], to);
        buf_printf(to, " AS a%zu", i);
    }
    buf_printf(to, "\n    FROM %s GROUP BY ws, we",
               plan->window.kind == WINDOW_SESSION ? "bounded" : "placed");
    put_keys(plan, to);
    if (plan->pane.top > 0) {
        buf_printf(to,
                   "\n    QUALIFY row_number() OVER (PARTITION BY ws, we ORDER BY a%zu DESC "
                   "NULLS LAST",
                   plan->pane.top_by);
        put_key_order(plan, to);
        buf_printf(to, ") <= %llu", (unsigned long long)plan->pane.top);
    }
    buf_printf(to, "\n)\nSELECT %s", retract ? "'+I' AS op, " : "");
    put_bound(plan, "ws", to);
    buf_puts(to, " AS window_start, ");
    put_bound(plan, "we", to);
    buf_puts(to, " AS window_end");
    for (size_t i = 0; i < plan->n_keys; i++) {
        buf_printf(to, ", c%zu AS ", i);
        put_name(to, plan->key_names[i]);
    }
    for (size_t i = 0; i < plan->n_aggs; i++) {
        buf_printf(to, ", a%zu AS ", i);
        put_name(to, plan->aggs[i].name);
    }
    if (plan->panes)
        buf_puts(to, ", 0 AS pane, 'on_time' AS timing");
    buf_puts(to, "\nFROM result ORDER BY we, ws");
    if (plan->pane.top > 0)
        buf_printf(to, ", a%zu DESC NULLS LAST", plan->pane.top_by);
    put_key_order(plan, to);
    buf_puts(to, ";\n");
}

bool explain_duckdb(const struct plan *plan, struct buf *to, struct error *err)
{
    struct script_sample sample = {0};
    bool ok = check(plan, err) &&
              script_sample(plan, plan->n_inputs == 0 ? NULL : plan->input_paths[0], &sample, err);
    bool odd = sample.odd_times && plan->input.time_format.form == TIME_AUTO;
    const struct script_refusal refused[] = {
        {sample.format != INPUT_JSON && sample.format != INPUT_CSV, reader_names[sample.format],
         "it reads JSON lines and CSV"},
        {odd, "a time that is neither RFC 3339 nor a number", "it reads no other"},
    };
    ok = ok && script_refuse_any("duckdb", refused, sizeof refused / sizeof refused[0], err);
    ok = ok && script_check_sample(plan, &sample, "duckdb", true, err);
    if (ok) {
        buf_puts(to, "SET TimeZone = 'UTC';\n");
        put_input(plan, &sample, to);
        put_clocked(plan, sample.format == INPUT_JSON, to);
        put_placed(plan, to);
        if (plan->window.kind == WINDOW_SESSION)
            put_sessions(plan, to);
        put_result(plan, to);
    }
    script_sample_free(&sample);
    return ok;
}
