#include "source/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/packed.h"

extern char **environ;

bool unpack_program(int fd, const char **program)
{
    char head[PACKED_MAGIC_BYTES];
    ssize_t n = io_read_up_to(fd, 0, head, sizeof head);
    *program = n <= 0 ? NULL : packed_program(head, (size_t)n);
    return n >= 0;
}

/*
 * The program gets signals as a shell would give them, and a process group of its own: Ctrl-C is
 * for us, who then close the pipe.
 */
static int spawn(struct unpack *u, int packed, int write_end)
{
    char name[8];
    strncpy(name, u->program, sizeof name - 1);
    name[sizeof name - 1] = '\0';
    char *const argv[] = {name, (char[]){"-dc"}, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int error = posix_spawn_file_actions_adddup2(&actions, packed, STDIN_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, write_end, STDOUT_FILENO);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    if (error == 0)
        error = posix_spawnp(&u->pid, u->program, &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

bool unpack_start(struct unpack *u, const char *program, int packed, const char *name,
                  struct error *err)
{
    int ends[2], error;
    *u = (struct unpack){.program = program, .fd = -1};
    if (lseek(packed, 0, SEEK_SET) < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        error = errno;
        u->program = NULL;
        error_set(err, EXIT_RUNTIME, "%s: can't unpack it: %s", name, strerror(error));
        errno = error;
        return false;
    }
    error = spawn(u, packed, ends[1]);
    close(ends[1]);
    if (error == 0) {
        u->fd = ends[0];
        return true;
    }
    close(ends[0]);
    *u = (struct unpack){.fd = -1};
    if (error == ENOENT)
        error_set(err, EXIT_RUNTIME,
                  "%s: it is compressed, and '%s', which unpacks it, is not installed", name,
                  program);
    else
        error_set(err, EXIT_RUNTIME, "%s: can't run %s, which unpacks it: %s", name, program,
                  strerror(error));
    errno = error;
    return false;
}

bool unpack_end(struct unpack *u, const char *name, struct error *err)
{
    int status;
    pid_t ended;
    if (u->program == NULL || u->pid == 0)
        return true;
    do
        ended = waitpid(u->pid, &status, 0);
    while (ended < 0 && errno == EINTR);
    u->pid = 0;
    if (ended < 0)
        return error_set(err, EXIT_RUNTIME, "%s: can't tell how %s ended, which unpacks it: %s",
                         name, u->program, strerror(errno));
    if (WIFSIGNALED(status))
        return error_set(err, EXIT_RUNTIME, "%s: %s, which unpacks it, was killed by signal %d",
                         name, u->program, WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return error_set(err, EXIT_RUNTIME,
                         "%s: %s, which unpacks it, failed with status %d: expected the whole "
                         "file, and no window fires any more",
                         name, u->program, WEXITSTATUS(status));
    return true;
}

void unpack_stop(struct unpack *u)
{
    if (u->program == NULL)
        return;
    close(u->fd);
    if (u->pid > 0) {
        kill(u->pid, SIGKILL);
        while (waitpid(u->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    *u = (struct unpack){.fd = -1};
}
