/*
 * forker.c - runs winagg's main() in a child of its own for each request that comes in on stdin: a
 * run without exec(2) and its dynamic linking. For tests/model/forker.py, which is the other side.
 *
 *     forker FOLDER        every run stands in FOLDER, as its files do
 *
 * A request, and its answer, is a length and so many bytes; numbers have 32 bits, as this machine
 * writes them; a text or content is a number of bytes and these.
 *
 *     request   time limit in ms
 *               longest read; 0: any
 *               number of the write(2) that is its death; 0: none
 *               what stdin is: 'f' the file stdin, 'p' its bytes in a pipe, 'n' nothing
 *               the command line: number of words, words, each with a NUL
 *               files to remove: number, names; "*" is all
 *               files to write: number, each a name and its content
 *               files to give back: number, names
 *     answer    the exit status; 256 and its signal; or 512: its time was over
 *               for each file to give back 1 and its content, or 0: there is none
 *
 * stdout and stderr are files of these names; stdout is appended to.
 *
 * Reads that are cut short at random, and deaths that come with the n-th write, are made here:
 * link with --wrap=read,--wrap=write and src/main.c compiled with -Dmain=winagg_main.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

int winagg_main(int argc, char **argv);
ssize_t __real_read(int fd, void *bytes, size_t len);
ssize_t __wrap_read(int fd, void *bytes, size_t len);
ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
ssize_t __wrap___read_chk(int fd, void *bytes, size_t len, size_t room);

enum { MOST_WORDS = 256, TIMED_OUT = 512, BY_SIGNAL = 256, MOST_BYTES = 1 << 19 /* of a file */ };

struct bytes {
    char *at;
    size_t len, cap;
};

/* What is left of a request. */
static const char *at;
static struct bytes request, answer;

static uint32_t read_most, write_last;
static _Thread_local uint32_t drawn = 12345;
static volatile sig_atomic_t overdue;
static pid_t running;

static void require(bool holds, const char *what)
{
    if (!holds) {
        perror(what);
        _exit(EXIT_FAILURE);
    }
}

/* ---- what winagg's calls become ---- */

ssize_t __wrap_read(int fd, void *bytes, size_t len)
{
    if (read_most > 0 && len > 0) {
        drawn = drawn * 1664525 + 1013904223;
        size_t most = 1 + (drawn >> 16) % read_most;
        len = len < most ? len : most;
    }
    return __real_read(fd, bytes, len);
}

ssize_t __wrap___read_chk(int fd, void *bytes, size_t len, size_t room)
{
    return __wrap_read(fd, bytes, len < room ? len : room);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    if (write_last > 0 && --write_last == 0) {
        (void)__real_write(fd, bytes, len / 2);
        kill(0, SIGKILL); /* the child that writes a snapshot as well */
    }
    return __real_write(fd, bytes, len);
}

/* ---- requests and answers ---- */

static void reserve(struct bytes *b, size_t more)
{
    if (b->cap - b->len >= more)
        return;
    b->cap = (b->len + more) * 2;
    b->at = realloc(b->at, b->cap);
    require(b->at != NULL, "memory");
}

static bool get_exactly(char *to, size_t len)
{
    for (ssize_t n = 0; len > 0; to += n, len -= (size_t)n) {
        n = __real_read(STDIN_FILENO, to, len);
        if (n <= 0)
            return false;
    }
    return true;
}

static void put_exactly(int fd, const char *bytes, size_t len)
{
    for (ssize_t n = 0; len > 0; bytes += n, len -= (size_t)n) {
        n = __real_write(fd, bytes, len);
        require(n > 0, "write");
    }
}

static bool get_request(void)
{
    uint32_t len;
    if (!get_exactly((char *)&len, sizeof len))
        return false;
    request.len = 0;
    reserve(&request, len);
    at = request.at;
    return get_exactly(request.at, len);
}

static uint32_t number(void)
{
    uint32_t n;
    memcpy(&n, at, sizeof n);
    at += sizeof n;
    return n;
}

static const char *content(size_t *len)
{
    *len = number();
    at += *len;
    return at - *len;
}

/* Ends with NUL, as it is sent. */
static const char *text(void)
{
    size_t len;
    return content(&len);
}

static void put_number(uint32_t n)
{
    reserve(&answer, sizeof n);
    memcpy(answer.at + answer.len, &n, sizeof n);
    answer.len += sizeof n;
}

/* ---- files ---- */

static void write_file(const char *name, const char *bytes, size_t len)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    require(fd >= 0, name);
    put_exactly(fd, bytes, len);
    close(fd);
}

static void put_file(const char *name)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    struct stat st;
    put_number(fd >= 0);
    if (fd < 0)
        return;
    require(fstat(fd, &st) == 0, name);
    size_t len = (size_t)st.st_size;
    put_number((uint32_t)len);
    reserve(&answer, len);
    require(__real_read(fd, answer.at + answer.len, len) == (ssize_t)len, name);
    answer.len += len;
    close(fd);
}

static void remove_file(const char *name)
{
    if (strcmp(name, "*") != 0) {
        unlink(name);
        return;
    }
    DIR *folder = opendir(".");
    require(folder != NULL, "opendir");
    for (const struct dirent *one; (one = readdir(folder)) != NULL;)
        unlink(one->d_name); /* not . and .., which are no files */
    closedir(folder);
}

/* ---- a run ---- */

static void replace(int fd, int by)
{
    require(by >= 0 && dup2(by, fd) == fd && close(by) == 0, "dup2");
}

/* Who writes into the pipe has gone, as after `printf ... |`. */
static int pipe_of(const char *name)
{
    int ends[2];
    char bytes[1 << 15];
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    require(fd >= 0 && pipe2(ends, O_CLOEXEC) == 0, "pipe");
    ssize_t n = __real_read(fd, bytes, sizeof bytes);
    require(n >= 0 && n < (ssize_t)sizeof bytes, "stdin is longer than a pipe");
    put_exactly(ends[1], bytes, (size_t)n);
    close(ends[1]);
    close(fd);
    return ends[0];
}

static void run_child(int argc, char **argv, uint32_t kind)
{
    const struct rlimit limit = {MOST_BYTES, MOST_BYTES};
    signal(SIGALRM, SIG_DFL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_FSIZE, &limit);
    replace(STDIN_FILENO,
            kind == 'p' ? pipe_of("stdin") : open(kind == 'f' ? "stdin" : "/dev/null", O_RDONLY));
    replace(STDOUT_FILENO, open("stdout", O_WRONLY | O_CREAT | O_APPEND, 0600));
    replace(STDERR_FILENO, open("stderr", O_WRONLY | O_CREAT | O_TRUNC, 0600));
    exit(winagg_main(argc, argv));
}

static void end_overdue(int signal_number)
{
    (void)signal_number;
    overdue = 1;
    kill(-running, SIGKILL);
    kill(running, SIGKILL);
}

static uint32_t wait_for(pid_t child, uint32_t limit_ms)
{
    const struct itimerval none = {0};
    struct itimerval timer = {.it_value = {limit_ms / 1000, limit_ms % 1000 * 1000}};
    int status;
    overdue = 0;
    running = child;
    setitimer(ITIMER_REAL, &timer, NULL);
    while (waitpid(child, &status, 0) < 0)
        require(errno == EINTR, "waitpid");
    setitimer(ITIMER_REAL, &none, NULL);
    if (overdue)
        return TIMED_OUT;
    return (uint32_t)(WIFSIGNALED(status) ? BY_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status));
}

static void carry_out(void)
{
    char *argv[MOST_WORDS + 1];
    uint32_t limit_ms = number();
    read_most = number();
    uint32_t last = number(), kind = number(), argc = number();
    require(argc <= MOST_WORDS, "words");
    for (uint32_t i = 0; i < argc; i++)
        argv[i] = (char *)text();
    argv[argc] = NULL;
    for (uint32_t n = number(); n > 0; n--)
        remove_file(text());
    for (uint32_t n = number(); n > 0; n--) {
        size_t len;
        const char *name = text(), *bytes = content(&len);
        write_file(name, bytes, len);
    }
    pid_t child = fork();
    require(child >= 0, "fork");
    if (child == 0) {
        write_last = last;
        run_child((int)argc, argv, kind);
    }
    answer.len = 0;
    put_number(0); /* its length, in the end */
    put_number(wait_for(child, limit_ms));
    for (uint32_t n = number(); n > 0; n--)
        put_file(text());
    uint32_t len = (uint32_t)(answer.len - sizeof len);
    memcpy(answer.at, &len, sizeof len);
    put_exactly(STDOUT_FILENO, answer.at, answer.len);
}

int main(int argc, char **argv)
{
    require(argc == 2 && chdir(argv[1]) == 0, "forker FOLDER");
    struct sigaction action = {.sa_handler = end_overdue};
    sigaction(SIGALRM, &action, NULL);
    while (get_request())
        carry_out();
    return EXIT_SUCCESS;
}
