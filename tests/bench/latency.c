/*
 * latency WINAGG RECORDS_A_SECOND SECONDS
 *
 * How long after the record that fires a window has been written into the pipe is the window's
 * last row readable? Feeds winagg through a pipe at an even pace, in ticks of TICK_NS, one event
 * a record of event time in arrival order, so that the first record of a window fires the one
 * before. The clock runs from just before the write() that carries the firing record to just
 * after the read() that brought the last row; a reader that is slow to be scheduled counts
 * against winagg. Prints the quantiles over all windows in microseconds.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS 100000
#define WINDOW_MS 20
#define HOSTS 10
#define EPOCH_MS 1767225600000

struct run {
    int to, from;           /* the pipes' ends */
    uint64_t rate, records; /* a second; in all */
    size_t windows;
    int64_t *fired_ns; /* by window: when the record that ends it was about to be written */
    int64_t *read_ns;  /* by window: when its last row had been read; written by the reader */
    int64_t late_ns;   /* the longest that a tick was behind its time */
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void sleep_until(int64_t ns)
{
    struct timespec t = {ns / 1000000000, ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}

static void write_all(int fd, const char *bytes, size_t n)
{
    while (n) {
        ssize_t written = write(fd, bytes, n);
        if (written < 0 && errno != EINTR)
            fail("write");
        if (written > 0) {
            bytes += written;
            n -= (size_t)written;
        }
    }
}

static size_t window_of(const struct run *r, uint64_t record)
{
    return (size_t)(record * 1000 / r->rate / WINDOW_MS);
}

static void feed(struct run *r)
{
    enum { RECORD_MAX = 200 };
    uint64_t tick_records = r->rate / (1000000000 / TICK_NS);
    char *block = malloc(tick_records * RECORD_MAX);
    if (!block)
        fail("malloc");
    int64_t start_ns = now_ns();
    size_t window = 0;
    for (uint64_t i = 0, tick = 0; i < r->records; tick++) {
        size_t n = 0, fired = window;
        for (uint64_t end = i + tick_records; i < end; i++) {
            n += (size_t)snprintf(block + n, RECORD_MAX,
                                  "{\"ts\":%" PRIu64
                                  ",\"host\":\"h%07u\",\"user\":\"u%06u\",\"method\":\"GET\","
                                  "\"path\":\"/api/items/%05u\",\"status\":200,\"bytes\":%u,"
                                  "\"latency_ms\":%u.5}\n",
                                  (uint64_t)EPOCH_MS + i * 1000 / r->rate, (unsigned)(i % HOSTS),
                                  (unsigned)(i % 1000), (unsigned)(i % 99991),
                                  (unsigned)(i % 100000), (unsigned)(i % 500));
            window = window_of(r, i);
        }
        sleep_until(start_ns + (int64_t)tick * TICK_NS);
        int64_t at_ns = now_ns();
        if (at_ns - start_ns - (int64_t)tick * TICK_NS > r->late_ns)
            r->late_ns = at_ns - start_ns - (int64_t)tick * TICK_NS;
        for (; fired < window; fired++)
            r->fired_ns[fired] = at_ns;
        write_all(r->to, block, n);
    }
    /* The last window is fired by the end of the input; it is not measured. */
    close(r->to);
    free(block);
}

static void *collect(void *arg)
{
    struct run *r = arg;
    char *buffer = malloc(1 << 20);
    if (!buffer)
        fail("malloc");
    size_t held = 0;
    ssize_t got;
    while ((got = read(r->from, buffer + held, (1 << 20) - held)) > 0) {
        int64_t at_ns = now_ns();
        char *line = buffer, *end = buffer + held + got, *newline;
        for (; (newline = memchr(line, '\n', (size_t)(end - line))); line = newline + 1) {
            const char *start = strstr(line, "\"window_start\":");
            uint64_t ms = start ? strtoull(start + 15, NULL, 10) : 0;
            if (ms < EPOCH_MS || (ms - EPOCH_MS) / WINDOW_MS >= r->windows)
                errno = EPROTO, fail("row");
            r->read_ns[(ms - EPOCH_MS) / WINDOW_MS] = at_ns;
        }
        held = (size_t)(end - line);
        memmove(buffer, line, held);
    }
    free(buffer);
    return NULL;
}

static pid_t start(struct run *r, char *program)
{
    int in[2], out[2];
    if (pipe(in) || pipe(out))
        fail("pipe");
    pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0) {
        char window[32];
        snprintf(window, sizeof window, "%dms", WINDOW_MS);
        dup2(in[0], 0);
        dup2(out[1], 1);
        for (int i = 0; i < 2; i++) {
            close(in[i]);
            close(out[i]);
        }
        execlp(program, program, "-t", "ts", "-w", window, "-k", "host", "-a",
               "count,sum:bytes,max:latency_ms", "-i", "json", "-o", "json", "--output-time", "ms",
               (char *)NULL);
        perror(program);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    r->to = in[1];
    r->from = out[0];
    return child;
}

static int compare_ns(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void report(struct run *r)
{
    size_t n = r->windows - 1;
    int64_t *taken_ns = calloc(n, sizeof *taken_ns);
    if (!taken_ns)
        fail("calloc");
    for (size_t i = 0; i < n; i++) {
        if (!r->read_ns[i])
            errno = EPROTO, fail("a window without a row");
        taken_ns[i] = r->read_ns[i] - r->fired_ns[i];
    }
    qsort(taken_ns, n, sizeof *taken_ns, compare_ns);
    printf(
        "%zu windows, p50 %.0f us, p90 %.0f us, p99 %.0f us, max %.0f us, feeder late by %.0f us\n",
        n, (double)taken_ns[n / 2] / 1e3, (double)taken_ns[n * 9 / 10] / 1e3,
        (double)taken_ns[n * 99 / 100] / 1e3, (double)taken_ns[n - 1] / 1e3,
        (double)r->late_ns / 1e3);
    free(taken_ns);
}

int main(int argc, char **argv)
{
    struct run r = {0};
    uint64_t duration_s = 0;
    if (argc == 4) {
        r.rate = strtoull(argv[2], NULL, 10);
        duration_s = strtoull(argv[3], NULL, 10);
    }
    if (r.rate < 10000 || r.rate > 10000000 || r.rate % 10000 || !duration_s || duration_s > 3600) {
        fprintf(stderr, "usage: latency WINAGG RECORDS_A_SECOND SECONDS\n"
                        "(a multiple of 10000 up to 10000000; up to 3600)\n");
        return 2;
    }
    r.records = r.rate * duration_s;
    r.windows = window_of(&r, r.records - 1) + 1;
    r.fired_ns = calloc(r.windows, sizeof *r.fired_ns);
    r.read_ns = calloc(r.windows, sizeof *r.read_ns);
    if (!r.fired_ns || !r.read_ns)
        fail("calloc");
    signal(SIGPIPE, SIG_IGN);
    pid_t child = start(&r, argv[1]);
    pthread_t reader;
    errno = pthread_create(&reader, NULL, collect, &r);
    if (errno)
        fail("pthread_create");
    feed(&r);
    errno = pthread_join(reader, NULL);
    if (errno)
        fail("pthread_join");
    int status;
    if (waitpid(child, &status, 0) != child || status != 0) {
        fprintf(stderr, "latency: winagg failed\n");
        return 1;
    }
    report(&r);
    free(r.fired_ns);
    free(r.read_ns);
    return 0;
}
