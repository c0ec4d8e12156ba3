#include "input/header.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "input/csv_cut.h"
#include "input/csv_slow.h"
#include "input/newline.h"
#include "input/reason.h"

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

static bool missing_column(struct names *names, const char *input, const char *wanted,
                           struct error *err)
{
    struct buf list = {0};
    bool array = false;
    for (size_t i = 0; i < names->n && list.len < LISTED_BYTES; i++) {
        char shown[REASON_QUOTED];
        size_t len;
        const char *name = name_at(names, i, &len);
        array = array || (i == 0 && len > 0 && name[0] == '[');
        buf_puts(&list, i == 0 ? "" : ", ");
        buf_puts(&list, reason_escape(shown, name, len));
    }
    if (list.len >= LISTED_BYTES)
        buf_puts(&list, ", ...");
    error_set(err, EXIT_USAGE, "%s has no column '%s'; its columns are: %s%s", input, wanted,
              buf_cstr(&list),
              array ? " (a JSON array? one object a line is expected: jq -c '.[]' makes them)"
                    : "");
    buf_free(&list);
    return false;
}

static bool lay_out(struct input_plan *plan, struct names *names, const char *input,
                    struct error *err)
{
    const struct input_options *options = plan->options;
    struct csv_layout *layout = &plan->layout;
    layout->n_columns = names->n;
    layout->time = memory_calloc(options->n_time + 1, sizeof *layout->time);
    layout->fields = memory_calloc(options->n_fields + 1, sizeof *layout->fields);
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

/* Looks at what follows the mark. INPUT_AUTO: cannot tell yet. */
static enum input_format detect(const struct input_options *options, const char *data, size_t len,
                                bool ended)
{
    size_t blank = 0;
    while (blank < len && memchr(" \t\r\n", data[blank], 4) != NULL)
        blank++;
    if (blank == len)
        return ended ? INPUT_JSON : INPUT_AUTO; /* nothing there: no record in any format */
    if (data[blank] == '{')
        return INPUT_JSON;
    size_t start = skip_empty_lines(data, len);
    const char *newline = memchr(data + start, '\n', len - start);
    if (newline == NULL && !ended)
        return len - start > options->max_record_bytes ? INPUT_CSV : INPUT_AUTO;
    size_t end = newline == NULL ? len : (size_t)(newline - data);
    return csv_or_tsv(options, data + start, end - start);
}

static enum header_status header_failed(const char *input, uint64_t line, const char *reason,
                                        bool numbered, struct error *err)
{
    error_set(err, EXIT_RUNTIME, "%s:%llu: the %s: %s", input, (unsigned long long)line,
              numbered ? "first record, which says how many columns there are (so does --columns)"
                       : "header",
              reason);
    return HEADER_FAILED;
}

/* Reads the first record, data[start..), for the number of columns and their names. */
static enum header_status read_names(struct input_plan *plan, const char *input, const char *data,
                                     size_t start, size_t len, bool ended, size_t *used,
                                     struct error *err)
{
    const struct input_options *options = plan->options;
    uint64_t line = 1 + newline_count(data, start);
    struct csv_scan scan = {0};
    struct arena arena = {0};
    const char *reason = NULL;
    if (start == len)
        return ended ? HEADER_DONE : HEADER_MORE;
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
        status = header_failed(input, line, reason, options->no_header, err);
    } else {
        struct names names = {.n = csv_slow_n(csv), .csv = csv, .numbered = options->no_header};
        if (!lay_out(plan, &names, input, err))
            status = HEADER_FAILED;
    }
    *used = options->no_header ? start : (size_t)(next - data);
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

enum header_status header_read(struct input_plan *plan, const char *name, const char *data,
                               size_t len, bool ended, size_t *used, struct error *err)
{
    const struct input_options *options = plan->options;
    size_t mark = len < MARK_LEN ? len : MARK_LEN;
    if (mark == 0 || memcmp(data, BYTE_ORDER_MARK, mark) != 0)
        mark = 0;
    else if (mark < MARK_LEN && !ended)
        return HEADER_MORE;
    if (mark < MARK_LEN)
        mark = 0;
    *used = mark;
    if (len == 0 && !ended)
        return HEADER_MORE;

    enum input_format format = options->format;
    if (format == INPUT_AUTO && len > mark)
        format = detect(options, data + mark, len - mark, ended);
    else if (format == INPUT_AUTO)
        format = ended ? INPUT_JSON : INPUT_AUTO;
    if (format == INPUT_AUTO && len - mark > options->max_record_bytes) {
        error_set(err, EXIT_RUNTIME,
                  "%s begins with more than --max-record (%zu) blank bytes: say --input-format",
                  name, options->max_record_bytes);
        return HEADER_FAILED;
    }
    if (format == INPUT_AUTO)
        return HEADER_MORE;
    enum header_status status = HEADER_DONE;
    if (format != INPUT_JSON) {
        plan->layout.delimiter = options->delimiter != '\0' ? options->delimiter
                                 : format == INPUT_TSV      ? '\t'
                                                            : ',';
        status = read_csv(plan, name, data, mark, len, ended, used, err);
    }
    if (status == HEADER_DONE)
        plan->format = format;
    return status;
}
