/*
 * time/layout.h - texts of times in which everything has its place. Internal to time/.
 *
 *     02/Jan/2024:03:04:05     text
 *     00/...00000:00:00:00     zeros: what a digit is counted from, or the byte that must be there
 *     99=...=9999=99=99=99     limits: how far above it a byte may be; '=' nothing, '.' any ASCII
 *
 * Where each number has all its digits a text is compared eight bytes at once, as in time_fast.h,
 * and its numbers are taken from their places. What does not fit is no error: who reads it
 * otherwise decides.
 */
#ifndef TIME_LAYOUT_H
#define TIME_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LAYOUT_MOST_BYTES = 32, LAYOUT_LEAST_BYTES = 8, LAYOUT_NOWHERE = 0xFF };

/* Limits. */
#define LAYOUT_DIGIT 0x76 /* 127 - 9 */
#define LAYOUT_BYTE 0x7F
#define LAYOUT_ANY 0

struct time_layout {
    uint8_t len; /* from LEAST to MOST, or 0: there is none */
    uint8_t year, month, day, hour, minute, second, weekday; /* where they are, or NOWHERE */
    bool short_year;                                         /* of two digits */
    bool month_name;                                         /* its first three letters */
    bool blank_day; /* a blank may stand for its first digit */
    bool of_12;     /* the hour is one of 12 */
    char zeros[LAYOUT_MOST_BYTES], limits[LAYOUT_MOST_BYTES];
};

struct civil;

/*
 * Reads what is in the layout from the first layout->len bytes, and nothing else of *c changes.
 * False if they do not fit, or a number is out of its range (months 1 to 12, days 1 to 31, hours 0
 * to 23 or 1 to 12, minutes 0 to 59, seconds 0 to 61); then anything may have.
 */
bool layout_read(const struct time_layout *layout, const char *text, struct civil *c);

/* From 0, by the three letters there, of any case; -1: none. */
int layout_month(const char *letters);
int layout_weekday(const char *letters);

#endif
