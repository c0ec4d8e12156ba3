#include "base/escape.h"

#include <string.h>

#include "base/memory.h"

bool escape_at(const char *text, size_t len)
{
    return len > 1 && text[0] == '\\' && text[1] != '\0' && strchr(".,:=[]\\", text[1]) != NULL;
}

size_t escape_span(const char *text, const char *stops)
{
    size_t n = 0;
    while (text[n] != '\0' && strchr(stops, text[n]) == NULL)
        n += text[n] == '\\' && text[n + 1] != '\0' ? 2 : 1;
    return n;
}

char *escape_undo(const char *text, size_t len)
{
    char *plain = memory_alloc(len + 1), *to = plain;
    for (size_t i = 0; i < len; i++) {
        i += escape_at(text + i, len - i);
        *to++ = text[i];
    }
    *to = '\0';
    return plain;
}

void escape_put(struct buf *to, const char *plain, const char *special)
{
    for (; *plain != '\0'; plain++) {
        if (*plain == '\\' || strchr(special, *plain) != NULL)
            buf_putc(to, '\\');
        buf_putc(to, *plain);
    }
}
