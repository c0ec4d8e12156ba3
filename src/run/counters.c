#include "run/counters.h"

#include "run/running.h"

const struct counter_text counter_texts[N_COUNTERS] = {
    [COUNTER_RECORDS] = {"records", "Records that were read, bad ones too."},
    [COUNTER_BYTES] = {"bytes", "Bytes of input that were dealt with."},
    [COUNTER_USED] = {"used", "Records that went into a window."},
    [COUNTER_BAD] = {"bad", "Records that could not be used."},
    [COUNTER_LATE] = {"late", "Used records behind the watermark."},
    [COUNTER_TOO_LATE] = {"too_late", "Records all of whose windows had expired."},
    [COUNTER_UNASSIGNED] = {"unassigned", "Records that belong to no window."},
    [COUNTER_FILTERED] = {"filtered", "Records that --where left out."},
    [COUNTER_DUPLICATES] = {"duplicates", "Records whose id was known."},
    [COUNTER_WINDOWS] = {"windows", "Windows that were opened."},
    [COUNTER_ROWS] = {"rows", "Rows that were written."},
    [COUNTER_PARTLY_LATE] = {"partly_late",
                             "Used records that some of their windows did not take."},
    [COUNTER_REPLAYED] = {"replayed", "Records at or before the last position."},
    [COUNTER_FILL_SKIPPED] = {"fill_skipped", "Empty windows that --fill did not print."},
};

uint64_t counter_value(const struct running *r, enum counter counter)
{
    const struct engine_counts *c = &r->engine->counts;
    const uint64_t values[N_COUNTERS] = {
        [COUNTER_RECORDS] = report_good(r->engine) + r->report.bad,
        [COUNTER_BYTES] = r->report.bytes,
        [COUNTER_USED] = c->used,
        [COUNTER_BAD] = r->report.bad,
        [COUNTER_LATE] = c->late,
        [COUNTER_TOO_LATE] = c->too_late,
        [COUNTER_UNASSIGNED] = c->unassigned,
        [COUNTER_FILTERED] = c->filtered,
        [COUNTER_DUPLICATES] = c->duplicates,
        [COUNTER_WINDOWS] = c->windows,
        [COUNTER_ROWS] = r->engine->panes.rows,
        [COUNTER_PARTLY_LATE] = c->partly_late,
        [COUNTER_REPLAYED] = c->replayed,
        [COUNTER_FILL_SKIPPED] = c->fill_skipped,
    };
    return values[counter];
}
