/*
 * main.c - the command line, the run, the exit status. Nothing else ends the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/say.h"
#include "cli/cli.h"
#include "run/explain.h"
#include "run/run.h"
#include "run/signals.h"

/* Formats without the heap, which has just run out, and leaves without atexit handlers. */
static void out_of_memory(size_t wanted_bytes)
{
    char text[80];
    int len = snprintf(text, sizeof text, "winagg: out of memory\n");
    if (wanted_bytes > 0)
        len =
            snprintf(text, sizeof text, "winagg: out of memory (%zu bytes wanted)\n", wanted_bytes);
    ssize_t written = write(STDERR_FILENO, text, (size_t)len);
    (void)written; /* there is nobody left to tell */
    _exit(EXIT_RUNTIME);
}

/*
 * A standard descriptor that is closed must not become the next file that is opened: rows would go
 * into --late, messages into rows. Its place is taken by one with which nothing can be done, so
 * that reading stdin and writing stdout still fail, with EBADF, and so does opening /dev/stdout.
 */
static void occupy_closed_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/", O_PATH) < 0)
            _exit(EXIT_RUNTIME); /* not even that, and maybe nobody to tell */
}

/* Every FILE stays open, and the usual soft limit of 1024 is for those who use select(2). */
static void allow_all_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit); /* if it can't, opening the FILE that is too many says so */
}

/* Without a text there is nothing to say. */
static void complain(const struct error *err, int status)
{
    if (err->text[0] != '\0')
        say("%s", err->text);
    if (status == EXIT_USAGE)
        fputs("Try 'winagg --help' for more information.\n", stderr);
}

static int print(const struct buf *text)
{
    size_t written = text->len == 0 ? 0 : fwrite(text->data, 1, text->len, stdout);
    if (written == text->len && fflush(stdout) == 0)
        return EXIT_OK;
    if (errno == EPIPE)
        return EXIT_OK; /* who reads has seen enough */
    perror("winagg: standard output");
    return EXIT_RUNTIME;
}

static void die_by(int signal_number)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal_number);
    signal(signal_number, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(signal_number);
}

static int explain_plan(const struct plan *plan)
{
    struct buf text = {0};
    struct error err = {0};
    int status;
    if ((plan->explain == EXPLAIN_DUCKDB && !explain_duckdb(plan, &text, &err)) ||
        (plan->explain == EXPLAIN_FLINK && !explain_flink(plan, &text, &err))) {
        status = err.status;
        complain(&err, status);
    } else {
        if (plan->explain == EXPLAIN_WORDS)
            explain(plan, &text);
        status = print(&text);
    }
    buf_free(&text);
    return status;
}

static int run_plan(const struct plan *plan)
{
    struct error err = {0};
    struct run_result result = run(plan, &err);
    if (result.status != EXIT_OK)
        complain(&err, result.status);
    if (result.signal != 0)
        die_by(result.signal);
    return result.status;
}

int main(int argc, char **argv)
{
    occupy_closed_descriptors();
    signals_expect();
    allow_all_descriptors();
    memory_on_exhaustion(out_of_memory);
    json_set_alloc_funcs(memory_alloc, free); /* it would go on with what it could not get */
    signal(SIGPIPE, SIG_IGN); /* a reader that left shows as EPIPE, where rows are written */
    signal(SIGXFSZ, SIG_IGN); /* a file over its limit as EFBIG */
    signal(SIGCHLD, SIG_DFL); /* if it is ignored, nobody can tell how a child ended */

    struct plan plan;
    struct buf text = {0};
    struct error err = {0};
    int status = EXIT_USAGE;
    switch (cli_parse(argc, argv, &plan, &text, &err)) {
    case CLI_RUN:
        status = plan.explain != EXPLAIN_NOT ? explain_plan(&plan) : run_plan(&plan);
        plan_free(&plan);
        break;
    case CLI_PRINT:
        status = print(&text);
        break;
    case CLI_ALONE:
        fwrite(text.data, 1, text.len, stderr);
        break;
    case CLI_WRONG:
        status = err.status;
        complain(&err, status);
        if (status == EXIT_OK && signals_stop != 0) /* before there was anything to run */
            die_by(signals_stop);
        break;
    }
    buf_free(&text);
    return status;
}
