#include "run/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

volatile sig_atomic_t signals_stop;
int signals_fd = -1;

static int wake_fd = -1; /* the other end of signals_fd */

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};
static bool hangup_counts;

static size_t n_stop_signals(void)
{
    return hangup_counts ? 3 : 2;
}

static void on_stop(int number)
{
    int error = errno;
    if (signals_stop != 0) {
        signal(number, SIG_DFL);
        raise(number); /* blocked here: delivered on return */
    } else {
        signals_stop = number;
        ssize_t written = write(wake_fd, "", 1);
        (void)written; /* the pipe is empty: one byte fits */
    }
    errno = error;
}

static sigset_t stop_set(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < n_stop_signals(); i++)
        sigaddset(&set, stop_signals[i]);
    return set;
}

bool signals_start(bool hangup, struct error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_set(err, EXIT_RUNTIME, "can't make a pipe: %s", strerror(errno));
    signals_fd = ends[0];
    wake_fd = ends[1];
    hangup_counts = hangup;
    struct sigaction old, action = {.sa_handler = on_stop, .sa_flags = SA_RESTART};
    action.sa_mask = stop_set();
    for (size_t i = 0; i < n_stop_signals(); i++) {
        sigaction(stop_signals[i], NULL, &old);
        if (old.sa_handler != SIG_IGN) /* nohup and background jobs ignore SIGINT on purpose */
            sigaction(stop_signals[i], &action, NULL);
    }
    return true;
}

void signals_block(void)
{
    sigset_t set = stop_set();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void signals_unblock(void)
{
    sigset_t set = stop_set();
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
