#include "snapshot/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/io.h"
#include "base/memory.h"
#include "base/wire.h"

static const char magic[16] = "winagg snapshot\n";

enum { FRAMING_VERSION = 1, HEADER_BYTES = 28, SECTION_BYTES = 16, CHECKSUM_BYTES = 16 };
enum { LOCK_TRIES = 30, LOCK_PAUSE_NS = 100000000 }; /* three seconds in all */

void snapshot_begin(struct buf *image)
{
    image->len = 0;
    buf_put(image, magic, sizeof magic);
    wire_put_u32(image, FRAMING_VERSION);
    wire_put_u64(image, 0); /* the length; snapshot_seal() knows it */
}

static void put_u64_at(struct buf *image, size_t at, uint64_t n)
{
    for (size_t i = 0; i < 8; i++)
        image->data[at + i] = (char)(n >> (8 * i));
}

size_t snapshot_section(struct buf *image, const char tag[4], uint32_t version)
{
    size_t section = image->len;
    buf_put(image, tag, 4);
    wire_put_u32(image, version);
    wire_put_u64(image, 0);
    return section;
}

void snapshot_section_end(struct buf *image, size_t section)
{
    put_u64_at(image, section + 8, image->len - section - SECTION_BYTES);
}

static void checksum(const void *bytes, size_t len, unsigned char sum[CHECKSUM_BYTES])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, len));
    memcpy(sum, canonical.digest, CHECKSUM_BYTES);
}

void snapshot_seal(struct buf *image)
{
    unsigned char sum[CHECKSUM_BYTES];
    put_u64_at(image, 20, image->len + CHECKSUM_BYTES);
    checksum(image->data, image->len, sum);
    buf_put(image, sum, sizeof sum);
}

static bool damaged(const char *path, const char *what, struct error *err)
{
    return error_set(err, EXIT_RUNTIME,
                     "%s: damaged snapshot: %s; restore it from a copy, or remove it to start from "
                     "the beginning",
                     path, what);
}

static bool check(const char *path, const struct buf *image, struct error *err)
{
    const unsigned char *bytes = (const unsigned char *)image->data;
    const unsigned char *at = bytes + sizeof magic, *end = bytes + image->len;
    uint32_t version = 0;
    uint64_t length = 0;
    unsigned char sum[CHECKSUM_BYTES];
    size_t known = image->len < sizeof magic ? image->len : sizeof magic;
    if (known > 0 && memcmp(bytes, magic, known) != 0)
        return error_set(err, EXIT_RUNTIME,
                         "%s: expected a snapshot of winagg, found another file, which is left as "
                         "it is",
                         path);
    if (image->len < HEADER_BYTES + CHECKSUM_BYTES)
        return damaged(path, "it is too short", err);
    wire_u32(&at, end, &version);
    wire_u64(&at, end, &length);
    checksum(bytes, image->len - CHECKSUM_BYTES, sum);
    bool whole = length == image->len && memcmp(end - CHECKSUM_BYTES, sum, sizeof sum) == 0;
    if (whole && version != FRAMING_VERSION)
        return error_set(err, EXIT_RUNTIME,
                         "%s: snapshot of format version %lu, this winagg reads version %d", path,
                         (unsigned long)version, FRAMING_VERSION);
    if (length != image->len)
        return damaged(path, "its length is not the one it was written with", err);
    if (!whole)
        return damaged(path, "its checksum does not match", err);
    return true;
}

static bool read_whole(int fd, struct buf *image)
{
    for (;;) {
        char *room = buf_reserve(image, 1 << 16);
        ssize_t n = read(fd, room, image->cap - image->len);
        if (n == 0)
            return true;
        if (n > 0)
            image->len += (size_t)n;
        else if (errno != EINTR)
            return false;
    }
}

enum snapshot_found snapshot_read(const char *path, struct buf *image, struct error *err)
{
    image->len = 0;
    int fd = io_open(path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0 && errno == ENOENT)
        return SNAPSHOT_NONE;
    bool ok = fd >= 0 && read_whole(fd, image);
    if (!ok)
        error_set(err, EXIT_RUNTIME, "%s: can't read the snapshot: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok && check(path, image, err) ? SNAPSHOT_FOUND : SNAPSHOT_FAILED;
}

bool snapshot_find(const struct buf *image, const char tag[4], uint32_t *version,
                   const unsigned char **at, const unsigned char **end)
{
    const unsigned char *p = (const unsigned char *)image->data + HEADER_BYTES;
    const unsigned char *last = (const unsigned char *)image->data + image->len - CHECKSUM_BYTES;
    while (last - p >= SECTION_BYTES) {
        const unsigned char *found = p;
        uint64_t length = 0;
        p += 4;
        wire_u32(&p, last, version);
        wire_u64(&p, last, &length);
        if (length > (uint64_t)(last - p))
            return false;
        if (memcmp(found, tag, 4) == 0) {
            *at = p;
            *end = p + length;
            return true;
        }
        p += length;
    }
    return false;
}

static char *with_suffix(const char *path, const char *suffix)
{
    size_t len = strlen(path) + strlen(suffix) + 1;
    char *name = memory_alloc(len);
    snprintf(name, len, "%s%s", path, suffix);
    return name;
}

int snapshot_write(const char *path, const struct buf *image)
{
    char *tmp = with_suffix(path, ".tmp");
    int fd = io_open_anew(tmp);
    int error = fd < 0 ? errno : 0;
    free(tmp);
    if (fd < 0)
        return error;
    error = io_write(fd, image->data, image->len);
    /* Without this the rename could reach the disk before the bytes do. */
    if (error == 0 && io_sync(fd) != 0)
        error = errno;
    int close_error = io_close(fd) != 0 ? errno : 0;
    return error != 0 ? error : close_error;
}

int snapshot_publish(const char *path)
{
    char *tmp = with_suffix(path, ".tmp");
    int error = rename(tmp, path) != 0 ? errno : 0;
    free(tmp);
    return error != 0 ? error : io_sync_directory(path);
}

int snapshot_lock(const char *path, struct error *err)
{
    char *name = with_suffix(path, ".lock");
    int fd = io_open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int error = errno;
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
    for (int i = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
        error = errno;
        if ((error == EWOULDBLOCK || error == EINTR) && i < LOCK_TRIES) {
            nanosleep(&pause, NULL);
            continue;
        }
        close(fd);
        fd = -1;
    }
    if (fd < 0 && error == EWOULDBLOCK)
        error_set(err, EXIT_RUNTIME, "%s: in use by another winagg (it holds %s)", path, name);
    else if (fd < 0)
        error_set(err, EXIT_RUNTIME, "%s: can't lock it: %s", name, strerror(error));
    free(name);
    return fd;
}
