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

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* In what is shown of a value, with quotes or what stands before it: "21,5", "1,234" */
static const char *comma_hint(const char *shown)
{
    const char *comma = strchr(shown, ',');
    if (comma == NULL || comma == shown || strchr(comma + 1, ',') != NULL)
        return "";
    size_t behind = strspn(comma + 1, "0123456789");
    if (!is_digit(comma[-1]) || behind == 0 ||
        (comma[1 + behind] != '"' && comma[1 + behind] != '\0'))
        return "";
    return behind == 3 ? " (a comma between thousands, or a decimal one? none is expected, and a "
                         "point before decimals)"
                       : " (a decimal comma? a point is expected)";
}

const char *reason_number(struct arena *arena, const struct field *field, enum number_status status,
                          const char *shown)
{
    const char *what = field->use == FIELD_KEY ? "key" : "field";
    if (status == NUMBER_MALFORMED)
        return reason_printf(arena, "%s '%s': expected a number, found %s%s", what,
                             field->path.text, shown, comma_hint(shown));
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
    if (digits == 0)
        return true;
    size_t n = 0;
    while (n < text->len && is_digit(text->data[n]))
        n++;
    return n == digits && n == text->len;
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

/* Takes the fraction out of ...:59.123...; returns its divider, '.' or ',', or NUL: it has none. */
static char cut_fraction(struct buf *to, const struct buf *text)
{
    for (size_t i = 3; i + 1 < text->len; i++) {
        size_t digits = 0;
        const char *p = text->data + i;
        if ((*p != '.' && *p != ',') || p[-3] != ':' || !is_digit(p[-2]) || !is_digit(p[-1]))
            continue;
        while (i + 1 + digits < text->len && is_digit(p[1 + digits]))
            digits++;
        if (digits == 0 || digits > 9)
            continue;
        buf_put(to, text->data, i);
        buf_put(to, p + 1 + digits, text->len - i - 1 - digits);
        return *p;
    }
    return '\0';
}

/* The pattern, with that divider and %f behind its seconds. */
static void put_pattern(struct buf *to, const char *pattern, char fraction)
{
    const char *seconds = fraction == '\0' ? NULL : strstr(pattern, "%S");
    size_t len = seconds == NULL ? strlen(pattern) : (size_t)(seconds - pattern) + 2;
    buf_put(to, pattern, len);
    if (seconds != NULL) {
        buf_putc(to, fraction);
        buf_puts(to, "%f");
        buf_puts(to, seconds + 2);
    }
}

/*
 * The patterns, three at most, that read the text with these letters behind them; with `fraction`
 * there was one, which was cut out of it.
 */
static size_t put_patterns(struct buf *to, const struct buf *text, const char *letters,
                           char fraction)
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
        if (fraction != '\0' &&
            (strstr(known_patterns[i], "%S") == NULL || strstr(known_patterns[i], "%f") != NULL))
            continue;
        buf_puts(to, found++ == 0 ? "; this reads it: --time-format '" : ", or '");
        put_pattern(to, known_patterns[i], fraction);
        buf_printf(to, "%s'%s%s", letters, yearless ? " --year-from DATE" : "",
                   *letters == '\0' ? "" : " --tz ZONE");
    }
    buf_free(&pattern);
    return found;
}

static void put_hint(struct buf *hint, const struct buf *text)
{
    char letters[ZONE_LETTERS + 2];
    struct buf whole = {0};
    zone_letters(letters, text);
    if (put_patterns(hint, text, "", '\0') > 0 ||
        (letters[0] != '\0' && put_patterns(hint, text, letters, '\0') > 0))
        return;
    char fraction = cut_fraction(&whole, text);
    if (fraction != '\0' && put_patterns(hint, &whole, "", fraction) == 0 && letters[0] != '\0')
        put_patterns(hint, &whole, letters, fraction);
    buf_free(&whole);
}

const char *reason_time(struct arena *arena, const struct input_options *options,
                        enum time_status status, const char *shown, const struct buf *text)
{
    struct buf names = {0}, hint = {0};
    bool automatic = options->time_format.form == TIME_AUTO;
    if (text != NULL && automatic && text->len < REASON_QUOTED)
        put_hint(&hint, text);
    for (size_t i = 0; i < options->n_time; i++) {
        if (i > 0)
            buf_putc(&names, ',');
        buf_puts(&names, options->time[i].text);
    }
    const char *reason = reason_printf(
        arena, "field%s '%s': %s: %s%s", options->n_time > 1 ? "s" : "", buf_cstr(&names),
        automatic && status == TIME_MALFORMED ? "not a time that auto reads"
                                              : time_status_text(status),
        shown, buf_cstr(&hint));
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
