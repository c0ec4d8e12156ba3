/*
 * unit.h - the whole test framework: CHECK what must hold, unit_done() at the end of main().
 */
#ifndef UNIT_H
#define UNIT_H

#include <stdio.h>

static int unit_checks, unit_failures;

#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        unit_checks++;                                                                             \
        if (!(condition)) {                                                                        \
            unit_failures++;                                                                       \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);                        \
            fprintf(stderr, "" __VA_ARGS__);                                                       \
            fprintf(stderr, "\n");                                                                 \
        }                                                                                          \
    } while (0)

/* Prints the count and gives main()'s result. */
static inline int unit_done(void)
{
    printf("%d checks, %d failures\n", unit_checks, unit_failures);
    return unit_failures > 0 || unit_checks == 0;
}

#endif
