#include "run/script.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "input/plan.h"
#include "input/reader.h"
#include "run/topic.h"
#include "source/source.h"

bool script_refuse(const char *system, const char *what, const char *why, struct error *err)
{
    return error_set(err, EXIT_USAGE, "--explain=%s: %s has no equal there: %s", system, what, why);
}

bool script_refuse_any(const char *system, const struct script_refusal *refusals, size_t n,
                       struct error *err)
{
    for (size_t i = 0; i < n; i++)
        if (refusals[i].given)
            return script_refuse(system, refusals[i].what, refusals[i].why, err);
    return true;
}

static bool check_aggs(const struct plan *plan, const char *system, struct error *err)
{
    static const char *const none[] = {"topk", "mode", "approx_distinct", "approx_p"};
    for (size_t i = 0; i < plan->n_aggs; i++)
        for (size_t k = 0; k < sizeof none / sizeof none[0]; k++)
            if (strcmp(plan->aggs[i].ops->name, none[k]) == 0)
                return script_refuse(system, plan->aggs[i].function,
                                     k < 2 ? "it breaks ties otherwise" : "it is another estimate",
                                     err);
    return true;
}

bool script_check(const struct plan *plan, const char *system, struct error *err)
{
    bool topic = topic_of(plan) != NULL; /* which has offsets, partitions, and no end */
    const struct script_refusal refused[] = {
        {plan->merge || plan->partial, "a partial result", "it reads records and writes rows"},
        {plan->follow && !topic, "--follow", "a query ends"},
        {plan->pane.fill, "--fill", "a window without records is in no table"},
        {plan->has_position && !topic, "--position", "it depends on what came before"},
        {plan->has_source && !plan->delay_all && !topic, "--source",
         "it has one clock (--delay all has none)"},
        {plan->max_jump_ns > 0 && !plan->delay_all, "--max-jump",
         "it has one clock (--delay all has none)"},
        {plan->idle_ns > 0, "--idle-timeout", "the wall clock is in no record"},
        {plan->id != PANE_ID_NONE, "--row-id", "it has another hash"},
        {plan->input.comment != '\0' || plan->input.ragged, "--comment or --ragged",
         "it reads such rows otherwise"},
        {plan->input.time_format.form == TIME_PATTERN, "a pattern of --time-format",
         "its patterns mean other things"},
        {plan->input.n_time > 1, "several time fields", "they are joined into one text"},
        {plan->time_unit == TIME_UNIT_LOCAL, "--output-time local", "it prints no offset"},
        {plan->strict, "--strict", "it leaves out what it can't read"},
        {plan->input.max_record_bytes != INPUT_MAX_RECORD_DEFAULT_BYTES, "--max-record",
         "it has limits of its own"},
    };
    return script_refuse_any(system, refused, sizeof refused / sizeof refused[0], err) &&
           check_aggs(plan, system, err);
}

static bool is_integer(const struct value *v)
{
    int64_t mant = v->mant;
    for (int16_t i = 0; i < v->exp; i++)
        if (__builtin_mul_overflow(mant, 10, &mant))
            return false;
    return v->exp >= 0;
}

static enum script_type type_of(const struct value *v)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_FALSE:
    case VALUE_TRUE:
        return SCRIPT_BOOLEAN;
    case VALUE_NUMBER:
        return is_integer(v) ? SCRIPT_INTEGER : SCRIPT_NUMBER;
    case VALUE_WIDE:
        return SCRIPT_NUMBER;
    case VALUE_NULL:
    case VALUE_STRING:
    case VALUE_COMPOSITE:
    case VALUE_BAD:
        break;
    }
    return SCRIPT_TEXT;
}

/* The type of a column of `type` so far, with these values behind. */
static enum script_type type_of_column(enum script_type type, const struct value *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (values[i].kind == VALUE_NULL || values[i].kind == VALUE_COMPOSITE)
            continue;
        enum script_type other = type_of(&values[i]);
        bool numbers = (type == SCRIPT_INTEGER || type == SCRIPT_NUMBER) &&
                       (other == SCRIPT_INTEGER || other == SCRIPT_NUMBER);
        if (type == SCRIPT_NOTHING)
            type = other;
        else if (type != other)
            type = numbers ? SCRIPT_NUMBER : SCRIPT_MIXED;
    }
    return type;
}

static bool has_composite(const struct value *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (values[i].kind == VALUE_COMPOSITE)
            return true;
    return false;
}

/* What the column of time fields holds; blanks around it are none of it. */
static void note_times(const struct value *v, size_t n, struct script_sample *sample)
{
    enum { TEXT, NUMBER, LOOSE, PATTERNS, ZONE = 3, OFFSET = 5, GROUPS };
    static const char *const texts[] = {
        [TEXT] = "^[ \t]*" SCRIPT_RFC3339 "[ \t]*$",
        [NUMBER] = "^[ \t]*[0-9.eE+-]+[ \t]*$",
        [LOOSE] = "^[ \t]*[0-9]{4}(-[0-9]{2}-|/[0-9]{2}/)[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}|[ \t]*$)"};
    regex_t patterns[PATTERNS];
    size_t n_patterns = 0;
    while (n_patterns < PATTERNS &&
           regcomp(&patterns[n_patterns], texts[n_patterns], REG_EXTENDED) == 0)
        n_patterns++;
    for (size_t i = 0; i < n && n_patterns == PATTERNS; i++) {
        regmatch_t groups[GROUPS] = {{.rm_eo = (regoff_t)v[i].len}}, all = groups[0], again = all;
        if (v[i].kind != VALUE_STRING) {
            sample->number_times = true;
        } else if (regexec(&patterns[TEXT], v[i].text, GROUPS, groups, REG_STARTEND) == 0) {
            sample->text_times = true;
            sample->zoned_times |= groups[OFFSET].rm_so >= 0;
            sample->local_times |= groups[ZONE].rm_so < 0;
        } else if (regexec(&patterns[NUMBER], v[i].text, 1, &all, REG_STARTEND) == 0) {
            sample->number_times = true;
        } else if (regexec(&patterns[LOOSE], v[i].text, 1, &again, REG_STARTEND) == 0) {
            sample->loose_times = true;
        } else {
            sample->odd_times = true;
        }
    }
    while (n_patterns > 0)
        regfree(&patterns[--n_patterns]);
}

static bool has_bare_cr(const char *p, const char *end)
{
    while (p < end && (p = memchr(p, '\r', (size_t)(end - p))) != NULL)
        if (++p < end && *p != '\n')
            return true;
    return false;
}

/* Is a bad record of JSON so because it is nested deeper than jansson goes? Or has many arrays. */
static bool may_be_deep(const char *record, size_t len)
{
    enum { MOST_DEPTH = 2048 };
    size_t opened = 0;
    for (size_t i = 0; i < len; i++)
        opened += record[i] == '[' || record[i] == '{';
    return opened > MOST_DEPTH;
}

/* Bad records that others read. */
static void note_bad(const struct input_plan *in, const struct block *block, struct batch *batch,
                     struct script_sample *sample)
{
    struct splitter splitter;
    bool csv = in->format == INPUT_CSV;
    if (csv)
        splitter_init(&splitter, in->options, in->format, in->layout.delimiter);
    for (size_t i = 0; i < batch->n_bad; i++) {
        const char *record = block->bytes.data + batch->bad[i].start;
        size_t len = csv_record_len(record, record + batch->bad[i].len);
        if (csv)
            sample->odd_rows |= splitter_split(&splitter, record, len, &batch->arena) != NULL;
        else
            sample->deep |= in->format == INPUT_JSON && may_be_deep(record, len);
    }
    if (csv)
        splitter_free(&splitter);
}

/* What other readers see in the bytes, and we don't mind. */
static void note_bytes(const struct input_plan *in, const struct block *block, struct batch *batch,
                       struct script_sample *sample)
{
    const char *bytes = block->bytes.data;
    if (block->kind != BLOCK_RECORDS) /* a piece may end within a character */
        return;
    sample->not_utf8 |= !utf8_valid(bytes, block->bytes.len);
    sample->bare_cr |= has_bare_cr(bytes, bytes + block->bytes.len);
    note_bad(in, block, batch, sample);
}

/* What the records of a batch say. */
static void note(const struct input_plan *in, const struct batch *batch,
                 struct script_sample *sample)
{
    size_t n_fields = in->options->n_fields - 1; /* the last is the time */
    sample->n_good += batch->n;
    for (size_t f = 0; f < n_fields && batch->n > 0; f++) {
        sample->types[f] = type_of_column(sample->types[f], batch->columns[f], batch->n);
        sample->composites[f] |= has_composite(batch->columns[f], batch->n);
    }
    if (batch->n > 0)
        note_times(batch->columns[n_fields], batch->n, sample);
    for (size_t i = 0; i < batch->n; i++) {
        sample->fine |= batch->time_ns[i] % 1000000 != 0;
        sample->before_1970 |= batch->time_ns[i] < 0;
    }
}

/* What the header says. */
static void note_columns(const struct input_plan *in, struct script_sample *sample)
{
    size_t n_fields = in->options->n_fields - 1;
    sample->format = in->format;
    sample->n_columns = in->layout.n_columns;
    sample->time = in->layout.time == NULL ? 0 : in->layout.time[0];
    for (size_t f = 0; f < n_fields; f++) {
        if (in->layout.fields != NULL)
            sample->columns[f] = in->layout.fields[f];
        if (sample->types[f] == SCRIPT_NOTHING)
            sample->types[f] = SCRIPT_TEXT;
    }
}

/* A pipe gives its bytes in pieces: until there are enough records, or no more. */
static bool read_sample(struct input *in, struct script_sample *sample, struct error *err)
{
    enum { RECORDS = 1000 };
    struct block block = {0};
    struct batch batch = {0};
    enum input_status status = INPUT_BLOCK;
    struct input_parser *parser = NULL;
    while (status == INPUT_BLOCK && sample->n_good < RECORDS) {
        status = input_read_block(in, &block, err);
        if (status != INPUT_BLOCK)
            break;
        if (parser == NULL)
            parser = input_parser_new(in);
        input_parse(parser, &block, &batch);
        note(input_plan(in), &batch, sample);
        note_bytes(input_plan(in), &block, &batch, sample);
    }
    note_columns(input_plan(in), sample);
    size_t preamble_bytes = 0;
    input_preamble(in, &preamble_bytes);
    sample->empty = parser == NULL && preamble_bytes == 0;
    if (sample->empty && input_plan(in)->options->format != INPUT_AUTO)
        sample->format = input_plan(in)->options->format; /* nothing else says what it is */
    input_parser_free(parser);
    batch_free(&batch);
    block_free(&block);
    return status != INPUT_FAILED;
}

bool script_sample(const struct plan *plan, const char *path, struct script_sample *sample,
                   struct error *err)
{
    struct source source;
    *sample = (struct script_sample){.format = INPUT_AUTO};
    if (!source_open(&source, path, err))
        return false;
    struct input_options options = plan->input;
    sample->types = memory_calloc(options.n_fields + 1, sizeof *sample->types);
    sample->composites = memory_calloc(options.n_fields + 1, sizeof *sample->composites);
    sample->columns = memory_calloc(options.n_fields + 1, sizeof *sample->columns);
    options.follow = false; /* a sample ends */
    options.fields = memory_alloc((options.n_fields + 1) * sizeof *options.fields);
    if (options.n_fields > 0)
        memcpy(options.fields, plan->input.fields, options.n_fields * sizeof *options.fields);
    for (size_t i = 0; i < options.n_fields; i++)
        if (script_is_typed(&options.fields[i]))
            options.fields[i].use = FIELD_CONDITION; /* which takes an object or an array, too */
    options.fields[options.n_fields++] = (struct field){plan->input.time[0], FIELD_CONDITION};
    struct input *in = input_open(&options, source.fd, source.name);
    sample->packed = source.packed_fd >= 0;
    bool ok = read_sample(in, sample, err);
    input_close(in);
    free(options.fields);
    source_close(&source);
    return ok;
}

bool script_check_sample(const struct plan *plan, const struct script_sample *sample,
                         const char *system, bool judges, struct error *err)
{
    for (size_t i = 0; i < plan->input.n_fields; i++) {
        const struct field *field = &plan->input.fields[i];
        if (sample->types[i] == SCRIPT_MIXED && script_is_typed(field))
            return script_refuse(system, field->path.text,
                                 "a column has one type, and here are several", err);
        if (sample->composites[i] && !(judges && script_is_typed(field)))
            return script_refuse(system, field->path.text,
                                 "it takes an object or an array for a text", err);
    }
    return true;
}

void script_sample_free(struct script_sample *sample)
{
    free(sample->types);
    free(sample->composites);
    free(sample->columns);
    *sample = (struct script_sample){.format = INPUT_AUTO};
}

unsigned script_ways(const struct path *path)
{
    enum { MOST_NUMBERS = 4 }; /* each doubles the ways; what is deeper is an array */
    unsigned numbers = 0;
    for (size_t i = 1; i < path->n_parts; i++)
        numbers += path->parts[i].index >= 0 && numbers < MOST_NUMBERS;
    return 1U << numbers;
}

/* A bit of the way for each part that is a number, by their order. */
bool script_is_index(const struct path *path, size_t i, unsigned way)
{
    for (size_t k = 1; k < i; k++)
        way >>= path->parts[k].index >= 0;
    return i > 0 && path->parts[i].index >= 0 && (way & 1) == 0;
}

void script_put_string(struct buf *to, const char *text)
{
    buf_put_quoted(to, text, strlen(text), '\'');
}

bool script_put_where(const struct plan *plan, const struct condition_sql *sql, struct buf *to)
{
    bool ok = true;
    for (size_t i = 0; i < plan->rules.n_where; i++) {
        buf_puts(to, i > 0 ? " AND " : "");
        ok &= condition_put_sql(plan->rules.where[i], sql, to);
    }
    if (plan->rules.n_where == 0)
        buf_puts(to, "true");
    return ok;
}
