/*
 * time/memo.h - the text of a time that was read last: in a log many records have one time, and
 * reading it by a pattern costs more than all else of a record.
 */
#ifndef TIME_MEMO_H
#define TIME_MEMO_H

#include <string.h>

#include "base/bytes.h"
#include "time/timestamp.h"

enum { TIME_MEMO_BYTES = 64 };

/* {0} remembers nothing. Of one format and one thread. */
struct time_memo {
    size_t len;
    int64_t ns;
    char text[TIME_MEMO_BYTES];
};

/*
 * Mostly it is not the same one, and then two times differ in their last bytes: looked at first,
 * they spare a call.
 */
static inline bool time_memo_holds(const struct time_memo *memo, const char *text, size_t len)
{
    enum { TAIL = sizeof(uint64_t) };
    if (len != memo->len || len == 0)
        return false;
    if (len >= TAIL && bytes_u64(text + len - TAIL) != bytes_u64(memo->text + len - TAIL))
        return false;
    return memcmp(text, memo->text, len) == 0;
}

static inline void time_memo_set(struct time_memo *memo, const char *text, size_t len, int64_t ns)
{
    memo->len = len;
    memo->ns = ns;
    if (len < 16 || len > 32) {
        memcpy(memo->text, text, len);
        return;
    }
    memcpy(memo->text, text, 16);
    memcpy(memo->text + len - 16, text + len - 16, 16);
}

/* As time_parse(). */
static inline enum time_status time_memo_parse(struct time_memo *memo,
                                               const struct time_format *format, const char *text,
                                               size_t len, int64_t *ns)
{
    if (time_memo_holds(memo, text, len)) {
        *ns = memo->ns;
        return TIME_OK;
    }
    enum time_status status = time_parse(format, text, len, ns);
    if (status == TIME_OK && len <= TIME_MEMO_BYTES)
        time_memo_set(memo, text, len, *ns);
    return status;
}

#endif
