#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

int io_open_anew(const char *path)
{
    const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
    int fd = io_open(path, flags, 0666);
    /* Renamed, a link would take the place of the file; what it leads to is none of ours. */
    if (fd < 0 && errno == ELOOP && unlink(path) == 0)
        fd = io_open(path, flags, 0666);
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

int io_write(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            io_wait(fd, POLLOUT);
        } else if (n < 0 && errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

ssize_t io_read_up_to(int fd, uint64_t offset, char *to, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(fd, to + done, len - done, (off_t)(offset + done));
        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            return -1;
        done += n > 0 ? (size_t)n : 0;
    }
    return (ssize_t)done;
}

bool io_read_at(int fd, uint64_t offset, char *to, size_t len)
{
    ssize_t n = io_read_up_to(fd, offset, to, len);
    if (n >= 0)
        errno = 0;
    return n == (ssize_t)len;
}

bool io_says_none(int error)
{
    return error == ENOENT || error == ENOTDIR || error == EACCES || error == EPERM ||
           error == ELOOP || error == ENAMETOOLONG || error == ENXIO;
}

bool io_same_file(int a, int b)
{
    struct stat first, second;
    return fstat(a, &first) == 0 && fstat(b, &second) == 0 && io_same_inode(&first, &second);
}

const char *io_last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

char *io_directory(const char *path)
{
    size_t len = (size_t)(io_last_name(path) - path);
    return len == 0 ? memory_strdup(".") : memory_strndup(path, len);
}

/* The text of a link, as a string: its length. 0: it is none, or is not there; -1: errno. */
static ssize_t read_link(const char *path, char link[PATH_MAX])
{
    ssize_t len = readlink(path, link, PATH_MAX - 1);
    if (len < 0 && (errno == EINVAL || io_says_none(errno)))
        len = 0;
    if (len >= 0)
        link[len] = '\0';
    return len;
}

/* What a link says, seen from where it stands. */
static char *led_to(const char *link_path, const char *link)
{
    size_t kept = link[0] == '/' ? 0 : (size_t)(io_last_name(link_path) - link_path);
    size_t len = strlen(link);
    char *path = memory_alloc(kept + len + 1);
    memcpy(path, link_path, kept);
    memcpy(path + kept, link, len + 1);
    return path;
}

char *io_link_end(const char *path)
{
    enum { LINKS_MAX = 40 }; /* as many as the kernel follows */
    char link[PATH_MAX];
    char *at = memory_strdup(path);
    ssize_t len = read_link(at, link);
    for (int links = 0; len > 0 && links < LINKS_MAX; links++) {
        char *next = led_to(at, link);
        free(at);
        at = next;
        len = read_link(at, link);
    }
    if (len == 0)
        return at;
    int error = len < 0 ? errno : ELOOP;
    free(at);
    errno = error;
    return NULL;
}

int io_sync_directory(const char *path)
{
    char *directory = io_directory(path);
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
