/*
 * time/tzif.h - TZif files, versions 1 to 4 (RFC 9636). Internal to time/.
 *
 *     header   "TZif" version 15 bytes counts of isut isstd leap time type char (u32, big endian)
 *     data     transition times [time], their types (u8) [time], types {offset s32, dst u8, name
 * u8} [type], names [char], leap seconds [leap], isstd [isstd], isut [isut] From version 2 on
 * header and data come twice, first with times of 4 bytes, to be skipped, then with times of 8;
 * behind them stands "\n" rule "\n" (time/tzrule.h).
 */
#ifndef TIME_TZIF_H
#define TIME_TZIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* tzcode reads no file with more; the largest of 2024 has 236. */
    TZIF_MOST_CHANGES = 2000,
    TZIF_MOST_BYTES = 1 << 18,
    /* Both ways; RFC 9636 has -25:59:59 to 26:59:59. */
    TZIF_MOST_OFFSET_S = 26 * 3600 + 3599,
};

struct tz_change {
    int64_t at_s; /* UTC */
    int offset_s; /* from there on */
};

struct tzif {
    int first_offset_s; /* before all changes */
    size_t n_changes;
    struct tz_change changes[TZIF_MOST_CHANGES]; /* ascending */
    const char *rule;                            /* view of the file; may be empty */
    size_t rule_len;
    bool named_utc; /* the only name in it is UTC */
};

/* NULL, or a few words on what is wrong with it. */
const char *tzif_read(struct tzif *tzif, const unsigned char *bytes, size_t len);

#endif
