#include "source/mark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/memory.h"
#include "base/wire.h"
#include "time/watermark.h"

/* False: errno, as io_read_at() sets it. */
static bool hash_at(const struct source *source, int fd, uint64_t offset, uint64_t len,
                    struct digest_value *value)
{
    char *bytes = memory_alloc((size_t)len);
    bool ok = io_read_at(fd, source->base + offset, bytes, (size_t)len);
    int error = errno;
    if (ok)
        *value = digest_of(bytes, (size_t)len);
    free(bytes);
    errno = error;
    return ok;
}

int64_t mark_modified_ns(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

static bool unreadable(const struct source *source, struct error *err)
{
    return error_set(err, EXIT_RUNTIME, "%s: can't read it again: %s", source->name,
                     strerror(errno));
}

bool mark_born_ns(int fd, int64_t *ns)
{
    struct statx st = {0};
    bool ok = statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &st) == 0;
    bool kept = ok && (st.stx_mask & STATX_BTIME) != 0;
    *ns = kept ? (int64_t)st.stx_btime.tv_sec * 1000000000 + st.stx_btime.tv_nsec : 0;
    return ok || errno == ENOSYS || errno == EPERM || errno == EINVAL || errno == EOPNOTSUPP;
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
        .within_header = offset <= source->preamble,
        .origin = source->origin,
        .digest = digest_value(&source->digest),
        .chain_low = source->digest.low,
        .chain_high = source->digest.high,
    };
    struct stat st = {0};
    int file = source_file(source);
    if (file >= 0 && fstat(file, &st) != 0)
        return unreadable(source, err);
    if (S_ISREG(st.st_mode)) {
        mark->device = st.st_dev;
        mark->inode = st.st_ino;
        mark->modified_ns = mark_modified_ns(&st);
        if (!mark_born_ns(file, &mark->born_ns))
            return unreadable(source, err);
    }
    if (!source->regular) {
        if (source->packed_fd >= 0)
            mark_from_memory(source, mark);
        return true;
    }
    /* The head may reach beyond the position: a file of which nothing was read yet is known too. */
    uint64_t size = (uint64_t)st.st_size > source->base ? (uint64_t)st.st_size - source->base : 0;
    mark->head_len = size < SOURCE_HEAD_BYTES ? size : SOURCE_HEAD_BYTES;
    mark->tail_len = offset < SOURCE_TAIL_BYTES ? offset : SOURCE_TAIL_BYTES;
    bool ok = hash_at(source, source->fd, 0, mark->head_len, &mark->head) &&
              hash_at(source, source->fd, offset - mark->tail_len, mark->tail_len, &mark->tail);
    if (!ok && errno != 0)
        return unreadable(source, err);
    /* It was truncated, which is told from what it holds now: it did not hold this. */
    bool other = false;
    if (follows && ok && !source_is_other(source, &other, err))
        return false;
    if (follows && (!ok || other)) {
        mark_from_memory(source, mark);
        return true;
    }
    return ok || error_set(err, EXIT_RUNTIME,
                           "%s: the %llu bytes that were read are not there any more: was it "
                           "truncated?",
                           source->name, (unsigned long long)offset);
}

bool source_mark_read(const struct source *source, struct source_mark *mark, struct error *err)
{
    if (!source_mark(source, true, mark, err))
        return false;
    mark_from_memory(source, mark);
    return true;
}

bool source_is_other(const struct source *source, bool *other, struct error *err)
{
    char bytes[SOURCE_MEMORY_BYTES];
    size_t len = source->tail.len;
    uint64_t offset = source->base + source->position.offset - len;
    *other = false;
    if (len == 0)
        return true;
    bool there = io_read_at(source->fd, offset, bytes, len);
    if (!there && errno != 0)
        return unreadable(source, err);
    *other = !there || memcmp(bytes, source->tail.data, len) != 0;
    return true;
}

bool source_begins_as(const struct source *source, const struct source_mark *mark, bool *same,
                      struct error *err)
{
    struct digest_value head;
    *same = false;
    if (!source->regular || mark->head_len == 0)
        return true;
    bool there = hash_at(source, source->fd, 0, mark->head_len, &head);
    if (!there && errno != 0)
        return unreadable(source, err);
    *same = there && digest_equal(head, mark->head);
    return true;
}

/*
 * Layout, of INPT version 3: offset, line (u64), overlong | within_header << 1 (u8), origin, head
 * length, tail length (u64), then head, tail, digest and the digest's chain (two u64 each), device,
 * inode (u64), times of birth and modification (i64).
 */
void source_mark_save(const struct source_mark *m, struct buf *to)
{
    wire_put_u64(to, m->position.offset);
    wire_put_u64(to, m->position.line);
    wire_put_u8(to, (uint8_t)(m->position.overlong | m->within_header << 1));
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
    if (overlong > 3)
        return false;
    m->position.overlong = (overlong & 1) != 0;
    m->within_header = (overlong & 2) != 0;
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
    if (fstat(fd, &st) != 0)
        return MARK_FAILED;
    bool longer = (uint64_t)st.st_size >= source->base + offset;
    /* A snapshot of a pipe has no head and tail: resume_file() compares the whole. */
    if (mark->head_len == 0)
        return longer ? MARK_SAME : MARK_SHORTER;
    /* A shorter file with another beginning is another file; which one matters for the message. */
    if (!hash_at(source, fd, 0, mark->head_len, &head))
        return errno != 0 ? MARK_FAILED : MARK_SHORTER;
    if (!digest_equal(head, mark->head))
        return MARK_OTHER;
    if (!longer)
        return MARK_SHORTER;
    if (mark->tail_len == 0)
        return MARK_SAME;
    if (!hash_at(source, fd, offset - mark->tail_len, mark->tail_len, &tail))
        return errno != 0 ? MARK_FAILED : MARK_OTHER;
    return digest_equal(tail, mark->tail) ? MARK_SAME : MARK_OTHER;
}

bool mark_doubt(int fd, const struct stat *st, const struct source_mark *mark, int64_t *doubt)
{
    int64_t born, later_ns = time_sub(mark_modified_ns(st), mark->modified_ns);
    bool same = st->st_dev == mark->device && st->st_ino == mark->inode;
    *doubt = later_ns < 0 ? INT64_MAX : time_add(later_ns, 1);
    if (!mark_born_ns(fd, &born))
        return false;
    if (same && born == mark->born_ns)
        *doubt = 0;
    else if (born != 0 && born < mark->born_ns)
        *doubt = INT64_MAX;
    return true;
}
