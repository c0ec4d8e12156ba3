#include "output/bounds_text.h"

#include <string.h>

enum { DATE = 10, MINUTES = 16, SECONDS = 19 }; /* lengths of "2024-05-01 11:00:00" */

/* How much of an RFC 3339 text has to be shown. */
static size_t precision(const char *text)
{
    size_t digits = SECONDS;
    if (text[digits] == '.')
        digits += 1 + strspn(text + digits + 1, "0123456789");
    return digits == SECONDS && memcmp(text + MINUTES, ":00", 3) == 0 ? MINUTES : digits;
}

void bounds_text(const struct writer_options *options, int64_t start_ns, int64_t end_ns,
                 struct buf text[2])
{
    const int64_t ns[] = {start_ns, end_ns};
    size_t len = 0;
    if (options->unbounded)
        return;
    for (size_t i = 0; i < 2; i++) {
        time_print(&text[i], ns[i], options->time_unit, options->zone);
        buf_cstr(&text[i]);
    }
    if (!time_unit_is_text(options->time_unit))
        return;
    for (size_t i = 0; i < 2; i++) {
        size_t own = precision(text[i].data);
        len = own > len ? own : len;
    }
    for (size_t i = 0; i < 2; i++) {
        text[i].len = text[i].len - 1 < len ? SECONDS : len; /* a zone follows */
        text[i].data[DATE] = ' ';
    }
    if (memcmp(text[0].data, text[1].data, DATE) != 0)
        return;
    text[1].len -= DATE + 1;
    memmove(text[1].data, text[1].data + DATE + 1, text[1].len);
}
