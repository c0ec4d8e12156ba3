/*
 * shim.c - a library to preload (LD_PRELOAD) that lets system calls on files fail.
 *
 *     SHIM_CALL=write SHIM_NTH=3 SHIM_TIMES=1 SHIM_ERROR=28 SHIM_DIR=/folder SHIM_LOG=/file
 *
 * The calls that are counted are those on files below SHIM_DIR, and writes to descriptor 1; the
 * count is one for the process and its children. From the SHIM_NTHth call on, SHIM_TIMES of them
 * (0: all) fail with the error number SHIM_ERROR and do nothing; SHIM_ERROR=short makes a write
 * write half of what it was given. Every counted call is logged as "CALL FILE ERROR" (0: it was let
 * through).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SHORT = -1 };

static struct {
    const char *call, *directory;
    long nth, times;
    int error, log_fd;
    atomic_long *count; /* shared with children */
} shim;

static long number_of(const char *name, long otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtol(text, NULL, 10);
}

__attribute__((constructor)) static void start(void)
{
    const char *error = getenv("SHIM_ERROR"), *log = getenv("SHIM_LOG");
    shim.call = getenv("SHIM_CALL");
    shim.directory = getenv("SHIM_DIR");
    shim.nth = number_of("SHIM_NTH", 0);
    shim.times = number_of("SHIM_TIMES", 1);
    shim.error =
        error != NULL && strcmp(error, "short") == 0 ? SHORT : (int)number_of("SHIM_ERROR", EIO);
    shim.log_fd = log == NULL ? -1
                              : (int)syscall(SYS_openat, AT_FDCWD, log,
                                             O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    shim.count =
        mmap(NULL, sizeof *shim.count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* Counts a call on a file. 0: let it through, else what goes wrong. */
static int judge(const char *call, const char *file)
{
    char line[PATH_MAX + 64];
    int verdict = 0;
    if (shim.call != NULL && strcmp(call, shim.call) == 0) {
        long n = atomic_fetch_add(shim.count, 1) + 1;
        if (n >= shim.nth && shim.nth > 0 && (shim.times == 0 || n < shim.nth + shim.times))
            verdict = shim.error;
    }
    int len = snprintf(line, sizeof line, "%s %s %d\n", call, file, verdict);
    if (shim.log_fd >= 0 && syscall(SYS_write, shim.log_fd, line, (size_t)len) < 0)
        abort();
    return verdict;
}

static int judge_path(const char *call, const char *path)
{
    size_t len = shim.directory == NULL ? 0 : strlen(shim.directory);
    bool ours = len > 0 && (path[0] != '/' || strncmp(path, shim.directory, len) == 0);
    return ours ? judge(call, path) : 0;
}

/* The file of a descriptor, by its name below the folder. */
static int judge_fd(const char *call, int fd)
{
    char link[64], path[PATH_MAX];
    size_t len = shim.directory == NULL ? 0 : strlen(shim.directory);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0 || len == 0)
        return 0;
    path[n] = '\0';
    if (strncmp(path, shim.directory, len) == 0)
        return judge(call, path[len] == '\0' ? "." : path + len + 1);
    return fd == STDOUT_FILENO ? judge(call, "stdout") : 0;
}

static bool fails(int verdict)
{
    if (verdict > 0)
        errno = verdict;
    return verdict > 0;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    int verdict = judge_fd("write", fd);
    if (fails(verdict))
        return -1;
    return syscall(SYS_write, fd, bytes, verdict == SHORT ? (len + 1) / 2 : len);
}

ssize_t read(int fd, void *bytes, size_t len)
{
    int verdict = fd == STDIN_FILENO ? judge("read", "stdin") : judge_fd("read", fd);
    if (fails(verdict))
        return -1;
    return syscall(SYS_read, fd, bytes, verdict == SHORT ? (len + 1) / 2 : len);
}

ssize_t pread(int fd, void *bytes, size_t len, off_t offset)
{
    int verdict = judge_fd("pread", fd);
    if (fails(verdict))
        return -1;
    return syscall(SYS_pread64, fd, bytes, verdict == SHORT ? (len + 1) / 2 : len, offset);
}

int fsync(int fd)
{
    return fails(judge_fd("fsync", fd)) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return fails(judge_fd("fdatasync", fd)) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int ftruncate(int fd, off_t length)
{
    return fails(judge_fd("ftruncate", fd)) ? -1 : (int)syscall(SYS_ftruncate, fd, length);
}

/* A close(2) that fails has closed the descriptor all the same. */
int close(int fd)
{
    int verdict = judge_fd("close", fd);
    int result = (int)syscall(SYS_close, fd);
    return fails(verdict) ? -1 : result;
}

int rename(const char *from, const char *to)
{
    return fails(judge_path("rename", to))
               ? -1
               : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    return fails(judge_path("open", path)) ? -1
                                           : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
