#include "run/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

atomic_int signals_stop;
int signals_fd = -1;

enum { NUDGE_NS = 50000000 };

static int wake_fd = -1; /* the other end of signals_fd */
static timer_t nudges;
static _Atomic int64_t asked_ns;
static atomic_bool report_wanted;
static atomic_int put_off; /* the signal that is to be repeated, or 0 */

_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_BOOL_LOCK_FREE == 2, "for signal handlers");

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};
static bool hangup_counts;

static size_t n_stop_signals(void)
{
    return hangup_counts ? 3 : 2;
}

static void set_nudges(bool on)
{
    const struct timespec every = {.tv_nsec = on ? NUDGE_NS : 0};
    const struct itimerspec setting = {every, every};
    timer_settime(nudges, 0, &setting, NULL);
}

static void on_stop(int number)
{
    int error = errno;
    if (signals_stop != 0 || put_off != 0) {
        signal(number, SIG_DFL);
        raise(number); /* blocked here: delivered on return */
    } else {
        asked_ns = clock_monotonic_ns();
        signals_stop = number;
        set_nudges(true);
        ssize_t written = write(wake_fd, "", 1);
        (void)written; /* the pipe is empty: one byte fits */
    }
    errno = error;
}

static void on_report(int number)
{
    int error = errno;
    (void)number;
    report_wanted = true;
    if (signals_fd >= 0) /* else there is no timer yet */
        set_nudges(true);
    errno = error;
}

static void on_nudge(int number)
{
    (void)number; /* it is there to interrupt */
}

static sigset_t our_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < n_stop_signals(); i++)
        sigaddset(&set, stop_signals[i]);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGALRM);
    return set;
}

/* Those that are ignored stay so: nohup and background jobs do that on purpose. */
static void handle(int number, void (*handler)(int), int flags)
{
    struct sigaction old, action = {.sa_handler = handler, .sa_flags = flags};
    action.sa_mask = our_signals();
    sigaction(number, NULL, &old);
    if (old.sa_handler != SIG_IGN || number == SIGALRM)
        sigaction(number, &action, NULL);
}

void signals_expect(void)
{
    handle(SIGUSR1, on_report, SA_RESTART);
}

bool signals_start(bool hangup, struct error *err)
{
    int ends[2];
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    if (signals_fd < 0) {
        if (pipe2(ends, O_CLOEXEC) != 0)
            return error_set(err, EXIT_RUNTIME, "can't make a pipe: %s", strerror(errno));
        if (timer_create(CLOCK_MONOTONIC, &event, &nudges) != 0)
            return error_set(err, EXIT_RUNTIME, "can't make a timer: %s", strerror(errno));
        signals_fd = ends[0];
        wake_fd = ends[1];
    }
    hangup_counts = hangup;
    handle(SIGALRM, on_nudge, 0);
    handle(SIGUSR1, on_report, SA_RESTART);
    for (size_t i = 0; i < n_stop_signals(); i++)
        handle(stop_signals[i], on_stop, SA_RESTART);
    if (report_wanted)
        set_nudges(true);
    return true;
}

void signals_end(void)
{
    struct sigaction now, deadly = {.sa_handler = SIG_DFL};
    signals_block();
    for (size_t i = 0; i < n_stop_signals() && signals_stop == 0; i++)
        if (sigaction(stop_signals[i], NULL, &now) == 0 && now.sa_handler == on_stop)
            sigaction(stop_signals[i], &deadly, NULL);
    signals_unblock();
}

void signals_put_off(void)
{
    char byte;
    signals_block();
    if (signals_stop != 0) {
        ssize_t got = read(signals_fd, &byte, 1);
        (void)got; /* it is there: the handler wrote it */
        put_off = signals_stop;
        signals_stop = 0;
        set_nudges(report_wanted);
    }
    signals_unblock();
}

void signals_repeat(void)
{
    signals_block();
    int number = atomic_exchange(&put_off, 0);
    if (number != 0)
        on_stop(number);
    signals_unblock();
}

int64_t signals_since_ns(void)
{
    return signals_stop == 0 ? -1 : clock_monotonic_ns() - asked_ns;
}

bool signals_take_report(void)
{
    if (!report_wanted || !atomic_exchange(&report_wanted, false))
        return false;
    set_nudges(false);
    if (signals_stop != 0 || report_wanted) /* another request came just now */
        set_nudges(true);
    return true;
}

void signals_block(void)
{
    sigset_t set = our_signals();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void signals_unblock(void)
{
    sigset_t set = our_signals();
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
