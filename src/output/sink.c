#include "output/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

/* What is taken for a pipe is not cut back at a restart: a file must not be, for an error. */
static bool look_at(struct sink *sink, struct error *err)
{
    struct stat st = {0};
    bool known = fstat(sink->fd, &st) == 0 || errno == EBADF;
    sink->regular = S_ISREG(st.st_mode);
    if (known && !sink->regular)
        return true;
    sink->append = (fcntl(sink->fd, F_GETFL) & O_APPEND) != 0;
    off_t offset = known ? lseek(sink->fd, 0, SEEK_CUR) : -1;
    sink->position = (uint64_t)(sink->append ? st.st_size : offset);
    return offset >= 0 ||
           error_set(err, EXIT_RUNTIME, "%s: can't look at it: %s", sink->name, strerror(errno));
}

bool sink_open(struct sink *sink, const char *path, bool create, struct error *err)
{
    *sink = (struct sink){.name = path, .owned = true};
    sink->fd = io_open(path, O_WRONLY | (create ? O_CREAT : 0) | O_APPEND | O_CLOEXEC, 0666);
    if (sink->fd < 0)
        return error_set(err, EXIT_RUNTIME, "%s: can't open it for writing: %s", path,
                         strerror(errno));
    return look_at(sink, err);
}

bool sink_adopt(struct sink *sink, int fd, const char *name, struct error *err)
{
    *sink = (struct sink){.fd = fd, .name = name};
    return look_at(sink, err);
}

/* Someone who appends to our file at the same time would lose bytes when we cut it. */
static bool check_alone(const struct sink *sink, struct error *err)
{
    off_t offset = lseek(sink->fd, 0, SEEK_CUR);
    if (offset < 0 || (uint64_t)offset == sink->position || sink->shared)
        return true;
    return error_set(err, EXIT_RUNTIME,
                     "%s: expected to be at byte %llu after a write, found %lld: another process "
                     "writes to this file",
                     sink->name, (unsigned long long)sink->position, (long long)offset);
}

/* What is left would be written behind a gap: nothing is, the run ends here. */
static bool give_up(struct sink *sink)
{
    sink->pending.len = 0;
    sink->writing = false;
    return false;
}

/* Was a request to stop heeded for so long, and nothing written meanwhile? */
static bool is_stalled(struct sink *sink, int64_t moved_ns)
{
    enum { PATIENCE_NS = 400000000 };
    int64_t asked_ns = attend_look(&sink->attend);
    return !sink->regular && asked_ns - (moved_ns > 0 ? moved_ns : 0) > PATIENCE_NS;
}

bool sink_write(struct sink *sink, size_t len, struct error *err)
{
    size_t done = 0;
    int64_t moved_ns = -1; /* how long after that request the last bytes went */
    sink->writing = true;
    if (sink->before != NULL && len > 0)
        sink->before();
    while (done < len && sink->fd >= 0 && !sink->closed_by_reader) {
        ssize_t n = write(sink->fd, sink->pending.data + done, len - done);
        if (n >= 0) {
            done += (size_t)n;
            sink->position += (uint64_t)n;
            moved_ns = done < len ? attend_look(&sink->attend) : -1;
            if (sink->exclusive && !check_alone(sink, err))
                return give_up(sink);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            io_wait(sink->fd, POLLOUT); /* someone else made it non-blocking */
            errno = EINTR;
        }
        if (n < 0 && errno == EINTR && is_stalled(sink, moved_ns)) {
            sink->closed_by_reader = true;
            sink->stalled = sink->pending.len - done;
        } else if (n < 0 && errno == EPIPE && !sink->whole) {
            sink->closed_by_reader = true;
        } else if (n < 0 && errno != EINTR) {
            error_set(err, EXIT_RUNTIME, "%s: write failed: %s", sink->name, strerror(errno));
            return give_up(sink);
        }
    }
    sink->writing = false;
    sink->pending.len -= len;
    if (sink->pending.len > 0)
        memmove(sink->pending.data, sink->pending.data + len, sink->pending.len);
    return true;
}

bool sink_flush(struct sink *sink, struct error *err)
{
    bool ok = sink->held || sink->pending.len == 0 || sink_write(sink, sink->pending.len, err);
    return ok && (!sink->shared || sink_go_to_end(sink, err)); /* behind what was said */
}

bool sink_sync(const struct sink *sink, struct error *err)
{
    if (sink->fd < 0 || !sink->regular || io_datasync(sink->fd) == 0)
        return true;
    return error_set(err, EXIT_RUNTIME, "%s: can't make it durable: %s", sink->name,
                     strerror(errno));
}

static bool append_only(int fd)
{
    int flags = 0;
    return ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_APPEND_FL) != 0;
}

bool sink_check_cut(const struct sink *sink, uint64_t position, struct error *err)
{
    struct stat st;
    if (fstat(sink->fd, &st) != 0)
        return error_set(err, EXIT_RUNTIME, "%s: can't look at it: %s", sink->name,
                         strerror(errno));
    if (st.st_nlink == 0)
        return error_set(err, EXIT_RUNTIME, "%s: the output file was removed", sink->name);
    if (append_only(sink->fd))
        return error_set(err, EXIT_RUNTIME,
                         "%s: the file is append-only (chattr +a), so rows without a snapshot "
                         "could not be cut off",
                         sink->name);
    if ((uint64_t)st.st_size < position)
        return error_set(err, EXIT_RUNTIME,
                         "%s: expected an output of at least %llu bytes, as the snapshot says, "
                         "found %lld (redirected with > instead of >>?)",
                         sink->name, (unsigned long long)position, (long long)st.st_size);
    return true;
}

bool sink_go_to_end(struct sink *sink, struct error *err)
{
    off_t end = lseek(sink->fd, 0, SEEK_END);
    if (end < 0)
        return error_set(err, EXIT_RUNTIME, "%s: can't seek: %s", sink->name, strerror(errno));
    sink->position = (uint64_t)end;
    return true;
}

bool sink_cut(struct sink *sink, uint64_t position, uint64_t *bytes, struct error *err)
{
    struct stat st;
    bool ok = fstat(sink->fd, &st) == 0;
    *bytes = ok && (uint64_t)st.st_size > position ? (uint64_t)st.st_size - position : 0;
    if (ok && (uint64_t)st.st_size > position)
        ok = io_truncate(sink->fd, (off_t)position) == 0 && io_sync(sink->fd) == 0;
    if (ok && !sink->append)
        ok = lseek(sink->fd, (off_t)position, SEEK_SET) >= 0;
    if (!ok)
        return error_set(err, EXIT_RUNTIME, "%s: can't cut it to %llu bytes: %s", sink->name,
                         (unsigned long long)position, strerror(errno));
    sink->position = position;
    return true;
}

bool sink_close(struct sink *sink, struct error *err)
{
    bool ok = sink_flush(sink, err);
    buf_free(&sink->pending);
    if (sink->owned && sink->fd >= 0 && io_close(sink->fd) != 0 && ok)
        ok = error_set(err, EXIT_RUNTIME, "%s: close failed: %s", sink->name, strerror(errno));
    sink->fd = -1;
    return ok;
}
