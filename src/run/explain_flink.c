/*
 * --explain=flink-sql: the same rows from Flink, as statements for its SQL client.
 *
 *     records   the FILE, or the topic, as texts, and the event time, which W follows
 *     used      the records that count, their columns typed
 *     results   a row for each window and key
 *     output    a folder, into which they go as winagg prints them
 *
 * Flink's clock is in milliseconds, and a window is over when W has reached its last one: so W
 * trails 1 ms more than here. Its sessions join at exactly the gap: they get a gap that is 1 ms
 * shorter, end 1 ms later, and W trails another one. A bad record has a time before all others: it
 * moves no clock, and is left out behind it.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "run/explain.h"
#include "run/explain_flink.h"

enum { MS = 1000000 };
static const int64_t day_ns = 86400000000000;

static int64_t size_of(const struct window_spec *w)
{
    return w->kind != WINDOW_CALENDAR ? w->size_ns : w->unit == CALENDAR_DAY ? day_ns : 7 * day_ns;
}

static int64_t slide_of(const struct window_spec *w)
{
    return w->kind == WINDOW_CALENDAR ? size_of(w) : w->slide_ns;
}

static const char *type_name(const struct flink *f, size_t field)
{
    static const char *const names[] = {[SCRIPT_TEXT] = "STRING",
                                        [SCRIPT_INTEGER] = "BIGINT",
                                        [SCRIPT_NUMBER] = "DOUBLE",
                                        [SCRIPT_BOOLEAN] = "BOOLEAN"};
    enum field_use use = f->plan->input.fields[field].use;
    return use == FIELD_NUMBER                      ? "DOUBLE"
           : use == FIELD_KEY || use == FIELD_VALUE ? names[f->sample->types[field]]
                                                    : "STRING";
}

/* An id is remembered for ever; a record without one is no duplicate. */
static void put_first_of_id(const struct flink *f, struct buf *to)
{
    buf_printf(to,
               "CREATE TEMPORARY VIEW used AS SELECT * FROM (\n    SELECT *, ROW_NUMBER() OVER "
               "(PARTITION BY COALESCE(CAST(c%zu AS STRING), UUID()) ORDER BY arrival) AS nth\n"
               "    FROM (SELECT *, PROCTIME() AS arrival FROM good)\n) WHERE nth = 1;\n",
               f->plan->dedup_column);
}

static bool put_used(const struct flink *f, struct buf *to)
{
    const struct plan *plan = f->plan;
    const struct condition_sql sql = {CONDITION_FLINK, f->columns};
    buf_printf(to, "CREATE TEMPORARY VIEW %s AS SELECT %s AS t", plan->has_dedup ? "good" : "used",
               f->clock);
    for (size_t i = 0; i < plan->input.n_fields; i++) {
        const char *type = type_name(f, i);
        if (strcmp(type, "STRING") == 0)
            buf_printf(to, ",\n    %s AS c%zu", f->columns[i], i);
        else
            buf_printf(to, ",\n    TRY_CAST(%s AS %s) AS c%zu", f->columns[i], type, i);
    }
    buf_printf(to, "\nFROM records WHERE %s > " FLINK_NO_TIME, f->clock);
    bool ok = true;
    if (plan->rules.n_where > 0) {
        buf_puts(to, "\n    AND ");
        ok = script_put_where(plan, &sql, to);
    }
    buf_puts(to, ";\n");
    if (plan->has_dedup)
        put_first_of_id(f, to);
    return ok;
}

/* False, as condition_put_sql(). What depends on the window's length is not divided by it yet. */
static bool put_agg(const struct plan *plan, const struct agg *agg, struct buf *to)
{
    static const struct {
        const char *name, *before, *behind; /* of the number */
    } plain[] = {{"sum", "COALESCE(SUM(", ")"},
                 {"rate", "COALESCE(SUM(", ")"},
                 {"mean", "AVG(", ")"},
                 {"min", "MIN(", ")"},
                 {"max", "MAX(", ")"},
                 {"var", "VAR_SAMP(", ")"},
                 {"stddev", "STDDEV_SAMP(", ")"},
                 {"median", "PERCENTILE(", ", 0.5)"},
                 {"count", "COUNT(", ")"},
                 {"distinct", "COUNT(DISTINCT ", ")"}};
    static const struct condition_sql dialect = {CONDITION_FLINK, NULL};
    const char *name = agg->ops->name;
    bool ok = true, share = strcmp(name, "share") == 0;
    bool sum = agg->field != NULL && (strcmp(name, "sum") == 0 || strcmp(name, "rate") == 0);
    if (agg->field == NULL)
        buf_puts(to, share ? "1E0 * COUNT(*)" : "COUNT(*)");
    else if (strcmp(name, "p") == 0)
        buf_printf(to, "PERCENTILE(c%zu, %.15g)", agg->column,
                   (double)agg->q_numerator / (double)agg->q_denominator);
    for (size_t i = 0; i < sizeof plain / sizeof plain[0] && agg->field != NULL; i++)
        if (strcmp(name, plain[i].name) == 0)
            buf_printf(to, "%sc%zu%s", plain[i].before, agg->column, plain[i].behind);
    if (agg->condition != AGG_ALL_RECORDS) {
        buf_puts(to, " FILTER (WHERE ");
        ok = condition_put_sql(plan->rules.conditions[agg->condition], &dialect, to);
        buf_putc(to, ')');
    }
    buf_puts(to, sum ? ", 0E0)" : share ? " / COUNT(*)" : "");
    return ok;
}

static void put_keys(const struct plan *plan, struct buf *to)
{
    for (size_t i = 0; i < plan->n_keys; i++)
        buf_printf(to, ", c%zu", i);
}

/* What stands behind the time in TUMBLE(), HOP(), CUMULATE(), SESSION(). */
static void put_lengths(const struct window_spec *w, struct buf *to)
{
    buf_puts(to, ", ");
    if (w->kind == WINDOW_ALL) {
        buf_puts(to, "INTERVAL '8000000' HOUR(7)"); /* until 2882 */
        return;
    }
    if (w->kind == WINDOW_SESSION) {
        flink_put_interval(to, w->gap_ns - MS);
        return;
    }
    if (w->kind == WINDOW_SLIDING || w->kind == WINDOW_CUMULATE) {
        flink_put_interval(to, slide_of(w));
        buf_puts(to, ", ");
    }
    flink_put_interval(to, size_of(w));
}

static bool put_results(const struct flink *f, struct buf *to)
{
    static const char *const functions[] = {
        [WINDOW_TUMBLING] = "TUMBLE", [WINDOW_SLIDING] = "HOP",     [WINDOW_CUMULATE] = "CUMULATE",
        [WINDOW_CALENDAR] = "TUMBLE", [WINDOW_SESSION] = "SESSION", [WINDOW_ALL] = "TUMBLE"};
    const struct plan *plan = f->plan;
    const char *function = functions[plan->window.kind];
    struct buf lengths = {0};
    put_lengths(&plan->window, &lengths);
    const char *behind = buf_cstr(&lengths);
    buf_puts(to, "CREATE TEMPORARY VIEW results AS SELECT ");
    if (f->grouped)
        buf_printf(to, "%s_START(t%s) AS ws, %s_END(t%s) AS we", function, behind, function,
                   behind);
    else
        buf_puts(to, "window_start AS ws, window_end AS we");
    put_keys(plan, to);
    bool ok = true;
    for (size_t i = 0; i < plan->n_aggs; i++) {
        buf_puts(to, ",\n    ");
        ok &= put_agg(plan, &plan->aggs[i], to);
        buf_printf(to, " AS a%zu", i);
    }
    if (f->grouped)
        buf_printf(to, ",\n    COUNT(*) AS n\nFROM used GROUP BY %s(t%s)", function, behind);
    else
        buf_printf(to,
                   "\nFROM TABLE(%s(TABLE used, DESCRIPTOR(t)%s))\n"
                   "GROUP BY window_start, window_end",
                   function, behind);
    put_keys(plan, to);
    buf_puts(to, ";\n");
    buf_free(&lengths);
    return ok;
}

static bool is_counting(const struct agg *agg)
{
    return strcmp(agg->ops->name, "count") == 0 || strcmp(agg->ops->name, "distinct") == 0;
}

static void put_output_columns(const struct flink *f, struct buf *to)
{
    const struct plan *plan = f->plan;
    const char *bound = plan->time_unit == TIME_UNIT_RFC3339 ? "STRING"
                        : plan->time_unit == TIME_UNIT_S     ? "DOUBLE"
                                                             : "BIGINT";
    bool late = pane_refines(&plan->pane);
    buf_puts(to, plan->pane.mode == PANE_RETRACT && !late ? "    op STRING,\n" : "");
    buf_printf(to, "    window_start %s,\n    window_end %s", bound, bound);
    for (size_t i = 0; i < plan->n_keys; i++) {
        buf_puts(to, ",\n    ");
        flink_put_name(to, plan->key_names[i]);
        buf_printf(to, " %s", type_name(f, i));
    }
    for (size_t i = 0; i < plan->n_aggs; i++) {
        buf_puts(to, ",\n    ");
        flink_put_name(to, plan->aggs[i].name);
        buf_puts(to, is_counting(&plan->aggs[i]) ? " BIGINT" : " DOUBLE");
    }
    buf_puts(to, plan->panes && !late ? ",\n    pane INT,\n    timing STRING" : "");
}

/* How often a job that does not end commits its rows, in milliseconds. */
static long long commit_ms(const struct plan *plan)
{
    enum { DEFAULT_MS = 10000, LEAST_MS = 10 }; /* Flink's own least */
    long long ms = plan->checkpoint_ns > 0 ? plan->checkpoint_ns / MS : DEFAULT_MS;
    return ms < LEAST_MS ? LEAST_MS : ms;
}

static void put_output(const struct flink *f, struct buf *to)
{
    const char *path = f->plan->output_path;
    buf_puts(to, "CREATE TEMPORARY TABLE `output` (\n");
    put_output_columns(f, to);
    buf_puts(to, "\n) WITH (\n    'connector' = 'filesystem',\n    'path' = ");
    script_put_string(to, path == NULL ? "rows" : path);
    long long ms = commit_ms(f->plan);
    if (f->plan->follow) /* a file of rows is seen when it is closed */
        buf_printf(to,
                   ",\n    'sink.rolling-policy.rollover-interval' = '%lld ms',\n"
                   "    'sink.rolling-policy.check-interval' = '%lld ms'",
                   ms, ms);
    buf_printf(to, ",\n    'format' = '%s'\n);\n",
               pane_refines(&f->plan->pane) ? "debezium-json" : "json");
}

/* Milliseconds since 1970 of a bound. */
static void put_ms(struct buf *to, const char *bound)
{
    buf_printf(to,
               "(UNIX_TIMESTAMP(DATE_FORMAT(%s, 'yyyy-MM-dd HH:mm:ss')) * 1000 + "
               "EXTRACT(MILLISECOND FROM %s))",
               bound, bound);
}

/* A bound as winagg prints it, of ws or we with what was added to the times taken back. */
static void put_bound(const struct flink *f, bool end, struct buf *to)
{
    static const char *const scales[] = {[TIME_UNIT_S] = " / 1E3",
                                         [TIME_UNIT_MS] = "",
                                         [TIME_UNIT_US] = " * 1000",
                                         [TIME_UNIT_NS] = " * 1000000"};
    enum time_unit unit = f->plan->time_unit;
    if (f->plan->window.kind == WINDOW_ALL) {
        buf_printf(to, "CAST(NULL AS %s)",
                   unit == TIME_UNIT_RFC3339 ? "STRING"
                   : unit == TIME_UNIT_S     ? "DOUBLE"
                                             : "BIGINT");
        return;
    }
    struct buf moved = {0};
    buf_puts(&moved, end ? "we" : "ws");
    if (f->offset_ns != 0) {
        buf_puts(&moved, " - ");
        flink_put_interval(&moved, f->offset_ns);
    }
    if (end && f->plan->window.kind == WINDOW_SESSION)
        buf_puts(&moved, " + INTERVAL '0.001' SECOND");
    const char *bound = buf_cstr(&moved);
    if (unit == TIME_UNIT_RFC3339) {
        buf_printf(to, "REPLACE(DATE_FORMAT(%s, 'yyyy-MM-dd''T''HH:mm:ss.SSS''Z'''), '.000', '')",
                   bound);
    } else {
        put_ms(to, bound);
        buf_puts(to, scales[unit]);
    }
    buf_free(&moved);
}

/* A result; a rate is per second. */
static void put_result(const struct flink *f, size_t i, struct buf *to)
{
    enum window_kind kind = f->plan->window.kind;
    bool rate = strcmp(f->plan->aggs[i].ops->name, "rate") == 0;
    if (rate && kind == WINDOW_ALL)
        buf_puts(to, ", CAST(NULL AS DOUBLE)");
    else
        buf_printf(to, ", a%zu", i);
    if (!rate || kind == WINDOW_ALL)
        return;
    if (kind == WINDOW_CUMULATE || kind == WINDOW_SESSION) {
        buf_puts(to, " * 1E3 / (");
        put_ms(to, "we");
        buf_puts(to, " - ");
        put_ms(to, "ws");
        buf_puts(to, kind == WINDOW_SESSION ? " + 1)" : ")");
    } else {
        buf_printf(to, " * 1E3 / %lld", (long long)(size_of(&f->plan->window) / MS));
    }
}

static void put_insert(const struct flink *f, struct buf *to)
{
    const struct plan *plan = f->plan;
    bool late = pane_refines(&plan->pane);
    buf_puts(to, "INSERT INTO `output` SELECT ");
    buf_puts(to, plan->pane.mode == PANE_RETRACT && !late ? "'+I', " : "");
    put_bound(f, false, to);
    buf_puts(to, ",\n    ");
    put_bound(f, true, to);
    buf_puts(to, ",\n    ");
    size_t start = to->len;
    for (size_t i = 0; i < plan->n_keys; i++)
        buf_printf(to, ", c%zu", i);
    for (size_t i = 0; i < plan->n_aggs; i++)
        put_result(f, i, to);
    memmove(to->data + start, to->data + start + 2, to->len - start - 2);
    to->len -= 2;
    buf_puts(to, plan->panes && !late ? ", 0, 'on_time'" : "");
    if (plan->pane.top > 0) {
        buf_printf(to,
                   "\nFROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY ws, we ORDER BY a%zu DESC",
                   plan->pane.top_by);
        put_keys(plan, to);
        buf_printf(to, ") AS nth FROM results) WHERE nth <= %llu;\n",
                   (unsigned long long)plan->pane.top);
        return;
    }
    /* A late record that changes no result makes a row, too: n is what changes. */
    buf_puts(to, late ? "\nFROM results WHERE n > 0;\n" : "\nFROM results;\n");
}

static void put_settings(const struct plan *plan, struct buf *to)
{
    static const char *const settings[] = {
        "execution.runtime-mode' = 'streaming", "parallelism.default' = '1",
        "table.local-time-zone' = 'UTC", "pipeline.auto-watermark-interval' = '0 ms"};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        buf_printf(to, "SET '%s';\n", settings[i]);
    if (plan->follow)
        buf_printf(to, "SET 'execution.checkpointing.interval' = '%lld ms';\n", commit_ms(plan));
    else
        buf_puts(to, "SET 'table.dml-sync' = 'true';\n");
    if (pane_refines(&plan->pane))
        buf_printf(to,
                   "SET 'table.exec.emit.allow-lateness' = '%lld ms';\n"
                   "SET 'table.exec.emit.late-fire.enabled' = 'true';\n"
                   "SET 'table.exec.emit.late-fire.delay' = '0 ms';\n",
                   (long long)(plan->pane.lateness_ns / MS));
}

/* By how much times are moved so that a window begins at 0; 0 <= it < the slide. */
static int64_t offset_of(const struct plan *plan)
{
    const struct window_spec *w = &plan->window;
    if (w->kind == WINDOW_SESSION || w->kind == WINDOW_ALL)
        return 0;
    int64_t offset = w->offset_ns;
    if (w->kind == WINDOW_CALENDAR)
        offset = (w->unit == CALENDAR_WEEK ? 4 * day_ns : 0) - /* 1970-01-05 was a Monday */
                 zone_offset_at(plan->zone, 0) * INT64_C(1000000000);
    int64_t slide = slide_of(w);
    return (slide - offset % slide) % slide;
}

static bool put_script(const struct plan *plan, const struct script_sample *sample,
                       const struct topic *topic, struct buf *to)
{
    size_t n = plan->input.n_fields;
    struct flink f = {plan,
                      sample,
                      memory_calloc(n + 1, sizeof(char *)),
                      NULL,
                      flink_clock(&plan->input),
                      offset_of(plan),
                      *topic,
                      flink_is_grouped(plan)};
    for (size_t i = 0; i < n; i++)
        f.columns[i] = flink_expression(&f, &plan->input.fields[i], sample->columns[i]);
    f.time = flink_time(&f);
    put_settings(plan, to);
    bool ok = flink_put_records(&f, to);
    ok &= put_used(&f, to);
    ok &= put_results(&f, to);
    put_output(&f, to);
    put_insert(&f, to);
    for (size_t i = 0; i < n; i++)
        free(f.columns[i]);
    free(f.columns);
    free(f.time);
    free(f.clock);
    return ok;
}

static bool no_sample(const struct topic *topic, const char *found, struct error *err)
{
    error_set(err, EXIT_USAGE,
              "--explain=flink-sql: expected a sample of the topic on stdin, as from "
              "kcat -C -b %s -t %s -c 1000 -e | winagg ...; found %s",
              topic->brokers, topic->name, found);
    return false;
}

/* The sample of a topic is on stdin, for winagg speaks to no broker. */
static bool sample_topic(const struct plan *plan, const struct topic *topic,
                         struct script_sample *sample, struct error *err)
{
    if (isatty(STDIN_FILENO) == 1)
        return no_sample(topic, "a terminal", err);
    if (!script_sample(plan, NULL, sample, err))
        return false;
    if (sample->n_good == 0)
        return no_sample(topic, "no good record", err);
    for (size_t i = 0; i < plan->input.n_fields; i++)
        if (flink_is_own(plan, &plan->input.fields[i].path))
            sample->types[i] = SCRIPT_INTEGER; /* whether the sample has it or not */
    return true;
}

bool explain_flink(const struct plan *plan, struct buf *to, struct error *err)
{
    struct script_sample sample = {0};
    struct topic topic = {NULL, NULL};
    const char *path = topic_of(plan);
    bool ok = flink_check(plan, err) && (path == NULL || topic_parse(path, &topic, err));
    ok = ok && (path == NULL ? script_sample(plan, plan->input_paths[0], &sample, err)
                             : sample_topic(plan, &topic, &sample, err));
    ok = ok && flink_check_sample(plan, &sample, err);
    if (ok && !put_script(plan, &sample, &topic, to))
        ok = script_refuse("flink-sql", "a pattern of a condition",
                           "its regular expressions are Java's", err);
    script_sample_free(&sample);
    topic_free(&topic);
    return ok;
}
