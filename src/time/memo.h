/*
 * time/memo.h - the text of a time that was read last.
 *
 * In a log many records have one time, and most have one day: where nothing but the clock is
 * another, the clock is all that has to be read. Reading all of a text costs several times as much.
 *
 *     10/Oct/2000:13:55:36 -0700     text
 *                 == == ==           places: may differ
 */
#ifndef TIME_MEMO_H
#define TIME_MEMO_H

#include "time/timestamp.h"

enum { TIME_MEMO_BYTES = 64, TIME_MEMO_PLACED_BYTES = 40 };

/* {0} remembers nothing. Of one format and one thread. */
struct time_memo {
    size_t len;
    int64_t ns;
    int64_t midnight_ns;       /* if steady */
    struct time_places places; /* steady only if the text has 8 to PLACED_BYTES bytes */
    char text[TIME_MEMO_BYTES];
    char same[TIME_MEMO_PLACED_BYTES]; /* 0 where digits of the clock are, all bits elsewhere */
};

/* As time_parse(). */
enum time_status time_memo_parse(struct time_memo *memo, const struct time_format *format,
                                 const char *text, size_t len, int64_t *ns);

#endif
