#include "input/json_fast_scalar.h"

#include <string.h>

#include "base/number.h"

static const char *skip_digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

bool scalar_is_number(const char *p, size_t len)
{
    const char *end = p + len;
    if (p < end && *p == '-')
        p++;
    const char *digits = p;
    p = skip_digits(p, end);
    if (p == digits || (*digits == '0' && p - digits > 1))
        return false;
    if (p < end && *p == '.') {
        digits = ++p;
        p = skip_digits(p, end);
        if (p == digits)
            return false;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        digits = p;
        p = skip_digits(p, end);
        if (p == digits)
            return false;
    }
    return p == end;
}

bool scalar_read(const char *text, size_t len, bool needed, struct value *v)
{
    static const struct {
        const char *text;
        size_t len;
        enum value_kind kind;
    } literals[] = {
        {"null", 4, VALUE_NULL},
        {"true", 4, VALUE_TRUE},
        {"false", 5, VALUE_FALSE},
    };
    for (size_t i = 0; i < sizeof literals / sizeof literals[0]; i++) {
        if (len == literals[i].len && memcmp(text, literals[i].text, len) == 0) {
            *v = (struct value){.kind = (uint8_t)literals[i].kind};
            return true;
        }
    }
    if (!scalar_is_number(text, len))
        return false;
    return !needed || number_parse(text, len, v) == NUMBER_OK;
}
