#include "input/json_fast_scalar.h"

#include <string.h>

#include "base/number.h"

static bool read_literal(const char *text, size_t len, struct value *v)
{
    enum value_kind kind = VALUE_NULL;
    if (len == 4 && memcmp(text, "true", 4) == 0)
        kind = VALUE_TRUE;
    else if (len == 5 && memcmp(text, "false", 5) == 0)
        kind = VALUE_FALSE;
    else if (len != 4 || memcmp(text, "null", 4) != 0)
        return false;
    *v = (struct value){.kind = (uint8_t)kind, .exp = kind == VALUE_NULL ? VALUE_GIVEN : 0};
    return true;
}

bool scalar_read(const char *text, size_t len, bool needed, struct value *v)
{
    if (len > 0 && *text >= 'a')
        return read_literal(text, len, v);
    if (!number_is_json(text, len))
        return false;
    return !needed || number_parse(text, len, v) == NUMBER_OK;
}
