#!/usr/bin/env bats
# What a run gives up once its files are open, and --no-sandbox. tests/unit/test_sandbox.c has the
# single rights; that everything else still works is what all other tests say.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    if nm -D "$WINAGG" | grep -qE '__(asan|tsan)'; then
        skip "a sanitizer opens files of its own"
    fi
    # Where the first rows are written, this tries what a run has no need for.
    cat >try.c <<'END'
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
static void say(const char *what, int error)
{
    char text[80];
    int n = snprintf(text, sizeof text, "%s: %s\n", what, error == 0 ? "yes" : "no");
    syscall(SYS_write, 2, text, n);
}
ssize_t write(int fd, const void *bytes, size_t len)
{
    static int tried;
    if (fd == 1 && !tried++) {
        char *argv[] = {"true", NULL};
        pid_t pid;
        int error, status;
        say("reads", open("/etc/passwd", O_RDONLY) < 0);
        say("writes", open("elsewhere/new", O_WRONLY | O_CREAT, 0666) < 0);
        say("socket", socket(AF_INET, SOCK_STREAM, 0) < 0);
        error = posix_spawnp(&pid, "true", NULL, NULL, argv, environ);
        say("runs", error);
        if (error == 0)
            waitpid(pid, &status, 0);
    }
    return syscall(SYS_write, fd, bytes, len);
}
END
    cc -shared -fPIC -o try.so try.c
    mkdir elsewhere
    tv 1 2 20 >in
}

tries() {
    LD_PRELOAD=$PWD/try.so timeout 20 "$WINAGG" -t t --time-format s -w 10s "$@" 2>err >rows || [ $? -eq 124 ]
    grep -E '^(reads|writes|socket|runs): ' err | xargs
}

# Is there Landlock (its landlock_create_ruleset, asked for its version), and a filter for system
# calls? A container may have neither. The kernel is asked, not what the program does with it.
kernel_has() {
    python3 -c '
import ctypes, sys
sys.exit(ctypes.CDLL(None).syscall(ctypes.c_long(444), None, ctypes.c_size_t(0), ctypes.c_uint(1)) < 1)' ||
        skip "no Landlock here"
    grep -qw errno /proc/sys/kernel/seccomp/actions_avail || skip "no seccomp here"
}

@test "a run opens nothing, runs nothing and knows no network any more" {
    kernel_has
    same "$(tries in)" "reads: no writes: no socket: no runs: no"
    same "$(tries -j 4 - <in)" "reads: no writes: no socket: no runs: no"
    same "$(tries --no-sandbox in)" "reads: yes writes: yes socket: yes runs: yes"
}

@test "with --state and --metrics it writes in their folders alone" {
    kernel_has
    mkdir state metrics
    same "$(tries --state state/s --metrics metrics/m in)" "reads: no writes: no socket: no runs: no"
    same "$(tries --state elsewhere/s - <in)" "reads: no writes: yes socket: no runs: no"
    [ -s state/s ] && [ -s metrics/m ]
}

@test "with --follow it may read files and run what unpacks them" {
    kernel_has
    LD_PRELOAD=$PWD/try.so "$WINAGG" -t t --time-format s -w 10s --follow in 2>err >rows &
    wait_for_line err "runs: yes"
    kill "$!"
    wait "$!" || true
    same "$(grep -E '^(reads|writes|socket|runs): ' err | xargs)" "reads: yes writes: no socket: no runs: yes"
}

@test "compressed files, unpacked by programs that were started before" {
    gzip -k in
    same "$(w -w 10s in.gz)" "$(w -w 10s in)"
    awk 'BEGIN { for (i = 0; i < 200000; i++) printf "{\"t\":%d}\n", i }' | gzip >long.gz
    same "$(timeout 20 "$WINAGG" -t t -w 1s long.gz | head -n 1 | wc -l)" 1
}
