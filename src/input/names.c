#include "input/names.h"

#include <string.h>

#include "base/escape.h"
#include "input/header.h"
#include "input/reader.h"
#include "input/split.h"

enum { MOST_NESTING = 8, MOST_NAME_BYTES = 256, MOST_RECORDS = 100, MOST_BYTES = 1 << 16 };

static const char SPECIAL[] = ".,:=[]";

static void walk(json_t *object, struct buf *path, unsigned depth, names_take *take, void *to)
{
    size_t len = path->len;
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);
        if (len + strlen(key) > MOST_NAME_BYTES)
            continue;
        path->len = len;
        buf_puts(path, len > 0 ? "." : "");
        escape_put(path, key, SPECIAL);
        json_t *value = json_object_iter_value(at);
        take(to, path->data, path->len, key, value);
        if (json_is_object(value) && depth < MOST_NESTING)
            walk(value, path, depth + 1, take, to);
    }
    path->len = len;
}

void names_of_object(json_t *object, names_take *take, void *to)
{
    struct buf path = {0};
    walk(object, &path, 0, take, to);
    buf_free(&path);
}

/* Once each; they are few, or cut off. */
static void add(struct buf *to, const char *name, size_t len)
{
    if (len == 0 || len > MOST_NAME_BYTES || memchr(name, '\0', len) != NULL)
        return;
    for (const char *at = to->data; at != NULL && at < to->data + to->len; at += strlen(at) + 1)
        if (strlen(at) == len && memcmp(at, name, len) == 0)
            return;
    if (to->len + len >= MOST_BYTES)
        return;
    buf_put(to, name, len);
    buf_putc(to, '\0');
}

/* A name as it stands in the input; dots divide nothing there. */
static void add_plain(void *to, const char *name, size_t len)
{
    struct buf escaped = {0}, plain = {0};
    buf_put(&plain, name, len);
    escape_put(&escaped, buf_cstr(&plain), SPECIAL + 1);
    if (strlen(buf_cstr(&plain)) == len)
        add(to, escaped.data, escaped.len);
    buf_free(&escaped);
    buf_free(&plain);
}

/* An object or an array is a field, too, but one that makes a record bad nearly everywhere. */
static void add_member(void *to, const char *name, size_t len, const char *key, const json_t *value)
{
    if (*key != '\0' && !json_is_object(value) && !json_is_array(value))
        add(to, name, len);
}

static void add_record(const char *record, size_t len, struct buf *to)
{
    while (len > 0 && memchr(" \t\r\x1e", *record, 4) != NULL)
        record++, len--;
    json_t *object = json_loadb(record, len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    if (json_is_object(object))
        names_of_object(object, add_member, to);
    json_decref(object);
}

static void read_records(enum input_format format, const char *at, const char *end, bool ended,
                         struct buf *to)
{
    for (int i = 0; i < MOST_RECORDS && at < end; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (newline == NULL && !ended)
            return; /* it may be one half of a record */
        size_t len = (size_t)((newline == NULL ? end : newline) - at);
        if (format == INPUT_LOGFMT)
            split_logfmt_keys(at, len, add_plain, to);
        else
            add_record(at, len, to);
        at += len + 1;
    }
}

void names_read(const struct input_options *options, const char *data, size_t len, bool ended,
                struct buf *to)
{
    struct error ignored = {0};
    struct buf columns = {0};
    struct input_plan plan = {.options = options, .names = &columns};
    size_t used = 0;
    bool known = header_read(&plan, "", data, len, ended, &used, &ignored) == HEADER_DONE;
    const struct reader_ops *ops = &reader_table[plan.found];
    if (known && (!ops->is_text || ops->names_fields))
        read_records(plan.found, data + used, data + len, ended, to);
    for (size_t at = 0; known && at < columns.len; at += strlen(columns.data + at) + 1)
        add_plain(to, columns.data + at, strlen(columns.data + at));
    header_free(&plan.layout);
    buf_free(&columns);
}
