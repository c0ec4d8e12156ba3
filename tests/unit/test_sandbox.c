/* What a process can't do any more behind sandbox_enter(), and what it still can. */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/unit.h"

/* Two folders: what may be replaced stands in the one, what may not in the other. */
static char folder[] = "/tmp/winagg-sandbox-XXXXXX", elsewhere[] = "/tmp/winagg-elsewhere-XXXXXX";
static char other[64], kept_path[64];

#define HOLDS(condition) CHECK(condition, "errno %d", errno)

static int opens(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0666);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static void *loop(void *context)
{
    for (;;)
        pause();
    return context;
}

static void *nothing(void *context)
{
    return context;
}

static int runs_thread(void *(*run)(void *), bool cancel)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, run, NULL);
    if (error != 0)
        return error;
    if (cancel)
        pthread_cancel(thread);
    return pthread_join(thread, NULL);
}

/* The status of a child that runs a program, or the error number that it had. */
static int runs_program(void)
{
    int status;
    char *const argv[] = {(char[]){"true"}, NULL};
    pid_t child = fork();
    if (child < 0)
        return errno;
    if (child == 0) {
        execvp(argv[0], argv);
        _exit(errno);
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int replaces(const char *name)
{
    char path[64], tmp[80];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(tmp, sizeof tmp, "%s.tmp", path);
    int error = opens(tmp, O_WRONLY | O_CREAT | O_TRUNC);
    return error == 0 && rename(tmp, path) != 0 ? errno : error;
}

static long error_of(long result)
{
    return result < 0 ? errno : 0;
}

/* Would the kernel do it? */
static bool has_landlock(void)
{
    return !SANDBOX_LEFT_OUT && syscall(444 /* landlock_create_ruleset */, NULL, 0, 1) > 0;
}

static bool has_filters(void)
{
    uint32_t action = SECCOMP_RET_ERRNO;
    return !SANDBOX_LEFT_OUT && syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static void check_files(bool reads, bool replaces_too)
{
    char inner[64];
    snprintf(inner, sizeof inner, "%s/inner", folder);
    HOLDS(opens("/etc/passwd", O_RDONLY) == (reads ? 0 : EACCES));
    HOLDS(opens("/proc/self/maps", O_RDONLY) == (reads ? 0 : EACCES));
    HOLDS(opens(other, O_WRONLY | O_CREAT) == EACCES);
    HOLDS(replaces("state") == (replaces_too ? 0 : EACCES));
    CHECK(replaces("state") == (replaces_too ? 0 : EACCES), "over the one that is there");
    HOLDS(opens(folder, O_RDONLY | O_DIRECTORY) == (reads || replaces_too ? 0 : EACCES));
    HOLDS(mkdir(inner, 0777) != 0 && errno == EACCES);
    HOLDS(unlink(kept_path) != 0 && errno == EACCES);
}

static void check_calls(bool reads)
{
    HOLDS(error_of(socket(AF_INET, SOCK_STREAM, 0)) == EPERM);
    HOLDS(error_of(socket(AF_UNIX, SOCK_DGRAM, 0)) == EPERM);
    HOLDS(error_of(chmod(folder, 0777)) == EPERM);
    HOLDS(error_of(fchmod(0, 0777)) == EPERM);
    HOLDS(error_of(unshare(CLONE_NEWUSER)) == EPERM);
    HOLDS(error_of(syscall(SYS_ptrace, 0, 0, 0, 0)) == EPERM);
    HOLDS(error_of(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)) == EPERM);
    HOLDS(error_of(syscall(SYS_bpf, 0, NULL, 0)) == EPERM);
    HOLDS(error_of(syscall(SYS_io_uring_setup, 1, NULL)) == EPERM);
    CHECK(error_of(syscall(435, NULL, 0)) == ENOSYS, "clone3");
    CHECK(error_of(syscall(463, 0, 0, 0)) == ENOSYS, "of a kernel to come");
    HOLDS(error_of(ioctl(0, TIOCSTI, "x")) == EPERM);
    HOLDS(error_of(ioctl(0, FIONREAD, &(int){0})) != EPERM);
    HOLDS(runs_program() == (reads ? 0 : EPERM));
}

/* All that a run still does. */
static void check_rest(int open_before)
{
    int ends[2];
    HOLDS(runs_thread(nothing, false) == 0);
    CHECK(runs_thread(loop, true) == 0, "glibc ends the process if it can't load what it needs");
    HOLDS(pipe2(ends, O_CLOEXEC) == 0);
    HOLDS(write(open_before, "x", 1) == 1 && ftruncate(open_before, 0) == 0);
    HOLDS(fdatasync(open_before) == 0);
    void *memory = malloc(64 << 20);
    HOLDS(memory != NULL);
    free(memory);
    HOLDS(raise(SIGURG) == 0);
}

/* Everything happens in a child: what was given up is gone for good. */
static void check_in_child(const struct sandbox_options *options, int open_before)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        unit_checks = unit_failures = 0;
        unsigned done = sandbox_enter(options);
        CHECK(!has_landlock() == !(done & SANDBOX_FILES), "%u", done);
        CHECK(!has_filters() == !(done & SANDBOX_CALLS), "%u", done);
        if (done & SANDBOX_FILES)
            check_files(options->reads, options->n_replaced > 0);
        else
            printf("no Landlock here: files are not tested\n");
        if (done & SANDBOX_CALLS)
            check_calls(options->reads);
        else
            printf("no seccomp here: system calls are not tested\n");
        check_rest(open_before);
        fflush(stdout);
        _exit(unit_failures > 0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0,
          "status %d", status);
}

/* A process from before is still sent signals, if that was asked for; if not, from Linux 6.12 on it
   is not. The fork is in check_in_child's manner, with one child more. */
static void check_signals(void)
{
    pid_t before = fork();
    if (before == 0)
        loop(NULL);
    for (int kills = 0; kills < 2; kills++) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) {
            sandbox_enter(&(struct sandbox_options){.kills = kills});
            _exit(kill(before, 0) == 0 ? 0 : errno);
        }
        waitpid(child, &status, 0);
        int error = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        CHECK(error == 0 || (!kills && error == EPERM), "%d", error);
    }
    kill(before, SIGKILL);
    waitpid(before, NULL, 0);
}

int main(void)
{
    char state[64];
    if (mkdtemp(folder) == NULL || mkdtemp(elsewhere) == NULL)
        return 1;
    snprintf(other, sizeof other, "%s/other", elsewhere);
    snprintf(kept_path, sizeof kept_path, "%s/kept", elsewhere);
    snprintf(state, sizeof state, "%s/state", folder);
    const char *replaced[] = {state};
    int kept = open(kept_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    check_in_child(&(struct sandbox_options){.cancels = true}, kept);
    check_in_child(
        &(struct sandbox_options){.replaced = replaced, .n_replaced = 1, .cancels = true}, kept);
    check_in_child(&(struct sandbox_options){.reads = true, .kills = true, .cancels = true}, kept);
    check_in_child(
        &(struct sandbox_options){
            .replaced = replaced, .n_replaced = 1, .reads = true, .kills = true, .cancels = true},
        kept);
    check_signals();
    CHECK(runs_program() == 0 && opens("/etc/passwd", O_RDONLY) == 0, "not in the children alone");
    close(kept);
    unlink(kept_path);
    unlink(state);
    rmdir(folder);
    rmdir(elsewhere);
    return unit_done();
}
