#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

bool error_set(struct error *err, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    err->status = status;
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return false;
}
