#include "source/mark.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/memory.h"
#include "base/wire.h"
#include "time/watermark.h"

static bool hash_at(const struct source *source, int fd, uint64_t offset, uint64_t len,
                    struct digest_value *value)
{
    char *bytes = memory_alloc((size_t)len);
    bool ok = io_read_at(fd, source->base + offset, bytes, (size_t)len);
    if (ok)
        *value = digest_of(bytes, (size_t)len);
    free(bytes);
    return ok;
}

static int64_t modified_ns(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

/* When the file was made, where the file system keeps that. */
static int64_t born_ns(int fd)
{
    struct statx st;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &st) != 0 || (st.stx_mask & STATX_BTIME) == 0)
        return 0;
    return (int64_t)st.stx_btime.tv_sec * 1000000000 + st.stx_btime.tv_nsec;
}

/* The head is known of a compressed file, too: it can be found again. */
static void mark_from_memory(const struct source *source, struct source_mark *mark)
{
    mark->head_len = source->head.len;
    mark->head = digest_of(source->head.data, source->head.len);
    if (!source->regular)
        return;
    mark->tail_len = source->tail.len;
    mark->tail = digest_of(source->tail.data, source->tail.len);
}

bool source_mark(const struct source *source, bool follows, struct source_mark *mark,
                 struct error *err)
{
    uint64_t offset = source->position.offset;
    *mark = (struct source_mark){
        .position = source->position,
        .origin = source->origin,
        .digest = digest_value(&source->digest),
        .chain_low = source->digest.low,
        .chain_high = source->digest.high,
    };
    struct stat st = {0};
    int file = source_file(source);
    if (fstat(file, &st) == 0 && S_ISREG(st.st_mode)) {
        mark->device = st.st_dev;
        mark->inode = st.st_ino;
        mark->modified_ns = modified_ns(&st);
        mark->born_ns = born_ns(file);
    }
    if (!source->regular) {
        if (source->packed_fd >= 0)
            mark_from_memory(source, mark);
        return true;
    }
    /* The head may reach beyond the position: a file of which nothing was read yet is known too. */
    uint64_t size = fstat(source->fd, &st) == 0 && (uint64_t)st.st_size > source->base
                        ? (uint64_t)st.st_size - source->base
                        : 0;
    mark->head_len = size < SOURCE_HEAD_BYTES ? size : SOURCE_HEAD_BYTES;
    mark->tail_len = offset < SOURCE_TAIL_BYTES ? offset : SOURCE_TAIL_BYTES;
    bool ok = hash_at(source, source->fd, 0, mark->head_len, &mark->head) &&
              hash_at(source, source->fd, offset - mark->tail_len, mark->tail_len, &mark->tail);
    /* It was truncated, which is told from what it holds now: it did not hold this. */
    if (follows && (!ok || source_is_other(source))) {
        mark_from_memory(source, mark);
        return true;
    }
    return ok || error_set(err, EXIT_RUNTIME,
                           "%s: the %llu bytes that were read are not there any more: was it "
                           "truncated?",
                           source->name, (unsigned long long)offset);
}

bool source_is_other(const struct source *source)
{
    char bytes[SOURCE_MEMORY_BYTES];
    size_t len = source->tail.len;
    return len > 0 &&
           !(io_read_at(source->fd, source->base + source->position.offset - len, bytes, len) &&
             memcmp(bytes, source->tail.data, len) == 0);
}

bool source_begins_as(const struct source *source, const struct source_mark *mark)
{
    struct digest_value head;
    return source->regular && mark->head_len > 0 &&
           hash_at(source, source->fd, 0, mark->head_len, &head) && head.low == mark->head.low &&
           head.high == mark->head.high;
}

/*
 * Layout, of INPT version 3: offset, line (u64), overlong (u8), origin, head length, tail length
 * (u64), then head, tail, digest and the digest's chain (two u64 each), device, inode (u64), times
 * of birth and modification (i64).
 */
void source_mark_save(const struct source_mark *m, struct buf *to)
{
    wire_put_u64(to, m->position.offset);
    wire_put_u64(to, m->position.line);
    wire_put_u8(to, m->position.overlong);
    const uint64_t words[] = {m->origin,      m->head_len,  m->tail_len,  m->head.low,
                              m->head.high,   m->tail.low,  m->tail.high, m->digest.low,
                              m->digest.high, m->chain_low, m->chain_high};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        wire_put_u64(to, words[i]);
    wire_put_u64(to, m->device);
    wire_put_u64(to, m->inode);
    wire_put_i64(to, m->born_ns);
    wire_put_i64(to, m->modified_ns);
}

bool source_mark_load(struct source_mark *m, const unsigned char **at, const unsigned char *end)
{
    uint8_t overlong;
    if (!wire_u64(at, end, &m->position.offset) || !wire_u64(at, end, &m->position.line) ||
        !wire_u8(at, end, &overlong))
        return false;
    m->position.overlong = overlong != 0;
    uint64_t *const words[] = {&m->origin,      &m->head_len,  &m->tail_len,  &m->head.low,
                               &m->head.high,   &m->tail.low,  &m->tail.high, &m->digest.low,
                               &m->digest.high, &m->chain_low, &m->chain_high};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!wire_u64(at, end, words[i]))
            return false;
    if (!wire_u64(at, end, &m->device) || !wire_u64(at, end, &m->inode) ||
        !wire_i64(at, end, &m->born_ns) || !wire_i64(at, end, &m->modified_ns))
        return false;
    return m->head_len <= SOURCE_HEAD_BYTES && m->tail_len <= SOURCE_TAIL_BYTES &&
           m->tail_len <= m->position.offset && m->origin <= m->position.offset;
}

enum mark_match mark_compare(const struct source *source, int fd, const struct source_mark *mark)
{
    struct stat st;
    struct digest_value head, tail;
    uint64_t offset = mark->position.offset;
    bool longer = fstat(fd, &st) == 0 && (uint64_t)st.st_size >= source->base + offset;
    /* A snapshot of a pipe has no head and tail: resume_file() compares the whole. */
    if (mark->head_len == 0)
        return longer ? MARK_SAME : MARK_SHORTER;
    /* A shorter file with another beginning is another file; which one matters for the message. */
    if (!hash_at(source, fd, 0, mark->head_len, &head))
        return MARK_SHORTER;
    if (!digest_equal(head, mark->head))
        return MARK_OTHER;
    if (!longer)
        return MARK_SHORTER;
    bool same = mark->tail_len == 0 ||
                (hash_at(source, fd, offset - mark->tail_len, mark->tail_len, &tail) &&
                 digest_equal(tail, mark->tail));
    return same ? MARK_SAME : MARK_OTHER;
}

int64_t mark_doubt(int fd, const struct stat *st, const struct source_mark *mark)
{
    if (st->st_dev == mark->device && st->st_ino == mark->inode && born_ns(fd) == mark->born_ns)
        return 0;
    int64_t later_ns = time_sub(modified_ns(st), mark->modified_ns);
    return later_ns < 0 ? INT64_MAX : time_add(later_ns, 1);
}
