#include "time/rfc3339.h"

#include <string.h>

#include "time/civil.h"
#include "time/layout.h"
#include "time/time_fast.h"

enum auto_form { FORM_NONE, FORM_EXTENDED, FORM_BASIC, FORM_ACCESS_LOG };

static bool all_digits(const char *text, size_t n)
{
    bool ok = true;
    for (size_t i = 0; i < n; i++)
        ok &= text[i] >= '0' && text[i] <= '9';
    return ok;
}

static bool is_separator(char c)
{
    return c == 'T' || c == 't' || c == ' ';
}

static enum auto_form form_of(const char *text, size_t len)
{
    if (len >= 5 && (text[4] == '-' || text[4] == '/') && all_digits(text, 4))
        return FORM_EXTENDED;
    if (len >= 1 && *text == '[')
        return FORM_ACCESS_LOG;
    if (len >= 4 && text[2] == '/' && (text[3] < '0' || text[3] > '9') && all_digits(text, 2))
        return FORM_ACCESS_LOG;
    if (len >= 9 && is_separator(text[8]) && all_digits(text, 8))
        return FORM_BASIC;
    return FORM_NONE;
}

bool rfc3339_begins(const char *text, size_t len)
{
    return form_of(text, len) != FORM_NONE;
}

static bool read_literal(const char **at, const char *end, char wanted)
{
    return *at < end && *(*at)++ == wanted;
}

static bool read_year(const char **at, const char *end, struct civil *c)
{
    int century, year;
    if (!civil_read_two(at, end, &century) || !civil_read_two(at, end, &year))
        return false;
    c->year = century * 100 + year;
    return true;
}

static bool read_date(const char **at, const char *end, char between, struct civil *c)
{
    return read_year(at, end, c) && read_literal(at, end, between) &&
           civil_read_two(at, end, &c->month) && read_literal(at, end, between) &&
           civil_read_two(at, end, &c->day);
}

static bool read_basic_date(const char **at, const char *end, struct civil *c)
{
    return read_year(at, end, c) && civil_read_two(at, end, &c->month) &&
           civil_read_two(at, end, &c->day);
}

/* Nothing, or (.|,)fraction. */
static bool read_any_fraction(const char **at, const char *end, struct civil *c)
{
    int digits;
    if (*at == end || (**at != '.' && **at != ','))
        return true;
    ++*at;
    return civil_read_fraction(at, end, &c->nanosecond, &digits);
}

/* hh:mm[:ss[(.|,)fraction]], or without the colons. */
static bool read_clock(const char **at, const char *end, bool colons, struct civil *c)
{
    if (!civil_read_two(at, end, &c->hour) || (colons && !read_literal(at, end, ':')) ||
        !civil_read_two(at, end, &c->minute))
        return false;
    if (*at == end || (colons ? **at != ':' : **at < '0' || **at > '9'))
        return true;
    *at += colons;
    return civil_read_two(at, end, &c->second) && read_any_fraction(at, end, c);
}

/* Nothing, or [ ]zone, where UTC and GMT are zones, too. */
static bool read_zone(const char **at, const char *end, struct civil *c)
{
    if (*at == end)
        return true;
    *at += **at == ' ';
    if (end - *at >= 3 && (memcmp(*at, "UTC", 3) == 0 || memcmp(*at, "GMT", 3) == 0)) {
        *at += 3;
        c->has_zone = true;
        return true;
    }
    return civil_read_zone(at, end, c);
}

static bool read_month_name(const char **at, const char *end, int *month)
{
    if (end - *at < 3)
        return false;
    *month = layout_month(*at) + 1;
    *at += 3;
    return *month > 0;
}

#define D LAYOUT_DIGIT
#define B LAYOUT_BYTE
#define A LAYOUT_ANY

/* YYYY-MM-DDThh:mm:ss, whatever stands between the numbers of the date and behind it. */
static const struct time_layout EXTENDED = {
    .len = 19,
    .year = 0,
    .month = 5,
    .day = 8,
    .hour = 11,
    .minute = 14,
    .second = 17,
    .weekday = LAYOUT_NOWHERE,
    .zeros = "0000\0"
             "00\0"
             "00\0"
             "00:00:00",
    .limits = {D, D, D, D, A, D, D, A, D, D, A, D, D, B, D, D, B, D, D},
};

/* dd/Mon/YYYY:hh:mm:ss */
static const struct time_layout ACCESS_LOG = {
    .day = 0,
    .month = 3,
    .month_name = true,
    .year = 7,
    .hour = 12,
    .minute = 15,
    .second = 18,
    .weekday = LAYOUT_NOWHERE,
    .len = 20,
    .zeros = "00/\0\0\0/0000:00:00:00",
    .limits = {D, D, B, A, A, A, B, D, D, D, D, B, D, D, B, D, D, B, D, D},
};

#undef D
#undef B
#undef A

/* A date and a clock with seconds, as most have them. If they are not, nothing was read. */
static bool read_plain(const char **at, const char *end, const struct time_layout *layout,
                       struct civil *c)
{
    const char *text = *at;
    if (end - text < layout->len || !layout_read(layout, text, c))
        return false;
    if (layout == &EXTENDED && (text[4] != text[7] || !is_separator(text[10])))
        return false;
    *at += layout->len;
    return true;
}

static bool read_access_clock(const char **at, const char *end, struct civil *c)
{
    if (read_plain(at, end, &ACCESS_LOG, c))
        return read_any_fraction(at, end, c);
    return civil_read_two(at, end, &c->day) && read_literal(at, end, '/') &&
           read_month_name(at, end, &c->month) && read_literal(at, end, '/') &&
           read_year(at, end, c) && read_literal(at, end, ':') && read_clock(at, end, true, c);
}

/* dd/Mon/YYYY:hh:mm:ss[ zone], all of it in brackets or not. */
static bool read_access_log(const char **at, const char *end, struct civil *c)
{
    bool brackets = **at == '[';
    *at += brackets;
    if (!read_access_clock(at, end, c) || (brackets && (end == *at || *--end != ']')))
        return false;
    bool ok = read_zone(at, end, c);
    *at += brackets && *at == end;
    return ok;
}

/* A date, and a clock with a zone or not. */
static bool read_date_first(const char **at, const char *end, bool basic, struct civil *c)
{
    if (!basic && read_plain(at, end, &EXTENDED, c))
        return read_any_fraction(at, end, c) && read_zone(at, end, c);
    if (basic ? !read_basic_date(at, end, c) : !read_date(at, end, (*at)[4], c))
        return false;
    return *at == end ||
           (is_separator(*(*at)++) && read_clock(at, end, !basic, c) && read_zone(at, end, c));
}

/* By what stands around the clock; only texts of a layout have seconds there. */
static void fill_places(const char *text, const char *end, enum auto_form form,
                        struct time_places *places)
{
    uint8_t hour = form == FORM_EXTENDED ? 11 : *text == '[' ? 13 : 12;
    const char *clock = text + hour, *behind = clock + sizeof "hh:mm:ss" - 1;
    if (form == FORM_BASIC || behind > end || clock[2] != ':' || clock[5] != ':')
        return;
    *places = (struct time_places){.steady = true,
                                   .hour = hour,
                                   .minute = (uint8_t)(hour + 3),
                                   .second = (uint8_t)(hour + 6),
                                   .fraction = (uint8_t)(hour + 9)};
    if (behind == end || (*behind != '.' && *behind != ','))
        return;
    for (const char *p = behind + 1; p < end && *p >= '0' && *p <= '9' && places->steady; p++)
        places->steady = ++places->n_fraction <= 9;
}

enum time_status rfc3339_parse(const char *text, size_t len, const struct zone *zone, int64_t *ns,
                               struct time_places *places)
{
    struct civil c = {0};
    const char *at = text, *end = text + len;
    enum auto_form form = form_of(text, len);
    bool ok = false;
    if (form == FORM_ACCESS_LOG)
        ok = read_access_log(&at, end, &c);
    else if (form != FORM_NONE)
        ok = read_date_first(&at, end, form == FORM_BASIC, &c);
    if (!ok || at != end)
        return TIME_MALFORMED;
    enum time_status status = civil_ns(&c, zone, ns);
    if (places != NULL && status == TIME_OK && civil_is_steady(&c, zone))
        fill_places(text, end, form, places);
    return status;
}

bool rfc3339_date(const char *text, int *year, int *month, int *day)
{
    struct civil c = {0};
    int64_t ns;
    const char *at = text, *end = text + strlen(text);
    if (end - text != 10 || (text[4] != '-' && text[4] != '/') ||
        !read_date(&at, end, text[4], &c) || civil_ns(&c, NULL, &ns) != TIME_OK)
        return false;
    *year = c.year;
    *month = c.month;
    *day = c.day;
    return true;
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
    if (!read_date(&at, text + 10, '-', &c) || !is_separator(*at) ||
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

/* Z, or +hh:mm[:ss]; old offsets have seconds. */
static char *put_offset(char *at, int offset_s)
{
    *at++ = offset_s < 0 ? '-' : '+';
    if (offset_s < 0)
        offset_s = -offset_s;
    at = put_two(at, offset_s / 3600);
    *at++ = ':';
    at = put_two(at, offset_s / 60 % 60);
    if (offset_s % 60 == 0)
        return at;
    *at++ = ':';
    return put_two(at, offset_s % 60);
}

void rfc3339_print(struct buf *to, int64_t ns, const struct zone *zone)
{
    int64_t seconds = ns / SECOND_NS;
    int nanosecond = (int)(ns % SECOND_NS);
    if (nanosecond < 0) {
        nanosecond += SECOND_NS;
        seconds--;
    }
    int offset_s = zone_offset_at(zone, seconds);
    seconds += offset_s;
    int days = (int)(seconds / DAY_S);
    int clock_s = (int)(seconds % DAY_S);
    if (clock_s < 0) {
        clock_s += DAY_S;
        days--;
    }
    struct civil c;
    civil_from_days(days, &c);
    char *start = buf_reserve(to, sizeof "YYYY-MM-DDThh:mm:ss.nnnnnnnnn+hh:mm:ss");
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
    if (zone_is_utc(zone))
        *at++ = 'Z';
    else
        at = put_offset(at, offset_s);
    to->len += (size_t)(at - start);
}
