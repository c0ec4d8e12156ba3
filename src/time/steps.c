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

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
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

static bool lay_bytes(struct time_layout *layout, size_t n, char zero, char limit)
{
    if (layout->len + n > LAYOUT_MOST_BYTES)
        return false;
    memset(layout->zeros + layout->len, zero, n);
    memset(layout->limits + layout->len, limit, n);
    layout->len = (uint8_t)(layout->len + n);
    return true;
}

/* A field of n bytes, if there is none yet; *place is where it is. */
static bool lay_field(struct time_layout *layout, uint8_t *place, size_t n, bool digits)
{
    if (*place != LAYOUT_NOWHERE)
        return false;
    *place = layout->len;
    return lay_bytes(layout, n, digits ? '0' : '\0', digits ? LAYOUT_DIGIT : LAYOUT_ANY);
}

/*
 * What may be left out of a number in a layout is the first digit of a day. Then a digit behind it
 * would be its second one, so there must be none.
 */
static bool lay_day(struct time_layout *layout, const struct time_step *step, bool blanks_follow)
{
    layout->blank_day = step->next == '\0' ? blanks_follow : !is_digit(step->next);
    if (!lay_field(layout, &layout->day, 2, true))
        return false;
    if (layout->blank_day)
        layout->zeros[layout->day] = layout->limits[layout->day] = LAYOUT_ANY;
    return true;
}

/* Adds what the step reads, if that can have its place there. */
static bool lay_step(struct time_layout *layout, const struct time_step *step, bool blanks_follow)
{
    switch ((enum step)step->op) {
    case STEP_BYTE:
        return true;
    case STEP_BLANKS:
        return lay_bytes(layout, 1, ' ', LAYOUT_BYTE);
    case STEP_YEAR:
        return lay_field(layout, &layout->year, 4, true);
    case STEP_YEAR_OF_CENTURY:
        layout->short_year = true;
        return lay_field(layout, &layout->year, 2, true);
    case STEP_MONTH:
        return lay_field(layout, &layout->month, 2, true);
    case STEP_MONTH_NAME:
        layout->month_name = true;
        return lay_field(layout, &layout->month, 3, false);
    case STEP_WEEKDAY_NAME:
        return lay_field(layout, &layout->weekday, 3, false);
    case STEP_DAY:
        return lay_day(layout, step, blanks_follow);
    case STEP_HOUR_OF_12:
        layout->of_12 = true;
        return lay_field(layout, &layout->hour, 2, true);
    case STEP_HOUR:
        return lay_field(layout, &layout->hour, 2, true);
    case STEP_MINUTE:
        return lay_field(layout, &layout->minute, 2, true);
    case STEP_SECOND:
        return lay_field(layout, &layout->second, 2, true);
    default:
        return false;
    }
}

static bool is_name(enum step op)
{
    return op == STEP_MONTH_NAME || op == STEP_WEEKDAY_NAME;
}

/* May a letter follow the step in a text that fits? */
static bool letter_follows(const struct time_step *step, const struct time_step *following)
{
    return step->next != '\0' ? is_letter(step->next)
                              : following && is_name((enum step)following->op);
}

/*
 * Lays out steps from the first one on. The layout may end behind one that takes the same of a
 * text whatever follows: blanks, a name, and a day with a blank for its first digit take more or
 * less, and have to have their next byte in the layout as well.
 */
static void lay_out(struct time_steps *steps)
{
    struct time_layout layout = {0};
    memset(&layout.year, LAYOUT_NOWHERE, 7);
    steps->n_laid = 0;
    for (uint8_t i = 0; i < steps->n; i++) {
        const struct time_step *step = &steps->at[i];
        const struct time_step *following = i + 1 < steps->n ? step + 1 : NULL;
        enum step op = (enum step)step->op;
        bool blanks_follow = following && following->op == STEP_BLANKS;
        if ((is_name(op) && letter_follows(step, following)) ||
            !lay_step(&layout, step, blanks_follow) ||
            (step->next != '\0' && !lay_bytes(&layout, 1, step->next, LAYOUT_BYTE)))
            break;
        bool open = op == STEP_BLANKS || is_name(op) || (op == STEP_DAY && blanks_follow);
        if (step->next != '\0' || !open) {
            steps->layout = layout;
            steps->n_laid = (uint8_t)(i + 1);
        }
    }
    if (steps->n_laid == 0 || steps->layout.len < LAYOUT_LEAST_BYTES)
        steps->layout.len = steps->n_laid = 0;
}

/* Is there no other clock behind the layout, nor what overrules it? */
static void note_clock(struct time_steps *steps)
{
    const struct time_layout *layout = &steps->layout;
    steps->ends_with_fraction = false;
    steps->steady = steps->n_laid > 0 && layout->hour != LAYOUT_NOWHERE && !layout->of_12 &&
                    layout->minute != LAYOUT_NOWHERE && layout->second != LAYOUT_NOWHERE;
    for (size_t i = steps->n_laid; i < steps->n && steps->steady; i++) {
        enum step op = (enum step)steps->at[i].op;
        steps->steady =
            op == STEP_BYTE || op == STEP_BLANKS || op == STEP_ZONE || op == STEP_FRACTION;
        steps->ends_with_fraction = i == steps->n_laid && i + 1 == steps->n &&
                                    op == STEP_FRACTION && steps->at[i].next == '\0';
    }
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
    lay_out(steps);
    note_clock(steps);
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

/* What may follow the three letters of a name. */
static const char *const MONTH_RESTS[] = {"uary", "ruary", "ch",     "il",   "",      "e",
                                          "y",    "ust",   "tember", "ober", "ember", "ember"};
static const char *const WEEKDAY_RESTS[] = {"day",   "day", "sday", "nesday",
                                            "rsday", "day", "urday"};

/* `letters` are lower-case; no other byte than theirs becomes one of them. */
static inline bool has_letters(const char *text, const char *end, const char *letters)
{
    for (; *letters != '\0'; letters++, text++)
        if (text == end || (*text | 0x20) != *letters)
            return false;
    return true;
}

static void skip_letters(const char **at, const char *end, const char *letters)
{
    if (has_letters(*at, end, letters))
        *at += strlen(letters);
}

static bool read_month_name(const char **at, const char *end, int *month)
{
    int i = end - *at < 3 ? -1 : layout_month(*at);
    if (i < 0)
        return false;
    *month = i + 1;
    *at += 3;
    skip_letters(at, end, MONTH_RESTS[i]);
    return true;
}

/*
 * Behind a short name the C library looks for the name of a later day as well, and takes that:
 * FriSat is a Saturday. What it makes of another letter there is for it to say.
 */
static bool read_weekday_name(const char **at, const char *end, struct time_fields *fields)
{
    int i = end - *at < 3 ? -1 : layout_weekday(*at);
    if (i < 0)
        return false;
    *at += 3;
    const char *rest = *at;
    skip_letters(at, end, WEEKDAY_RESTS[i]);
    fields->odd = *at == rest && *at < end && is_letter(**at);
    return !fields->odd;
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
    while (*at < end && is_blank(**at))
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
        return read_month_name(at, end, &c->month);
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
    const struct time_step *step = steps->at;
    if (steps->n_laid > 0 && len >= steps->layout.len &&
        layout_read(&steps->layout, text, &fields->civil)) {
        at += steps->layout.len;
        step += steps->n_laid;
        fields->of_12 = steps->layout.of_12;
        fields->laid = true;
    }
    for (; step < steps->at + steps->n; step++) {
        if (!run_step((enum step)step->op, &at, end, fields))
            return false;
        if (step->next == '\0')
            continue;
        if (at == end || *at != step->next) {
            fields->seen = (size_t)(at - text) + 1;
            return false;
        }
        at++;
    }
    if (fields->of_12)
        fields->civil.hour = fields->civil.hour % 12 + (fields->afternoon ? 12 : 0);
    return at == end;
}
