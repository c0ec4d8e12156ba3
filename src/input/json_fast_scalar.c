#include "input/json_fast_scalar.h"

#include <string.h>

#include "base/number.h"

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
    if (!number_is_json(text, len))
        return false;
    return !needed || number_parse(text, len, v) == NUMBER_OK;
}
