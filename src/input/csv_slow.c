#include "input/csv_slow.h"

#include <csv.h>
#include <stdlib.h>

#include "base/memory.h"
#include "input/reason.h"

/* libcsv grows its buffer by a fixed step: a small one makes a field of megabytes quadratic. */
enum { GROWTH_BYTES = 1 << 16 };

struct csv_slow {
    struct csv_parser parser;
    char delimiter;
    struct buf text; /* the fields' bytes, a NUL behind each */
    size_t *end;     /* of field i in text, its NUL not counted */
    size_t n, n_max;
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
