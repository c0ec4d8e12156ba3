#include "input/csv_slow.h"

#include <csv.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/utf8.h"
#include "input/batch.h"
#include "input/reason.h"

/* libcsv grows its buffer by a fixed step: a small one makes a field of megabytes quadratic. */
enum { GROWTH_BYTES = 1 << 16 };

struct csv_slow {
    struct csv_parser parser;
    char delimiter;
    struct buf text; /* the fields' bytes, a NUL behind each */
    size_t *end;     /* of field i in text, its NUL not counted */
    size_t n, n_max;
    struct buf time; /* the time fields, joined */
};

/* The plain rules of RFC 4180: blanks belong to a field, and a record is what the splitter cut. */
static int no_space(unsigned char c)
{
    (void)c;
    return 0;
}

static int newline_only(unsigned char c)
{
    return c == '\n';
}

static void start_parser(struct csv_slow *csv)
{
    csv_init(&csv->parser, CSV_STRICT | CSV_STRICT_FINI);
    csv_set_delim(&csv->parser, (unsigned char)csv->delimiter);
    csv_set_space_func(&csv->parser, no_space);
    csv_set_term_func(&csv->parser, newline_only);
    csv_set_realloc_func(&csv->parser, memory_realloc);
    csv_set_blk_size(&csv->parser, GROWTH_BYTES);
}

struct csv_slow *csv_slow_new(char delimiter)
{
    struct csv_slow *csv = memory_calloc(1, sizeof *csv);
    csv->delimiter = delimiter;
    start_parser(csv);
    return csv;
}

void csv_slow_free(struct csv_slow *csv)
{
    if (csv == NULL)
        return;
    csv_free(&csv->parser);
    buf_free(&csv->text);
    buf_free(&csv->time);
    free(csv->end);
    free(csv);
}

size_t csv_record_len(const char *record, const char *end)
{
    if (end > record && end[-1] == '\n')
        end--;
    if (end > record && end[-1] == '\r')
        end--;
    return (size_t)(end - record);
}

static void take_field(void *bytes, size_t len, void *data)
{
    struct csv_slow *csv = data;
    if (csv->n == csv->n_max) {
        csv->n_max = csv->n_max == 0 ? 32 : csv->n_max * 2;
        csv->end = memory_realloc(csv->end, csv->n_max * sizeof *csv->end);
    }
    buf_put(&csv->text, bytes, len);
    csv->end[csv->n++] = csv->text.len;
    buf_putc(&csv->text, '\0');
}

bool csv_slow_split(struct csv_slow *csv, const char *record, size_t len, struct arena *arena,
                    const char **reason)
{
    csv->n = 0;
    csv->text.len = 0;
    size_t done = csv_parse(&csv->parser, record, len, take_field, NULL, csv);
    if (done == len && csv_fini(&csv->parser, take_field, NULL, csv) == 0)
        return true;
    if (done == len)
        *reason = reason_printf(arena, "not valid CSV: field %zu has no closing quote", csv->n + 1);
    else if (record[done] == '"')
        *reason =
            reason_printf(arena,
                          "not valid CSV: a quote inside field %zu, which does not start with one, "
                          "near column %zu",
                          csv->n + 1, done + 1);
    else
        *reason = reason_printf(
            arena, "not valid CSV: text behind the closing quote of field %zu, near column %zu",
            csv->n + 1, done + 1);
    csv_free(&csv->parser);
    start_parser(csv);
    return false;
}

size_t csv_slow_n(const struct csv_slow *csv)
{
    return csv->n;
}

const char *csv_slow_field(const struct csv_slow *csv, size_t i, size_t *len)
{
    size_t start = i == 0 ? 0 : csv->end[i - 1] + 1;
    *len = csv->end[i] - start;
    return csv->text.data + start;
}

/* The event time; NULL, or why there is none. */
static const char *read_time(struct csv_slow *csv, const struct input_options *options,
                             const struct csv_layout *layout, struct arena *arena, int64_t *ns)
{
    size_t len = 0;
    const char *text = NULL;
    csv->time.len = 0;
    for (size_t i = 0; i < options->n_time; i++) {
        text = csv_slow_field(csv, layout->time[i], &len);
        if (len == 0)
            return reason_printf(arena, "no time: field '%s' is empty", options->time[i].text);
        if (i > 0)
            buf_putc(&csv->time, ' ');
        buf_put(&csv->time, text, len);
    }
    enum time_status status = time_parse(&options->time_format, csv->time.data, csv->time.len, ns);
    if (status == TIME_OK)
        return NULL;
    char shown[REASON_QUOTED];
    reason_quote(shown, csv->time.data, csv->time.len);
    return reason_time(arena, options, status, shown);
}

static const char *read_number(const struct field *field, struct arena *arena, struct value *v,
                               const char *text, size_t len)
{
    enum number_status status = number_parse(text, len, v);
    if (status != NUMBER_OK) {
        char shown[REASON_QUOTED];
        return reason_number(arena, field, status, reason_quote(shown, text, len));
    }
    if (v->kind == VALUE_WIDE)
        v->text = arena_copy(arena, v->text, v->len);
    return NULL;
}

static const char *read_field(const struct field *field, struct arena *arena, struct value *v,
                              const char *text, size_t len)
{
    *v = (struct value){.kind = VALUE_NULL};
    if (len == 0 && field->use != FIELD_KEY)
        return NULL;
    switch (field->use) {
    case FIELD_PRESENCE:
        v->kind = VALUE_TRUE;
        return NULL;
    case FIELD_NUMBER:
        return read_number(field, arena, v, text, len);
    case FIELD_KEY:
        if (!utf8_valid(text, len)) {
            char shown[REASON_QUOTED];
            return reason_printf(arena, "key '%s': %s is not valid UTF-8", field->path.text,
                                 reason_quote(shown, text, len));
        }
        break;
    case FIELD_VALUE:
    case FIELD_CONDITION:
        break;
    }
    v->kind = VALUE_STRING;
    v->text = arena_copy(arena, text, len);
    v->len = (uint32_t)len;
    return NULL;
}

const char *csv_slow_record(struct csv_slow *csv, const struct input_options *options,
                            const struct csv_layout *layout, const char *record, size_t len,
                            struct batch *batch, size_t lane)
{
    const char *reason;
    if (!csv_slow_split(csv, record, len, &batch->arena, &reason))
        return reason;
    if (csv->n != layout->n_columns)
        return reason_printf(&batch->arena, "expected %zu field%s, found %zu", layout->n_columns,
                             layout->n_columns == 1 ? "" : "s", csv->n);
    reason = read_time(csv, options, layout, &batch->arena, &batch->time_ns[lane]);
    for (size_t f = 0; reason == NULL && f < options->n_fields; f++) {
        size_t field_len;
        const char *text = csv_slow_field(csv, layout->fields[f], &field_len);
        struct value *v = &batch->columns[f][lane];
        reason = batch_bad_value(
            batch, options, v, read_field(&options->fields[f], &batch->arena, v, text, field_len));
    }
    return reason;
}
