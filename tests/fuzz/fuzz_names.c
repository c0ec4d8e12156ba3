/*
 * Fuzzes what completions read of a file's beginning: the first byte chooses the format and whether
 * there is a header, the rest is the file. Every name has a NUL behind it, comes once, and is a
 * FIELD that can be read back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "input/names.h"
#include "input/path.h"
#include "input/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_name(const char *name, const struct buf *names)
{
    struct path path;
    struct error err = {0};
    require(*name != '\0');
    require(path_parse_whole(&path, name, strlen(name), &err));
    path_free(&path);
    for (const char *at = names->data; at < name; at += strlen(at) + 1)
        require(strcmp(at, name) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct input_options options = {.format = data[0] % READER_FORMATS,
                                    .no_header = (data[0] & 0x40) != 0,
                                    .comment = (data[0] & 0x20) != 0 ? '#' : '\0',
                                    .max_record_bytes = 1 << 20};
    struct buf bytes = {0}, names = {0};
    buf_put(&bytes, data + 1, size - 1);
    memset(buf_reserve(&bytes, 8), 0, 8);
    names_read(&options, bytes.data, bytes.len, (data[0] & 0x80) != 0, &names);
    for (size_t at = 0; at < names.len; at += strlen(names.data + at) + 1)
        check_name(names.data + at, &names);
    require(names.len == 0 || names.data[names.len - 1] == '\0');
    buf_free(&bytes);
    buf_free(&names);
    return 0;
}
