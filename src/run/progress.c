#include "run/progress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/terminal.h"
#include "run/counters.h"
#include "run/running.h"
#include "run/signals.h"
#include "time/duration.h"

enum { DRAW_NS = 250000000 };

/* How many columns of the line are on the screen: of the one progress that a process has. */
static size_t drawn;

/* The run whose chart stands on the terminal that stderr is; NULL: none does. */
static struct running *charting;

static void put(const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDERR_FILENO, text, len);
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        } else if (n == 0 || errno != EINTR || signals_stop != 0) {
            return; /* a terminal that was stopped does not hold up who asked to end */
        }
    }
}

/* Before a message or a row. Blanks instead of an escape sequence: any terminal knows them. */
static void erase(void)
{
    if (drawn == 0)
        return;
    char *blanks = memory_alloc(drawn + 2);
    memset(blanks, ' ', drawn + 2);
    blanks[0] = blanks[drawn + 1] = '\r';
    put(blanks, drawn + 2);
    free(blanks);
    drawn = 0;
}

/* What is said goes below the chart, which would be drawn over it otherwise. */
static void leave_chart(void)
{
    struct sink *rows = charting == NULL ? NULL : &charting->sinks[SINK_ROWS];
    if (rows == NULL || rows->writing) /* said while that waits for the terminal */
        return;
    sink_flush(rows, charting->err);
    writer_interrupt(charting->writer);
}

/* What else is said on stderr finds its line empty. */
static ssize_t write_line(void *cookie, const char *text, size_t len)
{
    (void)cookie;
    erase();
    leave_chart();
    put(text, len);
    return (ssize_t)len;
}

void progress_start(struct running *r)
{
    bool terminal = isatty(STDERR_FILENO) == 1;
    r->progress.on = r->plan->progress || (terminal && r->sinks[SINK_ROWS].regular);
    charting = terminal && writer_redraws(r->writer) ? r : NULL;
    if (!r->progress.on && charting == NULL)
        return;
    if (r->progress.on && terminal && isatty(r->sinks[SINK_ROWS].fd))
        r->sinks[SINK_ROWS].before = erase;
    r->progress.due_ns = clock_monotonic_ns() + DRAW_NS;
    FILE *messages = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_line});
    if (messages == NULL)
        return;
    setvbuf(messages, NULL, _IOLBF, BUFSIZ);
    stderr = messages;
}

static void put_count(struct buf *to, uint64_t n)
{
    static const char units[] = {' ', 'k', 'M', 'G', 'T'};
    double shown = (double)n;
    size_t unit = 0;
    for (; shown >= 1000 && unit + 1 < sizeof units; unit++)
        shown /= 1000;
    if (unit == 0)
        buf_printf(to, "%llu", (unsigned long long)n);
    else
        buf_printf(to, "%.*f%c", shown < 10 ? 2 : shown < 100 ? 1 : 0, shown, units[unit]);
}

/* The bytes of all FILEs, if all are regular and are not followed; else 0. */
static uint64_t total_bytes(const struct running *r)
{
    uint64_t total = 0;
    for (size_t i = 0; i < r->n_inlets; i++) {
        const struct source *source = &r->inlets[i].source;
        struct stat st;
        if (!source->regular || r->plan->follow || fstat(source->fd, &st) != 0)
            return 0;
        total += (uint64_t)st.st_size > source->base ? (uint64_t)st.st_size - source->base : 0;
    }
    return total;
}

static uint64_t done_bytes(const struct running *r)
{
    uint64_t done = 0;
    for (size_t i = 0; i < r->n_inlets; i++)
        done += r->inlets[i].source.position.offset;
    return done;
}

static void put_share(const struct running *r, struct buf *to, double seconds)
{
    uint64_t total = total_bytes(r), done = done_bytes(r);
    uint64_t here = r->report.bytes; /* a resumed run has not read what came before */
    if (total == 0 || done == 0 || done > total || here == 0)
        return;
    uint64_t left_s = (uint64_t)((double)(total - done) / (double)here * seconds);
    uint64_t minutes = left_s / 60, rest_s = left_s % 60;
    buf_printf(to, "  %.0f%%  %llu:%02llu left", (double)done * 100 / (double)total,
               (unsigned long long)minutes, (unsigned long long)rest_s);
}

/* W, and how far it lies behind now. */
static void put_watermark(const struct running *r, struct buf *to)
{
    const struct watermark *w = &r->engine->watermark;
    if (!w->finite)
        return;
    int64_t lag_ns = time_sub(clock_real_ns(), w->now_ns);
    buf_puts(to, "  W ");
    time_print(to, w->now_ns / 1000000000 * 1000000000, TIME_UNIT_RFC3339, NULL);
    if (lag_ns > 0) {
        const int64_t units_s[] = {86400, 3600, 60, 1};
        size_t i = 0;
        while (i < 3 && lag_ns / 1000000000 < 2 * units_s[i])
            i++;
        buf_printf(to, ", %lld%c ago", (long long)(lag_ns / 1000000000 / units_s[i]), "dhms"[i]);
    }
}

static void draw(struct running *r)
{
    struct buf line = {0};
    double seconds = (double)(clock_monotonic_ns() - r->report.started_ns) / 1e9;
    put_count(&line, counter_value(r, COUNTER_RECORDS));
    buf_printf(&line, " records  %.1f MB/s", (double)r->report.bytes / 1e6 / seconds);
    put_share(r, &line, seconds);
    put_watermark(r, &line);
    buf_printf(&line, "  %llu open", (unsigned long long)r->engine->ops->open(r->engine));
    uint64_t late = counter_value(r, COUNTER_LATE) + counter_value(r, COUNTER_TOO_LATE);
    buf_printf(&line, "  %llu late  %llu bad", (unsigned long long)late,
               (unsigned long long)counter_value(r, COUNTER_BAD));
    size_t columns = terminal_columns(STDERR_FILENO) - 1;
    if (line.len > columns)
        line.len = columns;
    erase();
    put("\r", 1);
    put(line.data, line.len);
    drawn = line.len;
    buf_free(&line);
}

void progress_if_due(struct running *r)
{
    if (!r->progress.on)
        return;
    int64_t now_ns = clock_monotonic_ns();
    if (now_ns < r->progress.due_ns)
        return;
    r->progress.due_ns = now_ns + DRAW_NS;
    draw(r);
}

void progress_end(struct running *r)
{
    if (r->progress.on)
        erase();
    charting = NULL;
}
