#include "input/header.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/packed.h"
#include "base/places.h"
#include "input/csv_cut.h"
#include "input/reader.h"
#include "input/reason.h"
#include "scan/newline.h"

static const char BYTE_ORDER_MARK[] = "\xef\xbb\xbf";

enum { MARK_LEN = sizeof BYTE_ORDER_MARK - 1, LISTED_BYTES = 600 };

/* The names of the columns, wherever they come from. */
struct names {
    size_t n;
    char *const *given;          /* --columns, or the format's own */
    const struct fields *header; /* or with `numbered` the first record */
    bool numbered;               /* 1, 2, ... */
    char number[24];
};

static const char *name_at(struct names *names, size_t i, size_t *len)
{
    const char *name = NULL;
    *len = 0;
    if (names->given != NULL) {
        name = names->given[i];
        *len = strlen(name);
    } else if (!names->numbered) {
        name = names->header->at[i].text;
        *len = names->header->at[i].len;
    }
    if (*len > 0)
        return name;
    /* One without a name is called by its number. */
    *len = (size_t)snprintf(names->number, sizeof names->number, "%zu", i + 1);
    return names->number;
}

/* What is wanted, each text once: `at` is by the places of the first that want it. */
struct wanted {
    struct places places;
    size_t *at; /* which column it is; NOWHERE: none */
    size_t n;
};

enum { NOWHERE = -1 };

static void want(struct wanted *w, const char *text)
{
    size_t place = w->n;
    if (places_enter(&w->places, text, strlen(text), &place))
        w->at[w->n++] = (size_t)NOWHERE;
}

/* Of two columns of one name the first one counts. */
static void find_columns(struct wanted *w, struct names *names)
{
    for (size_t i = 0; i < names->n; i++) {
        size_t len, place;
        const char *name = name_at(names, i, &len);
        if (places_find(&w->places, name, len, &place) && w->at[place] == (size_t)NOWHERE)
            w->at[place] = i;
    }
}

static bool find_column(const struct wanted *w, const char *text, size_t *column)
{
    size_t place;
    if (!places_find(&w->places, text, strlen(text), &place))
        return false;
    *column = w->at[place];
    return *column != (size_t)NOWHERE;
}

#define TAKES " makes TSV of those, for winagg -i tsv --columns time,host,app -t time"

/* `first`: bytes among which its first one is, or it is not looked at further. */
static bool begins_with(const char *line, size_t len, const char *first, const char *pattern)
{
    enum { ENOUGH = 40 };
    char begin[ENOUGH];
    regex_t regex;
    if (len == 0 || memchr(first, *line, strlen(first)) == NULL ||
        regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    snprintf(begin, sizeof begin, "%.*s", (int)(len < ENOUGH ? len : ENOUGH - 1), line);
    bool found = regexec(&regex, begin, 0, NULL, 0) == 0;
    regfree(&regex);
    return found;
}

/* Lines of syslog, as RFC 5424 has them and as files do. */
static const char *syslog(const char *line, size_t len)
{
    if (begins_with(line, len, "<", "^<[0-9]{1,3}>1 "))
        return " (syslog? sed -nE 's/^<[0-9]+>1 ([^ ]+) ([^ ]+) ([^ ]+) .*/\\1\\t\\2\\t\\3/p'" TAKES
               ")";
    if (begins_with(line, len, "<ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                    "^(<[0-9]{1,3}>)?[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} "))
        return " (syslog? sed -nE 's/^(<[0-9]+>)?(.{15}) ([^ ]+) ([^ "
               ":[]+).*/\\2\\t\\3\\t\\4/p'" TAKES
               " --time-format '%b %d %H:%M:%S' --year-from DATE)";
    return NULL;
}

/* What is not told from CSV by its first byte has its first line taken for a header. */
static const char *other_format(const char *header, size_t len)
{
    if (begins_with(header, len, "[", "^\\[[[:space:]]*([][{\"]|$)")) /* and not [Wed Oct 11 */
        return " (a JSON array? one object a line is expected: jq -c '.[]' makes them)";
    if (len > 0 && header[0] != '[' && memmem(header, len, "] \"", 3) != NULL)
        return " (an access log? -i combined reads it)";
    const char *hint = syslog(header, len);
    if (hint != NULL)
        return hint;
    const char *equals = len == 0 ? NULL : memchr(header, '=', len);
    if (equals != NULL && memchr(equals, ' ', (size_t)(header + len - equals)) != NULL &&
        memchr(header, '{', (size_t)(equals - header)) == NULL) /* metrics, name{label="x"} 1 */
        return " (logfmt? -i logfmt reads it)";
    if (len > 0 && header[0] == '#')
        return " (a comment? --comment '#' skips those, and finds the header of a Zeek or W3C log)";
    return "";
}

/* Do the two differ by case, or blanks around, only? */
static bool is_alike(const char *name, size_t len, const char *wanted)
{
    size_t wanted_len = strlen(wanted);
    fields_trim(&name, &len);
    fields_trim(&wanted, &wanted_len);
    return len == wanted_len && strncasecmp(name, wanted, len) == 0;
}

/* What a header of so many names, of which this is the first, may be instead. */
static const char *header_hint(size_t n, const char *name, size_t len)
{
    if (n <= 2 && len >= 4 && memcmp(name, "sep=", 4) == 0)
        return " (the line sep= is for Excel: tail -n +2 skips it, --delimiter takes what it says)";
    if (n == 1 && memchr(name, ';', len) != NULL)
        return " (--delimiter ';' divides them)";
    return other_format(name, len);
}

static bool missing_column(struct names *names, const char *input, const char *wanted,
                           struct error *err)
{
    struct buf list = {0}, near = {0};
    const char *hint = "";
    for (size_t i = 0; i < names->n && list.len < LISTED_BYTES; i++) {
        char shown[REASON_QUOTED];
        size_t len;
        const char *name = name_at(names, i, &len);
        if (i == 0)
            hint = header_hint(names->n, name, len);
        if (near.len == 0 && is_alike(name, len, wanted))
            buf_printf(&near, "; did you mean '%.*s'?", (int)len, name);
        buf_puts(&list, i == 0 ? "" : ", ");
        buf_puts(&list, reason_escape(shown, name, len));
    }
    if (list.len >= LISTED_BYTES)
        buf_puts(&list, ", ...");
    error_set(err, EXIT_USAGE, "%s has no column '%s'; its columns are: %s%s%s", input, wanted,
              buf_cstr(&list), hint, buf_cstr(&near));
    buf_free(&list);
    buf_free(&near);
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

/* The wanted columns of the layout. NULL, or the one that is not there. */
static const char *place_columns(struct wanted *w, const struct input_options *options,
                                 struct csv_layout *layout)
{
    for (size_t i = 0; i < options->n_time; i++)
        if (!find_column(w, options->time[i].text, &layout->time[i]))
            return options->time[i].text;
    for (size_t f = 0; f < options->n_fields; f++)
        if (!find_column(w, options->fields[f].path.text, &layout->fields[f]))
            return options->fields[f].path.text;
    return NULL;
}

static bool lay_out(struct input_plan *plan, struct names *names, const char *input,
                    struct error *err)
{
    const struct input_options *options = plan->options;
    struct csv_layout *layout = &plan->layout;
    struct wanted w = {.at = memory_calloc(options->n_time + options->n_fields + 1, sizeof *w.at)};
    lay_out_any(plan);
    layout->n_columns = names->n;
    for (size_t i = 0; plan->names != NULL && i < names->n; i++) {
        size_t len;
        const char *name = name_at(names, i, &len);
        buf_put(plan->names, name, len);
        buf_putc(plan->names, '\0');
    }
    for (size_t i = 0; i < options->n_time; i++)
        want(&w, options->time[i].text);
    for (size_t f = 0; f < options->n_fields; f++)
        want(&w, options->fields[f].path.text);
    find_columns(&w, names);
    const char *missing = place_columns(&w, options, layout);
    places_free(&w.places);
    free(w.at);
    return missing == NULL || missing_column(names, input, missing, err);
}

void header_free(struct csv_layout *layout)
{
    free(layout->time);
    free(layout->fields);
    *layout = (struct csv_layout){0};
}

/* How many bytes from p on are tabs and blanks, or are not. */
static size_t strspn_of(const char *p, const char *end, bool blank)
{
    const char *start = p;
    while (p < end && (*p == ' ' || *p == '\t') == blank)
        p++;
    return (size_t)(p - start);
}

/*
 * Behind the record at p, which is a line but in CSV with quotes; NULL: it goes on behind `end`.
 * *overlong is set with the former.
 */
static const char *record_end(const struct input_plan *plan, const char *p, const char *end,
                              bool *overlong)
{
    size_t max = plan->options->max_record_bytes;
    struct csv_scan scan = {0};
    if (!reader_table[plan->found].has_lines) {
        const char *next = csv_scan_record(&scan, &plan->rules, p, end);
        *overlong = scan.overlong;
        return next;
    }
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    *overlong = newline != NULL && (size_t)(newline - p) > max;
    return newline == NULL ? NULL : newline + 1;
}

/* #fields (Zeek) or #Fields: (W3C): its names stand between tabs or blanks. */
static const char *fields_line(const char *line, size_t len)
{
    static const char *const words[] = {"#fields", "#Fields:"};
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(words[i]);
        if (len > n && memcmp(line, words[i], n) == 0 && (line[n] == ' ' || line[n] == '\t'))
            return line + n;
    }
    return NULL;
}

bool header_is_fields(const struct input_options *options, const char *line, size_t len)
{
    return options->comment == '#' && fields_line(line, len) != NULL;
}

static bool is_comment(const struct input_options *options, const char *record)
{
    return options->comment != '\0' && *record == options->comment;
}

/* Splits a header, which may be a line of #fields. Returns NULL, or why it is none. */
static const char *read_named(const struct input_options *options, struct splitter *splitter,
                              const char *line, size_t len, struct arena *arena)
{
    const char *p = fields_line(line, len), *end = line + len;
    if (!header_is_fields(options, line, len))
        return splitter_split(splitter, line, len, arena);
    splitter->fields.n = 0;
    while (p < end) {
        p += strspn_of(p, end, true);
        size_t name_len = strspn_of(p, end, false);
        if (name_len > 0)
            fields_add(&splitter->fields, p, name_len);
        p += name_len;
    }
    return NULL;
}

/*
 * The first line that is neither empty nor a comment, but one of #fields: no header or record is,
 * whatever the format. `len` if there is none.
 */
static size_t skip_empty_lines(const struct input_options *options, const char *data, size_t len)
{
    size_t i = 0;
    while (i < len) {
        const char *newline = memchr(data + i, '\n', len - i);
        size_t line_len = (size_t)((newline == NULL ? data + len : newline) - (data + i));
        if (data[i] == '\n') {
            i++;
        } else if (data[i] == '\r' && i + 1 < len && data[i + 1] == '\n') {
            i += 2;
        } else if (is_comment(options, data + i) &&
                   !header_is_fields(options, data + i,
                                     csv_record_len(data + i, data + i + line_len))) {
            /* It may be one, once it is whole; an overlong one is a bad record. */
            if (newline == NULL || line_len > options->max_record_bytes)
                return i;
            i += line_len + 1;
        } else {
            break;
        }
    }
    return i;
}

/* The same of the input, data[0..) being what follows the mark. */
static size_t first_line(struct input_plan *plan, const char *data, size_t len)
{
    size_t *skipped = &plan->seen.skipped;
    *skipped += skip_empty_lines(plan->options, data + *skipped, len - *skipped);
    return *skipped;
}

/* May more bytes make this a line that skip_empty_lines() skips? */
static bool may_be_empty(const struct input_options *options, const char *line, size_t len)
{
    if (len <= 1 && (len == 0 || *line == '\r'))
        return true;
    return is_comment(options, line) && len <= options->max_record_bytes &&
           memchr(line, '\n', len) == NULL;
}

static enum input_format csv_or_tsv(const struct input_options *options, const char *line,
                                    size_t len)
{
    bool tabs = memchr(line, '\t', len) != NULL && memchr(line, ',', len) == NULL;
    return tabs && options->delimiter == '\0' ? INPUT_TSV : INPUT_CSV;
}

/* May the line be a header that has the time fields? */
static bool names_time(const struct input_options *options, const char *line, size_t len)
{
    for (size_t i = 0; i < options->n_time; i++)
        if (memmem(line, len, options->time[i].text, options->time[i].text_len) == NULL)
            return false;
    return true;
}

size_t header_marks(const char *p, size_t len)
{
    size_t n = 0;
    for (;;) {
        if (len - n >= MARK_LEN && memcmp(p + n, BYTE_ORDER_MARK, MARK_LEN) == 0)
            n += MARK_LEN;
        else if (len > n && p[n] == '\x1e')
            n++;
        else
            return n;
    }
}

/* Behind the blank bytes at `at`, as long as there are no more than `most` of them before. */
static size_t skip_blank(const char *data, size_t at, size_t len, size_t most)
{
    for (size_t n = 1; n > 0 && at <= most; at += n) {
        n = at < len && memchr(" \t\r\n", data[at], 4) != NULL;
        n += header_marks(data + at + n, len - at - n);
    }
    return at;
}

/* May more bytes make a mark of the last ones? */
static bool may_be_mark(const char *p, size_t len)
{
    return len < MARK_LEN && memcmp(p, BYTE_ORDER_MARK, len) == 0;
}

/*
 * Looks at what follows the mark. HEADER_DONE: *format is settled. Only the first max_record_bytes
 * of what it looks for count, and the newline behind them, however many bytes there are.
 */
static enum header_status detect(struct input_plan *plan, const char *input, const char *data,
                                 size_t len, bool ended, enum input_format *format,
                                 struct error *err)
{
    const struct input_options *options = plan->options;
    size_t max = options->max_record_bytes;
    size_t blank = skip_blank(data, plan->seen.blank, len, max);
    plan->seen.blank = blank;
    if (blank > max) {
        error_set(err, EXIT_RUNTIME,
                  "%s begins with more than --max-record (%zu) blank bytes: say --input-format",
                  input, max);
        return HEADER_FAILED;
    }
    if (!ended && may_be_mark(data + blank, len - blank))
        return HEADER_MORE;
    /* Without any byte but blanks there is no record in any format. */
    *format = INPUT_JSON;
    if (blank == len || data[blank] == '{')
        return HEADER_DONE;
    size_t start = first_line(plan, data, len);
    size_t seen = len - start > max ? max : len - start;
    const char *newline = memchr(data + start, '\n', len - start > max ? max + 1 : seen);
    if (newline == NULL && len - start <= max && !ended)
        return HEADER_MORE;
    *format = csv_or_tsv(options, data + start,
                         newline == NULL ? seen : (size_t)(newline - data) - start);
    if (newline == NULL || options->no_header || options->columns != NULL)
        return HEADER_DONE;
    size_t line_len = (size_t)(newline - data) - start;
    bool fields = *format == INPUT_CSV && options->delimiter == '\0' &&
                  header_is_fields(options, data + start, line_len);
    if (!fields && names_time(options, data + start, line_len))
        return HEADER_DONE;
    size_t second = (size_t)(newline + 1 - data);
    second += skip_empty_lines(options, data + second, len - second);
    const char *line = data + second, *end = data + len;
    bool more = !ended && may_be_empty(options, line, len - second);
    size_t marks = header_marks(line, len - second);
    more |= !ended && may_be_mark(line + marks, len - second - marks);
    if (fields) { /* blanks may divide the names, and tabs the values */
        newline = memchr(line, '\n', len - second > max ? max + 1 : len - second);
        more |= !ended && newline == NULL && len - second <= max;
        if (memchr(line, '\t', (size_t)((newline == NULL ? end : newline) - line)) != NULL)
            *format = INPUT_TSV;
    } else if (line + marks < end && line[marks] == '{') {
        *format = INPUT_JSON; /* behind a line of something else */
    }
    return more ? HEADER_MORE : HEADER_DONE;
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
    size_t max = plan->options->max_record_bytes;
    size_t at = plan->seen.bad > start ? plan->seen.bad : start;
    uint64_t line = 1 + newline_count(data, start);
    struct names names = {.numbered = true};
    struct splitter splitter;
    struct arena arena = {0};
    enum header_status status = HEADER_MORE;
    splitter_init(&splitter, plan->options, plan->found, plan->layout.delimiter);
    while (status == HEADER_MORE && at < len) {
        bool overlong;
        const char *next = record_end(plan, data + at, data + len, &overlong);
        if (next == NULL && !ended)
            break;
        size_t end = next == NULL ? len : (size_t)(next - data);
        size_t record_len = csv_record_len(data + at, data + end);
        if (record_len > 0 && record_len <= max && !is_comment(plan->options, data + at) &&
            splitter_split(&splitter, data + at, record_len, &arena) == NULL) {
            names.n = splitter.fields.n;
            status = lay_out(plan, &names, input, err) ? HEADER_DONE : HEADER_FAILED;
        }
        at = end;
    }
    plan->seen.bad = at;
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
    splitter_free(&splitter);
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
    struct arena arena = {0};
    const char *reason = NULL;
    bool overlong = false;
    *used = start;
    if (start == len)
        return ended ? HEADER_DONE : HEADER_MORE;
    if (options->no_header)
        return count_columns(plan, input, data, start, len, ended, err);
    const char *next = record_end(plan, data + start, data + len, &overlong);
    if (next == NULL)
        overlong = len - start > options->max_record_bytes;
    if (next == NULL && !ended && !overlong)
        return HEADER_MORE;
    bool last = next == NULL; /* no line ends in LF */
    if (next == NULL)
        next = data + len;
    size_t record_len = csv_record_len(data + start, next);
    struct splitter splitter;
    enum header_status status = HEADER_DONE;
    const struct input_options no_nulls = {.delimiter = options->delimiter};
    splitter_init(&splitter, &no_nulls, plan->found, plan->layout.delimiter);
    reason = overlong ? reason_overlong(&arena, options)
                      : read_named(options, &splitter, data + start, record_len, &arena);
    if (reason != NULL) {
        /* Of an overlong one, what had to be there for that. */
        size_t max = options->max_record_bytes, seen = record_len < max ? record_len : max;
        char lines[REASON_LINES] = "";
        if (!overlong)
            reason_lines(lines, line, data + start, (size_t)(next - data) - start);
        error_set(err, EXIT_RUNTIME, "%s:%llu: the header: %s%s%s", input, (unsigned long long)line,
                  reason, other_format(data + start, seen), lines);
        status = HEADER_FAILED;
    } else {
        struct names names = {.n = splitter.fields.n, .header = &splitter.fields};
        plan->layout.is_given = header_is_fields(options, data + start, record_len);
        if (!lay_out(plan, &names, input, err)) {
            status = HEADER_FAILED;
        } else if (last && memchr(data + start, '\r', record_len) != NULL &&
                   memchr(data + start, '"', record_len) == NULL) {
            error_set(
                err, EXIT_RUNTIME,
                "%s: the lines end in CR alone: expected LF or CRLF (tr '\\r' '\\n' makes LF)",
                input);
            status = HEADER_FAILED;
        }
    }
    *used = (size_t)(next - data);
    splitter_free(&splitter);
    arena_free(&arena);
    return status;
}

static enum header_status read_csv(struct input_plan *plan, const char *input, const char *data,
                                   size_t start, size_t len, bool ended, size_t *used,
                                   struct error *err)
{
    const struct input_options *options = plan->options;
    if (options->columns == NULL)
        return read_names(plan, input, data, start + first_line(plan, data + start, len - start),
                          len, ended, used, err);
    struct names names = {.n = options->n_columns, .given = options->columns};
    *used = start;
    plan->layout.is_given = true;
    return lay_out(plan, &names, input, err) ? HEADER_DONE : HEADER_FAILED;
}

/* A format that needs no header. */
static bool lay_out_known(struct input_plan *plan, const char *input, struct error *err)
{
    const struct reader_ops *ops = &reader_table[plan->found];
    struct names names = {.n = ops->n_known, .given = ops->known};
    struct csv_layout *layout = &plan->layout;
    if (ops->known != NULL)
        return lay_out(plan, &names, input, err);
    lay_out_any(plan); /* what is asked for stands in this order */
    layout->n_columns = plan->options->n_time + plan->options->n_fields;
    for (size_t i = 0; i < plan->options->n_time; i++)
        layout->time[i] = i;
    for (size_t f = 0; f < plan->options->n_fields; f++)
        layout->fields[f] = plan->options->n_time + f;
    return true;
}

bool header_again(const struct input_plan *plan, const char *name, const char *data, size_t len,
                  struct csv_layout *layout, struct error *err)
{
    struct input_plan again = *plan;
    size_t used;
    again.layout = (struct csv_layout){.delimiter = plan->layout.delimiter};
    again.seen.bad = 0;
    bool ok = read_names(&again, name, data, 0, len, true, &used, err) == HEADER_DONE;
    *layout = again.layout;
    return ok;
}

/* The length of the mark at the start, or HEADER_MORE. */
static enum header_status skip_mark(const char *data, size_t len, bool ended, size_t *mark)
{
    size_t seen = len < MARK_LEN ? len : MARK_LEN;
    bool same = seen == 0 || memcmp(data, BYTE_ORDER_MARK, seen) == 0;
    *mark = same && seen == MARK_LEN ? MARK_LEN : 0;
    return same && seen < MARK_LEN && !ended ? HEADER_MORE : HEADER_DONE;
}

/* Bytes that are no text, or none that winagg reads, are named as what they are. */
static enum header_status check_text(const char *name, const char *data, size_t len, bool ended,
                                     struct error *err)
{
    const char *program = packed_program(data, len);
    if (program != NULL) {
        error_set(err, EXIT_RUNTIME,
                  "%s: the bytes are compressed: expected text (%s | winagg reads it, and so does "
                  "winagg if it is given the file itself)",
                  name, packed_reader(program));
        return HEADER_FAILED;
    }
    if (len >= 4 && memcmp(data, "\xff\xfe\0\0", 4) == 0) {
        error_set(err, EXIT_RUNTIME,
                  "%s: the text is UTF-32: expected UTF-8 (iconv -f UTF-32 -t UTF-8 makes it)",
                  name);
        return HEADER_FAILED;
    }
    if (len >= 2 && (memcmp(data, "\xff\xfe", 2) == 0 || memcmp(data, "\xfe\xff", 2) == 0)) {
        error_set(err, EXIT_RUNTIME,
                  "%s: the text is UTF-16: expected UTF-8 (iconv -f UTF-16 -t UTF-8 makes it)",
                  name);
        return HEADER_FAILED;
    }
    enum { UNITS = 4 };
    size_t units = len / 2 < UNITS ? len / 2 : UNITS, low = 0, high = 0;
    for (size_t i = 0; i < units; i++) {
        low += data[2 * i] != '\0' && data[2 * i + 1] == '\0';
        high += data[2 * i] == '\0' && data[2 * i + 1] != '\0';
    }
    if (low == UNITS || high == UNITS) {
        error_set(err, EXIT_RUNTIME,
                  "%s: the text is UTF-16: expected UTF-8 (iconv -f UTF-16%s -t UTF-8 makes it)",
                  name, low == UNITS ? "LE" : "BE");
        return HEADER_FAILED;
    }
    if (len > 0 && units < UNITS && (low == units || high == units) && !ended)
        return HEADER_MORE;
    bool may_be = len > 0 && memchr("\x1f\x28\xfd"
                                    "B\x04\xff\xfe",
                                    data[0], 7) != NULL;
    return may_be && len < PACKED_MAGIC_BYTES && !ended ? HEADER_MORE : HEADER_DONE;
}

enum header_status header_read(struct input_plan *plan, const char *name, const char *data,
                               size_t len, bool ended, size_t *used, struct error *err)
{
    const struct input_options *options = plan->options;
    enum input_format format = options->format;
    size_t mark;
    enum header_status status = check_text(name, data, len, ended, err);
    if (status == HEADER_DONE)
        status = skip_mark(data, len, ended, &mark);
    if (status != HEADER_DONE)
        return status;
    if (status == HEADER_DONE && format == INPUT_AUTO)
        status = detect(plan, name, data + mark, len - mark, ended, &format, err);
    *used = mark;
    plan->found = format;
    const struct reader_ops *ops = &reader_table[format];
    if (status == HEADER_DONE && ops->has_columns) {
        plan->layout.delimiter = options->delimiter != '\0' ? options->delimiter : ops->delimiter;
        plan->rules = (struct csv_rules){.delimiter = plan->layout.delimiter,
                                         .comment = options->comment,
                                         .max_bytes = options->max_record_bytes};
        status = read_csv(plan, name, data, mark, len, ended, used, err);
    } else if (status == HEADER_DONE && ops->is_text) {
        status = lay_out_known(plan, name, err) ? HEADER_DONE : HEADER_FAILED;
    }
    /* No header before the end: as in detect(), and never CSV without its columns. */
    if (status == HEADER_DONE)
        plan->format = ops->is_text && plan->layout.time == NULL ? INPUT_JSON : format;
    return status;
}
