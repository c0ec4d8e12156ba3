#include "cli/options.h"

#include <stdlib.h>
#include <string.h>

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

void texts_split(struct texts *texts, const char *list)
{
    const char *start = list, *p = list;
    for (; *p != '\0'; p++) {
        if (*p == '\\' && p[1] != '\0') {
            p++;
        } else if (*p == ',') {
            append(texts, start, (size_t)(p - start));
            start = p + 1;
        }
    }
    append(texts, start, (size_t)(p - start));
}
