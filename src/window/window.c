#include "window/window.h"

#include <string.h>

#include "base/int128.h"
#include "time/duration.h"

static bool parse_positive(const char *text, int64_t *ns, struct error *err)
{
    if (!duration_parse(text, false, ns, "--window", err))
        return false;
    if (*ns == 0)
        return error_set(err, EXIT_USAGE, "--window: expected a length above 0, found '%s'", text);
    return true;
}

static bool parse_sliding(struct window_spec *spec, const char *text, struct error *err)
{
    const char *slash = strchr(text, '/');
    char size[64];
    if (slash == NULL || (size_t)(slash - text) >= sizeof size)
        return error_set(err, EXIT_USAGE,
                         "--window: expected sliding:SIZE/SLIDE, as in sliding:1h/5m, found "
                         "'sliding:%s'",
                         text);
    memcpy(size, text, (size_t)(slash - text));
    size[slash - text] = '\0';
    if (!parse_positive(size, &spec->size_ns, err) ||
        !parse_positive(slash + 1, &spec->slide_ns, err))
        return false;
    int64_t windows = spec->size_ns / spec->slide_ns + (spec->size_ns % spec->slide_ns != 0);
    if (windows > WINDOWS_PER_RECORD_MAX)
        return error_set(err, EXIT_USAGE,
                         "--window: expected at most %d windows a record, found %lld of them in "
                         "'sliding:%s'",
                         WINDOWS_PER_RECORD_MAX, (long long)windows, text);
    return true;
}

bool window_parse(struct window_spec *spec, const char *text, struct error *err)
{
    *spec = (struct window_spec){.kind = WINDOW_ALIGNED};
    const char *colon = strchr(text, ':');
    size_t kind = colon == NULL ? 0 : (size_t)(colon - text);
    const char *rest = colon == NULL ? text : colon + 1;
    if (kind == 7 && strncmp(text, "sliding", kind) == 0)
        return parse_sliding(spec, rest, err);
    if (kind == 7 && strncmp(text, "session", kind) == 0) {
        spec->kind = WINDOW_SESSION;
        return parse_positive(rest, &spec->gap_ns, err);
    }
    if (colon != NULL && !(kind == 8 && strncmp(text, "tumbling", kind) == 0))
        return error_set(err, EXIT_USAGE,
                         "--window: expected SIZE, tumbling:SIZE, sliding:SIZE/SLIDE or "
                         "session:GAP, found '%s'",
                         text);
    if (!parse_positive(rest, &spec->size_ns, err))
        return false;
    spec->slide_ns = spec->size_ns;
    return true;
}

static int64_t clamp(i128 ns)
{
    return ns > INT64_MAX ? INT64_MAX : ns < INT64_MIN ? INT64_MIN : (int64_t)ns;
}

/* floor(a / b) for b > 0; C's division truncates, which would shift times before 1970. */
static i128 floor_div(i128 a, int64_t b)
{
    /* 64-bit division is several times faster than 128-bit, and nearly always enough. */
    if (a >= 0 && a <= INT64_MAX)
        return (int64_t)a / b;
    i128 quotient = a / b;
    return quotient * b > a ? quotient - 1 : quotient;
}

bool window_at(const struct window_spec *spec, int64_t t_ns, int64_t k,
               struct window_bounds *bounds)
{
    i128 slides = floor_div((i128)t_ns - spec->offset_ns, spec->slide_ns) - k;
    i128 start = spec->offset_ns + slides * spec->slide_ns;
    if (start + spec->size_ns <= t_ns)
        return false;
    bounds->start_ns = clamp(start);
    bounds->end_ns = clamp(start + spec->size_ns);
    return true;
}
