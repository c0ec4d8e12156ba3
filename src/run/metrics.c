#include "run/metrics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/say.h"
#include "run/counters.h"
#include "run/limit.h"
#include "run/process.h"
#include "run/running.h"

enum { METRICS_EVERY_S = 10 };

static void put_head(struct buf *to, const char *name, const char *type, const char *doc)
{
    buf_printf(to, "# HELP winagg_%s %s\n# TYPE winagg_%s %s\n", name, doc, name, type);
}

static void put_gauge(struct buf *to, const char *name, const char *doc, int64_t ns)
{
    put_head(to, name, "gauge", doc);
    buf_printf(to, "winagg_%s ", name);
    time_print(to, ns, TIME_UNIT_S, NULL);
    buf_putc(to, '\n');
}

static void put_all(struct running *r, struct buf *to)
{
    const struct watermark *w = &r->engine->watermark;
    for (enum counter i = 0; i < N_COUNTERS; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s_total", counter_texts[i].name);
        put_head(to, name, "counter", counter_texts[i].doc);
        buf_printf(to, "winagg_%s %llu\n", name, (unsigned long long)counter_value(r, i));
    }
    if (r->engine->counts.too_late > 0)
        put_gauge(to, "too_late_by_seconds",
                  "How far behind the watermark the latest too late record was.",
                  r->engine->counts.too_late_by_ns);
    put_head(to, "open_windows", "gauge", "Windows that have not fired for good.");
    buf_printf(to, "winagg_open_windows %llu\n",
               (unsigned long long)r->engine->ops->open(r->engine));
    put_head(to, "state_bytes", "gauge", "Memory that the live state takes.");
    buf_printf(to, "winagg_state_bytes %zu\n", engine_memory(r->engine));
    put_head(to, "state_peak_bytes", "gauge", "The most memory that the live state took.");
    buf_printf(to, "winagg_state_peak_bytes %zu\n", limit_peak_bytes(r));
    if (w->finite)
        put_gauge(to, "watermark_timestamp_seconds", "No earlier record is expected any more.",
                  w->now_ns);
    if (report_knows_times(r))
        put_gauge(to, "max_event_timestamp_seconds", "The highest event time of a record.",
                  w->clock_ns);
    if (r->checkpoint.path != NULL) {
        put_head(to, "checkpoints_total", "counter", "Snapshots that were taken.");
        buf_printf(to, "winagg_checkpoints_total %llu\n", (unsigned long long)r->checkpoint.taken);
        put_gauge(to, "checkpoint_interval_seconds",
                  "The time between two snapshots, where it was stretched most.",
                  r->checkpoint.longest_ns);
    }
    put_gauge(to, "run_seconds", "How long the run has gone on.",
              clock_monotonic_ns() - r->report.started_ns);
}

static bool replace(const char *path, const struct buf *text)
{
    struct buf temporary = {0};
    buf_printf(&temporary, "%s.tmp", path);
    const char *name = buf_cstr(&temporary);
    int fd = io_open_anew(name);
    int error = fd < 0 ? errno : io_write(fd, text->data, text->len);
    if (fd >= 0 && io_close(fd) != 0 && error == 0)
        error = errno;
    if (error == 0 && rename(name, path) != 0)
        error = errno;
    if (error != 0 && fd >= 0)
        unlink(name);
    buf_free(&temporary);
    errno = error;
    return error == 0;
}

static bool write_now(struct running *r)
{
    struct buf text = {0};
    put_all(r, &text);
    bool ok = replace(r->metrics.path, &text);
    int error = errno;
    buf_free(&text);
    errno = error;
    r->metrics.due_ns = clock_monotonic_ns() + (int64_t)METRICS_EVERY_S * 1000000000;
    return ok;
}

bool metrics_start(struct running *r)
{
    if (r->plan->metrics_path == NULL)
        return true;
    r->metrics.path = io_link_end(r->plan->metrics_path);
    return (r->metrics.path != NULL && write_now(r)) ||
           error_set(r->err, EXIT_RUNTIME, "%s: can't write metrics: %s", r->plan->metrics_path,
                     strerror(errno));
}

void metrics_write(struct running *r)
{
    if (r->metrics.path == NULL)
        return;
    process_settle(r);
    bool ok = write_now(r);
    if (!ok && !r->metrics.failed)
        say("%s: can't write metrics: %s", r->plan->metrics_path, strerror(errno));
    r->metrics.failed = !ok;
}

void metrics_if_due(struct running *r)
{
    if (r->metrics.path != NULL && clock_monotonic_ns() >= r->metrics.due_ns)
        metrics_write(r);
}

void metrics_free(struct metrics *m)
{
    free(m->path);
}
