#include "base/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool terminal_is_styled(int fd)
{
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(fd) && (none == NULL || *none == '\0') && term != NULL && *term != '\0' &&
           strcmp(term, "dumb") != 0;
}
