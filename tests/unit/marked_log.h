/*
 * marked_log.h - an input that was read so far and is to be found again: its mark, and where it
 * goes on.
 */
#ifndef MARKED_LOG_H
#define MARKED_LOG_H

#include <errno.h>
#include <string.h>

#include "source/again.h"
#include "unit/unit.h"

/* The mark of an open input, which is closed then, with so many bytes more read. */
static inline struct source_mark read_to_mark(struct source *source, size_t len, bool follow)
{
    struct source_mark mark = {0};
    struct error err = {0};
    char bytes[8192];
    CHECK(source_read(source, bytes, len) == (ssize_t)len, "%s is short", source->name);
    digest_add(&source->digest, bytes, len);
    source_remember(source, bytes, len);
    source_move(source, len, 3, false);
    CHECK(source_mark(source, follow, &mark, &err), "%s", err.text);
    source_close(source);
    return mark;
}

/* Are these the next bytes? */
static inline bool goes_on_with(struct source *source, const char *expected)
{
    char bytes[64] = "";
    size_t len = strlen(expected), done = 0;
    while (done < len) {
        ssize_t n = source_read(source, bytes + done, len - done);
        if (n == 0 || (n < 0 && errno != EINTR))
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return memcmp(bytes, expected, len) == 0;
}

#endif
