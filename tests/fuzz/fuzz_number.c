/*
 * Fuzzes numbers: each line of the input is a text. Whether it is a number, how two compare, what
 * it prints as, sums and means are held to naive arithmetic on arrays of decimal digits; sums do
 * not depend on the order, on merging, or on being saved.
 */
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/number.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * digit[i] counts 10^(i - POINT); those before `low` and from `high` on are 0, which saves going
 * through them. Numbers that do not fit, with room for a sum's and a mean's digits, are left out.
 */
enum { DIGITS = 900, POINT = 450, ROOM = 20, MOST_LINES = 12, MOST_TEXT = 200, EXACT = 38 };

struct naive {
    bool negative;
    size_t low, high;
    int8_t digit[DIGITS];
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* [+-]? (digits [. digits*] | . digits) ([eE] [+-]? digits)? */
static bool naive_is_number(const char *p)
{
    size_t before, after = 0;
    p += *p == '+' || *p == '-';
    for (before = 0; is_digit(*p); p++)
        before++;
    if (*p == '.')
        for (p++; is_digit(*p); p++)
            after++;
    if (before + after == 0)
        return false;
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '+' || *p == '-';
        if (!is_digit(*p))
            return false;
        while (is_digit(*p))
            p++;
    }
    return *p == '\0';
}

static void naive_widen(struct naive *n, size_t low, size_t high)
{
    n->low = low < n->low ? low : n->low;
    n->high = high > n->high ? high : n->high;
}

/* False if a digit that is not 0 falls off the array's ends, or near them. */
static bool naive_read(struct naive *n, const char *text)
{
    *n = (struct naive){.low = DIGITS};
    const char *e = strpbrk(text, "eE");
    long exp = e == NULL ? 0 : strtol(e + 1, NULL, 10);
    size_t len = e == NULL ? strlen(text) : (size_t)(e - text);
    const char *point = memchr(text, '.', len);
    if (exp > 10000 || exp < -10000)
        return false;
    long at = POINT + exp + (long)(point == NULL ? len : (size_t)(point - text));
    for (size_t i = 0; i < len; i++) {
        /* Digit i of those before the point counts 10^(their number - 1 - i). */
        long place = at - 1 - (long)i + (point != NULL && text + i > point);
        if (!is_digit(text[i]) || text[i] == '0')
            continue;
        if (place < ROOM || place >= DIGITS - ROOM)
            return false;
        n->digit[place] = (int8_t)(text[i] - '0');
        naive_widen(n, (size_t)place, (size_t)place + 1);
    }
    n->negative = *text == '-';
    return true;
}

static int magnitude_order(const struct naive *a, const struct naive *b)
{
    size_t low = a->low < b->low ? a->low : b->low;
    for (size_t i = a->high > b->high ? a->high : b->high; i-- > low;)
        if (a->digit[i] != b->digit[i])
            return a->digit[i] > b->digit[i] ? 1 : -1;
    return 0;
}

static bool is_zero(const struct naive *a)
{
    static const struct naive ZERO = {.low = DIGITS};
    return magnitude_order(a, &ZERO) == 0;
}

static int naive_order(const struct naive *a, const struct naive *b)
{
    int order = magnitude_order(a, b);
    if (is_zero(a) && is_zero(b))
        return 0;
    if (a->negative != b->negative)
        return is_zero(a) ? (b->negative ? 1 : -1) : a->negative ? -1 : 1;
    return a->negative ? -order : order;
}

/* |a| += sign * |b|, of which |a| is not the less. */
static void add_magnitude(struct naive *a, const struct naive *b, int sign)
{
    int carry = 0;
    naive_widen(a, b->low, b->high);
    a->high += a->high < DIGITS; /* for what is carried */
    for (size_t i = a->low; i < a->high; i++) {
        int digit = a->digit[i] + sign * b->digit[i] + carry;
        carry = digit < 0 ? -1 : digit / 10;
        a->digit[i] = (int8_t)(digit - carry * 10);
    }
    require(carry == 0);
}

static void naive_add(struct naive *a, const struct naive *b)
{
    if (a->negative == b->negative) {
        add_magnitude(a, b, 1);
    } else if (magnitude_order(a, b) >= 0) {
        add_magnitude(a, b, -1);
    } else {
        struct naive sum = *b;
        add_magnitude(&sum, a, -1);
        *a = sum;
    }
}

/* |a| / n, which may have more digits than any result; *rest: it goes on behind them. */
static void naive_divide(struct naive *a, uint64_t n, bool *rest)
{
    uint64_t left = 0;
    size_t i = a->high;
    while (i > 0 && (i > a->low || left > 0)) {
        left = left * 10 + (uint64_t)a->digit[--i];
        a->digit[i] = (int8_t)(left / n);
        left %= n;
    }
    a->low = i;
    *rest = left > 0;
}

/* Significant ones. */
static size_t count_digits(const struct naive *a)
{
    size_t high = a->high, low = a->low;
    while (high > 0 && a->digit[high - 1] == 0)
        high--;
    while (low < high && a->digit[low] == 0)
        low++;
    return high - low;
}

/* All digits, of a number that is large. */
static void naive_print_digits(struct buf *to, const struct naive *a)
{
    size_t high = a->high, low = a->low;
    while (a->digit[high - 1] == 0)
        high--;
    while (a->digit[low] == 0)
        low++;
    buf_printf(to, "%s%d%s", a->negative ? "-" : "", a->digit[high - 1], high - low > 1 ? "." : "");
    for (size_t i = high - 1; i-- > low;)
        buf_putc(to, (char)('0' + a->digit[i]));
    buf_printf(to, "e+%ld", (long)high - 1 - POINT);
}

/* Beyond all doubles: the 17 digits that one would have, ties to even; a has more than 38. */
static void naive_print_17(struct buf *to, const struct naive *a, size_t low, size_t high)
{
    size_t cut = high - 17;
    struct naive top = {.low = cut, .high = high};
    bool rest = false;
    for (size_t i = low; i + 1 < cut; i++)
        rest |= a->digit[i] != 0;
    memcpy(top.digit + cut, a->digit + cut, 17);
    int half = a->digit[cut - 1];
    if (half > 5 || (half == 5 && (rest || top.digit[cut] % 2 == 1))) {
        struct naive one = {.low = cut, .high = cut + 1};
        one.digit[cut] = 1;
        add_magnitude(&top, &one, 1);
    }
    top.negative = a->negative;
    naive_print_digits(to, &top);
}

/* What a result prints as: exact up to 38 digits, else the nearest double, by strtod(3). */
static void naive_print(struct buf *to, const struct naive *a, bool rest)
{
    size_t high = DIGITS, low = 0;
    char text[DIGITS + 40];
    size_t len = 0;
    while (high > 0 && a->digit[high - 1] == 0)
        high--;
    while (low < high && a->digit[low] == 0)
        low++;
    if (a->negative)
        text[len++] = '-';
    for (size_t i = high; i-- > low;)
        text[len++] = (char)('0' + a->digit[i]);
    if (high == 0)
        text[len++] = '0';
    if (rest)
        text[len++] = '1';
    snprintf(text + len, sizeof text - len, "e%ld", (long)low - POINT - rest);
    struct value v;
    if (count_digits(a) <= EXACT && !rest) {
        enum number_status status = number_parse(text, strlen(text), &v);
        require(status == NUMBER_OK || status == NUMBER_TOO_LARGE);
        if (status == NUMBER_OK)
            number_print(to, &v);
        else
            naive_print_digits(to, a);
        return;
    }
    double nearest = strtod(text, NULL);
    if (isfinite(nearest))
        number_print_double(to, nearest);
    else
        naive_print_17(to, a, low, high);
}

struct line {
    char text[MOST_TEXT + 1];
    struct value value;
    struct naive naive;
};

static bool read_line(struct line *line, const char *text, size_t len)
{
    if (len > MOST_TEXT || memchr(text, '\0', len) != NULL)
        return false;
    memcpy(line->text, text, len);
    line->text[len] = '\0';
    enum number_status status = number_parse(line->text, len, &line->value);
    require((status == NUMBER_MALFORMED) == !naive_is_number(line->text));
    if (status == NUMBER_MALFORMED)
        return false;
    require((status == NUMBER_TOO_LARGE) == (fabs(strtod(line->text, NULL)) > DBL_MAX));
    if (status != NUMBER_OK)
        return false;
    require(number_double(&line->value) == strtod(line->text, NULL));
    return naive_read(&line->naive, line->text);
}

/* What a number prints as is a JSON number, and the same one if 38 digits hold it. */
static void check_print(const struct line *line)
{
    struct buf text = {0}, wanted = {0};
    struct naive again;
    number_print(&text, &line->value);
    require(number_is_json(text.data, text.len));
    if (count_digits(&line->naive) <= EXACT) {
        require(naive_read(&again, buf_cstr(&text)) && naive_order(&again, &line->naive) == 0);
    } else {
        naive_print(&wanted, &line->naive, false);
        require(strcmp(buf_cstr(&text), buf_cstr(&wanted)) == 0);
    }
    buf_free(&text);
    buf_free(&wanted);
}

static void check_sum(const struct line *lines, size_t n)
{
    struct arena arena = {0};
    struct number_sum forward = {0}, backward = {0}, half = {0}, loaded = {0};
    struct naive total = {.low = DIGITS};
    struct buf wanted = {0}, found = {0}, saved = {0};
    bool rest;
    for (size_t i = 0; i < n; i++) {
        number_sum_add(&forward, &lines[i].value, &arena);
        number_sum_add(i < n / 2 ? &half : &backward, &lines[n - 1 - i].value, &arena);
        naive_add(&total, &lines[i].naive);
    }
    number_sum_merge(&backward, &half, &arena);
    number_sum_save(&backward, &saved);
    const unsigned char *at = (const unsigned char *)saved.data, *end = at + saved.len;
    require(number_sum_load(&loaded, &at, end, &arena) && at == end);
    naive_print(&wanted, &total, false);
    struct number_sum *sums[] = {&forward, &backward, &loaded};
    for (size_t i = 0; i < 3; i++) {
        found.len = 0;
        number_sum_print(&found, sums[i]);
        require(strcmp(buf_cstr(&found), buf_cstr(&wanted)) == 0);
    }
    found.len = wanted.len = 0;
    number_mean_print(&found, &loaded, n);
    naive_divide(&total, n, &rest);
    naive_print(&wanted, &total, rest);
    require(strcmp(buf_cstr(&found), buf_cstr(&wanted)) == 0);
    buf_free(&wanted);
    buf_free(&found);
    buf_free(&saved);
    arena_free(&arena);
}

/* Damaged bytes are refused, or are a sum. */
static void check_load(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct number_sum sum = {0};
    struct buf text = {0};
    const unsigned char *at = data;
    if (number_sum_load(&sum, &at, data + size, &arena)) {
        require(at <= data + size);
        number_sum_print(&text, &sum);
        number_mean_print(&text, &sum, 3);
    }
    buf_free(&text);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct line lines[MOST_LINES];
    size_t n = 0;
    const char *text = (const char *)data, *end = text + size;
    check_load(data, size);
    while (text < end && n < MOST_LINES) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline == NULL ? end : newline;
        n += read_line(&lines[n], text, (size_t)(stop - text));
        text = stop + 1;
    }
    for (size_t i = 0; i < n; i++) {
        check_print(&lines[i]);
        for (size_t k = 0; k <= i; k++)
            require(number_compare(&lines[i].value, &lines[k].value) ==
                    naive_order(&lines[i].naive, &lines[k].naive));
    }
    if (n > 0)
        check_sum(lines, n);
    return 0;
}
