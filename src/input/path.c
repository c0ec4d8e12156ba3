#include "input/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/escape.h"
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
    size_t i = *at;
    while (i < len && text[i] != '.')
        i += escape_at(text + i, len - i) ? 2 : 1;
    struct path_part part = {.name = escape_undo(text + *at, i - *at)};
    part.len = strlen(part.name);
    part.index = index_of(part.name, part.len);
    *at = i + 1;
    return part;
}

static bool begin(struct path *path, const char *text, size_t len, struct error *err)
{
    *path = (struct path){0};
    if (len == 0)
        return error_set(err, EXIT_USAGE, "expected the name of a field, found nothing");
    path->text = escape_undo(text, len);
    path->text_len = strlen(path->text);
    return true;
}

bool path_parse_whole(struct path *path, const char *text, size_t len, struct error *err)
{
    if (!begin(path, text, len, err))
        return false;
    struct buf escaped = {0};
    escape_put(&escaped, path->text, ",:=[]");
    path->escaped = memory_strdup(buf_cstr(&escaped));
    buf_free(&escaped);
    return true;
}

bool path_parse(struct path *path, const char *text, size_t len, struct error *err)
{
    if (!begin(path, text, len, err))
        return false;
    /* One part more than dots, at most; `at` ends at len + 1, so that "a." has an empty part. */
    size_t most = 1;
    for (size_t i = 0; i < len; i++)
        most += text[i] == '.';
    path->parts = memory_calloc(most, sizeof *path->parts);
    struct buf escaped = {0};
    bool ok = true;
    for (size_t at = 0; at <= len && ok;) {
        struct path_part part = take_part(text, len, &at);
        if (path->n_parts > 0)
            buf_putc(&escaped, '.');
        escape_put(&escaped, part.name, ".,:=[]");
        path->parts[path->n_parts++] = part;
        ok = part.len > 0;
    }
    path->escaped = memory_strdup(buf_cstr(&escaped));
    buf_free(&escaped);
    if (!ok) {
        error_set(err, EXIT_USAGE, "field '%.*s': a name is missing beside a dot (\\. is a dot)",
                  (int)len, text);
        path_free(path);
    }
    return ok;
}

void path_free(struct path *path)
{
    for (size_t i = 0; i < path->n_parts; i++)
        free(path->parts[i].name);
    free(path->parts);
    free(path->text);
    free(path->escaped);
    *path = (struct path){0};
}
