#include "run/streams.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/json_text.h"
#include "base/memory.h"
#include "output/partial.h"
#include "run/signals.h"
#include "source/source.h"

/* What the lines of an input were so far. */
struct look {
    struct buf line;  /* the open one */
    struct buf name;  /* of the first line's stream */
    json_t *header;   /* the first */
    uint64_t n_lines; /* with a name */
    uint64_t hash;    /* of them: output/partial.h */
    bool ended;       /* the last was the last one of a stream */
    bool several;     /* they are not one stream in its order */
    bool strange;     /* one is none of a stream */
};

static void look_free(struct look *look)
{
    buf_free(&look->line);
    buf_free(&look->name);
    json_decref(look->header);
}

static const char *name_in(const json_t *line)
{
    return json_string_value(json_object_get(line, "s"));
}

/* The text behind {"s":" if the line begins so, as all that we write do. */
static const char *quick_name(const char *line, size_t len, size_t *name_len)
{
    static const char start[] = "{\"s\":\"";
    const size_t before = sizeof start - 1;
    if (len < before || memcmp(line, start, before) != 0)
        return NULL;
    const char *end = memchr(line + before, '"', len - before);
    *name_len = end == NULL ? 0 : (size_t)(end - line) - before;
    return end == NULL ? NULL : line + before;
}

static void note_line(struct look *look, const char *name, size_t name_len)
{
    if (look->n_lines++ == 0)
        buf_put(&look->name, name, name_len);
    else if (look->name.len != name_len || memcmp(look->name.data, name, name_len) != 0)
        look->several = true;
    look->several |= look->ended; /* and goes on */
}

/* A line whose name is not all that counts. */
static void note_object(struct look *look, json_t *line)
{
    const char *hash = json_string_value(json_object_get(line, "hash"));
    if (json_is_integer(json_object_get(line, "partial"))) {
        look->several |= look->n_lines > 1;
        if (look->header == NULL)
            look->header = json_incref(line);
    } else if (hash != NULL) {
        look->ended = true;
        look->several |= strtoull(hash, NULL, 16) != look->hash;
    }
}

/* As nearly all lines are: of those only the name counts. */
static bool is_delta(const char *behind_name, const char *end)
{
    static const char next[] = "\",\"w\":";
    const size_t len = sizeof next - 1;
    return (size_t)(end - behind_name) > len && memcmp(behind_name, next, len) == 0;
}

static void look_at_line(struct look *look, const char *line, size_t len)
{
    size_t name_len;
    const char *name = quick_name(line, len, &name_len);
    json_error_t ignored;
    json_t *object = NULL;
    if (name == NULL || !is_delta(name + name_len, line + len)) {
        object = json_loadb(line, len, JSON_ALLOW_NUL, &ignored);
        name = name_in(object);
        name_len = name == NULL ? 0 : strlen(name);
    }
    if (name == NULL) {
        look->strange |= len > 0;
        json_decref(object);
        return;
    }
    note_line(look, name, name_len);
    if (object != NULL)
        note_object(look, object);
    look->several |= look->header == NULL;
    look->hash = partial_hash(look->hash, line, len);
    json_decref(object);
}

static void look_at_bytes(struct look *look, const char *bytes, size_t len)
{
    const char *newline;
    while (!look->strange && (newline = memchr(bytes, '\n', len)) != NULL) {
        size_t n = (size_t)(newline - bytes);
        if (look->line.len > 0) {
            buf_put(&look->line, bytes, n);
            look_at_line(look, look->line.data, look->line.len);
            look->line.len = 0;
        } else {
            look_at_line(look, bytes, n);
        }
        bytes += n + 1;
        len -= n + 1;
    }
    buf_put(&look->line, bytes, len);
}

static int temporary_file(void)
{
    const char *directory = getenv("TMPDIR");
    struct buf path = {0};
    buf_printf(&path, "%s/winagg-XXXXXX", directory == NULL ? "/tmp" : directory);
    buf_cstr(&path);
    int fd = mkostemp(path.data, O_CLOEXEC);
    if (fd >= 0)
        unlink(path.data);
    buf_free(&path);
    return fd >= 0 ? fd : memfd_create("winagg", MFD_CLOEXEC);
}

static bool failed(const struct source *source, const char *what, struct error *err)
{
    return error_set(err, EXIT_RUNTIME, "%s: %s: %s", source->name, what, strerror(errno));
}

/* A regular file is not moved; what a pipe gives is kept, to be read again. */
static bool look_into(struct source *source, bool to_the_end, struct look *look, struct error *err)
{
    enum { PIECE_BYTES = 1 << 16 };
    char *bytes = memory_alloc(PIECE_BYTES);
    uint64_t offset = source->base;
    bool ok = true;
    if (!source->regular) {
        source->ahead_fd = temporary_file();
        ok = source->ahead_fd >= 0 || failed(source, "can't make a temporary file", err);
    }
    while (ok && !look->strange && signals_stop == 0 &&
           (look->header == NULL || (to_the_end && !look->several))) {
        ssize_t n = source->regular ? pread(source->fd, bytes, PIECE_BYTES, (off_t)offset)
                                    : read(source->fd, bytes, PIECE_BYTES);
        if (n == 0)
            break;
        if (n > 0) {
            offset += (uint64_t)n;
            look_at_bytes(look, bytes, (size_t)n);
            errno = source->regular ? 0 : io_write(source->ahead_fd, bytes, (size_t)n);
            ok = errno == 0 || failed(source, "can't keep what was read ahead", err);
        } else if (errno == EAGAIN) {
            io_wait(source->fd, POLLIN);
        } else if (errno != EINTR) {
            ok = failed(source, "can't read it", err);
        }
    }
    if (ok && source->ahead_fd >= 0 && lseek(source->ahead_fd, 0, SEEK_SET) < 0)
        ok = failed(source, "can't read again what was read ahead", err);
    if (look->line.len > 0 && look->header == NULL && signals_stop == 0)
        look_at_line(look, look->line.data, look->line.len);
    free(bytes);
    return ok;
}

static bool open_next(struct plan *plan, struct look *look, bool *found, struct error *err)
{
    size_t i = plan->n_opened;
    const char *path = plan->n_inputs == 0 ? NULL : plan->input_paths[i];
    plan->opened = memory_realloc(plan->opened, (i + 1) * sizeof *plan->opened);
    bool ok = source_open(&plan->opened[i], path, err);
    plan->n_opened++;
    bool alone = plan->n_inputs < 2;
    /* Not while a FIFO is opened, which may take for ever: then a signal ends it at once. */
    bool runs = plan->explain == EXPLAIN_NOT;
    ok = ok && (!runs || signals_start(plan->state_path != NULL, err));
    ok = ok && look_into(&plan->opened[i], alone && !plan->opened[i].regular, look, err);
    if (runs)
        signals_end();
    if (!ok)
        return false;
    *found = look->header != NULL;
    plan->several_streams = look->several;
    if (!look->strange)
        return true;
    return error_set(err, EXIT_RUNTIME,
                     "%s: expected partial results (winagg --partial writes them), found another "
                     "kind of line",
                     plan->opened[i].name);
}

/* From now on what was kept of the pipe, up to the last whole line, is all that it has. */
static bool end_pipe(struct plan *plan, const struct look *look, struct error *err)
{
    struct source *source = &plan->opened[0];
    off_t kept = lseek(source->ahead_fd, 0, SEEK_END) - (off_t)look->line.len;
    int none = open("/dev/null", O_RDONLY | O_CLOEXEC);
    bool ok = ftruncate(source->ahead_fd, kept) == 0 && lseek(source->ahead_fd, 0, SEEK_SET) == 0 &&
              none >= 0 && dup3(none, source->fd, O_CLOEXEC) >= 0;
    ok = ok || failed(source, "can't end it where it was read to", err);
    if (none >= 0)
        close(none);
    plan->several_streams = true;
    signals_put_off();
    return ok;
}

/* Without --explain, which prints no rows, a signal lets what was read be printed. */
static bool look_for_header(struct plan *plan, struct look *look, bool *found, struct error *err)
{
    size_t n = plan->n_inputs == 0 ? 1 : plan->n_inputs;
    bool ok = true;
    while (ok && !*found && plan->n_opened < n && signals_stop == 0)
        ok = open_next(plan, look, found, err);
    if (ok && *found && signals_stop != 0 && plan->opened[0].ahead_fd >= 0 && n == 1 &&
        plan->state_path == NULL)
        ok = end_pipe(plan, look, err);
    return ok;
}

bool streams_look(struct plan *plan, struct error *err)
{
    struct look look = {0};
    bool found = false;
    bool ok = look_for_header(plan, &look, &found, err);
    if (ok && !found && signals_stop != 0)
        ok = false;
    if (ok && !found)
        ok = error_set(err, EXIT_RUNTIME,
                       "%s: expected partial results (winagg --partial writes them), found no "
                       "header among the lines",
                       plan->opened[0].name);
    plan->header = json_incref(look.header);
    look_free(&look);
    return ok;
}

bool streams_look_through(struct source *source, bool *one, struct error *err)
{
    struct look look = {0};
    bool ok = look_into(source, true, &look, err);
    *one = !look.several;
    look_free(&look);
    return ok;
}

/* Of a merge: what its streams have, but for the lateness, which may be its own. */
static void put_merged_header(const struct plan *plan, struct buf *to)
{
    json_t *options = json_deep_copy(json_object_get(plan->header, "options"));
    json_object_del(options, "lateness");
    for (size_t i = 0; i < plan->n_options; i++)
        if (strcmp(plan->options[i].name, "lateness") == 0 && plan->options[i].value[0] != '\0')
            json_object_set_new(options, "lateness", json_string(plan->options[i].value));
    char *keys = json_dumps(json_object_get(plan->header, "keys"), JSON_COMPACT);
    char *text = json_dumps(options, JSON_COMPACT);
    buf_printf(to, "\"keys\":%s,\"options\":%s", keys == NULL ? "[]" : keys,
               text == NULL ? "{}" : text);
    free(keys);
    free(text);
    json_decref(options);
}

void streams_header(const struct plan *plan, struct buf *to)
{
    if (plan->header != NULL) {
        put_merged_header(plan, to);
        return;
    }
    buf_puts(to, "\"keys\":[");
    for (size_t i = 0; i < plan->n_keys; i++) {
        buf_puts(to, i > 0 ? "," : "");
        json_text_string(to, plan->key_names[i], strlen(plan->key_names[i]));
    }
    buf_puts(to, "],\"options\":{");
    for (size_t i = 0, n = 0; i < plan->n_options; i++) {
        const struct plan_option *option = &plan->options[i];
        if (option->value[0] == '\0' || option->shapes)
            continue;
        buf_printf(to, "%s\"%s\":", n++ > 0 ? "," : "", option->name);
        json_text_string(to, option->value, strlen(option->value));
    }
    buf_putc(to, '}');
}

const char *streams_option(const json_t *header, const char *name)
{
    return json_string_value(json_object_get(json_object_get(header, "options"), name));
}

/* Which windows begin and end by the local time of --tz? */
static bool is_calendar(const json_t *header)
{
    const char *window = streams_option(header, "window");
    return window != NULL && strncmp(window, "tumbling:", 9) == 0 &&
           !isdigit((unsigned char)window[9]);
}

static void differ(struct buf *why, const char *option, const char *first, const char *other)
{
    buf_printf(why, "%s--%s: expected '%s' as in the first stream, found '%s'",
               why->len > 0 ? "; " : "", option, first, other);
}

bool streams_agree(const json_t *first, const json_t *other, struct error *err)
{
    static const char *const options[] = {"window", "offset", "tz", "agg", "where", "lateness"};
    struct buf why = {0};
    const json_t *keys = json_object_get(first, "keys"),
                 *other_keys = json_object_get(other, "keys");
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const char *a = streams_option(first, options[i]), *b = streams_option(other, options[i]);
        a = a == NULL ? "" : a;
        b = b == NULL ? "" : b;
        if (strcmp(options[i], "tz") == 0 && !is_calendar(first))
            continue;
        if (strcmp(a, b) != 0)
            differ(&why, options[i], a, b);
    }
    if (!json_equal(keys, other_keys)) {
        char *a = json_dumps(keys, JSON_COMPACT), *b = json_dumps(other_keys, JSON_COMPACT);
        differ(&why, "key", a == NULL ? "" : a, b == NULL ? "" : b);
        free(a);
        free(b);
    }
    bool ok = why.len == 0;
    if (!ok)
        error_set(err, EXIT_RUNTIME, "streams of different options can't be merged: %s",
                  buf_cstr(&why));
    buf_free(&why);
    return ok;
}
