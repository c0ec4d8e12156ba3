#include "run/signals.h"

#include <stddef.h>

volatile sig_atomic_t signals_stop;

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};
static size_t n_stop_signals; /* of them, those that count */

static void on_stop(int signal)
{
    signals_stop = signal;
}

static sigset_t stop_set(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < n_stop_signals; i++)
        sigaddset(&set, stop_signals[i]);
    return set;
}

void signals_hold(bool hangup)
{
    n_stop_signals = hangup ? 3 : 2;
    sigset_t set = stop_set();
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (size_t i = 0; i < n_stop_signals; i++) {
        struct sigaction old, action = {.sa_handler = on_stop, .sa_flags = (int)SA_RESETHAND};
        sigemptyset(&action.sa_mask);
        sigaction(stop_signals[i], NULL, &old);
        if (old.sa_handler != SIG_IGN) /* nohup and background jobs ignore SIGINT on purpose */
            sigaction(stop_signals[i], &action, NULL);
    }
}

void signals_release(void)
{
    sigset_t set = stop_set();
    for (size_t i = 0; i < n_stop_signals; i++) {
        struct sigaction now;
        sigaction(stop_signals[i], NULL, &now);
        if (now.sa_handler == on_stop)
            signal(stop_signals[i], SIG_DFL);
    }
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}
