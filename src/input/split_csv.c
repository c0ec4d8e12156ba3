/*
 * A CSV record to its fields. libcsv decides what is valid and what it means; what is plain does
 * without it: fields without a quote, and fields in quotes with nothing behind them.
 */
#include <string.h>

#include "input/split.h"

static void add(struct splitter *s, const char *text, size_t len)
{
    bool null = fields_is_null(s->options, text, len);
    fields_add(&s->fields, null ? NULL : text, null ? 0 : len);
}

/* The field in quotes that begins at p. Returns what is behind it; NULL: it is not plain. */
static const char *take_quoted(struct splitter *s, const char *p, const char *end,
                               struct arena *arena)
{
    const char *start = p + 1;
    bool doubled = false;
    for (p = start; (p = memchr(p, '"', (size_t)(end - p))) != NULL && p + 1 < end && p[1] == '"';
         p += 2)
        doubled = true;
    if (p == NULL || (p + 1 < end && p[1] != s->delimiter))
        return NULL;
    size_t len = (size_t)(p - start);
    const char *text = doubled ? fields_undouble(start, &len, arena) : start;
    add(s, text, len);
    return p + 1;
}

static const char *take_bare(struct splitter *s, const char *p, const char *end)
{
    const char *stop = memchr(p, s->delimiter, (size_t)(end - p));
    size_t len = (size_t)((stop == NULL ? end : stop) - p);
    if (memchr(p, '"', len) != NULL)
        return NULL;
    add(s, p, len);
    return p + len;
}

/* False, with some fields added, if the record is not plain. */
static bool split_plain(struct splitter *s, const char *record, size_t len, struct arena *arena)
{
    const char *end = record + len;
    for (const char *p = record;; p++) {
        p = p < end && *p == '"' ? take_quoted(s, p, end, arena) : take_bare(s, p, end);
        if (p == NULL)
            return false;
        if (p == end)
            return true;
    }
}

const char *split_csv(struct splitter *s, const char *record, size_t len, struct arena *arena)
{
    const char *reason = NULL;
    s->fields.n = 0;
    s->fields.scratch = false;
    if (!s->options->no_fast_path && split_plain(s, record, len, arena))
        return NULL;
    s->fields.n = 0;
    s->fields.scratch = true;
    if (s->csv == NULL)
        s->csv = csv_slow_new(s->delimiter);
    if (!csv_slow_split(s->csv, record, len, arena, &reason))
        return reason;
    for (size_t i = 0; i < csv_slow_n(s->csv); i++) {
        size_t field_len;
        const char *text = csv_slow_field(s->csv, i, &field_len);
        add(s, text, field_len);
    }
    return NULL;
}
