/*
 * --explain=duckdb: from the FILE to records, as winagg reads them.
 *
 * DuckDB takes more for JSON, numbers and times than winagg does, and less: so it is given lines,
 * or fields, as texts, and what they are is told by patterns before anything is cast.
 */
#include <string.h>

#include "run/explain_duckdb.h"

/* A number; one below 10^-5000 is none. */
#define NUMBER                                                                                     \
    "[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)"                                                            \
    "([eE]([+]?[0-9]+|-0*([0-9]{1,3}|[1-4][0-9]{3}|5000)))?"

/* A time: the groups are called by `time_groups`. */
#define TIME                                                                                       \
    "^([0-9]{4}(?:-[0-9]{2}-|/[0-9]{2}/)[0-9]{2})"                                                 \
    "(?:[Tt ]([01][0-9]|2[0-4]):([0-5][0-9])(?::([0-5][0-9]|60)(?:[.,]([0-9]+))?)?"                \
    "(?: ?(?:[Zz]|UTC|GMT|([+-])([01][0-9]|2[0-3])(?::?([0-5][0-9]))?))?)?$"
static const char time_groups[] = "['day', 'h', 'm', 's', 'f', 'sign', 'zh', 'zm']";

/* Of JSON, what json_valid() lets through: a comma before a bracket, NaN, Infinity. */
#define STRING "\"(?:[^\"\\\\]|\\\\.)*\""
#define NO_JSON "^(?:[^\"]|" STRING ")*?(?:,[ \\t\\r]*[]}]|[nN][aA]|[iI])"
#define NUL_IN_NAME "\"(?:[^\"\\\\]|\\\\.)*\\\\u0000(?:[^\"\\\\]|\\\\.)*\"[ \\t\\r]*:"

/* A CSV field that is this text is taken for a missing one, so that empty ones are not. */
#define MISSING "chr(1)"

void duckdb_put_name(struct buf *to, const char *text)
{
    buf_put_quoted(to, text, strlen(text), '"');
}

void duckdb_put_trimmed(struct buf *to, const char *text, bool json)
{
    buf_printf(to, json ? "%s" : "trim(%s, ' ' || chr(9))", text);
}

static void begin_macro(struct buf *to, const char *head)
{
    buf_printf(to, "CREATE OR REPLACE TEMP MACRO %s AS\n    ", head);
}

void duckdb_put_macros(const struct script_sample *sample, struct buf *to)
{
    bool json = sample->format == INPUT_JSON;
    struct buf x = {0};
    duckdb_put_trimmed(&x, "x", json);
    begin_macro(to, CONDITION_DUCKDB_NUMBER "(x)");
    buf_printf(to,
               "CASE WHEN regexp_full_match(%s, '" NUMBER "')\n"
               "    AND isfinite(TRY_CAST(x AS DOUBLE)) THEN TRY_CAST(x AS DOUBLE) END;\n",
               buf_cstr(&x));
    buf_free(&x);
    begin_macro(to, "int64_of(x)");
    buf_puts(to,
             "CAST(CASE WHEN x > " DUCKDB_LAST " THEN " DUCKDB_LAST
             "\n        WHEN x < " DUCKDB_FIRST " THEN " DUCKDB_FIRST " ELSE x END AS BIGINT);\n");
    begin_macro(to, "text_of(x)");
    buf_puts(to,
             "strftime(make_timestamp((x // 1000000000 - (x % 1000000000 < 0)::INT) * 1000000),\n"
             "        '%Y-%m-%dT%H:%M:%S') || CASE WHEN x % 1000000000 = 0 THEN 'Z'\n"
             "    WHEN x % 1000000 = 0 THEN "
             "printf('.%03dZ', (x % 1000000000 + 1000000000) % 1000000000 // 1000000)\n"
             "    WHEN x % 1000 = 0 THEN "
             "printf('.%06dZ', (x % 1000000000 + 1000000000) % 1000000000 // 1000)\n"
             "    ELSE printf('.%09dZ', (x % 1000000000 + 1000000000) % 1000000000) END;\n");
    if (!json)
        return;
    begin_macro(to, "is_too_large(x)");
    buf_puts(to, "coalesce(regexp_full_match(x, '" NUMBER "'), false) AND "
                 "NOT isfinite(TRY_CAST(x AS DOUBLE));\n");
    /* DuckDB refuses halves of surrogate pairs. A backslash that is meant is put out of the way,
       pairs are marked, what is left is U+FFFD. */
    begin_macro(to, "whole(x)");
    buf_puts(to, "CASE WHEN regexp_matches(x, '\\\\u[dD][89a-fA-F]') THEN "
                 "replace(regexp_replace(regexp_replace(\n    replace(x, '\\\\', '\\u005c'), "
                 "'\\\\u([dD][89abAB][0-9a-fA-F]{2})\\\\u([dD][c-fC-F][0-9a-fA-F]{2})',\n    "
                 "chr(1) || '\\1' || chr(1) || '\\2', 'g'), "
                 "'\\\\u[dD][89a-fA-F][0-9a-fA-F]{2}', '\\\\ufffd', 'g'),\n    "
                 "chr(1), '\\u') ELSE x END;\n");
    begin_macro(to, "is_record(x)");
    buf_puts(to,
             "json_valid(x) AND NOT regexp_matches(x, '(?s)" NO_JSON "')\n"
             "    AND NOT (contains(x, '\\u0000') AND regexp_matches(x, '" NUL_IN_NAME "'));\n");
    /* Of a name that comes twice DuckDB takes the first: so members change places. */
    begin_macro(to, "last_first(x)");
    buf_puts(to, "'{' || array_to_string(list_reverse(list_transform(json_keys(x),\n    "
                 "lambda k, n: to_json(k) || ':' || (x -> '$.*')[n])), ',') || '}';\n");
}

/* A name as JSON writes it, of the usual. */
static void put_json_name(struct buf *to, const char *name, size_t len)
{
    buf_putc(to, '"');
    for (size_t k = 0; k < len; k++) {
        if (name[k] == '"' || name[k] == '\\')
            buf_putc(to, '\\');
        buf_putc(to, name[k]);
    }
    buf_putc(to, '"');
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
        buf_putc(&text, '.');
        put_json_name(&text, part->name, part->len);
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

/* Nothing is left to be guessed, and what makes DuckDB stop at an odd row is off. */
static void put_reader(const struct plan *plan, struct buf *to)
{
    buf_puts(to, "read_csv(");
    put_files(plan, to);
    buf_printf(to,
               ", auto_detect = false, strict_mode = false, ignore_errors = true,\n        "
               "maximum_line_size = %zu, buffer_size = %zu, ",
               plan->input.max_record_bytes + 1, 2 * (plan->input.max_record_bytes + 1));
}

/* Is the first part of the path no other's before? */
static bool is_new(const struct plan *plan, size_t i)
{
    const struct path_part *part = &plan->input.fields[i].path.parts[0];
    if (strcmp(part->name, plan->input.time[0].parts[0].name) == 0)
        return false;
    for (size_t k = 0; k < i; k++)
        if (strcmp(part->name, plan->input.fields[k].path.parts[0].name) == 0)
            return false;
    return true;
}

static void put_comes_twice(struct buf *to, const struct path_part *part)
{
    struct buf name = {0};
    put_json_name(&name, part->name, part->len);
    buf_puts(to, "strlen(line) - strlen(replace(line, ");
    buf_put_quoted(to, name.data, name.len, '\'');
    buf_printf(to, ", '')) > %zu", name.len);
    buf_free(&name);
}

/* Each line that is a record, as JSON for DuckDB. */
static void put_json_records(const struct plan *plan, struct buf *to)
{
    buf_puts(to, "WITH lines AS (\n    SELECT row_number() OVER () AS i, "
                 "whole(ltrim(line, chr(65279) || chr(30))) AS line,\n        "
                 "strlen(line) AS bytes\n    FROM ");
    put_reader(plan, to);
    buf_puts(to, "header = false, columns = {'line': 'VARCHAR'},\n        "
                 "delim = " MISSING ", quote = '', escape = '')\n),\n");
    buf_printf(to,
               "records AS (\n    SELECT i, CASE WHEN is_record(line) AND bytes <= %zu "
               "THEN line END AS line\n    FROM lines\n),\n",
               plan->input.max_record_bytes);
    /* Behind a backslash names may be written otherwise. */
    buf_puts(to, "ordered AS (\n    SELECT i, CASE WHEN contains(line, '\\')\n        OR ");
    put_comes_twice(to, &plan->input.time[0].parts[0]);
    for (size_t i = 0; i < plan->input.n_fields; i++)
        if (is_new(plan, i)) {
            buf_puts(to, "\n        OR ");
            put_comes_twice(to, &plan->input.fields[i].path.parts[0]);
        }
    buf_puts(to, "\n        THEN last_first(line) ELSE line END AS json\n    FROM records\n),\n");
}

/* Each column once, as a text: keys and the fields of aggregates. */
static void put_json_texts(const struct plan *plan, struct buf *to)
{
    put_json_records(plan, to);
    buf_puts(to, "texts AS (\n    SELECT i, ");
    put_found(to, "json ->> ", &plan->input.time[0], "");
    buf_puts(to, " AS v");
    for (size_t i = 0; i < plan->input.n_fields; i++) {
        buf_puts(to, ",\n        ");
        put_found(to, "json ->> ", &plan->input.fields[i].path, "");
        buf_printf(to, " AS v%zu", i);
        if (!script_is_typed(&plan->input.fields[i]))
            continue;
        buf_puts(to, ",\n        ");
        put_is_composite(to, &plan->input.fields[i].path);
        buf_printf(to, " AS o%zu", i);
    }
    buf_puts(to, "\n    FROM ordered\n),\n");
}

/*
 * A row has all its columns and no more: one more is asked for, and those that are not there are
 * NULL. An empty field is no value but as a key. (Several threads can't do so.)
 */
static void put_csv_texts(const struct plan *plan, const struct script_sample *sample,
                          struct buf *to)
{
    const char delimiter[] = {plan->input.delimiter == '\0' ? ',' : plan->input.delimiter, '\0'};
    struct buf time = {0};
    buf_printf(&time, "f%zu", sample->time);
    buf_puts(to, "WITH texts AS (\n    SELECT row_number() OVER () AS i, ");
    duckdb_put_trimmed(to, buf_cstr(&time), false);
    buf_free(&time);
    buf_puts(to, " AS v");
    for (size_t i = 0; i < plan->input.n_fields; i++) {
        bool key = plan->input.fields[i].use == FIELD_KEY;
        buf_printf(to, key ? ",\n        f%zu AS v%zu" : ",\n        nullif(f%zu, '') AS v%zu",
                   sample->columns[i], i);
    }
    buf_puts(to, "\n    FROM ");
    put_reader(plan, to);
    buf_puts(to, "header = true, delim = ");
    script_put_string(to, delimiter);
    buf_puts(to, ", quote = '\"', escape = '\"', nullstr = " MISSING ",\n        "
                 "null_padding = true, parallel = false, columns = {");
    size_t n = sample->n_columns > 0 ? sample->n_columns : 1; /* of an empty FILE any will do */
    for (size_t i = 0; i <= n; i++)
        buf_printf(to, "%s'f%zu': 'VARCHAR'", i > 0 ? ", " : "", i);
    buf_printf(to, "})\n    WHERE f%zu IS NOT NULL AND f%zu IS NULL\n),\n", n - 1, n);
}

/* From an epoch number n, floored. */
static void put_number_time(enum time_form form, struct buf *to)
{
    static const char *const scales[] = {
        [TIME_S] = "1000000000", [TIME_MS] = "1000000", [TIME_US] = "1000", [TIME_NS] = "1"};
    const char *scale = form == TIME_AUTO ? "scale" : scales[form];
    buf_printf(to,
               "CASE WHEN abs(n) <= 9300000000000000000 / %s\n            "
               "THEN TRY_CAST(floor(n * %s) AS BIGINT) END",
               scale, scale);
}

/* From the groups g of a text: none that is after 24:00. */
static void put_text_time(struct buf *to)
{
    buf_puts(
        to,
        "CASE WHEN g.h <> '24' OR regexp_full_match(g.m || g.s || left(g.f, 9), '0*')\n            "
        "THEN TRY_CAST(((TRY_CAST(replace(g.day, '/', '-') AS DATE) - DATE '1970-01-01') * 86400\n"
        "                + CAST('0' || g.h AS BIGINT) * 3600 + CAST('0' || g.m AS BIGINT) * 60\n"
        "                + CAST('0' || g.s AS BIGINT)\n"
        "                - CAST(g.sign || '1' AS BIGINT) * (CAST('0' || g.zh AS BIGINT) * 3600\n"
        "                    + CAST('0' || g.zm AS BIGINT) * 60))::HUGEINT * 1000000000\n"
        "            + CAST(rpad(left(g.f, 9), 9, '0') AS BIGINT) AS BIGINT) END");
}

/* In nanoseconds; NULL: it is none, or out of their range. */
static void put_time(const struct plan *plan, struct buf *to)
{
    enum time_form form = plan->input.time_format.form;
    bool automatic = form == TIME_AUTO;
    buf_puts(to, automatic ? "coalesce(" : "");
    put_number_time(form, to);
    if (automatic) {
        buf_puts(to, ",\n        ");
        put_text_time(to);
        buf_putc(to, ')');
    }
}

/* What its time is made of, from its text v. */
static void put_parts(const struct plan *plan, struct buf *to)
{
    bool automatic = plan->input.time_format.form == TIME_AUTO;
    buf_puts(to, "parts AS (\n    SELECT *");
    if (automatic)
        buf_puts(to, ", CASE WHEN abs(n) < 100000000000 THEN 1000000000 WHEN abs(n) < "
                     "100000000000000 THEN 1000000\n        WHEN abs(n) < 100000000000000000 "
                     "THEN 1000 ELSE 1 END AS scale");
    buf_puts(to, "\n    FROM (SELECT *, CASE WHEN regexp_full_match(v, '" NUMBER "')\n        "
                 "THEN TRY_CAST(v AS DECIMAL(38, 18)) END AS n");
    if (automatic)
        buf_printf(to, ",\n        regexp_extract(v, '" TIME "',\n            %s) AS g",
                   time_groups);
    buf_puts(to, "\n        FROM texts)\n),\n");
}

void duckdb_put_input(const struct plan *plan, const struct script_sample *sample, struct buf *to)
{
    bool json = sample->format == INPUT_JSON;
    if (json)
        put_json_texts(plan, to);
    else
        put_csv_texts(plan, sample, to);
    put_parts(plan, to);
    buf_puts(to, "input AS (\n    SELECT i, ");
    put_time(plan, to);
    buf_puts(to, " AS t");
    for (size_t i = 0; i < plan->input.n_fields; i++) {
        bool typed = script_is_typed(&plan->input.fields[i]);
        enum script_type type = typed ? sample->types[i] : SCRIPT_TEXT;
        if (type == SCRIPT_INTEGER || type == SCRIPT_BOOLEAN)
            buf_printf(to, ",\n        TRY_CAST(v%zu AS %s) AS c%zu", i,
                       type == SCRIPT_INTEGER ? "BIGINT" : "BOOLEAN", i);
        else if (type == SCRIPT_NUMBER)
            buf_printf(to, ",\n        " CONDITION_DUCKDB_NUMBER "(v%zu) AS c%zu", i, i);
        else
            buf_printf(to, ",\n        v%zu AS c%zu", i, i);
        if (json && typed && (type == SCRIPT_INTEGER || type == SCRIPT_NUMBER))
            buf_printf(to, ", o%zu OR is_too_large(v%zu) AS x%zu", i, i, i);
        else if (json && typed)
            buf_printf(to, ", o%zu AS x%zu", i, i);
    }
    buf_puts(to, "\n    FROM parts\n),\n");
}
