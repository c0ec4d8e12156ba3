#include <string.h>

#include "input/split.h"

/* Any other backslash stands for itself. Returns '\0' for those. */
static char escaped(char c)
{
    return c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c == '\\' ? '\\' : '\0';
}

static const char *undo(const char *text, size_t *len, struct arena *arena)
{
    char *undone = arena_alloc(arena, *len + 1);
    size_t n = 0;
    for (size_t i = 0; i < *len; i++) {
        char c = text[i] == '\\' && i + 1 < *len ? escaped(text[i + 1]) : '\0';
        i += c != '\0';
        undone[n++] = c != '\0' ? c : text[i];
    }
    *len = n;
    return undone;
}

const char *split_tsv(struct splitter *s, const char *record, size_t len, struct arena *arena)
{
    struct fields *fields = &s->fields;
    const char *end = record + len;
    bool escapes = memchr(record, '\\', len) != NULL;
    fields->n = 0;
    fields->scratch = false;
    for (const char *p = record;;) {
        const char *stop = memchr(p, s->delimiter, (size_t)(end - p));
        const char *text = p;
        size_t text_len = (size_t)((stop == NULL ? end : stop) - p);
        if (fields_is_null(s->options, text, text_len))
            text = NULL;
        else if (escapes)
            text = undo(text, &text_len, arena);
        fields_add(fields, text, text == NULL ? 0 : text_len);
        if (stop == NULL)
            return NULL;
        p = stop + 1;
    }
}
