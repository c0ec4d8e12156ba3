/*
 * base/error.h - one failure, on its way up to main.c.
 *
 * A function that can fail takes a `struct error *` last, fills it once with error_set() and
 * returns false (or its own failure code). The text is one line for the user, without a trailing
 * newline and without the program's name: what was expected, what was found, what to do.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

enum {
    EXIT_OK = 0,
    EXIT_RUNTIME = 1, /* I/O, damaged snapshot, --strict */
    EXIT_USAGE = 2,   /* the command line, or a column that the input lacks */
};

struct error {
    int status; /* the exit status that this failure asks for; 0: none yet */
    char text[1000];
};

/* Fills *err and returns false, so that a caller can `return error_set(...)`. */
bool error_set(struct error *err, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
