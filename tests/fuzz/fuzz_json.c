/*
 * Any lines, one after the other, through the fast path and the slow one: a line that the fast path
 * takes the slow one takes too, with the same values. Lines share a parser, so that outlines learnt
 * from one meet the next.
 */
#include <stdint.h>

#include "../unit/json_differential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const fields[] = {"khost",    "#bytes",  "vpath", "?user",
                                     "kuser.id", "#tags.0", NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct differential d;
    const char *line = (const char *)data, *end = line + size;
    differential_open(&d, TIME_AUTO, "ts", fields);
    while (line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t len = (size_t)((newline == NULL ? end : newline) - line);
        size_t blank = 0;
        while (blank < len && strchr(" \t\r", line[blank]) != NULL && line[blank] != '\0')
            blank++;
        if (blank < len && differential_check(&d, line, len) < 0)
            abort();
        line += len + 1;
    }
    differential_close(&d);
    return 0;
}
