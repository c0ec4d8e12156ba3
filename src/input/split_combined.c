/*
 * host ident user [time] "request" status bytes "referer" "agent"
 *
 * Apache and nginx escape quotes, backslashes and control characters in quoted fields; the words of
 * a request are counted before that is undone, since a blank of a path may be escaped.
 */
#include <string.h>

#include "base/hex.h"
#include "input/reason.h"
#include "input/split.h"

enum { HOST, IDENT, USER, TIME, METHOD, PATH, PROTOCOL, STATUS, BYTES, REFERER, AGENT, REQUEST };

char *const split_combined_names[SPLIT_COMBINED_FIELDS] = {
    "host",     "ident",  "user",  "time",    "method", "path",
    "protocol", "status", "bytes", "referer", "agent",  "request",
};

struct line {
    struct fields *fields;
    const struct input_options *options;
    struct arena *arena;
    uint64_t wanted;
    const char *p, *end;
};

/* What stands at p; `-` is no value, nor is what --null names. */
static inline void set(struct line *line, int field, const char *text, size_t len)
{
    if ((line->wanted >> field & 1) == 0)
        return;
    bool null = (len == 1 && *text == '-') || fields_is_null(line->options, text, len);
    line->fields->at[field] = (struct fields_one){null ? NULL : text, null ? 0 : len};
}

/* \" \\ \xHH and C's; any other backslash stands for itself. */
static const char *undo(const char *text, size_t *len, struct arena *arena)
{
    static const char letters[] = "\"\\abfnrtv", meant[] = "\"\\\a\b\f\n\r\t\v";
    if (memchr(text, '\\', *len) == NULL)
        return text;
    char *undone = arena_alloc(arena, *len + 1);
    size_t n = 0;
    for (size_t i = 0; i < *len; i++) {
        const char *letter = NULL;
        undone[n] = text[i];
        if (text[i] == '\\' && i + 3 < *len && text[i + 1] == 'x' && hex_value(text[i + 2]) >= 0 &&
            hex_value(text[i + 3]) >= 0) {
            undone[n] = (char)(hex_value(text[i + 2]) * 16 + hex_value(text[i + 3]));
            i += 3;
        } else if (text[i] == '\\' && i + 1 < *len &&
                   (letter = memchr(letters, text[i + 1], sizeof letters - 1)) != NULL) {
            undone[n] = meant[letter - letters];
            i++;
        }
        n++;
    }
    *len = n;
    return undone;
}

static void set_escaped(struct line *line, int field, const char *text, size_t len)
{
    if ((line->wanted >> field & 1) == 0)
        return;
    text = undo(text, &len, line->arena);
    set(line, field, text, len);
}

static void skip_blanks(struct line *line)
{
    while (line->p < line->end && *line->p == ' ')
        line->p++;
}

static bool take_word(struct line *line, int field)
{
    const char *stop = memchr(line->p, ' ', (size_t)(line->end - line->p));
    if (stop == NULL)
        stop = line->end;
    if (stop == line->p)
        return false;
    set(line, field, line->p, (size_t)(stop - line->p));
    line->p = stop;
    skip_blanks(line);
    return true;
}

/* The text between quotes, as it stands; false: nothing closes it. *text NULL: there is none. */
static bool take_quoted(struct line *line, const char **text, size_t *len)
{
    *text = NULL;
    if (line->p == line->end || *line->p != '"')
        return true;
    const char *start = line->p + 1, *p = start;
    for (;;) {
        p = memchr(p, '"', (size_t)(line->end - p));
        if (p == NULL)
            return false;
        size_t backslashes = 0;
        while (p - backslashes > start && p[-1 - (ptrdiff_t)backslashes] == '\\')
            backslashes++;
        if (backslashes % 2 == 0)
            break;
        p++;
    }
    *text = start;
    *len = (size_t)(p - start);
    line->p = p + 1;
    skip_blanks(line);
    return true;
}

/* METHOD PATH PROTOCOL, or something else. */
static void set_request(struct line *line, const char *text, size_t len)
{
    const uint64_t words = 1 << METHOD | 1 << PATH | 1 << PROTOCOL;
    set_escaped(line, REQUEST, text, len);
    if ((line->wanted & words) == 0)
        return;
    const char *end = text + len;
    const char *first = memchr(text, ' ', len);
    const char *second = first == NULL ? NULL : memchr(first + 1, ' ', (size_t)(end - first - 1));
    if (second == NULL || memchr(second + 1, ' ', (size_t)(end - second - 1)) != NULL ||
        first == text || second == first + 1 || second + 1 == end)
        return;
    set_escaped(line, METHOD, text, (size_t)(first - text));
    set_escaped(line, PATH, first + 1, (size_t)(second - first - 1));
    set_escaped(line, PROTOCOL, second + 1, (size_t)(end - second - 1));
}

/* Who, up to the time in its brackets. A user's name may hold blanks. */
static const char *take_who(struct line *line)
{
    const char *bracket = memchr(line->p, '[', (size_t)(line->end - line->p));
    while (bracket != NULL && (bracket == line->p || bracket[-1] != ' '))
        bracket = memchr(bracket + 1, '[', (size_t)(line->end - bracket - 1));
    const char *close =
        bracket == NULL ? NULL : memchr(bracket, ']', (size_t)(line->end - bracket));
    if (close == NULL)
        return "not an access log line: expected a time in brackets";
    if (!take_word(line, HOST) || line->p >= bracket || !take_word(line, IDENT) ||
        line->p >= bracket)
        return "not an access log line: expected host, ident and user before the time";
    const char *stop = bracket;
    while (stop > line->p && stop[-1] == ' ')
        stop--;
    if (stop == line->p)
        return "not an access log line: expected host, ident and user before the time";
    set(line, USER, line->p, (size_t)(stop - line->p));
    line->fields->at[TIME] = (struct fields_one){bracket + 1, (size_t)(close - bracket - 1)};
    line->p = close + 1;
    skip_blanks(line);
    return NULL;
}

const char *split_combined(struct splitter *s, const char *record, size_t len, struct arena *arena)
{
    struct fields *fields = &s->fields;
    struct line line = {fields, s->options, arena, s->wanted, record, record + len};
    const char *text;
    size_t text_len;
    fields->n = 0;
    fields->scratch = false;
    fields_clear(fields, SPLIT_COMBINED_FIELDS);
    const char *reason = take_who(&line);
    if (reason != NULL)
        return reason;
    if (!take_quoted(&line, &text, &text_len))
        return "not an access log line: the request has no closing quote";
    if (text != NULL)
        set_request(&line, text, text_len);
    else if (line.p < line.end) /* HAProxy's, say, whose words would pass for a status and bytes */
        return "not an access log line: expected a request in quotes behind the time";
    take_word(&line, STATUS);
    take_word(&line, BYTES);
    for (int field = REFERER; field <= AGENT; field++) {
        if (!take_quoted(&line, &text, &text_len))
            return reason_printf(arena, "not an access log line: the %s has no closing quote",
                                 split_combined_names[field]);
        if (text == NULL)
            break;
        set_escaped(&line, field, text, text_len);
    }
    return NULL;
}
