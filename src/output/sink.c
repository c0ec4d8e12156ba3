#include "output/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void find_position(struct sink *sink)
{
    struct stat st;
    if (fstat(sink->fd, &st) == 0 && S_ISREG(st.st_mode))
        sink->position = (uint64_t)st.st_size;
}

bool sink_open(struct sink *sink, const char *path, struct error *err)
{
    *sink = (struct sink){.name = path, .owned = true};
    sink->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (sink->fd < 0)
        return error_set(err, EXIT_RUNTIME, "%s: can't open it for writing: %s", path,
                         strerror(errno));
    find_position(sink);
    return true;
}

void sink_adopt(struct sink *sink, int fd, const char *name)
{
    *sink = (struct sink){.fd = fd, .name = name};
    find_position(sink);
}

/* A descriptor that someone else made non-blocking (a shared terminal, a socket): wait for room. */
static void wait_writable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    poll(&p, 1, -1);
}

bool sink_flush(struct sink *sink, struct error *err)
{
    size_t done = 0;
    while (done < sink->pending.len && sink->fd >= 0 && !sink->closed_by_reader) {
        ssize_t n = write(sink->fd, sink->pending.data + done, sink->pending.len - done);
        if (n >= 0) {
            done += (size_t)n;
            sink->position += (uint64_t)n;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            wait_writable(sink->fd);
        } else if (errno == EPIPE) {
            sink->closed_by_reader = true;
        } else if (errno != EINTR) {
            return error_set(err, EXIT_RUNTIME, "%s: write failed: %s", sink->name,
                             strerror(errno));
        }
    }
    sink->pending.len = 0;
    return true;
}

bool sink_close(struct sink *sink, struct error *err)
{
    bool ok = sink_flush(sink, err);
    buf_free(&sink->pending);
    if (sink->owned && sink->fd >= 0 && close(sink->fd) != 0 && ok)
        ok = error_set(err, EXIT_RUNTIME, "%s: close failed: %s", sink->name, strerror(errno));
    sink->fd = -1;
    return ok;
}
