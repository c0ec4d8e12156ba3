/*
 * input/csv_cut.h - where a CSV record ends: the splitter, which knows quotes and nothing else.
 *
 * A record ends at the first newline outside quotes. A quote opens a quoted field only at the
 * start of a field; a quote anywhere else, or text behind a closing quote, makes the record bad,
 * and a bad record ends at the next newline: so that one stray quote costs one line and not the
 * rest of the file. Quotes count only within the first max_bytes: whatever the state there, the
 * next newline ends the record, so that a quote that nobody closes costs max_bytes at most.
 *
 *      FIELDS --quote at the start of a field--> QUOTED <--quote--> CLOSING
 *        |  ^----------------delimiter----------------------------------|
 *        '--quote elsewhere--> REST <----------anything else------------'
 *
 * (A CR behind a closing quote may go with the newline or not: either way the newline is the end.)
 * What is in a record, and whether it is bad, is libcsv's to say (csv_slow.h).
 */
#ifndef INPUT_CSV_CUT_H
#define INPUT_CSV_CUT_H

#include <stdbool.h>
#include <stddef.h>

#include "scan/marks.h"

struct csv_rules {
    char delimiter;
    char comment; /* a record that begins with it is a line, whatever quotes it has; 0: none */
    size_t max_bytes;
};

/* The scan of one record, which may be continued when more bytes have come. Start: {0}. */
struct csv_scan {
    enum csv_scan_state { CSV_FIELDS, CSV_QUOTED, CSV_CLOSING, CSV_REST } state;
    size_t at;     /* bytes of the record seen */
    bool overlong; /* it has more than max_bytes without its newline */
};

/*
 * Scans the record that starts at `record`. Returns the byte behind its newline, or NULL if it does
 * not end before `end`: call again with the same scan and more bytes behind the ones seen.
 */
const char *csv_scan_record(struct csv_scan *scan, const struct csv_rules *rules,
                            const char *record, const char *end);

/* The same over a stream of records: how much of it are whole ones. Start: {0}. */
struct csv_cutter {
    struct csv_scan scan;
    bool scanning;   /* the open record has a quote, and `scan` is in it */
    size_t record;   /* where the open record starts */
    size_t searched; /* no need to look for quotes before this */
};

/*
 * Returns how many of the bytes data[0..len) are whole records. `data` has to hold the bytes of the
 * last call, and more, with MARKS_BLOCK readable ones behind; csv_cutter_drop() says that the first
 * `bytes` of them are gone. `marks` is scratch memory.
 */
size_t csv_cutter_cut(struct csv_cutter *cutter, const struct csv_rules *rules, struct marks *marks,
                      const char *data, size_t len);
void csv_cutter_drop(struct csv_cutter *cutter, size_t bytes);

#endif
