/*
 * Fuzzes the beginning of an input: whatever its bytes and the options, what header_read() makes of
 * them does not depend on how many come at a time.
 *
 * The first three bytes are the options and the size of a read.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "input/csv_layout.h"
#include "input/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static struct input_options make_options(const uint8_t *data)
{
    static char *names[] = {(char *)"x", (char *)"t", (char *)"v"};
    static struct path time;
    static struct field fields[2];
    static const char COMMENTS[] = "\0#\0;", DELIMITERS[] = "\0;\0\t";
    struct error err;
    if (time.text == NULL)
        require(path_parse(&time, "t", 1, &err) && path_parse(&fields[0].path, "v", 1, &err) &&
                path_parse(&fields[1].path, "2", 1, &err));
    fields[0].use = FIELD_NUMBER;
    fields[1].use = FIELD_KEY;
    return (struct input_options){.format = (enum input_format)(data[0] % 6),
                                  .no_header = (data[0] & 0x40) != 0,
                                  .columns = (data[0] & 0xC0) == 0xC0 ? names : NULL,
                                  .n_columns = (data[0] & 0xC0) == 0xC0 ? 3 : 0,
                                  .comment = COMMENTS[data[1] % 4],
                                  .delimiter = DELIMITERS[data[1] / 4 % 4],
                                  .ragged = (data[1] & 0x10) != 0,
                                  .max_record_bytes = data[1] & 0x80 ? 16 : 1 << 20,
                                  .time = &time,
                                  .n_time = 1,
                                  .fields = fields,
                                  .n_fields = (size_t)(data[1] >> 5 & 3) % 3};
}

/* All that came of it, as text. */
static void describe(struct buf *to, const struct input_plan *plan, enum header_status status,
                     size_t used, const struct error *err)
{
    if (status == HEADER_FAILED) {
        buf_printf(to, "failed %d: %s", err->status, err->text);
        return;
    }
    const struct csv_layout *layout = &plan->layout;
    buf_printf(to, "used %zu, format %d, delimiter %d, columns %zu", used, (int)plan->format,
               layout->delimiter, layout->n_columns);
    for (size_t i = 0; layout->time != NULL && i < plan->options->n_time; i++)
        buf_printf(to, ", time %zu", layout->time[i]);
    for (size_t i = 0; layout->fields != NULL && i < plan->options->n_fields; i++)
        buf_printf(to, ", field %zu", layout->fields[i]);
}

/* Gives it `step` bytes more at a time. Memory ends where they end. */
static void read_by(struct buf *to, const struct input_options *options, const char *text,
                    size_t len, size_t step)
{
    struct input_plan plan = {.options = options, .format = options->format};
    struct error err = {0};
    enum header_status status = HEADER_MORE;
    size_t used = 0;
    for (size_t n = 0; status == HEADER_MORE; n = len - n < step ? len : n + step) {
        char *exact = malloc(n > 0 ? n : 1);
        require(exact != NULL);
        memcpy(exact, text, n);
        status = header_read(&plan, "in", exact, n, n == len, &used, &err);
        free(exact);
        require(status != HEADER_MORE || n < len);
        require(status != HEADER_DONE || used <= n);
    }
    describe(to, &plan, status, used, &err);
    header_free(&plan.layout);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole = {0}, pieces = {0};
    if (size < 3)
        return 0;
    struct input_options options = make_options(data);
    const char *text = (const char *)data + 3;
    read_by(&whole, &options, text, size - 3, size);
    read_by(&pieces, &options, text, size - 3, 1 + data[2] % 64);
    if (strcmp(buf_cstr(&whole), buf_cstr(&pieces)) != 0) {
        fprintf(stderr, "at once:   %s\nin pieces: %s\n", buf_cstr(&whole), buf_cstr(&pieces));
        abort();
    }
    buf_free(&whole);
    buf_free(&pieces);
    return 0;
}
