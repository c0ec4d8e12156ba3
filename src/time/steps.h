/*
 * time/steps.h - a strptime(3) pattern, compiled. Internal to time/.
 *
 * strptime(3) goes through the pattern again for each text and compares each name with all there
 * are. A pattern of the common conversions is gone through once instead, when the command line is
 * read, and becomes a few steps, each with the byte that must follow it:
 *
 *     %d/%b/%Y:%H:%M:%S %z      day '/'  month name '/'  year ':'  hour ':'  minute ':'  second
 *                               blanks  zone
 *
 * Behind the first steps, as long as they go, there is a layout (time/layout.h): a text that fits
 * it needs none of them.
 *
 * What the steps make of any text is what strptime(3) of the C locale and pattern.c make of it;
 * pattern.c is the other side of the differential test and reads what has no steps.
 */
#ifndef TIME_STEPS_H
#define TIME_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "time/layout.h"

enum { TIME_MOST_STEPS = 40 };

struct time_steps {
    uint8_t n; /* 0: the pattern could not be compiled */
    struct time_step {
        uint8_t op; /* see steps.c */
        char next;  /* the byte that follows, or NUL */
    } at[TIME_MOST_STEPS];
    uint8_t n_laid; /* so many of the first steps are in the layout */
    struct time_layout layout;
    bool steady;             /* the clock is in the layout and nowhere else */
    bool ends_with_fraction; /* right behind the layout, and steady */
};

/* Of a pattern that pattern_check() found to be one. */
void steps_compile(struct time_steps *steps, const char *pattern);

struct time_fields;

/*
 * Reads all of the text. False if it does not fit, or if fields->odd says that strptime(3) has to
 * decide. Fields that the pattern does not give stay as they are. fields->laid: it fits the layout.
 */
bool steps_run(const struct time_steps *steps, const char *text, size_t len,
               struct time_fields *fields);

#endif
