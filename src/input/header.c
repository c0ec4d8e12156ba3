#include "input/header.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "input/csv_cut.h"
#include "input/csv_slow.h"
#include "input/reason.h"
#include "scan/newline.h"

static const char BYTE_ORDER_MARK[] = "\xef\xbb\xbf";

enum { MARK_LEN = sizeof BYTE_ORDER_MARK - 1, LISTED_BYTES = 600 };

/* The names of the columns, wherever they come from. */
struct names {
    size_t n;
    char **given;               /* --columns */
    const struct csv_slow *csv; /* the header, or with `numbered` the first record */
    bool numbered;              /* 1, 2, ... */
    char number[24];
};

static const char *name_at(struct names *names, size_t i, size_t *len)
{
    if (names->given != NULL) {
        *len = strlen(names->given[i]);
        return names->given[i];
    }
    if (names->numbered) {
        *len = (size_t)snprintf(names->number, sizeof names->number, "%zu", i + 1);
        return names->number;
    }
    return csv_slow_field(names->csv, i, len);
}

/* Of two columns of one name the first one counts. */
static bool find_column(struct names *names, const char *text, size_t *column)
{
    size_t text_len = strlen(text);
    for (size_t i = 0; i < names->n; i++) {
        size_t len;
        const char *name = name_at(names, i, &len);
        if (len == text_len && memcmp(name, text, len) == 0) {
            *column = i;
            return true;
        }
    }
    return false;
}

/* A JSON array is not told from CSV by its first byte, so its first line is taken for a header. */
static const char *array_hint(const char *header, size_t len)
{
    bool array = len > 0 && header[0] == '[';
    return array ? " (a JSON array? one object a line is expected: jq -c '.[]' makes them)" : "";
}

static bool missing_column(struct names *names, const char *input, const char *wanted,
                           struct error *err)
{
    struct buf list = {0};
    const char *hint = "";
    for (size_t i = 0; i < names->n && list.len < LISTED_BYTES; i++) {
        char shown[REASON_QUOTED];
        size_t len;
        const char *name = name_at(names, i, &len);
        if (i == 0)
            hint = array_hint(name, len);
        buf_puts(&list, i == 0 ? "" : ", ");
        buf_puts(&list, reason_escape(shown, name, len));
    }
    if (list.len >= LISTED_BYTES)
        buf_puts(&list, ", ...");
    error_set(err, EXIT_USAGE, "%s has no column '%s'; its columns are: %s%s", input, wanted,
              buf_cstr(&list), hint);
    buf_free(&list);
    return false;
}

/* One column, which is all that are wanted. */
static void lay_out_any(struct input_plan *plan)
{
    struct csv_layout *layout = &plan->layout;
    layout->n_columns = 1;
    layout->time = memory_calloc(plan->options->n_time + 1, sizeof *layout->time);
    layout->fields = memory_calloc(plan->options->n_fields + 1, sizeof *layout->fields);
}

static bool lay_out(struct input_plan *plan, struct names *names, const char *input,
                    struct error *err)
{
    const struct input_options *options = plan->options;
    struct csv_layout *layout = &plan->layout;
    lay_out_any(plan);
    layout->n_columns = names->n;
    for (size_t i = 0; i < options->n_time; i++) {
        if (!find_column(names, options->time[i].text, &layout->time[i]))
            return missing_column(names, input, options->time[i].text, err);
    }
    for (size_t f = 0; f < options->n_fields; f++) {
        if (!find_column(names, options->fields[f].path.text, &layout->fields[f]))
            return missing_column(names, input, options->fields[f].path.text, err);
    }
    return true;
}

void header_free(struct csv_layout *layout)
{
    free(layout->time);
    free(layout->fields);
    *layout = (struct csv_layout){0};
}

/* The first line that is not empty: no header or record is, whatever the format. */
static size_t skip_empty_lines(const char *data, size_t len)
{
    size_t i = 0;
    while (i < len) {
        if (data[i] == '\n')
            i++;
        else if (data[i] == '\r' && i + 1 < len && data[i + 1] == '\n')
            i += 2;
        else
            break;
    }
    return i;
}

static enum input_format csv_or_tsv(const struct input_options *options, const char *line,
                                    size_t len)
{
    bool tabs = memchr(line, '\t', len) != NULL && memchr(line, ',', len) == NULL;
    return tabs && options->delimiter == '\0' ? INPUT_TSV : INPUT_CSV;
}

/*
 * Looks at what follows the mark. HEADER_DONE: *format is settled. Only the first max_record_bytes
 * of what it looks for count, however many bytes there are.
 */
static enum header_status detect(const struct input_options *options, const char *input,
                                 const char *data, size_t len, bool ended,
                                 enum input_format *format, struct error *err)
{
    size_t max = options->max_record_bytes;
    size_t blank = 0;
    while (blank < len && blank <= max && memchr(" \t\r\n", data[blank], 4) != NULL)
        blank++;
    if (blank > max) {
        error_set(err, EXIT_RUNTIME,
                  "%s begins with more than --max-record (%zu) blank bytes: say --input-format",
                  input, max);
        return HEADER_FAILED;
    }
    if (blank == len && !ended)
        return HEADER_MORE;
    /* Without any byte but blanks there is no record in any format. */
    *format = INPUT_JSON;
    if (blank == len || data[blank] == '{')
        return HEADER_DONE;
    size_t start = skip_empty_lines(data, len);
    size_t seen = len - start > max ? max : len - start;
    const char *newline = memchr(data + start, '\n', seen);
    if (newline == NULL && seen < max && !ended)
        return HEADER_MORE;
    *format = csv_or_tsv(options, data + start,
                         newline == NULL ? seen : (size_t)(newline - data) - start);
    return HEADER_DONE;
}

/*
 * Without a header the first record that is valid says how many columns there are. Those before it
 * are bad, as the parser will find; if there is no other, it does not matter which columns there
 * are. HEADER_FAILED: one that the command line names is missing, or all of this much is bad.
 */
enum { MOST_BAD_BYTES = 64 << 20 };

static enum header_status count_columns(struct input_plan *plan, const char *input,
                                        const char *data, size_t start, size_t len, bool ended,
                                        struct error *err)
{
    size_t max = plan->options->max_record_bytes, at = start;
    uint64_t line = 1 + newline_count(data, start);
    struct names names = {.numbered = true};
    struct csv_slow *csv = csv_slow_new(plan->layout.delimiter);
    struct arena arena = {0};
    enum header_status status = HEADER_MORE;
    while (status == HEADER_MORE && at < len) {
        struct csv_scan scan = {0};
        const char *reason;
        const char *next =
            csv_scan_record(&scan, data + at, data + len, plan->layout.delimiter, max);
        if (next == NULL && !ended)
            break;
        size_t end = next == NULL ? len : (size_t)(next - data);
        size_t record_len = csv_record_len(data + at, data + end);
        if (record_len > 0 && record_len <= max &&
            csv_slow_split(csv, data + at, record_len, &arena, &reason)) {
            names.n = csv_slow_n(csv);
            status = lay_out(plan, &names, input, err) ? HEADER_DONE : HEADER_FAILED;
        }
        at = end;
    }
    if (status == HEADER_MORE && ended) {
        lay_out_any(plan);
        status = HEADER_DONE;
    } else if (status == HEADER_MORE && len - start > MOST_BAD_BYTES) {
        error_set(err, EXIT_RUNTIME,
                  "%s:%llu: expected a record that says how many columns there are (so does "
                  "--columns), found none that is valid in %zu bytes",
                  input, (unsigned long long)line, len - start);
        status = HEADER_FAILED;
    }
    csv_slow_free(csv);
    arena_free(&arena);
    return status;
}

/* Reads the header, data[start..). */
static enum header_status read_names(struct input_plan *plan, const char *input, const char *data,
                                     size_t start, size_t len, bool ended, size_t *used,
                                     struct error *err)
{
    const struct input_options *options = plan->options;
    uint64_t line = 1 + newline_count(data, start);
    struct csv_scan scan = {0};
    struct arena arena = {0};
    const char *reason = NULL;
    *used = start;
    if (start == len)
        return ended ? HEADER_DONE : HEADER_MORE;
    if (options->no_header)
        return count_columns(plan, input, data, start, len, ended, err);
    const char *next = csv_scan_record(&scan, data + start, data + len, plan->layout.delimiter,
                                       options->max_record_bytes);
    bool overlong = next != NULL ? scan.overlong : len - start > options->max_record_bytes;
    if (next == NULL && !ended && !overlong)
        return HEADER_MORE;
    if (next == NULL)
        next = data + len;
    size_t record_len = csv_record_len(data + start, next);
    struct csv_slow *csv = csv_slow_new(plan->layout.delimiter);
    enum header_status status = HEADER_DONE;
    if (overlong)
        reason = reason_overlong(&arena, options);
    if (overlong || !csv_slow_split(csv, data + start, record_len, &arena, &reason)) {
        error_set(err, EXIT_RUNTIME, "%s:%llu: the header: %s%s", input, (unsigned long long)line,
                  reason, array_hint(data + start, record_len));
        status = HEADER_FAILED;
    } else {
        struct names names = {.n = csv_slow_n(csv), .csv = csv};
        if (!lay_out(plan, &names, input, err))
            status = HEADER_FAILED;
    }
    *used = (size_t)(next - data);
    csv_slow_free(csv);
    arena_free(&arena);
    return status;
}

static enum header_status read_csv(struct input_plan *plan, const char *input, const char *data,
                                   size_t start, size_t len, bool ended, size_t *used,
                                   struct error *err)
{
    const struct input_options *options = plan->options;
    if (options->columns == NULL)
        return read_names(plan, input, data, start + skip_empty_lines(data + start, len - start),
                          len, ended, used, err);
    struct names names = {.n = options->n_columns, .given = options->columns};
    *used = start;
    return lay_out(plan, &names, input, err) ? HEADER_DONE : HEADER_FAILED;
}

/* The length of the mark at the start, or HEADER_MORE. */
static enum header_status skip_mark(const char *data, size_t len, bool ended, size_t *mark)
{
    size_t seen = len < MARK_LEN ? len : MARK_LEN;
    bool same = seen == 0 || memcmp(data, BYTE_ORDER_MARK, seen) == 0;
    *mark = same && seen == MARK_LEN ? MARK_LEN : 0;
    return same && seen < MARK_LEN && !ended ? HEADER_MORE : HEADER_DONE;
}

enum header_status header_read(struct input_plan *plan, const char *name, const char *data,
                               size_t len, bool ended, size_t *used, struct error *err)
{
    const struct input_options *options = plan->options;
    enum input_format format = options->format;
    size_t mark;
    enum header_status status = skip_mark(data, len, ended, &mark);
    if (status == HEADER_DONE && format == INPUT_AUTO)
        status = detect(options, name, data + mark, len - mark, ended, &format, err);
    *used = mark;
    if (status == HEADER_DONE && format != INPUT_JSON) {
        plan->layout.delimiter = options->delimiter != '\0' ? options->delimiter
                                 : format == INPUT_TSV      ? '\t'
                                                            : ',';
        status = read_csv(plan, name, data, mark, len, ended, used, err);
    }
    /* No header before the end: as in detect(), and never CSV without its columns. */
    if (status == HEADER_DONE)
        plan->format = format != INPUT_JSON && plan->layout.time == NULL ? INPUT_JSON : format;
    return status;
}
