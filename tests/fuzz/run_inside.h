/*
 * run_inside.h - winagg's command line carried out within a fuzz target, in a directory of its own.
 *
 *     inside_enter()                   once: a new directory, in memory if it can be
 *     inside_write(), inside_read()    a small file there
 *     inside_run(argv, out)            there: the exit status; messages go nowhere, or, with
 *                                      FUZZ_LOUD in the environment, where they go
 *
 * The directory is removed at exit.
 */
#ifndef RUN_INSIDE_H
#define RUN_INSIDE_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "run/run.h"

static char inside_directory[64];
static int inside_fd = -1; /* the directory */

static inline void inside_require(bool condition)
{
    if (!condition)
        abort();
}

static inline void inside_leave(void)
{
    static const char *const FILES[] = {"in", "s", "s.lock", "s.tmp", "rows"};
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++)
        unlinkat(inside_fd, FILES[i], 0);
    rmdir(inside_directory);
}

static inline void inside_enter(void)
{
    const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(inside_directory, sizeof inside_directory, "%s/winagg-fuzz-XXXXXX", parent);
    inside_require(mkdtemp(inside_directory) != NULL && atexit(inside_leave) == 0);
    inside_fd = open(inside_directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    inside_require(inside_fd >= 0);
}

static inline void inside_write(const char *name, const void *bytes, size_t len)
{
    int fd = openat(inside_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    inside_require(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && close(fd) == 0);
}

static inline void inside_read(const char *name, struct buf *to)
{
    int fd = openat(inside_fd, name, O_RDONLY | O_CLOEXEC);
    ssize_t n;
    inside_require(fd >= 0);
    do {
        n = read(fd, buf_reserve(to, 4096), 4096);
        to->len += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    close(fd);
}

/* The descriptor is another file for a while; returns what to give back to it. */
static inline int inside_redirect(int fd, const char *path)
{
    int saved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int to = openat(inside_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    inside_require(saved >= 0 && to >= 0 && dup2(to, fd) == fd && close(to) == 0);
    return saved;
}

static inline void inside_restore(int fd, int saved)
{
    inside_require(dup2(saved, fd) == fd && close(saved) == 0);
}

/* argv ends with NULL; argv[0] is the program. `out` is its standard output. */
static inline int inside_run(const char *const *argv, const char *out)
{
    struct plan plan;
    struct buf text = {0};
    struct error err = {0};
    struct sigaction alarm_action;
    int argc = 0, status, saved_out, saved_err;
    while (argv[argc] != NULL)
        argc++;
    char old[4096];
    inside_require(getcwd(old, sizeof old) != NULL && chdir(inside_directory) == 0);
    sigaction(SIGALRM, NULL, &alarm_action); /* the fuzzer's */
    saved_out = inside_redirect(STDOUT_FILENO, out);
    saved_err =
        getenv("FUZZ_LOUD") ? dup(STDERR_FILENO) : inside_redirect(STDERR_FILENO, "/dev/null");
    /* A merge opens its inputs, and may refuse them, before there is a plan. */
    enum cli_action parsed = cli_parse(argc, (char **)argv, &plan, &text, &err);
    plan.no_sandbox = true; /* it would hold for the fuzzer, too, and for good */
    status = parsed == CLI_RUN ? run(&plan, &err).status : err.status;
    if (err.text[0] != '\0')
        fprintf(stderr, "%s\n", err.text);
    plan_free(&plan);
    buf_free(&text);
    fflush(stdout);
    inside_restore(STDOUT_FILENO, saved_out);
    inside_restore(STDERR_FILENO, saved_err);
    sigaction(SIGALRM, &alarm_action, NULL);
    inside_require(chdir(old) == 0);
    return status;
}

#endif
