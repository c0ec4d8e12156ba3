#include "input/reason.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "scan/newline.h"

enum { SHOWN = 40, ZONE_LETTERS = 5 };

const char *reason_printf(struct arena *arena, const char *format, ...)
{
    char text[1000];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t kept = len < 0 ? 0 : (size_t)len;
    if (kept >= sizeof text)
        kept = utf8_prefix(text, kept, sizeof text - 1);
    return arena_copy(arena, text, kept);
}

/* Escapes into p; returns the end, where no NUL stands yet. */
static char *escape(char *p, const char *text, size_t len)
{
    size_t shown = utf8_prefix(text, len, SHOWN);
    bool utf8 = utf8_valid(text, shown);
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') {
            *p++ = '\\';
            *p++ = (char)c;
        } else if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8)) {
            *p++ = '\\';
            *p++ = 'x';
            *p++ = "0123456789abcdef"[c >> 4];
            *p++ = "0123456789abcdef"[c & 15];
        } else {
            *p++ = (char)c;
        }
    }
    return p;
}

static void close_text(char *p, size_t len, const char *closing)
{
    strcpy(p, closing);
    if (len > SHOWN)
        strcat(p, "...");
}

const char *reason_escape(char to[REASON_QUOTED], const char *text, size_t len)
{
    close_text(escape(to, text, len), len, "");
    return to;
}

const char *reason_quote(char to[REASON_QUOTED], const char *text, size_t len)
{
    to[0] = '"';
    close_text(escape(to + 1, text, len), len, "\"");
    return to;
}

/* In what is shown of a value, with quotes or what stands before it: "21,5" */
static bool has_decimal_comma(const char *shown)
{
    const char *comma = strchr(shown, ',');
    if (comma == NULL || comma == shown || strchr(comma + 1, ',') != NULL)
        return false;
    size_t behind = strspn(comma + 1, "0123456789");
    return comma[-1] >= '0' && comma[-1] <= '9' && behind > 0 &&
           (comma[1 + behind] == '"' || comma[1 + behind] == '\0');
}

const char *reason_number(struct arena *arena, const struct field *field, enum number_status status,
                          const char *shown)
{
    const char *what = field->use == FIELD_KEY ? "key" : "field";
    if (status == NUMBER_MALFORMED)
        return reason_printf(
            arena, "%s '%s': expected a number, found %s%s", what, field->path.text, shown,
            has_decimal_comma(shown) ? " (a decimal comma? a point is expected)" : "");
    return reason_printf(arena, "%s '%s': %s: %s", what, field->path.text,
                         number_status_text(status), shown);
}

/* The patterns of common forms, those that look alike side by side. */
static const char *const known_patterns[] = {
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d/%m/%Y, %H:%M:%S",
    "%m/%d/%Y, %H:%M:%S",
    "%d/%m/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%d/%m/%Y, %I:%M:%S %p",
    "%m/%d/%Y, %I:%M:%S %p",
    "%d/%m/%Y %I:%M %p",
    "%m/%d/%Y %I:%M %p",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%d-%m-%Y %H:%M:%S",
    "%m-%d-%Y %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%m-%d-%Y %H:%M",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y-%m-%d %H.%M.%S",
    "%Y-%m-%d %I:%M:%S %p",
    "%Y%m%d%H%M%S",
    "%Y%m%d",
    "%Y%m%d %H:%M:%S",
    "%Y.%m.%d %H:%M:%S",
    "%d %b %Y %H:%M:%S",
    "%d %b %Y",
    "%d-%b-%Y %H:%M:%S",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%b %d, %Y %I:%M:%S %p",
    "%b %d, %Y, %I:%M:%S %p",
    "%b %d, %Y %H:%M:%S",
    "%b %d, %Y",
    "%b %d %Y %H:%M:%S",
    "%a, %d %b %Y %H:%M:%S %z",
    "%a, %d %b %Y %H:%M:%S GMT",
    "%a %b %d %H:%M:%S %Y",
    "%a %b %d %H:%M:%S.%f %Y",
    "[%a %b %d %H:%M:%S.%f %Y]",
    "%a %b %d %H:%M:%S UTC %Y",
    "%a %b %d %H:%M:%S %z %Y",
    "%d/%b/%Y:%H:%M:%S",
    "%b %d %H:%M:%S",
    "%d/%m/%y %H:%M:%S",
    "%m/%d/%y %H:%M:%S",
    "%y/%m/%d %H:%M:%S",
    "%d/%m/%y %H:%M",
    "%m/%d/%y %H:%M",
    "%y/%m/%d %H:%M",
    "%d/%m/%y",
    "%m/%d/%y",
    "%y/%m/%d",
    "%d/%m/%y %I:%M %p",
    "%m/%d/%y %I:%M %p",
    "%d.%m.%y %H:%M:%S",
    "%d.%m.%y %H:%M",
    "%d.%m.%y",
    "%y%m%d %H:%M:%S",
    /* These auto reads, but not before the letters of a zone, nor with a single digit. */
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
};

/* The blank and the letters of a zone at the end, which may mean several zones; or "". */
static void zone_letters(char letters[ZONE_LETTERS + 2], const struct buf *text)
{
    size_t n = 0;
    while (n < text->len && text->data[text->len - 1 - n] >= 'A' &&
           text->data[text->len - 1 - n] <= 'Z')
        n++;
    letters[0] = '\0';
    if (n >= 3 && n <= ZONE_LETTERS && n < text->len && text->data[text->len - 1 - n] == ' ')
        snprintf(letters, ZONE_LETTERS + 2, "%.*s", (int)n + 1, text->data + text->len - 1 - n);
}

/*
 * Digits alone may be an epoch time with a blank beside it, of which strptime(3) makes a date of
 * single digits: as many have to be there as the pattern writes.
 */
static bool may_mean(const char *pattern, const struct buf *text)
{
    size_t digits = strcmp(pattern, "%Y%m%d%H%M%S") == 0 ? 14
                    : strcmp(pattern, "%Y%m%d") == 0     ? 8
                                                         : 0;
    return digits == 0 || text->len == digits;
}

enum { N_KNOWN = sizeof known_patterns / sizeof known_patterns[0] };

/* Compiled once: that takes ten times as long as trying them. */
static struct time_pattern compiled[N_KNOWN];
static pthread_once_t compiled_once = PTHREAD_ONCE_INIT;

static void compile(void)
{
    for (size_t i = 0; i < N_KNOWN; i++) {
        struct time_format format = {.form = TIME_AUTO};
        struct error err;
        if (time_format_add(&format, known_patterns[i], &err))
            compiled[i] = format.patterns[0];
    }
}

/* Makes the format one of a known pattern and these letters; `text` is to hold it. */
static bool set_pattern(struct time_format *format, size_t i, const char *letters, bool yearless,
                        struct buf *text)
{
    struct error err;
    text->len = 0;
    format->form = *letters == '\0' ? TIME_PATTERN : TIME_AUTO;
    format->n_patterns = *letters == '\0';
    format->patterns[0] = *letters == '\0' ? compiled[i] : (struct time_pattern){0};
    format->has_year_from = false;
    if (*letters != '\0') {
        buf_printf(text, "%s%s", known_patterns[i], letters);
        if (!time_format_add(format, buf_cstr(text), &err))
            return false;
    }
    return time_format_finish(format, yearless ? "2024-01-01" : NULL, &err);
}

/* The patterns, three at most, that read the text with these letters behind them. */
static size_t put_patterns(struct buf *to, const struct buf *text, const char *letters)
{
    enum { MOST = 3 }; /* 1/2/03 */
    size_t found = 0;
    struct buf pattern = {0};
    struct time_format format = {.form = TIME_AUTO};
    pthread_once(&compiled_once, compile);
    for (size_t i = 0; i < N_KNOWN && found < MOST; i++) {
        int64_t ns;
        bool yearless = !compiled[i].has_year;
        if (!may_mean(known_patterns[i], text) ||
            !set_pattern(&format, i, letters, yearless, &pattern) ||
            time_parse(&format, text->data, text->len, &ns) != TIME_OK)
            continue;
        buf_printf(to,
                   found++ == 0 ? "; this reads it: --time-format '%s%s'%s%s" : ", or '%s%s'%s%s",
                   known_patterns[i], letters, yearless ? " --year-from DATE" : "",
                   *letters == '\0' ? "" : " --tz ZONE");
    }
    buf_free(&pattern);
    return found;
}

const char *reason_time(struct arena *arena, const struct input_options *options,
                        enum time_status status, const char *shown, const struct buf *text)
{
    struct buf names = {0}, hint = {0};
    if (text != NULL && options->time_format.form == TIME_AUTO && text->len < REASON_QUOTED) {
        char letters[ZONE_LETTERS + 2];
        zone_letters(letters, text);
        if (put_patterns(&hint, text, "") == 0 && letters[0] != '\0')
            put_patterns(&hint, text, letters);
    }
    for (size_t i = 0; i < options->n_time; i++) {
        if (i > 0)
            buf_putc(&names, ',');
        buf_puts(&names, options->time[i].text);
    }
    const char *reason =
        reason_printf(arena, "field%s '%s': %s: %s%s", options->n_time > 1 ? "s" : "",
                      buf_cstr(&names), time_status_text(status), shown, buf_cstr(&hint));
    buf_free(&names);
    buf_free(&hint);
    return reason;
}

const char *reason_overlong(struct arena *arena, const struct input_options *options)
{
    return reason_printf(arena, "record longer than --max-record (%zu bytes)",
                         options->max_record_bytes);
}

void reason_lines(char to[REASON_LINES], uint64_t line, const char *record, size_t len)
{
    unsigned long long last =
        line + newline_count(record, len - (len > 0 && record[len - 1] == '\n'));
    to[0] = '\0';
    if (last > line)
        snprintf(to, REASON_LINES, " (the record goes on to line %llu, %zu bytes)", last, len);
}
