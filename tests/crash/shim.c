/*
 * shim.c - a library to preload (LD_PRELOAD) that lets system calls on files fail.
 *
 *     SHIM_CALL=write SHIM_NTH=3 SHIM_TIMES=1 SHIM_ERROR=28 SHIM_DIR=/folder SHIM_LOG=/file
 *
 * The calls that are counted are those on files below SHIM_DIR, on descriptors 0 and 1, and on
 * pipes; the count is one for the process and its children. From the SHIM_NTHth call on, SHIM_TIMES
 * of them (0: all) fail with the error number SHIM_ERROR and do nothing; SHIM_ERROR=short makes a
 * write write half of what it was given. Every counted call is logged as "CALL FILE ERROR" (0: it
 * was let through).
 *
 * SHIM_CALL=any counts them all. SHIM_WHO=child counts only those of forked children, =parent only
 * those of the process itself. SHIM_ERROR=kill ends the process before the call, kill-parent the
 * one that forked it, kill-both one and then the other. SHIM_THEN=5: the process ends before the
 * fifth counted call of any kind after the one that failed.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SHORT = -1, KILL = -2, KILL_PARENT = -3, KILL_BOTH = -4 };

static struct {
    const char *call, *directory, *who;
    long nth, times, then;
    int error, log_fd;
    pid_t pid;
    struct {
        atomic_long count;
        atomic_long left; /* calls until the end, if SHIM_THEN is given and one has failed */
    } * shared;           /* with children */
} shim;

static long number_of(const char *name, long otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtol(text, NULL, 10);
}

static int error_of(const char *text)
{
    static const char *const words[] = {"short", "kill", "kill-parent", "kill-both"};
    for (int i = 0; text != NULL && i < 4; i++)
        if (strcmp(text, words[i]) == 0)
            return SHORT - i;
    return text == NULL ? EIO : atoi(text);
}

__attribute__((constructor)) static void start(void)
{
    const char *log = getenv("SHIM_LOG");
    unsetenv("LD_PRELOAD"); /* a program that is run by this one is left alone */
    shim.pid = getpid();
    shim.who = getenv("SHIM_WHO");
    shim.call = getenv("SHIM_CALL");
    shim.directory = getenv("SHIM_DIR");
    shim.nth = number_of("SHIM_NTH", 0);
    shim.times = number_of("SHIM_TIMES", 1);
    shim.then = number_of("SHIM_THEN", 0);
    shim.error = error_of(getenv("SHIM_ERROR"));
    shim.log_fd = log == NULL ? -1
                              : (int)syscall(SYS_openat, AT_FDCWD, log,
                                             O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    shim.shared =
        mmap(NULL, sizeof *shim.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* The child goes after its parent: until the kernel is told it may have done more. */
static void end_processes(int which)
{
    pid_t parent = getppid();
    if (which == KILL_PARENT || which == KILL_BOTH)
        syscall(SYS_kill, parent, SIGKILL);
    if (which == KILL || which == KILL_BOTH)
        syscall(SYS_kill, getpid(), SIGKILL);
}

static bool counts(const char *call)
{
    bool child = shim.who != NULL && strcmp(shim.who, "child") == 0;
    bool parent = shim.who != NULL && strcmp(shim.who, "parent") == 0;
    return shim.call != NULL && (strcmp(call, shim.call) == 0 || strcmp("any", shim.call) == 0) &&
           !(child && getpid() == shim.pid) && !(parent && getpid() != shim.pid);
}

/* Counts a call on a file. 0: let it through, else what goes wrong. */
static int judge(const char *call, const char *file)
{
    char line[PATH_MAX + 64];
    int verdict = 0;
    if (counts(call)) {
        long n = atomic_fetch_add(&shim.shared->count, 1) + 1;
        if (n >= shim.nth && shim.nth > 0 && (shim.times == 0 || n < shim.nth + shim.times))
            verdict = shim.error;
    }
    atomic_long *left = &shim.shared->left;
    if (*left > 0 && atomic_fetch_sub(left, 1) == 1)
        verdict = KILL;
    else if (verdict != 0 && shim.then > 0 && *left == 0)
        *left = shim.then;
    int len = snprintf(line, sizeof line, "%s %s %d\n", call, file, verdict);
    if (shim.log_fd >= 0 && syscall(SYS_write, shim.log_fd, line, (size_t)len) < 0)
        abort();
    if (verdict <= KILL)
        end_processes(verdict);
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
    if (fd == STDOUT_FILENO || fd == STDIN_FILENO)
        return judge(call, fd == STDOUT_FILENO ? "stdout" : "stdin");
    return strncmp(path, "pipe:", 5) == 0 ? judge(call, "pipe") : 0;
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
    int verdict = judge_fd("read", fd);
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

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    int verdict = judge_fd("pwrite", fd);
    if (fails(verdict))
        return -1;
    return syscall(SYS_pwrite64, fd, bytes, verdict == SHORT ? (len + 1) / 2 : len, offset);
}

int fstat(int fd, struct stat *st)
{
    return fails(judge_fd("fstat", fd)) ? -1 : fstatat(fd, "", st, AT_EMPTY_PATH);
}

int stat(const char *path, struct stat *st)
{
    return fails(judge_path("stat", path)) ? -1 : fstatat(AT_FDCWD, path, st, 0);
}

/* The program asks for times of birth, of open files. */
int statx(int fd, const char *path, int flags, unsigned mask, struct statx *st)
{
    return fails(judge_fd("statx", fd)) ? -1 : (int)syscall(SYS_statx, fd, path, flags, mask, st);
}

off_t lseek(int fd, off_t offset, int whence)
{
    return fails(judge_fd("lseek", fd)) ? -1 : syscall(SYS_lseek, fd, offset, whence);
}

int flock(int fd, int operation)
{
    return fails(judge_fd("flock", fd)) ? -1 : (int)syscall(SYS_flock, fd, operation);
}

int unlink(const char *path)
{
    return fails(judge_path("unlink", path)) ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

/* What _FORTIFY_SOURCE makes of two of them. */
ssize_t __read_chk(int fd, void *bytes, size_t len, size_t room)
{
    (void)room;
    return read(fd, bytes, len);
}

int __open_2(const char *path, int flags)
{
    return open(path, flags);
}

/* These have no file. */
int pipe2(int ends[2], int flags)
{
    return fails(judge("pipe2", "-")) ? -1 : (int)syscall(SYS_pipe2, ends, flags);
}

pid_t fork(void)
{
    static pid_t (*real)(void);
    if (real == NULL)
        real = (pid_t(*)(void))dlsym(RTLD_NEXT, "fork");
    return fails(judge("fork", "-")) ? -1 : real();
}

/* Of a directory the open fails, or one of its entries. */
DIR *opendir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? NULL : fdopendir(fd);
}

struct dirent *readdir(DIR *dir)
{
    static struct dirent *(*real)(DIR *);
    if (real == NULL)
        real = (struct dirent * (*)(DIR *)) dlsym(RTLD_NEXT, "readdir");
    return fails(judge_fd("readdir", dirfd(dir))) ? NULL : real(dir);
}
