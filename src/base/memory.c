#include "base/memory.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static memory_handler *on_exhaustion;

void memory_on_exhaustion(memory_handler *handler)
{
    on_exhaustion = handler;
}

void memory_exhausted(size_t wanted_bytes)
{
    if (on_exhaustion != NULL)
        on_exhaustion(wanted_bytes);
    abort();
}

void memory_check(int error)
{
    if (error == ENOMEM)
        memory_exhausted(0);
}

static void *checked(void *p, size_t bytes)
{
    if (p == NULL)
        memory_exhausted(bytes);
    return p;
}

void *memory_alloc(size_t bytes)
{
    return checked(malloc(bytes ? bytes : 1), bytes);
}

void *memory_calloc(size_t n, size_t bytes)
{
    return checked(calloc(n ? n : 1, bytes ? bytes : 1), n * bytes);
}

void *memory_realloc(void *p, size_t bytes)
{
    return checked(realloc(p, bytes ? bytes : 1), bytes);
}

char *memory_strndup(const char *text, size_t len)
{
    char *copy = memory_alloc(len + 1);
    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *memory_strdup(const char *text)
{
    return memory_strndup(text, strlen(text));
}
