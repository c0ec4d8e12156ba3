/* A compressed file is read through a program, or said why not; and one is told when files change.
 */
#include "source/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "source/watch.h"
#include "unit/unit.h"

static char folder[] = "/tmp/winagg-unpack-XXXXXX";

static void write_file(const char *name, const char *bytes, mode_t mode)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode);
    CHECK(fd >= 0 && write(fd, bytes, strlen(bytes)) == (ssize_t)strlen(bytes), "%s", name);
    close(fd);
}

static void fails_to_start(int packed, const char *says, int error)
{
    struct unpack u;
    struct error err = {0};
    bool ok = unpack_start(&u, "gzip", packed, "in.gz", &err);
    int found = errno;
    CHECK(!ok && strstr(err.text, says) != NULL && u.program == NULL, "expected '%s': %s", says,
          err.text);
    CHECK(error == 0 || found == error, "%s", strerror(found));
    unpack_stop(&u);
}

static void on_tick(int number)
{
    (void)number; /* it is there to interrupt */
}

/* "gzip" is a script of ours. */
static void test_unpack(void)
{
    struct unpack u;
    struct error err = {0};
    char bytes[16] = "";
    const char *program;
    char *path = strdup(getenv("PATH"));
    write_file("in.gz", "\x1f\x8b\x08 and so on", 0666);
    write_file("plain", "plain text", 0666);
    int packed = open("in.gz", O_RDONLY | O_CLOEXEC), plain = open("plain", O_RDONLY | O_CLOEXEC);
    int directory = open(".", O_RDONLY | O_CLOEXEC);
    CHECK(unpack_program(packed, &program) && strcmp(program, "gzip") == 0, "by its first bytes");
    CHECK(unpack_program(plain, &program) && program == NULL, "not compressed");
    CHECK(!unpack_program(directory, &program) && errno == EISDIR, "it can't be read");
    setenv("PATH", folder, 1);
    fails_to_start(packed, "'gzip', which unpacks it, is not installed", ENOENT);
    write_file("gzip",
               "#!/bin/sh\nread -r _\nread -r _\necho rows\nexec >&-\nsleep $PAUSE\nexit $EXIT\n",
               0666);
    fails_to_start(packed, "can't run gzip, which unpacks it: Permission denied", EACCES);
    chmod("gzip", 0777);
    char ours[4096]; /* and sleep(1) */
    snprintf(ours, sizeof ours, "%s:%s", folder, path);
    setenv("PATH", ours, 1);
    setenv("EXIT", "0", 1);
    setenv("PAUSE", "0", 1);
    CHECK(unpack_start(&u, "gzip", packed, "in.gz", &err), "%s", err.text);
    CHECK(read(u.fd, bytes, sizeof bytes) == 5 && strcmp(bytes, "rows\n") == 0, "%s", bytes);
    CHECK(unpack_end(&u, "in.gz", &err) && unpack_end(&u, "in.gz", &err), "%s", err.text);
    unpack_stop(&u);
    unpack_stop(&u);
    /* A signal that interrupts the wait for its end changes nothing. */
    const struct sigaction action = {.sa_handler = on_tick};
    const struct itimerval often = {{0, 10000}, {0, 10000}}, never = {0};
    sigaction(SIGALRM, &action, NULL);
    setenv("PAUSE", "0.2", 1);
    CHECK(unpack_start(&u, "gzip", packed, "in.gz", &err), "%s", err.text);
    setitimer(ITIMER_REAL, &often, NULL);
    CHECK(unpack_end(&u, "in.gz", &err), "%s", err.text);
    setitimer(ITIMER_REAL, &never, NULL);
    unpack_stop(&u);
    CHECK(unpack_end(&u, "in.gz", &err), "it is not in use");
    setenv("EXIT", "3", 1);
    CHECK(unpack_start(&u, "gzip", packed, "in.gz", &err), "%s", err.text);
    CHECK(!unpack_end(&u, "in.gz", &err) && strstr(err.text, "failed with status 3"), "%s",
          err.text);
    unpack_stop(&u);
    /* From what can't be read from its beginning, and without descriptors. */
    int ends[2];
    struct rlimit limit, none = {0, 0};
    CHECK(pipe(ends) == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0, "pipe");
    fails_to_start(ends[0], "in.gz: can't unpack it", 0);
    none.rlim_max = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &none);
    fails_to_start(packed, "in.gz: can't unpack it", 0);
    setrlimit(RLIMIT_NOFILE, &limit);
    setenv("PATH", path, 1);
    free(path);
    close(ends[0]);
    close(ends[1]);
    close(packed);
    close(plain);
    close(directory);
    unlink("gzip");
    unlink("in.gz");
    unlink("plain");
}

static int64_t waited_ms(int watch, int stop_fd, int milliseconds)
{
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    watch_wait(watch, stop_fd, milliseconds);
    clock_gettime(CLOCK_MONOTONIC, &after);
    return (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
}

/* Longer than any of it takes, so that only what was told can have ended the wait. */
static void test_watch(void)
{
    enum { LONG_MS = 20000, SHORT_MS = 30 };
    int ends[2], watch = watch_open();
    CHECK(pipe(ends) == 0, "pipe");
    write_file("log", "a line\n", 0666);
    int fd = open("log", O_RDONLY | O_CLOEXEC);
    CHECK(waited_ms(-1, ends[0], SHORT_MS) >= SHORT_MS - 1, "no inotify: so long");
    watch_file(-1, fd);
    watch_directory(-1, "log");
    if (watch >= 0) {
        watch_file(watch, fd);
        watch_directory(watch, "log");
        CHECK(waited_ms(watch, ends[0], SHORT_MS) >= SHORT_MS - 1, "nothing has happened");
        write_file("log", "another\n", 0666);
        CHECK(waited_ms(watch, ends[0], LONG_MS) < LONG_MS, "it has grown");
        CHECK(waited_ms(watch, ends[0], SHORT_MS) >= SHORT_MS - 1, "that was all");
        CHECK(rename("log", "log.1") == 0, "rename");
        write_file("log", "the next\n", 0666);
        CHECK(waited_ms(watch, ends[0], LONG_MS) < LONG_MS, "another one has appeared");
        close(watch);
    }
    CHECK(write(ends[1], "", 1) == 1, "pipe");
    CHECK(waited_ms(-1, ends[0], LONG_MS) < LONG_MS, "a signal came");
    close(ends[0]);
    close(ends[1]);
    close(fd);
    unlink("log");
    unlink("log.1");
}

int main(void)
{
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return 1;
    test_unpack();
    test_watch();
    CHECK(chdir("/") == 0 && rmdir(folder) == 0, "files are left in %s", folder);
    return unit_done();
}
