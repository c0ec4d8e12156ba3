/*
 * time/memo.h - the text of a time that was read last: in a log many records have one time, and
 * reading it by a pattern costs more than all else of a record.
 */
#ifndef TIME_MEMO_H
#define TIME_MEMO_H

#include <string.h>

#include "time/timestamp.h"

enum { TIME_MEMO_BYTES = 64 };

/* {0} remembers nothing. Of one format and one thread. */
struct time_memo {
    size_t len;
    int64_t ns;
    char text[TIME_MEMO_BYTES];
};

/* As time_parse(). */
static inline enum time_status time_memo_parse(struct time_memo *memo,
                                               const struct time_format *format, const char *text,
                                               size_t len, int64_t *ns)
{
    if (len == memo->len && len > 0 && memcmp(text, memo->text, len) == 0) {
        *ns = memo->ns;
        return TIME_OK;
    }
    enum time_status status = time_parse(format, text, len, ns);
    if (status == TIME_OK && len <= TIME_MEMO_BYTES) {
        memcpy(memo->text, text, len);
        memo->len = len;
        memo->ns = *ns;
    }
    return status;
}

#endif
