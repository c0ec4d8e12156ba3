#include "time/layout.h"

#include "base/bytes.h"
#include "time/civil.h"
#include "time/time_fast.h"

/* Three letters as a number, in lower case; no other byte than theirs becomes one of them. */
static inline uint32_t letters_key(const char *letters)
{
    uint32_t key = (uint32_t)(unsigned char)letters[0] << 16 |
                   (uint32_t)(unsigned char)letters[1] << 8 | (unsigned char)letters[2];
    return key | 0x202020;
}

#define KEY(a, b, c) ((uint32_t)(a) << 16 | (uint32_t)(b) << 8 | (uint32_t)(c))

static inline int find_key(const uint32_t *keys, int n, uint32_t key)
{
    for (int i = 0; i < n; i++)
        if (keys[i] == key)
            return i;
    return -1;
}

int layout_month(const char *letters)
{
    static const uint32_t MONTHS[] = {KEY('j', 'a', 'n'), KEY('f', 'e', 'b'), KEY('m', 'a', 'r'),
                                      KEY('a', 'p', 'r'), KEY('m', 'a', 'y'), KEY('j', 'u', 'n'),
                                      KEY('j', 'u', 'l'), KEY('a', 'u', 'g'), KEY('s', 'e', 'p'),
                                      KEY('o', 'c', 't'), KEY('n', 'o', 'v'), KEY('d', 'e', 'c')};
    return find_key(MONTHS, 12, letters_key(letters));
}

int layout_weekday(const char *letters)
{
    static const uint32_t WEEKDAYS[] = {KEY('s', 'u', 'n'), KEY('m', 'o', 'n'), KEY('t', 'u', 'e'),
                                        KEY('w', 'e', 'd'), KEY('t', 'h', 'u'), KEY('f', 'r', 'i'),
                                        KEY('s', 'a', 't')};
    return find_key(WEEKDAYS, 7, letters_key(letters));
}

/* In the top bit of each byte: it is beyond its limit. */
static inline uint64_t beyond(const struct time_layout *layout, const char *text, size_t at)
{
    uint64_t above = bytes_u64(text + at) ^ bytes_u64(layout->zeros + at);
    return above | (above + bytes_u64(layout->limits + at));
}

static inline bool fits(const struct time_layout *layout, const char *text)
{
    uint64_t bad = 0;
    size_t last = layout->len - sizeof(uint64_t);
    for (size_t at = 0; at < last; at += sizeof(uint64_t))
        bad |= beyond(layout, text, at);
    return ((bad | beyond(layout, text, last)) & TIME_HIGH_BITS) == 0;
}

static inline int two(const char *text)
{
    return (text[0] - '0') * 10 + (text[1] - '0');
}

static inline bool within(int value, int from, int to)
{
    return (unsigned)(value - from) <= (unsigned)(to - from);
}

static inline bool read_month(const struct time_layout *layout, const char *text, struct civil *c)
{
    c->month =
        layout->month_name ? layout_month(text + layout->month) + 1 : two(text + layout->month);
    return within(c->month, 1, 12);
}

static inline bool read_day(const struct time_layout *layout, const char *text, struct civil *c)
{
    char tens = text[layout->day], ones = text[layout->day + 1];
    if (layout->blank_day && tens == ' ')
        tens = '0';
    c->day = (tens - '0') * 10 + (ones - '0');
    return within(c->day, 1, 31); /* and so the tens are a digit */
}

static inline void read_year(const struct time_layout *layout, const char *text, struct civil *c)
{
    c->year = two(text + layout->year);
    if (layout->short_year)
        c->year += c->year >= 69 ? 1900 : 2000;
    else
        c->year = c->year * 100 + two(text + layout->year + 2);
}

bool layout_read(const struct time_layout *layout, const char *text, struct civil *c)
{
    if (!fits(layout, text))
        return false;
    bool ok = true;
    if (layout->year != LAYOUT_NOWHERE)
        read_year(layout, text, c);
    if (layout->month != LAYOUT_NOWHERE)
        ok = read_month(layout, text, c);
    if (layout->day != LAYOUT_NOWHERE)
        ok = read_day(layout, text, c) && ok;
    if (layout->hour != LAYOUT_NOWHERE) {
        c->hour = two(text + layout->hour);
        ok = within(c->hour, layout->of_12, layout->of_12 ? 12 : 23) && ok;
    }
    if (layout->minute != LAYOUT_NOWHERE) {
        c->minute = two(text + layout->minute);
        ok = c->minute <= 59 && ok;
    }
    if (layout->second != LAYOUT_NOWHERE) {
        c->second = two(text + layout->second);
        ok = c->second <= 61 && ok;
    }
    return ok && (layout->weekday == LAYOUT_NOWHERE || layout_weekday(text + layout->weekday) >= 0);
}
