#include "input/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* The array index that a name may stand for, or -1. */
static long index_of(const char *name, size_t len)
{
    if (len == 0 || strspn(name, "0123456789") != len)
        return -1;
    errno = 0;
    long index = strtol(name, NULL, 10);
    return errno == ERANGE ? -1 : index;
}

/* Takes the next part off text[*at..len) and steps behind the dot that ends it. */
static struct path_part take_part(const char *text, size_t len, size_t *at)
{
    struct path_part part = {.name = memory_alloc(len - *at + 1)};
    size_t i = *at;
    while (i < len && text[i] != '.') {
        if (text[i] == '\\' && i + 1 < len && (text[i + 1] == '.' || text[i + 1] == '\\'))
            i++;
        part.name[part.len++] = text[i++];
    }
    part.name[part.len] = '\0';
    part.index = index_of(part.name, part.len);
    *at = i + 1;
    return part;
}

bool path_parse(struct path *path, const char *text, size_t len, struct error *err)
{
    *path = (struct path){.text = memory_strndup(text, len)};
    if (len == 0) {
        path_free(path);
        return error_set(err, EXIT_USAGE, "expected the name of a field, found nothing");
    }
    /* One part more than dots, at most; `at` ends at len + 1, so that "a." has an empty part. */
    size_t most = 1;
    for (size_t i = 0; i < len; i++)
        most += text[i] == '.';
    path->parts = memory_calloc(most, sizeof *path->parts);
    for (size_t at = 0; at <= len;) {
        struct path_part part = take_part(text, len, &at);
        path->parts[path->n_parts++] = part;
        if (part.len == 0) {
            error_set(err, EXIT_USAGE, "field '%s': a name is missing beside a dot (\\. is a dot)",
                      path->text);
            path_free(path);
            return false;
        }
    }
    return true;
}

void path_free(struct path *path)
{
    for (size_t i = 0; i < path->n_parts; i++)
        free(path->parts[i].name);
    free(path->parts);
    free(path->text);
    *path = (struct path){0};
}

bool path_equal(const struct path *a, const struct path *b)
{
    return strcmp(a->text, b->text) == 0;
}
