/*
 * Preloaded into winagg, lets time pass only when it is told to: the monotonic clock is a number in
 * a file that the test shares (VIRTUAL_CLOCK names it), and goes on while winagg waits for input
 * with a deadline, by as much as the test has granted. So what --idle-timeout does is a function of
 * the records and the silences between them, on however busy a machine.
 *
 *     now       the clock
 *     granted   so much time may still pass
 *     looks     how often a wait looked for input, and there was none
 *     reading   is the reader at the input, all that it took before being handed on?
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SECOND = 1000000000, LOOK_NS = 300000 };

struct shared {
    _Atomic int64_t now_ns, granted_ns, looks, reading;
};

static struct shared *shared;

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("VIRTUAL_CLOCK");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    void *at =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        abort();
    shared = at;
    close(fd);
}

static int64_t in_ns(const struct timespec *ts)
{
    return (int64_t)ts->tv_sec * SECOND + ts->tv_nsec;
}

static struct timespec as_timespec(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / SECOND, .tv_nsec = ns % SECOND};
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
    if (id != CLOCK_MONOTONIC)
        return (int)syscall(SYS_clock_gettime, id, ts);
    *ts = as_timespec(atomic_load(&shared->now_ns));
    return 0;
}

typedef int waiter(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                           const struct timespec *deadline)
{
    union { /* ISO C has no cast between the two */
        void *object;
        waiter *function;
    } real = {.object = dlsym(RTLD_NEXT, "pthread_cond_timedwait")};
    struct timespec look;
    if (atomic_load(&shared->now_ns) >= in_ns(deadline))
        return ETIMEDOUT;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &look);
    look = as_timespec(in_ns(&look) + LOOK_NS);
    int error = real.function(cond, mutex, &look);
    if (error != ETIMEDOUT)
        return error;
    atomic_fetch_add(&shared->looks, 1);
    int64_t left_ns = in_ns(deadline) - atomic_load(&shared->now_ns);
    int64_t granted_ns = atomic_load(&shared->granted_ns);
    int64_t passes_ns = granted_ns < left_ns ? granted_ns : left_ns;
    atomic_fetch_add(&shared->now_ns, passes_ns);
    atomic_fetch_sub(&shared->granted_ns, passes_ns);
    /* Not over: a wake-up for nothing, so that who waits looks at what it waits for, which may have
     * been told of just when this look ended. */
    return passes_ns < left_ns ? 0 : ETIMEDOUT;
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    bool waits = timeout < 0; /* else someone only looks */
    struct timespec ts = as_timespec((int64_t)timeout * 1000000);
    if (waits)
        atomic_store(&shared->reading, 1);
    int ready = (int)syscall(SYS_ppoll, fds, n, waits ? NULL : &ts, NULL, 0);
    if (waits)
        atomic_store(&shared->reading, 0);
    return ready;
}

int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t bytes);
int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t bytes)
{
    (void)bytes;
    return poll(fds, n, timeout);
}
