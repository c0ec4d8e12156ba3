#include "time/steps.h"

#include <string.h>

#include "time/pattern.h"

enum step {
    STEP_BYTE, /* nothing but the byte that follows */
    STEP_BLANKS,
    STEP_YEAR,
    STEP_YEAR_OF_CENTURY,
    STEP_MONTH,
    STEP_MONTH_NAME,
    STEP_DAY,
    STEP_DAY_OF_YEAR,
    STEP_WEEKDAY, /* read and not used: the date says which it is */
    STEP_WEEKDAY_FROM_1,
    STEP_WEEKDAY_NAME,
    STEP_HOUR,
    STEP_HOUR_OF_12,
    STEP_HALF, /* AM, PM */
    STEP_MINUTE,
    STEP_SECOND,
    STEP_FRACTION,
    STEP_ZONE,
    STEP_EPOCH,
};

/* What stands for other conversions, as the C locale has it. */
static const struct {
    char letter;
    const char *pattern;
} LONGER[] = {
    {'c', "%a %b %e %H:%M:%S %Y"}, {'x', "%m/%d/%y"}, {'D', "%m/%d/%y"}, {'F', "%Y-%m-%d"},
    {'r', "%I:%M:%S %p"},          {'X', "%H:%M:%S"}, {'T', "%H:%M:%S"}, {'R', "%H:%M"},
};

static const struct {
    char letter;
    uint8_t op;
} SINGLE[] = {
    {'Y', STEP_YEAR},
    {'y', STEP_YEAR_OF_CENTURY},
    {'m', STEP_MONTH},
    {'b', STEP_MONTH_NAME},
    {'B', STEP_MONTH_NAME},
    {'h', STEP_MONTH_NAME},
    {'d', STEP_DAY},
    {'e', STEP_DAY},
    {'j', STEP_DAY_OF_YEAR},
    {'w', STEP_WEEKDAY},
    {'u', STEP_WEEKDAY_FROM_1},
    {'a', STEP_WEEKDAY_NAME},
    {'A', STEP_WEEKDAY_NAME},
    {'H', STEP_HOUR},
    {'k', STEP_HOUR},
    {'I', STEP_HOUR_OF_12},
    {'l', STEP_HOUR_OF_12},
    {'p', STEP_HALF},
    {'M', STEP_MINUTE},
    {'S', STEP_SECOND},
    {'f', STEP_FRACTION},
    {'z', STEP_ZONE},
    {'s', STEP_EPOCH},
    {'n', STEP_BLANKS},
    {'t', STEP_BLANKS},
};

/* What isspace(3) of the C locale takes. */
static inline bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool add_step(struct time_steps *steps, enum step op, char next)
{
    if (steps->n == TIME_MOST_STEPS)
        return false;
    steps->at[steps->n++] = (struct time_step){(uint8_t)op, next};
    return true;
}

static bool add_byte(struct time_steps *steps, char byte)
{
    if (is_blank(byte))
        return add_step(steps, STEP_BLANKS, '\0');
    if (steps->n == 0 || steps->at[steps->n - 1].next != '\0')
        return add_step(steps, STEP_BYTE, byte);
    steps->at[steps->n - 1].next = byte;
    return true;
}

static bool add_conversion(struct time_steps *steps, char letter)
{
    if (letter == '%')
        return add_byte(steps, '%');
    for (size_t i = 0; i < sizeof SINGLE / sizeof *SINGLE; i++)
        if (SINGLE[i].letter == letter)
            return add_step(steps, (enum step)SINGLE[i].op, '\0');
    return false;
}

/* A pattern without the longer conversions. */
static bool add_pattern(struct time_steps *steps, const char *pattern)
{
    for (const char *p = pattern; *p != '\0'; p++)
        if (*p == '%' ? !add_conversion(steps, *++p) : !add_byte(steps, *p))
            return false;
    return true;
}

static bool add_any_conversion(struct time_steps *steps, char letter)
{
    for (size_t i = 0; i < sizeof LONGER / sizeof *LONGER; i++)
        if (LONGER[i].letter == letter)
            return add_pattern(steps, LONGER[i].pattern);
    return add_conversion(steps, letter);
}

void steps_compile(struct time_steps *steps, const char *pattern)
{
    bool ok = true;
    steps->n = 0;
    for (const char *p = pattern; *p != '\0' && ok; p++) {
        if (*p != '%') {
            ok = add_byte(steps, *p);
            continue;
        }
        p += 1 + strspn(p + 1, PATTERN_FLAGS);
        ok = add_any_conversion(steps, *p);
    }
    if (!ok)
        steps->n = 0;
}

/*
 * The readers step *at behind what they read and return false if it is not there, *at then being
 * anywhere.
 */

/*
 * Blanks and a number of at most so many digits: as strptime(3) does, it takes no further digit
 * when that could not but lead beyond `to`.
 */
static inline __attribute__((always_inline)) bool
read_number(const char **at, const char *end, unsigned from, unsigned to, int width, int *value)
{
    const char *p = *at;
    while (p < end && is_blank(*p))
        p++;
    if (p == end)
        return false;
    unsigned number = (unsigned)(*p++ - '0'), digit;
    if (number > 9)
        return false;
    for (int n = 1; n < width && number * 10 <= to && p < end; n++) {
        digit = (unsigned)(*p - '0');
        if (digit > 9)
            break;
        number = number * 10 + digit;
        p++;
    }
    *at = p;
    *value = (int)number;
    return number >= from && number <= to;
}

/* The three letters that count, and those that may follow. */
struct name {
    char first[4];
    const char *rest;
};

static const struct name MONTHS[] = {
    {"jan", "uary"},   {"feb", "ruary"}, {"mar", "ch"},    {"apr", "il"},
    {"may", ""},       {"jun", "e"},     {"jul", "y"},     {"aug", "ust"},
    {"sep", "tember"}, {"oct", "ober"},  {"nov", "ember"}, {"dec", "ember"},
};

static const struct name WEEKDAYS[] = {{"sun", "day"},    {"mon", "day"},   {"tue", "sday"},
                                       {"wed", "nesday"}, {"thu", "rsday"}, {"fri", "day"},
                                       {"sat", "urday"}};

/* `letters` are lower-case; no other byte than theirs becomes one of them. */
static inline bool has_letters(const char *text, const char *end, const char *letters)
{
    for (; *letters != '\0'; letters++, text++)
        if (text == end || (*text | 0x20) != *letters)
            return false;
    return true;
}

static bool read_name(const char **at, const char *end, const struct name *names, int n, int *index)
{
    if (end - *at < 3)
        return false;
    char low[3] = {(char)((*at)[0] | 0x20), (char)((*at)[1] | 0x20), (char)((*at)[2] | 0x20)};
    for (int i = 0; i < n; i++) {
        if (memcmp(names[i].first, low, 3) != 0)
            continue;
        *index = i;
        *at += 3;
        if (has_letters(*at, end, names[i].rest))
            *at += strlen(names[i].rest);
        return true;
    }
    return false;
}

/*
 * Behind a short name the C library looks for the name of a later day as well, and takes that:
 * FriSat is a Saturday. What it makes of another letter there is for it to say.
 */
static bool read_weekday_name(const char **at, const char *end, struct time_fields *fields)
{
    int ignored;
    const char *start = *at;
    bool ok = read_name(at, end, WEEKDAYS, 7, &ignored);
    fields->odd = ok && *at - start == 3 && *at < end && is_letter(**at);
    return ok && !fields->odd;
}

static bool read_half(const char **at, const char *end, struct time_fields *fields)
{
    fields->afternoon = has_letters(*at, end, "pm");
    bool ok = fields->afternoon || has_letters(*at, end, "am");
    *at += 2;
    return ok;
}

static bool read_fraction(const char **at, const char *end, struct time_fields *fields)
{
    int digits;
    return civil_read_fraction(at, end, &fields->civil.nanosecond, &digits) && digits <= 9;
}

static bool read_zone(const char **at, const char *end, struct time_fields *fields)
{
    while (*at < end && **at == ' ')
        ++*at;
    return civil_read_zone(at, end, &fields->civil);
}

static inline bool run_date_step(enum step op, const char **at, const char *end,
                                 struct time_fields *fields)
{
    struct civil *c = &fields->civil;
    int ignored;
    switch (op) {
    case STEP_YEAR:
        return read_number(at, end, 0, 9999, 4, &c->year);
    case STEP_YEAR_OF_CENTURY:
        if (!read_number(at, end, 0, 99, 2, &c->year))
            return false;
        c->year += c->year >= 69 ? 1900 : 2000;
        return true;
    case STEP_MONTH:
        return read_number(at, end, 1, 12, 2, &c->month);
    case STEP_MONTH_NAME:
        if (!read_name(at, end, MONTHS, 12, &c->month))
            return false;
        c->month++;
        return true;
    case STEP_DAY:
        return read_number(at, end, 1, 31, 2, &c->day);
    case STEP_DAY_OF_YEAR:
        if (!read_number(at, end, 1, 366, 3, &fields->day_of_year))
            return false;
        fields->day_of_year--;
        return true;
    case STEP_WEEKDAY:
        return read_number(at, end, 0, 6, 1, &ignored);
    case STEP_WEEKDAY_FROM_1:
        return read_number(at, end, 1, 7, 1, &ignored);
    default:
        return read_weekday_name(at, end, fields);
    }
}

static inline bool run_step(enum step op, const char **at, const char *end,
                            struct time_fields *fields)
{
    struct civil *c = &fields->civil;
    switch (op) {
    case STEP_BYTE:
        return true;
    case STEP_BLANKS:
        while (*at < end && is_blank(**at))
            ++*at;
        return true;
    case STEP_HOUR:
        fields->of_12 = false;
        return read_number(at, end, 0, 23, 2, &c->hour);
    case STEP_HOUR_OF_12:
        fields->of_12 = true;
        return read_number(at, end, 1, 12, 2, &c->hour);
    case STEP_HALF:
        return read_half(at, end, fields);
    case STEP_MINUTE:
        return read_number(at, end, 0, 59, 2, &c->minute);
    case STEP_SECOND:
        return read_number(at, end, 0, 61, 2, &c->second);
    case STEP_FRACTION:
        return read_fraction(at, end, fields);
    case STEP_ZONE:
        return read_zone(at, end, fields);
    case STEP_EPOCH:
        fields->has_epoch = true;
        return pattern_read_epoch(at, end, &fields->epoch_s);
    default:
        return run_date_step(op, at, end, fields);
    }
}

bool steps_run(const struct time_steps *steps, const char *text, size_t len,
               struct time_fields *fields)
{
    const char *at = text, *end = text + len;
    for (const struct time_step *step = steps->at; step < steps->at + steps->n; step++) {
        if (!run_step((enum step)step->op, &at, end, fields))
            return false;
        if (step->next != '\0' && (at == end || *at++ != step->next))
            return false;
    }
    if (fields->of_12)
        fields->civil.hour = fields->civil.hour % 12 + (fields->afternoon ? 12 : 0);
    return at == end;
}
