/*
 * input_log.h - runs an input to its end and writes down all that came of it, as text.
 *
 * Two runs that should be the same are the same if their logs are: records with their place and
 * bytes, times, values; bad records with line, reason and bytes (pieces of one joined).
 */
#ifndef INPUT_LOG_H
#define INPUT_LOG_H

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/number.h"
#include "input/input.h"
#include "scan/newline.h"

/* Options from words: time fields, and fields as "use path" pairs. */
struct log_fields {
    const char *time[3];
    struct {
        enum field_use use;
        const char *path;
    } fields[8];
};

static inline void log_options(struct input_options *options, const struct log_fields *wanted)
{
    struct error err;
    *options = (struct input_options){.max_record_bytes = 16 << 20};
    options->time = calloc(3, sizeof *options->time);
    options->fields = calloc(8, sizeof *options->fields);
    for (size_t i = 0; i < 3 && wanted->time[i] != NULL; i++)
        path_parse(&options->time[options->n_time++], wanted->time[i], strlen(wanted->time[i]),
                   &err);
    for (size_t f = 0; f < 8 && wanted->fields[f].path != NULL; f++) {
        const char *path = wanted->fields[f].path;
        options->fields[f].use = wanted->fields[f].use;
        path_parse(&options->fields[options->n_fields++].path, path, strlen(path), &err);
    }
    time_format_add(&options->time_format, "auto", &err);
}

static inline void log_options_free(struct input_options *options)
{
    for (size_t i = 0; i < options->n_time; i++)
        path_free(&options->time[i]);
    for (size_t f = 0; f < options->n_fields; f++)
        path_free(&options->fields[f].path);
    free(options->time);
    free(options->fields);
}

static inline void log_value(struct buf *log, const struct value *v)
{
    static const char *const NAMES[] = {"null", "false", "true", "number", "wide", "string"};
    buf_putc(log, ' ');
    buf_puts(log, NAMES[v->kind]);
    if (v->kind == VALUE_NUMBER) {
        struct value plain = *v;
        number_normalise(&plain);
        buf_printf(log, ":%lldE%d", (long long)plain.mant, plain.exp);
    } else if (v->kind == VALUE_WIDE || v->kind == VALUE_STRING) {
        buf_printf(log, ":%u:", v->len);
        buf_put(log, v->text, v->len);
    }
}

/* Appends the batch. `joined`: where the text of the bad record at hand goes on. */
static inline void log_batch(struct buf *log, const struct batch *batch, uint64_t first_line)
{
    const char *bytes = batch->block->bytes.data;
    size_t bad = 0;
    for (size_t i = 0; i <= batch->n; i++) {
        for (; bad < batch->n_bad && batch->bad[bad].before == i; bad++) {
            const struct bad_record *b = &batch->bad[bad];
            if (!b->more)
                buf_printf(log,
                           "\nbad line %llu: %s: ", (unsigned long long)(first_line + b->line - 1),
                           b->reason);
            buf_put(log, bytes + b->start, b->len);
        }
        if (i == batch->n)
            break;
        buf_printf(log, "\n@%llu+%u %lld",
                   (unsigned long long)batch->block->offset + batch->start[i], batch->len[i],
                   (long long)batch->time_ns[i]);
        for (size_t f = 0; f < batch->n_columns; f++)
            log_value(log, &batch->columns[f][i]);
    }
    if (bad != batch->n_bad)
        buf_puts(log, "\nBAD RECORDS OUT OF ORDER");
}

/* Reads fd to its end. The log ends with how it ended. */
static inline void log_fd(struct buf *log, const struct input_options *options, int fd)
{
    struct block block = {0};
    struct batch batch = {0};
    struct error err = {0};
    struct input *in = input_open(options, fd, "stdin");
    struct input_parser *parser = input_parser_new(in);
    enum input_status status;
    uint64_t offset = 0, line = 0;
    size_t preamble_len;
    while ((status = input_read_block(in, &block, &err)) == INPUT_BLOCK) {
        const char *preamble = input_preamble(in, &preamble_len);
        if (line == 0)
            line = 1 + newline_count(preamble, preamble_len);
        if (block.bytes.len == 0 || (offset > 0 && offset != block.offset))
            buf_puts(log, "\nBLOCKS DO NOT FOLLOW EACH OTHER");
        offset = block.offset + block.bytes.len;
        input_parse(parser, &block, &batch);
        log_batch(log, &batch, line);
        if (batch.lines != newline_count(block.bytes.data, block.bytes.len))
            buf_puts(log, "\nLINES ARE COUNTED WRONG");
        line += batch.lines;
    }
    buf_printf(log, "\nended: %s\n", status == INPUT_END ? "end" : err.text);
    if (status == INPUT_FAILED)
        buf_printf(log, "status %d\n", err.status);
    input_parser_free(parser);
    input_close(in);
    batch_free(&batch);
    block_free(&block);
}

/* A file that holds the bytes, at its start. */
static inline int log_memfd(const char *bytes, size_t len)
{
    int fd = memfd_create("input", 0);
    for (size_t done = 0; done < len;) {
        ssize_t n = write(fd, bytes + done, len - done);
        if (n <= 0)
            abort();
        done += (size_t)n;
    }
    if (lseek(fd, 0, SEEK_SET) != 0)
        abort();
    return fd;
}

/* The same for bytes, as a file read block_bytes at a time (0: the default). */
static inline void log_bytes(struct buf *log, struct input_options *options, const char *bytes,
                             size_t len, size_t block_bytes)
{
    int fd = log_memfd(bytes, len);
    options->block_bytes = block_bytes;
    log_fd(log, options, fd);
    close(fd);
}

#endif
