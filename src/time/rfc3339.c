#include "time/rfc3339.h"

#include <string.h>

#include "time/civil.h"
#include "time/time_fast.h"

bool rfc3339_begins(const char *text, size_t len)
{
    if (len < 5 || text[4] != '-')
        return false;
    for (int i = 0; i < 4; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
    }
    return true;
}

static bool read_literal(const char **at, const char *end, char wanted)
{
    return *at < end && *(*at)++ == wanted;
}

static bool read_date(const char **at, const char *end, struct civil *c)
{
    int century, year;
    if (!civil_read_two(at, end, &century) || !civil_read_two(at, end, &year))
        return false;
    c->year = century * 100 + year;
    return read_literal(at, end, '-') && civil_read_two(at, end, &c->month) &&
           read_literal(at, end, '-') && civil_read_two(at, end, &c->day);
}

static bool is_separator(char c)
{
    return c == 'T' || c == 't' || c == ' ';
}

static bool read_clock(const char **at, const char *end, struct civil *c)
{
    if (!civil_read_two(at, end, &c->hour) || !read_literal(at, end, ':') ||
        !civil_read_two(at, end, &c->minute))
        return false;
    if (*at == end || **at != ':')
        return true;
    ++*at;
    if (!civil_read_two(at, end, &c->second))
        return false;
    if (*at == end || (**at != '.' && **at != ','))
        return true;
    ++*at;
    return civil_read_fraction(at, end, &c->nanosecond);
}

enum time_status rfc3339_parse(const char *text, size_t len, int64_t *ns)
{
    struct civil c = {0};
    const char *at = text, *end = text + len;
    if (!read_date(&at, end, &c))
        return TIME_MALFORMED;
    if (at < end && (!is_separator(*at++) || !read_clock(&at, end, &c)))
        return TIME_MALFORMED;
    /* A zone belongs to a clock: a date alone has length 10. */
    if (at < end && (len == 10 || !civil_read_zone(&at, end, &c.offset_s)))
        return TIME_MALFORMED;
    return at == end ? civil_ns(&c, ns) : TIME_MALFORMED;
}

/* A word to memory, its lowest byte first. */
static inline void store_64(char *p, uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    memcpy(p, &word, sizeof word);
}

/*
 * The date at `text` and the separator behind it, 11 bytes as two words that overlap, go into the
 * cache, xored with 1970-01-01T: so an empty cache holds that day and its midnight, and no text can
 * match it by mistake. Days that are not wholly within int64 nanoseconds stay with time_parse(),
 * which spares the hot path a check for overflow.
 */
static bool cache_fill(struct time_cache *cache, const char *text)
{
    struct civil c;
    const char *at = text;
    if (!read_date(&at, text + 10, &c) || !is_separator(*at) ||
        !civil_is_date(c.year, c.month, c.day))
        return false;
    int days = civil_days(c.year, c.month, c.day);
    if (days <= INT64_MIN / SECOND_NS / DAY_S - 1 || days >= INT64_MAX / SECOND_NS / DAY_S)
        return false;
    store_64(cache->date, bytes_u64_le(text) ^ TIME_EPOCH_HEAD);
    store_64(cache->date + 3, bytes_u64_le(text + 3) ^ TIME_EPOCH_TAIL);
    cache->midnight_s = (int64_t)days * DAY_S;
    return true;
}

bool time_parse_uncached(struct time_cache *cache, const char *text, size_t len, int64_t *ns)
{
    return cache_fill(cache, text) && time_parse_fast(cache, text, len, ns);
}

static const char PAIRS[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343"
    "53637383940414243444546474849505152535455565758596061626364656667686970"
    "7172737475767778798081828384858687888990919293949596979899";

static inline char *put_two(char *at, int value)
{
    memcpy(at, PAIRS + 2 * value, 2);
    return at + 2;
}

static inline char *put_three(char *at, int value)
{
    *at = (char)('0' + value / 100);
    return put_two(at + 1, value % 100);
}

/* Nothing, or a '.' and three, six or nine digits. */
static inline char *put_fraction(char *at, int nanosecond)
{
    if (nanosecond == 0)
        return at;
    *at++ = '.';
    at = put_three(at, nanosecond / 1000000);
    if (nanosecond % 1000000 == 0)
        return at;
    at = put_three(at, nanosecond / 1000 % 1000);
    return nanosecond % 1000 == 0 ? at : put_three(at, nanosecond % 1000);
}

void rfc3339_print(struct buf *to, int64_t ns)
{
    int64_t seconds = ns / SECOND_NS;
    int nanosecond = (int)(ns % SECOND_NS);
    if (nanosecond < 0) {
        nanosecond += SECOND_NS;
        seconds--;
    }
    int days = (int)(seconds / DAY_S);
    int clock_s = (int)(seconds % DAY_S);
    if (clock_s < 0) {
        clock_s += DAY_S;
        days--;
    }
    struct civil c;
    civil_from_days(days, &c);
    char *start = buf_reserve(to, sizeof "YYYY-MM-DDThh:mm:ss.nnnnnnnnnZ");
    char *at = put_two(put_two(start, c.year / 100), c.year % 100);
    *at++ = '-';
    at = put_two(at, c.month);
    *at++ = '-';
    at = put_two(at, c.day);
    *at++ = 'T';
    at = put_two(at, clock_s / 3600);
    *at++ = ':';
    at = put_two(at, clock_s / 60 % 60);
    *at++ = ':';
    at = put_two(at, clock_s % 60);
    at = put_fraction(at, nanosecond);
    *at++ = 'Z';
    to->len += (size_t)(at - start);
}
