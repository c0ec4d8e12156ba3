#include "window/window.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "time/civil.h"
#include "time/duration.h"
#include "time/watermark.h"

/* What a window kind is. */
struct window_ops {
    const char *prefix; /* before the colon; NULL: no colon */
    bool (*parse)(struct window_spec *spec, const char *rest, struct error *err);
    void (*print)(const struct window_spec *spec, struct buf *to);
    bool (*at)(const struct window_spec *spec, int64_t t_ns, int64_t k,
               struct window_bounds *bounds);
};

static const char *const unit_names[] = {"day", "week", "month", "quarter", "year"};
enum { N_UNITS = sizeof unit_names / sizeof unit_names[0] };

static int find_unit(const char *text, size_t len)
{
    for (int i = 0; i < N_UNITS; i++)
        if (strlen(unit_names[i]) == len && memcmp(unit_names[i], text, len) == 0)
            return i;
    return -1;
}

/* The unit that may be meant: `Day`, `months`. */
static int find_unit_like(const char *text)
{
    size_t len = strlen(text);
    for (int i = 0; i < N_UNITS; i++) {
        size_t plain = strlen(unit_names[i]);
        bool plural = len == plain + 1 && (text[plain] == 's' || text[plain] == 'S');
        if ((len == plain || plural) && strncasecmp(unit_names[i], text, plain) == 0)
            return i;
    }
    return -1;
}

static bool parse_length(const char *text, int64_t *ns, struct error *err)
{
    struct error why = {0};
    int unit = find_unit_like(text);
    if (duration_parse(text, false, ns, "--window", &why)) {
        if (*ns == 0)
            return error_set(err, EXIT_USAGE, "--window: expected a length above 0, found '%s'",
                             text);
        return true;
    }
    if (unit >= 0)
        return error_set(err, EXIT_USAGE,
                         "--window: a calendar unit stands alone behind tumbling: and nowhere "
                         "else, found '%s'; did you mean tumbling:%s?",
                         text, unit_names[unit]);
    *err = why;
    return false;
}

/* `2day`, `months` and `Day` are neither a duration nor a calendar window. */
static bool parse_tumbling(struct window_spec *spec, const char *rest, struct error *err)
{
    const char *word = rest + strspn(rest, "0123456789. ");
    int unit = find_unit(word, strlen(word));
    if (unit >= 0 && word == rest) {
        spec->kind = WINDOW_CALENDAR;
        spec->unit = (enum calendar_unit)unit;
        return true;
    }
    unit = find_unit_like(word);
    if (unit >= 0)
        return error_set(err, EXIT_USAGE,
                         "--window: expected one calendar unit or a duration like 24h, found "
                         "'%s'; did you mean tumbling:%s?",
                         rest, unit_names[unit]);
    if (!parse_length(rest, &spec->size_ns, err))
        return false;
    spec->slide_ns = spec->size_ns;
    return true;
}

/* `SIZE/SLIDE`, at most so many slides a size. */
static bool parse_pair(struct window_spec *spec, const char *kind, const char *text,
                       struct error *err)
{
    const char *slash = strchr(text, '/');
    char size[64];
    if (slash == NULL || (size_t)(slash - text) >= sizeof size)
        return error_set(err, EXIT_USAGE,
                         "--window: expected %s:SIZE/%s, as in %s:1h/5m, found '%s:%s'", kind,
                         spec->kind == WINDOW_SLIDING ? "SLIDE" : "STEP", kind, kind, text);
    memcpy(size, text, (size_t)(slash - text));
    size[slash - text] = '\0';
    if (!parse_length(size, &spec->size_ns, err) || !parse_length(slash + 1, &spec->slide_ns, err))
        return false;
    int64_t windows = spec->size_ns / spec->slide_ns + (spec->size_ns % spec->slide_ns != 0);
    if (windows > WINDOWS_PER_RECORD_MAX)
        return error_set(err, EXIT_USAGE,
                         "--window: expected at most %d windows a record, found %lld of them in "
                         "'%s:%s'",
                         WINDOWS_PER_RECORD_MAX, (long long)windows, kind, text);
    return true;
}

static bool parse_sliding(struct window_spec *spec, const char *rest, struct error *err)
{
    return parse_pair(spec, "sliding", rest, err);
}

static bool parse_cumulate(struct window_spec *spec, const char *rest, struct error *err)
{
    if (!parse_pair(spec, "cumulate", rest, err))
        return false;
    if (spec->size_ns % spec->slide_ns != 0)
        return error_set(err, EXIT_USAGE,
                         "--window: expected a SIZE that is a multiple of STEP, as in "
                         "cumulate:24h/1h, found 'cumulate:%s'",
                         rest);
    return true;
}

static bool parse_session(struct window_spec *spec, const char *rest, struct error *err)
{
    return parse_length(rest, &spec->gap_ns, err);
}

static bool parse_all(struct window_spec *spec, const char *rest, struct error *err)
{
    (void)spec, (void)rest, (void)err;
    return true;
}

static void print_tumbling(const struct window_spec *spec, struct buf *to)
{
    buf_puts(to, "tumbling:");
    duration_print(to, spec->size_ns);
}

/* A slide that is the size makes a tumbling window, however it was written. */
static void print_sliding(const struct window_spec *spec, struct buf *to)
{
    if (spec->size_ns == spec->slide_ns) {
        print_tumbling(spec, to);
        return;
    }
    buf_puts(to, "sliding:");
    duration_print(to, spec->size_ns);
    buf_putc(to, '/');
    duration_print(to, spec->slide_ns);
}

static void print_cumulate(const struct window_spec *spec, struct buf *to)
{
    buf_puts(to, "cumulate:");
    duration_print(to, spec->size_ns);
    buf_putc(to, '/');
    duration_print(to, spec->slide_ns);
}

static void print_calendar(const struct window_spec *spec, struct buf *to)
{
    buf_printf(to, "tumbling:%s", unit_names[spec->unit]);
}

static void print_all(const struct window_spec *spec, struct buf *to)
{
    (void)spec;
    buf_puts(to, "all");
}

static void print_session(const struct window_spec *spec, struct buf *to)
{
    buf_puts(to, "session:");
    duration_print(to, spec->gap_ns);
}

static bool slides_at(const struct window_spec *spec, int64_t t_ns, int64_t k,
                      struct window_bounds *bounds)
{
    i128 slides = window_floor_div((i128)t_ns - spec->offset_ns, spec->slide_ns) - k;
    i128 start = spec->offset_ns + slides * spec->slide_ns;
    if (start + spec->size_ns <= t_ns)
        return false;
    bounds->start_ns = window_clamp(start);
    bounds->end_ns = window_clamp(start + spec->size_ns);
    return true;
}

/*
 * The end of the last of the windows that begin there. Those that end at the last of all times, or
 * beyond and so saturate, are one: the first of them, which goes before the others.
 */
static i128 cumulate_last_end(const struct window_spec *spec, i128 start)
{
    i128 beyond = start + spec->size_ns - spec->slide_ns - INT64_MAX + 1;
    i128 steps = beyond <= 0 ? 0 : (beyond + spec->slide_ns - 1) / spec->slide_ns;
    return start + spec->size_ns - steps * spec->slide_ns;
}

static bool cumulate_at(const struct window_spec *spec, int64_t t_ns, int64_t k,
                        struct window_bounds *bounds)
{
    i128 start = spec->offset_ns +
                 window_floor_div((i128)t_ns - spec->offset_ns, spec->size_ns) * spec->size_ns;
    i128 end = cumulate_last_end(spec, start) - (i128)k * spec->slide_ns;
    if (end <= t_ns && end != INT64_MAX) /* which stands for all ends beyond, too */
        return false;
    bounds->start_ns = window_clamp(start);
    bounds->end_ns = window_clamp(end);
    return true;
}

/* The first day of the unit that holds a day, or of the one behind it. */
static int64_t first_day(enum calendar_unit unit, int64_t day, int behind)
{
    if (unit == CALENDAR_DAY)
        return day + behind;
    if (unit == CALENDAR_WEEK) /* 1970-01-01 was a Thursday */
        return (int64_t)window_floor_div((i128)day + 3, 7) * 7 - 3 + 7 * behind;
    struct civil c;
    civil_from_days((int)day, &c);
    static const int months[] = {
        [CALENDAR_MONTH] = 1, [CALENDAR_QUARTER] = 3, [CALENDAR_YEAR] = 12};
    int month = (c.month - 1) / months[unit] * months[unit] + months[unit] * behind;
    return civil_days(c.year + month / 12, month % 12 + 1, 1);
}

static bool calendar_at(const struct window_spec *spec, int64_t t_ns, int64_t k,
                        struct window_bounds *bounds)
{
    if (k > 0)
        return false;
    int64_t day = zone_day_at(spec->zone, (int64_t)window_floor_div(t_ns, SECOND_NS));
    int64_t from = first_day(spec->unit, day, 0), to = first_day(spec->unit, day, 1);
    bounds->start_ns = window_clamp((i128)zone_day_start(spec->zone, from) * SECOND_NS);
    bounds->end_ns = window_clamp((i128)zone_day_start(spec->zone, to) * SECOND_NS);
    return true;
}

/* From the last cut at or before t to the next one. */
static bool slice_at(const struct window_spec *spec, int64_t t_ns, int64_t k,
                     struct window_bounds *bounds)
{
    i128 start = spec->offset_ns +
                 window_floor_div((i128)t_ns - spec->offset_ns, spec->slide_ns) * spec->slide_ns;
    i128 end = start + spec->slide_ns;
    int64_t rest = spec->size_ns % spec->slide_ns; /* windows end this far behind a start */
    if (rest != 0 && t_ns < start + rest)
        end = start + rest;
    else if (rest != 0)
        start += rest;
    *bounds = (struct window_bounds){window_clamp(start), window_clamp(end)};
    return k == 0;
}

static bool all_at(const struct window_spec *spec, int64_t t_ns, int64_t k,
                   struct window_bounds *bounds)
{
    (void)spec, (void)t_ns;
    *bounds = (struct window_bounds){INT64_MIN, INT64_MAX};
    return k == 0;
}

static const struct window_ops window_table[] = {
    [WINDOW_TUMBLING] = {"tumbling", parse_tumbling, print_tumbling, slides_at},
    [WINDOW_SLIDING] = {"sliding", parse_sliding, print_sliding, slides_at},
    [WINDOW_CUMULATE] = {"cumulate", parse_cumulate, print_cumulate, cumulate_at},
    [WINDOW_CALENDAR] = {NULL, NULL, print_calendar, calendar_at}, /* read as tumbling:UNIT */
    [WINDOW_ALL] = {NULL, parse_all, print_all, all_at},
    [WINDOW_SESSION] = {"session", parse_session, print_session, NULL},
    [WINDOW_SLICE] = {NULL, NULL, NULL, slice_at},
};
enum { N_KINDS = sizeof window_table / sizeof window_table[0] };

void window_each_word(void (*take)(void *to, const char *word), void *to)
{
    char word[32];
    for (int i = 0; i < N_KINDS; i++) {
        if (window_table[i].prefix == NULL)
            continue;
        snprintf(word, sizeof word, "%s:", window_table[i].prefix);
        take(to, word);
    }
    for (size_t i = 0; i < sizeof unit_names / sizeof *unit_names; i++) {
        snprintf(word, sizeof word, "tumbling:%s", unit_names[i]);
        take(to, word);
    }
    take(to, "all");
}

/* Without a kind: `all`, a length, or what was likely meant. */
static bool parse_bare(struct window_spec *spec, const char *text, struct error *err)
{
    if (strcmp(text, "all") == 0) {
        spec->kind = WINDOW_ALL;
        return true;
    }
    if (strchr(text, '/') != NULL)
        return error_set(err, EXIT_USAGE,
                         "--window: expected SIZE or KIND:SIZE/SLIDE, found '%s'; did you mean "
                         "sliding:%s?",
                         text, text);
    if (!parse_length(text, &spec->size_ns, err))
        return false;
    spec->slide_ns = spec->size_ns;
    return true;
}

bool window_parse(struct window_spec *spec, const char *text, struct error *err)
{
    *spec = (struct window_spec){.offset_ns = spec->offset_ns, .zone = spec->zone};
    const char *colon = strchr(text, ':');
    if (colon == NULL)
        return parse_bare(spec, text, err);
    size_t len = (size_t)(colon - text);
    for (int i = 0; i < N_KINDS; i++) {
        const struct window_ops *ops = &window_table[i];
        if (ops->prefix == NULL || strlen(ops->prefix) != len ||
            memcmp(ops->prefix, text, len) != 0)
            continue;
        spec->kind = (enum window_kind)i;
        return ops->parse(spec, colon + 1, err);
    }
    return error_set(err, EXIT_USAGE,
                     "--window: expected SIZE, tumbling:SIZE or UNIT, sliding:SIZE/SLIDE, "
                     "cumulate:SIZE/STEP, session:GAP or all, found '%s'",
                     text);
}

void window_print(const struct window_spec *spec, struct buf *to)
{
    window_table[spec->kind].print(spec, to);
}

bool window_at(const struct window_spec *spec, int64_t t_ns, int64_t k,
               struct window_bounds *bounds)
{
    return window_table[spec->kind].at(spec, t_ns, k, bounds);
}

struct window_spec window_units(const struct window_spec *spec)
{
    struct window_spec units = *spec;
    if (window_overlaps(spec))
        units.kind = WINDOW_SLICE;
    return units;
}

bool window_after(const struct window_spec *spec, int64_t t_ns, struct window_bounds *bounds)
{
    if (spec->kind == WINDOW_CALENDAR) {
        calendar_at(spec, t_ns, 0, bounds);
        return bounds->end_ns != INT64_MAX && calendar_at(spec, bounds->end_ns, 0, bounds);
    }
    i128 start =
        spec->offset_ns +
        (window_floor_div((i128)t_ns - spec->offset_ns, spec->slide_ns) + 1) * spec->slide_ns;
    bounds->start_ns = window_clamp(start);
    bounds->end_ns = window_clamp(start + spec->size_ns);
    return start <= INT64_MAX;
}

int64_t window_length(const struct window_spec *spec, int64_t t_ns)
{
    struct window_bounds bounds;
    int64_t longest_ns = 0;
    if (spec->kind == WINDOW_ALL)
        return INT64_MAX;
    /* The first is the longest, unless the ends of int64 cut it. */
    for (int64_t k = 0; window_at(spec, t_ns, k, &bounds); k++) {
        int64_t length_ns = time_sub(bounds.end_ns, bounds.start_ns);
        longest_ns = length_ns > longest_ns ? length_ns : longest_ns;
        if (spec->kind != WINDOW_SLIDING || longest_ns == spec->size_ns)
            break;
    }
    return longest_ns;
}

bool window_is(const struct window_spec *spec, const struct window_bounds *bounds)
{
    struct window_bounds found;
    int64_t inside = bounds->end_ns - (bounds->end_ns != INT64_MAX);
    if (bounds->start_ns >= bounds->end_ns)
        return false;
    /* Those of a calendar stay as they are, though the tz database may say otherwise today. */
    if (spec->kind == WINDOW_CALENDAR)
        return true;
    /* The window that ends last of those that hold its last instant ends with it, or k later. */
    int64_t k = 0;
    if (spec->kind == WINDOW_CUMULATE && bounds->start_ns != INT64_MIN) {
        i128 left = cumulate_last_end(spec, bounds->start_ns) - bounds->end_ns;
        k = bounds->end_ns == INT64_MAX || left < 0 ? 0 : (int64_t)(left / spec->slide_ns);
    } else if (window_overlaps(spec)) {
        inside = bounds->start_ns;
    }
    if (window_at(spec, inside, k, &found) && found.start_ns == bounds->start_ns &&
        found.end_ns == bounds->end_ns)
        return true;
    /* Saturated: no arithmetic leads back to it; it holds the first or the last instant. */
    return bounds->start_ns == INT64_MIN || bounds->end_ns == INT64_MAX;
}
