#include "cli/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/memory.h"

void texts_free(struct texts *texts)
{
    for (size_t i = 0; i < texts->n; i++)
        free(texts->text[i]);
    free(texts->text);
    *texts = (struct texts){0};
}

static void append(struct texts *texts, const char *text, size_t len)
{
    texts->text = memory_realloc(texts->text, (texts->n + 1) * sizeof *texts->text);
    texts->text[texts->n++] = memory_strndup(text, len);
}

void texts_add(struct texts *texts, const char *text)
{
    append(texts, text, strlen(text));
}

void texts_split(struct texts *texts, const char *list)
{
    for (;; list++) {
        size_t len = escape_span(list, ",");
        append(texts, list, len);
        list += len;
        if (*list == '\0')
            return;
    }
}

void texts_split_aggs(struct texts *texts, const char *list)
{
    for (;; list++) {
        size_t len = agg_span(list);
        append(texts, list, len);
        list += len;
        if (*list == '\0')
            return;
    }
}

void command_free(struct command *c)
{
    for (size_t i = 0; i < sizeof c->fields / sizeof c->fields[0]; i++)
        places_free(&c->fields[i]);
    texts_free(&c->time);
    texts_free(&c->keys);
    texts_free(&c->aggs);
    texts_free(&c->columns);
    texts_free(&c->where);
    texts_free(&c->nulls);
    free(c->given.at);
}
