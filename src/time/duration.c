#include "time/duration.h"

#include <stdio.h>
#include <string.h>

#include "base/int128.h"

/* Largest first, as duration_print() takes them. */
static const struct unit {
    const char *name;
    uint64_t ns;
} UNITS[] = {
    {"w", 604800000000000}, {"d", 86400000000000}, {"h", 3600000000000}, {"m", 60000000000},
    {"s", 1000000000},      {"ms", 1000000},       {"us", 1000},         {"ns", 1},
};
enum { N_UNITS = sizeof UNITS / sizeof *UNITS };

/*
 * A week has 2^16 and 5^11 as factors and a fraction without trailing zeros lacks 2 or 5, so no
 * fraction of more than 16 digits comes out at whole nanoseconds.
 */
enum { FRACTION_DIGITS = 16 };

enum duration_status { DURATION_OK, DURATION_MALFORMED, DURATION_TOO_FINE, DURATION_TOO_LONG };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The longest name counts: 5ms is not five minutes and an s. */
static const struct unit *unit_read(const char **at)
{
    const struct unit *found = NULL;
    size_t found_len = 0;
    for (size_t i = 0; i < N_UNITS; i++) {
        size_t len = strlen(UNITS[i].name);
        if (len > found_len && strncmp(*at, UNITS[i].name, len) == 0) {
            found = &UNITS[i];
            found_len = len;
        }
    }
    *at += found_len;
    return found;
}

/* Units as others write them: `1min`, `5 minutes`, `2hours`. */
static const struct {
    const char *words, *unit;
} long_units[] = {
    {" min mins minute minutes ", "m"},
    {" sec secs second seconds ", "s"},
    {" hr hrs hour hours ", "h"},
    {" days ", "d"},
    {" weeks ", "w"},
    {" msec millis milliseconds ", "ms"},
};

/* digits[0..len), any number of them; false if they are beyond uint64. */
static bool whole_value(const char *digits, size_t len, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < len; i++) {
        if (__builtin_mul_overflow(*value, 10U, value) ||
            __builtin_add_overflow(*value, (uint64_t)(digits[i] - '0'), value))
            return false;
    }
    return true;
}

/* 0.digits units in nanoseconds; false if that is not a whole number. */
static bool fraction_value(const char *digits, size_t len, uint64_t unit_ns, uint64_t *ns)
{
    while (len > 0 && digits[len - 1] == '0')
        len--;
    if (len > FRACTION_DIGITS)
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++)
        value = value * 10 + (uint64_t)(digits[i] - '0');
    u128 product = (u128)value * unit_ns;
    *ns = (uint64_t)(product / pow10_u64[len]);
    return product % pow10_u64[len] == 0;
}

/* One number with its unit; adds it to *total_ns. */
static enum duration_status part_read(const char **at, uint64_t *total_ns)
{
    const char *whole = *at;
    while (is_digit(**at))
        ++*at;
    size_t n_whole = (size_t)(*at - whole);
    if (**at == '.')
        ++*at;
    const char *fraction = *at;
    while (is_digit(**at))
        ++*at;
    size_t n_fraction = (size_t)(*at - fraction);
    const struct unit *unit = unit_read(at);
    if (!unit || n_whole + n_fraction == 0)
        return DURATION_MALFORMED;

    uint64_t value, part_ns;
    if (!fraction_value(fraction, n_fraction, unit->ns, &part_ns))
        return DURATION_TOO_FINE;
    if (!whole_value(whole, n_whole, &value) || __builtin_mul_overflow(value, unit->ns, &value) ||
        __builtin_add_overflow(*total_ns, value, total_ns) ||
        __builtin_add_overflow(*total_ns, part_ns, total_ns))
        return DURATION_TOO_LONG;
    return DURATION_OK;
}

static enum duration_status magnitude_read(const char *at, bool negative, uint64_t *total_ns)
{
    *total_ns = 0;
    if (strcmp(at, "0") == 0)
        return DURATION_OK;
    /* What is malformed further on is the better thing to complain about. */
    enum duration_status worst = DURATION_OK;
    do {
        enum duration_status status = part_read(&at, total_ns);
        if (status == DURATION_MALFORMED)
            return status;
        if (worst == DURATION_OK)
            worst = status;
    } while (*at);
    if (worst == DURATION_OK && *total_ns > (uint64_t)INT64_MAX + negative)
        return DURATION_TOO_LONG;
    return worst;
}

/* Is a unit in capitals that could be another one, months for minutes? */
static bool is_ambiguous(const char *text)
{
    const char *m = strchr(text, 'M');
    return m != NULL && m[1] != 's' && m[1] != 'S';
}

/* `1Min` -> `1m`, `2H` -> `2h`; false: it is nothing of that kind. Its sign is left out. */
static bool suggest(const char *text, char hint[32])
{
    char lower[32], padded[40];
    uint64_t ns;
    size_t len = strlen(text);
    if (len >= sizeof lower)
        return false;
    for (size_t i = 0; i <= len; i++)
        lower[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
    if (!is_ambiguous(text) && magnitude_read(lower, false, &ns) == DURATION_OK) {
        strcpy(hint, lower);
        return true;
    }
    size_t digits = strspn(lower, "0123456789.");
    const char *word = lower + digits + strspn(lower + digits, " ");
    if (digits == 0 || *word == '\0')
        return false;
    snprintf(padded, sizeof padded, " %s ", word);
    for (size_t i = 0; i < sizeof long_units / sizeof *long_units; i++) {
        if (strstr(long_units[i].words, padded) == NULL)
            continue;
        snprintf(hint, 32, "%.*s%s", (int)digits, lower, long_units[i].unit);
        return true;
    }
    return false;
}

bool duration_parse(const char *text, bool signed_ok, int64_t *ns, const char *what,
                    struct error *err)
{
    const char *at = text;
    bool negative = signed_ok && *at == '-';
    if (signed_ok && (*at == '-' || *at == '+'))
        at++;
    uint64_t total_ns;
    switch (magnitude_read(at, negative, &total_ns)) {
    case DURATION_OK:
        *ns = (int64_t)(negative ? 0 - total_ns : total_ns);
        return true;
    case DURATION_TOO_FINE:
        return error_set(err, EXIT_USAGE, "%s: '%s' is not a whole number of nanoseconds", what,
                         text);
    case DURATION_TOO_LONG:
        return error_set(err, EXIT_USAGE,
                         "%s: '%s' is too long: at most 9223372036854775807ns, about 292 years",
                         what, text);
    case DURATION_MALFORMED:
        break;
    }
    char hint[32];
    bool suggested = suggest(at, hint);
    return error_set(err, EXIT_USAGE,
                     "%s: expected a duration like 90s or 1h30m, found '%s'%s%.*s%s%s", what, text,
                     suggested ? "; did you mean " : "", suggested ? (int)(at - text) : 0, text,
                     suggested ? hint : "", suggested ? "?" : "");
}

/* Without the sign. */
static void print_decimal(struct buf *to, uint64_t ns, uint64_t unit_ns)
{
    buf_put_u64(to, ns / unit_ns);
    ns %= unit_ns;
    if (ns > 0)
        buf_putc(to, '.');
    while (ns > 0) {
        unit_ns /= 10;
        buf_putc(to, (char)('0' + ns / unit_ns));
        ns %= unit_ns;
    }
}

void duration_print_decimal(struct buf *to, int64_t ns, uint64_t unit_ns)
{
    if (ns < 0)
        buf_putc(to, '-');
    print_decimal(to, i64_magnitude(ns), unit_ns);
}

void duration_print(struct buf *to, int64_t ns)
{
    uint64_t left_ns = i64_magnitude(ns);
    if (ns < 0)
        buf_putc(to, '-');
    if (ns == 0)
        buf_putc(to, '0');
    for (size_t i = 0; i < N_UNITS && left_ns > 0; i++) {
        const struct unit *unit = &UNITS[i];
        if (left_ns < unit->ns)
            continue;
        if (unit->ns <= 1000000000) {
            print_decimal(to, left_ns, unit->ns);
            left_ns = 0;
        } else {
            buf_put_u64(to, left_ns / unit->ns);
            left_ns %= unit->ns;
        }
        buf_puts(to, unit->name);
    }
}
