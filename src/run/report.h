/*
 * run/report.h - what the user is told besides the rows: bad records and --stats, on stderr.
 */
#ifndef RUN_REPORT_H
#define RUN_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"
#include "input/input.h"
#include "input/reason.h"
#include "output/sink.h"
#include "run/checkpoint.h"
#include "run/plan.h"

struct running;

struct report {
    const char *input_name;
    bool strict;
    struct sink *bad_sink; /* --bad; NULL: none */
    size_t max_record;     /* bytes; of a longer record no more than these are looked at */
    bool warned_of_dates;  /* report_dates() has spoken */
    bool line_open;        /* the last line of --bad has no newline yet */
    uint64_t bad;          /* bad records so far */
    uint64_t bytes;        /* of the input, processed so far */
    uint64_t bad_before;   /* of them, in the runs before this one */
    uint64_t good_before;  /* records that were not bad, in the runs before this one */
    int64_t started_ns;
};

/* Records that were not bad. */
uint64_t report_good(const struct engine *engine);

void report_start(struct report *report, const char *input_name, const struct plan *plan,
                  struct sink *bad_sink);

/* Where a bad record ends that begins at that line and is longer; or "". Not for a further piece
 * (bad->more) of one. */
void report_lines(const struct report *report, const struct batch *batch,
                  const struct bad_record *bad, uint64_t line, char text[REASON_LINES]);

/*
 * Counts a bad record, writes it to --bad, and says so on stderr (the first ten). first_line: the
 * line on which the batch's block starts.
 */
void report_bad(struct report *report, const struct batch *batch, const struct bad_record *bad,
                uint64_t first_line);

/*
 * Warns, once, of a record whose time auto read as seconds though it looks like a date: eight
 * digits, 20240501, which stand in the record just so.
 */
void report_dates(struct report *report, const struct batch *batch);

/*
 * Ends --bad's last line, unless the input goes on there in another run; says the total of bad
 * records if not all of them were shown.
 */
void report_end(struct report *report, bool goes_on);

/* What the runs before this one have counted is in place: the messages below are of this run's. */
void report_resumed(struct report *report, const struct engine *engine);

/* Says how many records came too late, and which delay would have taken them; call it once. */
void report_losses(const struct report *report, const struct engine *engine, bool merges);

/* Says how many open windows an interrupt leaves out, under an option that prints only final rows.
 */
void report_left_out(const struct engine *engine, const char *option);

/* Says that an interrupt wrote so many rows of windows that were not complete. */
void report_incomplete(uint64_t rows);

/* Says what is lost, or will come again, as firing was given up or nobody read the rows. */
void report_given_up(const struct engine *engine, const char *state_path, uint64_t bytes);

/* Records were read in this run, and every one was bad. */
bool report_all_bad(const struct report *report, const struct engine *engine);

/*
 * One JSON object on stderr: records = used + bad + too_late + unassigned + filtered + duplicates.
 * With --state also the number of snapshots and the seconds between them, where they were
 * stretched most.
 */
void report_stats(const struct running *r);

/* Is there a highest event time? */
bool report_knows_times(const struct running *r);

#endif
