/*
 * shim_memory.c - a library to preload (LD_PRELOAD) that lets allocations fail.
 *
 *     SHIM_NTH=3 SHIM_TIMES=1 SHIM_COUNT=/file
 *
 * malloc, calloc, realloc, posix_memalign, aligned_alloc and memalign are counted, in the process
 * and its children together, by whoever calls them: the program, a library, the C library itself.
 * From the SHIM_NTHth on SHIM_TIMES of them (0: all) return NULL with ENOMEM. SHIM_COUNT is a file
 * that holds the count, and behind it how many failed: two longs. What does not grow (a realloc to
 * less) may fail, too, as the standard has it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* glibc's own, by the names that those who stand in for them have. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static struct {
    long nth, times;
    struct {
        atomic_long calls, failed;
    } * count; /* shared with children; NULL: not started yet, nothing is counted */
} shim;

static long number_of(const char *name, long otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtol(text, NULL, 10);
}

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("SHIM_COUNT");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0 || ftruncate(fd, sizeof *shim.count) != 0)
        _exit(99);
    shim.nth = number_of("SHIM_NTH", 0);
    shim.times = number_of("SHIM_TIMES", 1);
    void *shared = mmap(NULL, sizeof *shim.count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (shared == MAP_FAILED)
        _exit(99);
    shim.count = shared;
}

/* For tests/coverage.c, which needs memory to write down what was taken. */
void shim_rest(void);
void shim_rest(void)
{
    shim.count = NULL;
}

static int fails(void)
{
    if (shim.count == NULL)
        return 0;
    long n = atomic_fetch_add(&shim.count->calls, 1) + 1;
    if (shim.nth == 0 || n < shim.nth || (shim.times != 0 && n >= shim.nth + shim.times))
        return 0;
    atomic_fetch_add(&shim.count->failed, 1);
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    return fails() ? NULL : __libc_realloc(p, size);
}

void *memalign(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **p, size_t alignment, size_t size)
{
    void *got = memalign(alignment, size);
    if (got == NULL)
        return ENOMEM;
    *p = got;
    return 0;
}
