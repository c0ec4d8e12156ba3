/*
 * shim_clock.c - a library to preload (LD_PRELOAD) whose clocks jump.
 *
 *     CLOCK_SEED=1 CLOCK_EVERY=50 CLOCK_FILE=/file CLOCK_COUNT=/file
 *
 * After one of CLOCK_EVERY looks at a clock, as CLOCK_SEED has it, the time of day moves by up to a
 * day back or a year forward, and the monotonic clock forward, by a nanosecond to a month; without
 * CLOCK_SEED by nothing. CLOCK_FILE's size in bytes is added to the latter in seconds: growing it
 * is a jump at a known moment. Deadlines of waits are on the clock that jumped. CLOCK_COUNT is a
 * file that holds the number of looks: a long. CLOCK_READ_MS: what comes out of the FIFO with the
 * inode CLOCK_READ_INODE is read so much later than it could be, as after a stop.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const int64_t SECOND = 1000000000, DAY = 86400 * SECOND;

static struct {
    uint64_t seed, every; /* 0: no jumps */
    uint64_t read_ms, read_inode;
    const char *file;
    atomic_long *looks; /* NULL: not started yet */
    _Atomic int64_t real_ns, monotonic_ns;
} shim;

static uint64_t number_of(const char *name)
{
    const char *text = getenv(name);
    return text == NULL ? 0 : strtoull(text, NULL, 10);
}

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("CLOCK_COUNT");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0 || ftruncate(fd, sizeof *shim.looks) != 0)
        _exit(99);
    unsetenv("LD_PRELOAD"); /* a program that is run by this one is left alone */
    shim.seed = number_of("CLOCK_SEED");
    shim.every = shim.seed == 0 ? 0 : number_of("CLOCK_EVERY");
    shim.file = getenv("CLOCK_FILE");
    shim.read_ms = number_of("CLOCK_READ_MS");
    shim.read_inode = number_of("CLOCK_READ_INODE");
    void *shared = mmap(NULL, sizeof *shim.looks, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (shared == MAP_FAILED)
        _exit(99);
    shim.looks = shared;
}

/* splitmix64 */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

static void jump(void)
{
    uint64_t n = (uint64_t)atomic_fetch_add(shim.looks, 1);
    uint64_t random = mix(shim.seed ^ mix(n)), more = mix(random);
    if (shim.every == 0 || random % shim.every != 0)
        return;
    shim.real_ns = (int64_t)(more % (uint64_t)(366 * DAY)) - DAY;
    shim.monotonic_ns += (int64_t)(more & ((UINT64_C(1) << (more >> 32) % 52) - 1));
}

static int64_t monotonic_ns(void)
{
    struct stat st;
    int64_t more = shim.file != NULL && stat(shim.file, &st) == 0 ? st.st_size * SECOND : 0;
    return shim.monotonic_ns + more;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
    int result = (int)syscall(SYS_clock_gettime, id, ts);
    if (result != 0 || shim.looks == NULL || (id != CLOCK_REALTIME && id != CLOCK_MONOTONIC))
        return result;
    jump();
    int64_t ns = ts->tv_sec * SECOND + ts->tv_nsec;
    ns += id == CLOCK_REALTIME ? shim.real_ns : monotonic_ns();
    *ts = (struct timespec){ns / SECOND, ns % SECOND};
    return 0;
}

ssize_t read(int fd, void *bytes, size_t len)
{
    struct stat st;
    const struct timespec pause = {(time_t)(shim.read_ms / 1000),
                                   (long)(shim.read_ms % 1000 * 1000000)};
    if (shim.read_ms > 0 && fstat(fd, &st) == 0 && st.st_ino == shim.read_inode)
        nanosleep(&pause, NULL);
    return syscall(SYS_read, fd, bytes, len);
}

/* All of the program's deadlines are on the monotonic clock. */
int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                           const struct timespec *until)
{
    int64_t ns = until->tv_sec * SECOND + until->tv_nsec - monotonic_ns();
    ns = ns < 0 ? 0 : ns;
    const struct timespec real = {ns / SECOND, ns % SECOND};
    return pthread_cond_clockwait(cond, mutex, CLOCK_MONOTONIC, &real);
}
