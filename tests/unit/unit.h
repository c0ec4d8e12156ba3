/*
 * unit.h - the whole test framework: CHECK what must hold, unit_done() at the end of main();
 * unit_below() for what is drawn at random, the same in every run.
 */
#ifndef UNIT_H
#define UNIT_H

#include <stdint.h>
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

/* A number from 0 to n - 1: Marsaglia, "Xorshift RNGs", 2003. */
static inline uint64_t unit_below(uint64_t n)
{
    static uint64_t state = 88172645463325252;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % n;
}

/* Prints the count and gives main()'s result. */
static inline int unit_done(void)
{
    printf("%d checks, %d failures\n", unit_checks, unit_failures);
    return unit_failures > 0 || unit_checks == 0;
}

#endif
