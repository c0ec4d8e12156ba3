#include "source/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"

/* Taken for a pipe, or for text, it would be resumed by other rules than it was read by. */
static bool look_at(struct source *source, const char **program, struct error *err)
{
    struct stat st = {0};
    bool known = fstat(source->fd, &st) == 0;
    *program = NULL;
    source->regular = S_ISREG(st.st_mode);
    off_t offset = known && source->regular ? lseek(source->fd, 0, SEEK_CUR) : 0;
    source->base = (uint64_t)offset;
    if (known && offset >= 0 &&
        (source->path == NULL || !source->regular || unpack_program(source->fd, program)))
        return true;
    int error = errno;
    error_set(err, EXIT_RUNTIME, "%s: can't look at it: %s", source->name, strerror(error));
    errno = error;
    return false;
}

bool source_open(struct source *source, const char *path, struct error *err)
{
    const char *program;
    *source = source_none();
    source->position.line = 1;
    source->name = path == NULL ? "stdin" : path;
    source->path = path == NULL ? NULL : memory_strdup(path);
    source->fd = path == NULL ? STDIN_FILENO : io_open(path, O_RDONLY | O_CLOEXEC, 0);
    if (source->fd < 0)
        return error_set(err, EXIT_RUNTIME, "%s: can't open it: %s", path, strerror(errno));
    if (!look_at(source, &program, err))
        return false;
    if (program == NULL)
        return true;
    source->packed_fd = source->fd;
    source->regular = false;
    bool ok = unpack_start(&source->unpack, program, source->packed_fd, path, err);
    source->fd = source->unpack.fd;
    if (!ok && errno == ENOENT)
        errno = 0; /* the program is missing, not the file */
    return ok;
}

void source_open_again(struct source *source, const char *path, int fd)
{
    *source = source_none();
    source->position.line = 1;
    source->name = path;
    source->path = memory_strdup(path);
    source->fd = fd;
    source->regular = true;
}

bool source_end(struct source *source, struct error *err)
{
    return unpack_end(&source->unpack, source->name, err);
}

void source_close(struct source *source)
{
    if (source->path != NULL && source_file(source) >= 0)
        close(source_file(source));
    if (source->ahead_fd >= 0)
        close(source->ahead_fd);
    unpack_stop(&source->unpack);
    free(source->path);
    buf_free(&source->head);
    buf_free(&source->tail);
    digest_free(&source->digest);
    *source = source_none();
}

ssize_t source_read(struct source *source, char *bytes, size_t len)
{
    ssize_t n = source->ahead_fd < 0 ? 0 : read(source->ahead_fd, bytes, len);
    return n != 0 ? n : read(source->fd, bytes, len);
}

void source_move(struct source *source, size_t len, uint64_t lines, bool overlong)
{
    source->position.offset += len;
    source->position.line += lines;
    source->position.overlong = overlong;
}

void source_remember(struct source *source, const char *bytes, size_t len)
{
    struct buf *head = &source->head, *tail = &source->tail;
    size_t room = SOURCE_HEAD_BYTES - head->len;
    if (room > 0)
        buf_put(head, bytes, len < room ? len : room);
    if (len >= SOURCE_MEMORY_BYTES) {
        tail->len = 0;
        buf_put(tail, bytes + len - SOURCE_MEMORY_BYTES, SOURCE_MEMORY_BYTES);
        return;
    }
    buf_put(tail, bytes, len);
    if (tail->len > SOURCE_MEMORY_BYTES) {
        size_t excess = tail->len - SOURCE_MEMORY_BYTES;
        memmove(tail->data, tail->data + excess, SOURCE_MEMORY_BYTES);
        tail->len = SOURCE_MEMORY_BYTES;
    }
}

bool source_at_end(const struct source *source, bool *at_end, struct error *err)
{
    char byte;
    ssize_t n;
    do
        n = read(source->fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    *at_end = n == 0;
    if (n < 0)
        return error_set(err, EXIT_RUNTIME, "%s: can't read it: %s", source->name, strerror(errno));
    return true;
}
