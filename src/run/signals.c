#include "run/signals.h"

#include <stddef.h>

volatile sig_atomic_t signals_stop;

static const int stop_signals[] = {SIGINT, SIGTERM};
enum { N_STOP_SIGNALS = sizeof stop_signals / sizeof stop_signals[0] };

static void on_stop(int signal)
{
    signals_stop = signal;
}

static sigset_t stop_set(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < N_STOP_SIGNALS; i++)
        sigaddset(&set, stop_signals[i]);
    return set;
}

void signals_hold(void)
{
    sigset_t set = stop_set();
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (size_t i = 0; i < N_STOP_SIGNALS; i++) {
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
    for (size_t i = 0; i < N_STOP_SIGNALS; i++) {
        struct sigaction now;
        sigaction(stop_signals[i], NULL, &now);
        if (now.sa_handler == on_stop)
            signal(stop_signals[i], SIG_DFL);
    }
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}
