/*
 * base/memory.h - heap memory that is there or the run is over.
 *
 * Running out of memory is not a case that a stream processor can handle record by record: the
 * state is gone. So these never return NULL; they call the handler that main.c installed, which
 * says how much was asked for and ends the process with status 1. A run with --state loses nothing
 * by that: it is a crash like any other.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

typedef void memory_handler(size_t wanted_bytes); /* must not return */

/* Call once, before threads exist. Without a handler the process aborts. */
void memory_on_exhaustion(memory_handler *handler);

/* What could not be had, 0 if nobody knows how much: ends the run as the others do. */
_Noreturn void memory_exhausted(size_t wanted_bytes);

/* `error` is why a library call failed. Ends the run if that is ENOMEM: what comes of it otherwise
   (a file or a zone that is "not there") would be wrong. */
void memory_check(int error);

void *memory_alloc(size_t bytes);            /* uninitialised; release with free() */
void *memory_calloc(size_t n, size_t bytes); /* zeroed; n * bytes is checked for overflow */
void *memory_realloc(void *p, size_t bytes);
char *memory_strdup(const char *text);
char *memory_strndup(const char *text, size_t len); /* adds a NUL */

#endif
