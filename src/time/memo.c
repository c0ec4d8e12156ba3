#include "time/memo.h"

#include <string.h>

#include "base/bytes.h"
#include "time/civil.h"

static inline bool is_two(const char *text)
{
    return (unsigned)(text[0] - '0') <= 9 && (unsigned)(text[1] - '0') <= 9;
}

static inline int two(const char *text)
{
    return (text[0] - '0') * 10 + (text[1] - '0');
}

/* False if it is none of a day. */
static inline bool read_clock(const struct time_places *places, const char *text, int64_t *ns)
{
    const char *hour = text + places->hour, *minute = text + places->minute;
    const char *second = text + places->second;
    const char *fraction = text + places->fraction, *end = fraction + places->n_fraction;
    int nanosecond = 0, digits = 0;
    if (!is_two(hour) || !is_two(minute) || !is_two(second) || two(hour) > 23 || two(minute) > 59 ||
        two(second) > 59)
        return false;
    if (places->n_fraction > 0 && (!civil_read_fraction(&fraction, end, &nanosecond, &digits) ||
                                   digits != places->n_fraction))
        return false;
    *ns = (int64_t)(two(hour) * 3600 + two(minute) * 60 + two(second)) * SECOND_NS + nanosecond;
    return true;
}

static inline uint64_t differ(const struct time_memo *memo, const char *text, size_t at)
{
    return (bytes_u64(text + at) ^ bytes_u64(memo->text + at)) & bytes_u64(memo->same + at);
}

/* Is it that text, but for the clock? */
static inline bool is_of_day(const struct time_memo *memo, const char *text, size_t len)
{
    size_t last = len - sizeof(uint64_t);
    uint64_t bits = differ(memo, text, last);
    for (size_t at = 0; at < last; at += sizeof(uint64_t))
        bits |= differ(memo, text, at);
    return bits == 0;
}

static void remember(struct time_memo *memo, const char *text, size_t len, int64_t ns)
{
    /* A day off the ends of int64 all sums fit. */
    enum { DAY_MS = DAY_S * 1000 };
    const int64_t margin_ns = (int64_t)DAY_MS * 2000000;
    struct time_places *places = &memo->places;
    int64_t clock_ns = 0;
    memcpy(memo->text, text, len);
    memo->len = len;
    memo->ns = ns;
    places->steady = places->steady && len >= sizeof(uint64_t) && len <= TIME_MEMO_PLACED_BYTES &&
                     ns > INT64_MIN + margin_ns && ns < INT64_MAX - margin_ns &&
                     read_clock(places, text, &clock_ns);
    if (!places->steady)
        return;
    memo->midnight_ns = ns - clock_ns;
    memset(memo->same, 0xFF, sizeof memo->same);
    memset(memo->same + places->hour, 0, 2);
    memset(memo->same + places->minute, 0, 2);
    memset(memo->same + places->second, 0, 2);
    memset(memo->same + places->fraction, 0, places->n_fraction);
}

enum time_status time_memo_parse(struct time_memo *memo, const struct time_format *format,
                                 const char *text, size_t len, int64_t *ns)
{
    if (len == memo->len && len > 0) {
        int64_t clock_ns;
        if (!memo->places.steady) {
            if (memcmp(text, memo->text, len) == 0) {
                *ns = memo->ns;
                return TIME_OK;
            }
        } else if (is_of_day(memo, text, len) && read_clock(&memo->places, text, &clock_ns)) {
            *ns = memo->midnight_ns + clock_ns;
            return TIME_OK;
        }
    }
    struct time_places places;
    enum time_status status = time_parse_placed(format, text, len, ns, &places);
    if (status == TIME_OK && len <= TIME_MEMO_BYTES) {
        memo->places = places;
        remember(memo, text, len, *ns);
    }
    return status;
}
