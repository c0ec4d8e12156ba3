#include "time/pattern.h"

#include <string.h>
#include <time.h>

#include "time/civil.h"
#include "time/steps.h"

enum { PATTERN_MAX = 255 };

static const char OURS[] = "fzs";
static const char THEIRS[] = "aAbBcCdDeFhHIjklmMnprRStTuwxXyY%";
static const char AFTER_E[] = "cCxXY"; /* %Ey needs an era, which the C locale lacks */
static const char AFTER_O[] = "bBdeHImMSwy";

static bool among(const char *set, char c)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* The length of the conversion at p, with its flags and modifier; it may lack its letter. */
static size_t conversion_len(const char *p)
{
    const char *at = p + 1 + strspn(p + 1, PATTERN_FLAGS);
    at += *at == 'E' || *at == 'O';
    return (size_t)(at - p) + (*at != '\0');
}

/* What the letters of a pattern's conversions give. */
struct gives {
    bool year, month, day_of_month, day_of_year;
};

static void note_letter(struct gives *gives, char letter)
{
    bool date = among("cDFsx", letter);
    gives->year |= date || among("YyC", letter);
    gives->month |= date || among("bBhm", letter);
    gives->day_of_month |= date || among("de", letter);
    gives->day_of_year |= letter == 'j';
}

static bool check_conversion(const char *p, size_t len, struct error *err)
{
    char letter = p[len - 1], before = len > 2 ? p[len - 2] : '%';
    const char *allowed = before == 'E' ? AFTER_E : before == 'O' ? AFTER_O : THEIRS;
    if (among("GgVUW", letter))
        return error_set(err, EXIT_USAGE,
                         "--time-format: '%.*s' (a week) gives no day that can be read; expected "
                         "%%m and %%d, or %%j",
                         (int)len, p);
    if (letter == 'Z')
        return error_set(err, EXIT_USAGE,
                         "--time-format: '%.*s' (a zone's abbreviation) cannot be read; expected "
                         "%%z, or the letters as they stand, like UTC, and --tz",
                         (int)len, p);
    if (len < 2 || (!among(allowed, letter) && !(len == 2 && among(OURS, letter))))
        return error_set(err, EXIT_USAGE,
                         "--time-format: '%.*s' is not a conversion of strptime(3), %%f or %%z",
                         (int)len, p);
    return true;
}

bool pattern_check(struct time_pattern *pattern, struct error *err)
{
    struct gives gives = {false};
    if (strlen(pattern->text) > PATTERN_MAX)
        return error_set(err, EXIT_USAGE, "--time-format: a pattern has at most %d bytes",
                         PATTERN_MAX);
    for (const char *p = strchr(pattern->text, '%'); p; p = strchr(p, '%')) {
        size_t len = conversion_len(p);
        if (!check_conversion(p, len, err))
            return false;
        note_letter(&gives, p[len - 1]);
        p += len;
    }
    pattern->has_year = gives.year;
    pattern->by_day_of_year = !(gives.month && gives.day_of_month);
    if (!gives.day_of_year && pattern->by_day_of_year)
        return error_set(
            err, EXIT_USAGE,
            "--time-format: '%s' gives no day; expected month and day (%%m %%d), %%j or "
            "%%s in it",
            pattern->text);
    steps_compile(&pattern->steps, pattern->text);
    return true;
}

/*
 * A pattern is run as a whole, so that fields which depend on each other (%I and %p, %C and %y) may
 * stand on both sides of one of ours. To find where ours begins, the pattern is run up to there;
 * then what ours has read becomes one marker byte, in the text as in the pattern, and it goes on:
 *
 *     text     03:04:05.678 PM      03:04:05.M PM
 *     pattern  %I:%M:%S.            %I:%M:%S.M %p
 *
 * Most patterns have %f and %z at their end and take one run.
 */
enum { MARKER = '\1' };

struct scan {
    char pattern[PATTERN_MAX + 1]; /* as far as it goes by now */
    size_t pattern_len;
    char text[PATTERN_MAX + 1];
    size_t text_len;
    char *at; /* read up to here */
    struct tm tm;
    struct time_fields ours;
};

/* Copies *from into the pattern, up to one of our conversions, and returns that, or NUL. */
static char copy_pattern(struct scan *scan, const char **from)
{
    const char *p = *from;
    while (*p && !(p[0] == '%' && among(OURS, p[1]))) {
        size_t len = *p == '%' ? conversion_len(p) : 1;
        memcpy(scan->pattern + scan->pattern_len, p, len);
        scan->pattern_len += len;
        p += len;
    }
    scan->pattern[scan->pattern_len] = '\0';
    *from = *p ? p + 2 : p;
    return *p ? p[1] : '\0';
}

static bool run_pattern(struct scan *scan)
{
    scan->tm = (struct tm){.tm_year = 70, .tm_mday = 1};
    scan->at = strptime(scan->text, scan->pattern, &scan->tm);
    return scan->at != NULL;
}

bool pattern_read_epoch(const char **at, const char *end, int64_t *seconds)
{
    const char *start = *at;
    *seconds = 0;
    for (; *at < end && **at >= '0' && **at <= '9'; ++*at) {
        if (*seconds < INT64_MAX / 10) /* beyond all range long before; no need to be exact */
            *seconds = *seconds * 10 + (**at - '0');
    }
    return *at > start;
}

/* Reads one of our conversions and puts the marker in its place. */
static bool read_ours(struct scan *scan, char conversion)
{
    const char *at = scan->at, *end = scan->text + scan->text_len;
    bool ok;
    int digits;
    if (conversion == 'f') {
        ok = civil_read_fraction(&at, end, &scan->ours.civil.nanosecond, &digits) && digits <= 9;
    } else if (conversion == 's') {
        ok = pattern_read_epoch(&at, end, &scan->ours.epoch_s);
        scan->ours.has_epoch = true;
    } else {
        at += strspn(at, " \t\n\v\f\r"); /* what isspace(3) takes, as strptime does */
        ok = civil_read_zone(&at, end, &scan->ours.civil);
    }
    if (!ok)
        return false;
    *scan->at++ = MARKER;
    size_t left = (size_t)(end - at);
    memmove(scan->at, at, left + 1);
    scan->text_len = (size_t)(scan->at - scan->text) + left;
    scan->pattern[scan->pattern_len++] = MARKER;
    return true;
}

void pattern_set_year(struct time_format *format)
{
    struct civil from = {
        .year = format->year_from, .month = format->year_from_month, .day = format->year_from_day};
    struct civil to = from;
    to.year++;
    if (!civil_is_date(to.year, to.month, to.day)) { /* from Feb 29 to Mar 1 */
        to.month = 3;
        to.day = 1;
    }
    /* At either end of all times a part of the year is still in range. */
    if (civil_ns(&from, format->zone, &format->year_from_ns) != TIME_OK)
        format->year_from_ns = from.year < 1970 ? INT64_MIN : INT64_MAX;
    int64_t to_ns;
    format->year_last_ns = civil_ns(&to, format->zone, &to_ns) == TIME_OK ? to_ns - 1 : INT64_MAX;
}

/* The day is none if the year is too short for it. */
static void set_day_of_year(struct civil *c, int day_of_year)
{
    int year = c->year, like = civil_is_date(year, 2, 29) ? 2000 : 2001;
    civil_from_days(civil_days(like, 1, 1) + day_of_year, c);
    if (c->year != like)
        c->day = 0;
    c->year = year;
}

/*
 * The first time at or after --year-from that such a day and clock make, in one of three years: a
 * zone in the text may move it over the turn of a year. None within a year (Feb 29) is no date.
 */
static enum time_status first_year(const struct time_format *format, const struct civil *c,
                                   int day_of_year, int64_t *ns)
{
    bool beyond = false;
    for (int year = format->year_from - 1; year <= format->year_from + 1; year++) {
        struct civil at = *c;
        at.year = year;
        if (day_of_year >= 0)
            set_day_of_year(&at, day_of_year);
        enum time_status status = civil_ns(&at, format->zone, ns);
        if (status == TIME_OK && *ns >= format->year_from_ns && *ns <= format->year_last_ns)
            return TIME_OK;
        beyond = beyond || status == TIME_OUT_OF_RANGE;
    }
    return beyond ? TIME_OUT_OF_RANGE : TIME_NOT_A_DATE;
}

static enum time_status result(const struct time_format *format, size_t i,
                               struct time_fields *fields, int64_t *ns)
{
    const struct time_pattern *pattern = &format->patterns[i];
    struct civil *c = &fields->civil;
    if (fields->has_epoch)
        return civil_join(fields->epoch_s, c->nanosecond, ns) ? TIME_OK : TIME_OUT_OF_RANGE;
    if (pattern->has_year) {
        if (pattern->by_day_of_year)
            set_day_of_year(c, fields->day_of_year);
        return civil_ns(c, format->zone, ns);
    }
    if (!format->has_year_from)
        return TIME_MALFORMED;
    return first_year(format, c, pattern->by_day_of_year ? fields->day_of_year : -1, ns);
}

static void take_tm(struct time_fields *fields, const struct tm *tm)
{
    struct civil *c = &fields->civil;
    c->year = tm->tm_year + 1900;
    c->month = tm->tm_mon + 1;
    c->day = tm->tm_mday;
    c->hour = tm->tm_hour;
    c->minute = tm->tm_min;
    c->second = tm->tm_sec;
    fields->day_of_year = tm->tm_yday;
}

enum time_status pattern_parse_slow(const struct time_format *format, size_t i, const char *text,
                                    size_t len, int64_t *ns)
{
    if (len > PATTERN_MAX)
        return TIME_MALFORMED;
    struct scan scan;
    memcpy(scan.text, text, len);
    scan.text[len] = '\0';
    scan.text_len = len;
    scan.pattern_len = 0;
    scan.ours = (struct time_fields){.has_epoch = false};

    /* From the second round on a run is needed only if there is more to read than markers. */
    size_t ran_len = 0;
    bool first = true;
    for (const char *from = format->patterns[i].text;;) {
        char conversion = copy_pattern(&scan, &from);
        if (first || scan.pattern_len > ran_len) {
            if (!run_pattern(&scan))
                return TIME_MALFORMED;
        }
        first = false;
        if (conversion == '\0')
            break;
        if (!read_ours(&scan, conversion))
            return TIME_MALFORMED;
        ran_len = scan.pattern_len;
    }
    if (scan.at != scan.text + scan.text_len)
        return TIME_MALFORMED;
    take_tm(&scan.ours, &scan.tm);
    return result(format, i, &scan.ours, ns);
}

/*
 * --year-from's day begins at midnight, and so no time without a zone of its own leaves the year
 * with another clock.
 */
static void fill_places(const struct time_format *format, size_t i, size_t len,
                        const struct time_fields *fields, struct time_places *places)
{
    const struct time_pattern *pattern = &format->patterns[i];
    const struct time_layout *layout = &pattern->steps.layout;
    bool fraction = pattern->steps.ends_with_fraction;
    if (!fields->laid || !pattern->steps.steady ||
        (pattern->has_year ? !civil_is_steady(&fields->civil, format->zone)
                           : fields->civil.has_zone || format->zone != NULL))
        return;
    *places = (struct time_places){.steady = true,
                                   .hour = layout->hour,
                                   .minute = layout->minute,
                                   .second = layout->second,
                                   .fraction = layout->len,
                                   .n_fraction = (uint8_t)(fraction ? len - layout->len : 0)};
}

enum time_status pattern_parse(const struct time_format *format, size_t i, const char *text,
                               size_t len, int64_t *ns, struct time_places *places)
{
    const struct time_steps *steps = &format->patterns[i].steps;
    if (steps->n == 0)
        return pattern_parse_slow(format, i, text, len, ns);
    struct time_fields fields = {.civil = {.year = 1970, .month = 1, .day = 1}};
    if (len > PATTERN_MAX)
        return TIME_MALFORMED;
    if (steps_run(steps, text, len, &fields)) {
        enum time_status status = result(format, i, &fields, ns);
        if (places != NULL && status == TIME_OK)
            fill_places(format, i, len, &fields, places);
        return status;
    }
    if (places != NULL && fields.seen > 0)
        places->seen = (uint8_t)fields.seen;
    return fields.odd ? pattern_parse_slow(format, i, text, len, ns) : TIME_MALFORMED;
}
