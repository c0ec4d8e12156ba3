#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

int io_open(const char *path, int flags, mode_t mode)
{
    int fd;
    do
        fd = open(path, flags, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

int io_sync(int fd)
{
    int result;
    do
        result = fsync(fd);
    while (result != 0 && errno == EINTR);
    return result;
}

int io_datasync(int fd)
{
    int result;
    do
        result = fdatasync(fd);
    while (result != 0 && errno == EINTR);
    return result;
}

int io_truncate(int fd, off_t length)
{
    int result;
    do
        result = ftruncate(fd, length);
    while (result != 0 && errno == EINTR);
    return result;
}

int io_close(int fd)
{
    int result = close(fd);
    return result != 0 && errno == EINTR ? 0 : result;
}

void io_wait(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};
    poll(&p, 1, -1);
}

int io_sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash == NULL   ? memory_strdup(".")
                      : slash == path ? memory_strdup("/")
                                      : memory_strndup(path, (size_t)(slash - path));
    int fd = io_open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    int error = fd < 0 ? errno : 0;
    free(directory);
    if (fd < 0)
        return error;
    if (io_sync(fd) != 0)
        error = errno;
    /* A file system that cannot sync directories keeps them in order by itself. */
    if (error == EINVAL || error == ENOTSUP)
        error = 0;
    io_close(fd);
    return error;
}
