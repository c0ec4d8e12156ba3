/*
 * --explain=duckdb: the same rows from DuckDB, as one statement over the FILE.
 *
 *     input     each record as it is read: its number, time in nanoseconds, keys, fields
 *     clocked   and W before it, the highest time so far less the delay
 *     placed    a row for each window that takes the record
 *     result    grouped, and printed as winagg prints
 *
 * Arithmetic with times goes beyond int64, and what is kept of it saturates, as in winagg.
 * Texts are compared as texts and numbers as doubles, so results are equal up to rounding.
 */
#include <string.h>

#include "input/reader.h"
#include "run/explain.h"
#include "run/explain_duckdb.h"

static const struct condition_sql dialect = {0};

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

/* A number, or no value; only blanks are none where blanks around a number are none of it. */
static void put_is_number(size_t column, bool json, struct buf *to)
{
    struct buf name = {0};
    buf_printf(&name, "c%zu", column);
    buf_printf(to, "%s IS NULL OR ", buf_cstr(&name));
    duckdb_put_trimmed(to, buf_cstr(&name), json);
    buf_printf(to, " = '' OR " CONDITION_DUCKDB_NUMBER "(%s) IS NOT NULL)", buf_cstr(&name));
    buf_free(&name);
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
                   ", max(t) OVER (ORDER BY i ROWS BETWEEN UNBOUNDED PRECEDING AND 1 "
                   "PRECEDING)::HUGEINT\n        - %lld AS w",
                   (long long)plan->delay_ns);
    buf_puts(to, "\n    FROM input WHERE t IS NOT NULL");
    for (size_t i = 0; i < plan->n_aggs; i++) {
        const struct agg *agg = &plan->aggs[i];
        size_t c = agg->column;
        if (agg->input == AGG_NUMBER) {
            put_demand(plan, agg, to);
            put_is_number(c, json, to);
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

/* floor((t - offset) / length) * length + offset, as it comes out without an overflow. */
static void put_floor(struct buf *to, long long offset, long long length)
{
    long long rest = ((offset % length) + length) % length;
    const char *wide = length > INT64_MAX / 2 ? "::HUGEINT" : "";
    buf_printf(to, "t::HUGEINT - ((t%s %% %lld - %lld) %% %lld + %lld) %% %lld", wide, length, rest,
               length, length, length);
}

/* Where the calendar's unit of t begins; make_timestamp() takes microseconds. */
static void put_calendar(struct buf *to, const char *unit, const char *and)
{
    buf_printf(to,
               "epoch_us(date_trunc('%s', make_timestamp(t // 1000 - (t %% 1000 < 0)::INT))%s)"
               "::HUGEINT * 1000",
               unit, and);
}

/* The windows as they are; `bounds` makes int64s of their ends. */
static void put_windows(const struct plan *plan, struct buf *to)
{
    static const char *const units[] = {"day", "week", "month", "quarter", "year"};
    static const char *const lengths[] = {" + INTERVAL '1 day'", " + INTERVAL '7 days'",
                                          " + INTERVAL '1 month'", " + INTERVAL '3 months'",
                                          " + INTERVAL '1 year'"};
    const struct window_spec *w = &plan->window;
    long long size = w->size_ns, slide = w->slide_ns, offset = w->offset_ns;
    switch (w->kind) {
    case WINDOW_TUMBLING:
        put_floor(to, offset, size);
        buf_printf(to, " AS s, s + %lld AS e FROM clocked)", size);
        break;
    case WINDOW_SLIDING:
        put_floor(to, offset, slide);
        buf_printf(to,
                   " - k::HUGEINT * %lld AS s, s + %lld AS e\n        "
                   "FROM clocked, range(%lld) AS _(k))\n    WHERE e > t",
                   slide, size, (size - 1) / slide + 1);
        break;
    case WINDOW_CUMULATE:
        /* Of those that end at the last of all times, or beyond, there is one. */
        put_floor(to, offset, size);
        buf_printf(to,
                   " AS s, s + (k + 1)::HUGEINT * %lld AS e\n        "
                   "FROM clocked, range(%lld) AS _(k))\n    "
                   "WHERE (e > t OR e = " DUCKDB_LAST ") AND e - %lld < " DUCKDB_LAST,
                   slide, size / slide, slide);
        break;
    case WINDOW_CALENDAR:
        put_calendar(to, units[w->unit], "");
        buf_puts(to, " AS s,\n        ");
        put_calendar(to, units[w->unit], lengths[w->unit]);
        buf_puts(to, " AS e FROM clocked)");
        break;
    case WINDOW_SESSION:
    case WINDOW_ALL:
    case WINDOW_SLICE:
        buf_puts(to, "NULL::HUGEINT AS s, NULL::HUGEINT AS e FROM clocked)");
        break;
    }
}

static void put_placed(const struct plan *plan, struct buf *to)
{
    enum window_kind kind = plan->window.kind;
    bool filters = kind == WINDOW_SLIDING || kind == WINDOW_CUMULATE;
    buf_puts(to, "placed AS (\n    SELECT * EXCLUDE (s, e), int64_of(s) AS ws, int64_of(e) AS we\n"
                 "    FROM (SELECT *, ");
    put_windows(plan, to);
    buf_puts(to, filters ? " AND " : "\n    WHERE ");
    if (!plan->delay_all && kind != WINDOW_ALL)
        buf_printf(to, "(w IS NULL OR e + %lld > least(w, " DUCKDB_LAST " - 1)) AND ",
                   (long long)plan->pane.lateness_ns); /* to the last of all times W never comes */
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
        "begun AS (\n    SELECT *, coalesce(t::HUGEINT - lag(t) OVER (%s%s ORDER BY t, i) >= %lld, "
        "true)::INT AS begins FROM placed\n),\n"
        "numbered AS (\n    SELECT * EXCLUDE (ws, we), sum(begins) OVER (%s%s ORDER BY t, i) "
        "AS s FROM begun\n),\n"
        "bounded AS (\n    SELECT *, min(t) OVER (PARTITION BY s%s) AS ws, int64_of(max(t) OVER "
        "(PARTITION BY s%s)::HUGEINT + %lld) AS we FROM numbered\n),\n",
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
        buf_printf(to, "sum(" CONDITION_DUCKDB_NUMBER "(c%zu))", c);
    else if (strcmp(name, "distinct") == 0)
        buf_printf(to, "count(DISTINCT c%zu)", c);
    else if (strcmp(name, "p") == 0)
        buf_printf(to, "quantile_cont(" CONDITION_DUCKDB_NUMBER "(c%zu), %.15g)", c,
                   (double)agg->q_numerator / (double)agg->q_denominator);
    else if (strcmp(name, "first") == 0 || strcmp(name, "last") == 0) {
        buf_printf(to, "%s(c%zu ORDER BY t, i)", name, c);
        value = true;
    }
    for (size_t i = 0; i < sizeof plain / sizeof plain[0] && agg->field != NULL; i++)
        if (strcmp(name, plain[i].name) == 0)
            buf_printf(to, "%s" CONDITION_DUCKDB_NUMBER "(c%zu)%s", plain[i].before, c,
                       plain[i].behind);
    put_filter(plan, agg, value, to);
    buf_puts(to, sum ? ", 0)" : "");
    if (share)
        buf_puts(to, " / count(*)");
    if (rate)
        buf_puts(to, " * 1e9 / nullif(any_value(we::HUGEINT - ws), 0)");
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
    buf_printf(to, "text_of(%s)", ns);
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
        duckdb_put_name(to, plan->key_names[i]);
    }
    for (size_t i = 0; i < plan->n_aggs; i++) {
        buf_printf(to, ", a%zu AS ", i);
        duckdb_put_name(to, plan->aggs[i].name);
    }
    if (plan->panes)
        buf_puts(to, ", 0 AS pane, 'on_time' AS timing");
    buf_puts(to, "\nFROM result ORDER BY we, ws");
    if (plan->pane.top > 0)
        buf_printf(to, ", a%zu DESC NULLS LAST", plan->pane.top_by);
    put_key_order(plan, to);
    buf_puts(to, ";\n");
}

/* Do the columns of both stand in the same places? */
static bool same_columns(const struct plan *plan, const struct script_sample *one,
                         const struct script_sample *other)
{
    bool same = one->n_columns == other->n_columns && one->time == other->time;
    for (size_t i = 0; same && i < plan->input.n_fields; i++)
        same = one->columns[i] == other->columns[i];
    return same;
}

static bool check_sample(const struct plan *plan, const struct script_sample *sample,
                         struct error *err)
{
    bool json = sample->format == INPUT_JSON, csv = sample->format == INPUT_CSV;
    bool odd = sample->odd_times && plan->input.time_format.form == TIME_AUTO;
    const struct script_refusal refused[] = {
        {!json && !csv, reader_names[sample->format], "it reads JSON lines and CSV"},
        {odd, "a time that is neither RFC 3339 nor a number", "it reads no other"},
        {sample->not_utf8, "a record with bytes that are no UTF-8", "it leaves it out"},
        {sample->bare_cr, "a CR that no LF follows", "a line ends there"},
        {sample->odd_rows, "a row with a stray quote", "it reads such rows otherwise"},
        {sample->deep, "JSON nested deeper than 2048", "it has no such limit"},
    };
    return script_refuse_any("duckdb", refused, sizeof refused / sizeof refused[0], err) &&
           script_check_sample(plan, sample, "duckdb", true, err);
}

/* FILE i, from 0; without a FILE: stdin. */
static bool sample_file(const struct plan *plan, size_t i, struct script_sample *sample,
                        struct error *err)
{
    return script_sample(plan, i < plan->n_inputs ? plan->input_paths[i] : NULL, sample, err);
}

/* FILE i is read as the first that is not empty was. */
static bool check_other(const struct plan *plan, size_t i, const struct script_sample *sample,
                        struct error *err)
{
    struct script_sample other = {0};
    bool ok = sample_file(plan, i, &other, err);
    if (ok && !other.empty && other.format != sample->format)
        ok = script_refuse("duckdb", "FILEs of several formats", "it reads one", err);
    if (ok && !other.empty && sample->format == INPUT_CSV && !same_columns(plan, sample, &other))
        ok = script_refuse("duckdb", "FILEs of several headers", "it reads all by one", err);
    ok = ok && (other.empty || check_sample(plan, &other, err));
    script_sample_free(&other);
    return ok;
}

bool explain_duckdb(const struct plan *plan, struct buf *to, struct error *err)
{
    struct script_sample sample = {0};
    size_t i = 0;
    bool ok = check(plan, err) && sample_file(plan, i, &sample, err);
    while (ok && sample.empty && ++i < plan->n_inputs) {
        script_sample_free(&sample);
        ok = sample_file(plan, i, &sample, err);
    }
    ok = ok && check_sample(plan, &sample, err);
    while (ok && ++i < plan->n_inputs)
        ok = check_other(plan, i, &sample, err);
    if (ok) {
        duckdb_put_macros(&sample, to);
        duckdb_put_input(plan, &sample, to);
        put_clocked(plan, sample.format == INPUT_JSON, to);
        put_placed(plan, to);
        if (plan->window.kind == WINDOW_SESSION)
            put_sessions(plan, to);
        put_result(plan, to);
    }
    script_sample_free(&sample);
    return ok;
}
