/* key=value key="quoted \" value" flag */
#include <string.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "input/reason.h"
#include "input/split.h"

struct pair {
    const char *key;
    size_t key_len;
    const char *text; /* as it stands, without quotes */
    size_t len;
    bool escapes;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The high bit of each byte that is c, exact up to the first of them. */
static inline uint64_t bytes_equal_to(uint64_t word, char c)
{
    const uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
    uint64_t x = word ^ ones * (unsigned char)c;
    return (x - ones) & ~x & highs;
}

/*
 * Behind the word at p: a blank ends it, and `=` if it is a key. Eight bytes at a time, which a
 * block has behind its end: the lengths of values can't be predicted.
 */
static inline const char *skip_word(const char *p, const char *end, bool key)
{
    for (; p < end; p += sizeof(uint64_t)) {
        uint64_t word = bytes_u64_le(p);
        uint64_t found = bytes_equal_to(word, ' ') | bytes_equal_to(word, '\t');
        if (key)
            found |= bytes_equal_to(word, '=');
        if (found != 0) {
            p += __builtin_ctzll(found) / 8;
            break;
        }
    }
    return p < end ? p : end;
}

/* The text between the quotes that begin at p. Returns what is behind, or NULL: nothing closes it.
 */
static const char *take_quoted(const char *p, const char *end, struct pair *pair)
{
    pair->text = ++p;
    for (; p < end && *p != '"'; p++) {
        pair->escapes |= *p == '\\';
        p += *p == '\\';
    }
    if (p >= end)
        return NULL;
    pair->len = (size_t)(p - pair->text);
    return p + 1;
}

/* The next pair; *at is behind it, or NULL: its quote is not closed. false: there is none. */
static bool next_pair(const char **at, const char *end, struct pair *pair)
{
    const char *p = *at;
    while (p < end && is_blank(*p))
        p++;
    if (p == end)
        return false;
    *pair = (struct pair){.key = p, .text = "true", .len = 4};
    p = skip_word(p, end, true);
    pair->key_len = (size_t)(p - pair->key);
    if (p < end && *p == '=') {
        pair->text = ++p;
        if (p < end && *p == '"') {
            p = take_quoted(p, end, pair);
        } else {
            p = skip_word(p, end, false);
            pair->len = (size_t)(p - pair->text);
        }
    }
    *at = p;
    return true;
}

/* Half a surrogate pair is U+FFFD. */
static char *put_unit(char *to, unsigned unit)
{
    return utf8_put(to, unit >= 0xd800 && unit <= 0xdfff ? 0xfffd : unit);
}

/* The escapes of Go's and JSON's strings; any other backslash takes what follows literally. */
static const char *undo(const char *text, size_t *len, struct arena *arena)
{
    static const char letters[] = "abfnrtv", meant[] = "\a\b\f\n\r\t\v";
    char *undone = arena_alloc(arena, *len + 1);
    size_t n = 0;
    for (size_t i = 0; i < *len; i++) {
        if (text[i] != '\\' || i + 1 == *len) {
            undone[n++] = text[i];
            continue;
        }
        char c = text[++i];
        const char *letter = memchr(letters, c, sizeof letters - 1);
        int digits = c == 'x' ? 2 : c == 'u' ? 4 : 0;
        unsigned unit = 0;
        int k = 0;
        for (; k < digits && i + 1 + (size_t)k < *len && hex_value(text[i + 1 + (size_t)k]) >= 0;
             k++)
            unit = unit * 16 + (unsigned)hex_value(text[i + 1 + (size_t)k]);
        if (digits > 0 && k == digits) {
            if (c == 'x')
                undone[n++] = (char)unit;
            else
                n = (size_t)(put_unit(undone + n, unit) - undone);
            i += (size_t)digits;
        } else {
            undone[n++] = letter != NULL ? meant[letter - letters] : c;
        }
    }
    *len = n;
    return undone;
}

static const struct path *wanted_path(const struct input_options *options, size_t i)
{
    return i < options->n_time ? &options->time[i] : &options->fields[i - options->n_time].path;
}

static void take(struct fields *fields, const struct input_options *options,
                 const struct pair *pair, struct arena *arena)
{
    const char *text = NULL;
    size_t len = pair->len;
    for (size_t i = 0; i < fields->n; i++) {
        const struct path *path = wanted_path(options, i);
        if (path->text_len != pair->key_len || path->text[0] != *pair->key ||
            memcmp(path->text, pair->key, pair->key_len) != 0)
            continue;
        if (text == NULL)
            text = pair->escapes ? undo(pair->text, &len, arena) : pair->text;
        bool null = fields_is_null(options, text, len);
        fields->at[i] = (struct fields_one){null ? NULL : text, null ? 0 : len};
    }
}

const char *split_logfmt(struct splitter *s, const char *record, size_t len, struct arena *arena)
{
    const struct input_options *options = s->options;
    struct fields *fields = &s->fields;
    const char *at = record, *end = record + len;
    struct pair pair;
    fields->n = 0;
    fields->scratch = false;
    fields->record = (struct fields_one){record, len};
    fields_clear(fields, options->n_time + options->n_fields);
    while (next_pair(&at, end, &pair)) {
        if (at == NULL) {
            char shown[REASON_QUOTED];
            return reason_printf(arena, "not logfmt: the value of %s has no closing quote",
                                 reason_quote(shown, pair.key, pair.key_len));
        }
        take(fields, options, &pair, arena);
    }
    return NULL;
}

void split_logfmt_keys(const char *record, size_t len,
                       void (*each)(void *to, const char *key, size_t len), void *to)
{
    const char *at = record;
    struct pair pair;
    while (at != NULL && next_pair(&at, record + len, &pair))
        each(to, pair.key, pair.key_len);
}
