#include "source/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"
#include "base/wire.h"
#include "source/rotated.h"
#include "time/watermark.h"

bool source_open(struct source *source, const char *path, struct error *err)
{
    *source = (struct source){.packed_fd = -1, .unpack.fd = -1, .position = {.line = 1}};
    source->name = path == NULL ? "stdin" : path;
    source->path = path == NULL ? NULL : memory_strdup(path);
    source->fd = path == NULL ? STDIN_FILENO : io_open(path, O_RDONLY | O_CLOEXEC, 0);
    if (source->fd < 0)
        return error_set(err, EXIT_RUNTIME, "%s: can't open it: %s", path, strerror(errno));
    struct stat st;
    source->regular = fstat(source->fd, &st) == 0 && S_ISREG(st.st_mode);
    off_t offset = source->regular ? lseek(source->fd, 0, SEEK_CUR) : 0;
    source->base = offset < 0 ? 0 : (uint64_t)offset;
    const char *program = path != NULL && source->regular ? unpack_program(source->fd) : NULL;
    if (program == NULL)
        return true;
    source->packed_fd = source->fd;
    source->regular = false;
    bool ok = unpack_start(&source->unpack, program, source->packed_fd, path, err);
    source->fd = source->unpack.fd;
    if (!ok)
        errno = 0; /* not that the file is missing */
    return ok;
}

void source_open_again(struct source *source, const char *path, int fd)
{
    *source = (struct source){.packed_fd = -1, .unpack.fd = -1, .position = {.line = 1}};
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
    unpack_stop(&source->unpack);
    free(source->path);
    buf_free(&source->head);
    buf_free(&source->tail);
    digest_free(&source->digest);
    *source = (struct source){.fd = -1, .packed_fd = -1, .unpack.fd = -1};
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

/* Reads `len` bytes at `offset` of the input; false if they are not there, *err if it can't tell.
 */
static bool read_at(int fd, uint64_t offset, char *to, size_t len)
{
    while (len > 0) {
        ssize_t n = pread(fd, to, len, (off_t)offset);
        if (n == 0 || (n < 0 && errno != EINTR))
            return false;
        if (n > 0) {
            to += n;
            offset += (uint64_t)n;
            len -= (size_t)n;
        }
    }
    return true;
}

static bool hash_at(const struct source *source, int fd, uint64_t offset, uint64_t len,
                    struct digest_value *value)
{
    char *bytes = memory_alloc((size_t)len);
    bool ok = read_at(fd, source->base + offset, bytes, (size_t)len);
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
           !(read_at(source->fd, source->base + source->position.offset - len, bytes, len) &&
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

enum match { MATCH, MATCH_SHORTER, MATCH_OTHER };

/* Is this file, as far as head and tail tell, the one that the mark was taken from? */
static enum match compare(const struct source *source, int fd, const struct source_mark *mark)
{
    struct stat st;
    struct digest_value head, tail;
    uint64_t offset = mark->position.offset;
    bool longer = fstat(fd, &st) == 0 && (uint64_t)st.st_size >= source->base + offset;
    /* A snapshot of a pipe has no head and tail: resume_file() compares the whole. */
    if (mark->head_len == 0)
        return longer ? MATCH : MATCH_SHORTER;
    /* A shorter file with another beginning is another file; which one matters for the message. */
    if (!hash_at(source, fd, 0, mark->head_len, &head))
        return MATCH_SHORTER;
    if (!digest_equal(head, mark->head))
        return MATCH_OTHER;
    if (!longer)
        return MATCH_SHORTER;
    bool same = mark->tail_len == 0 ||
                (hash_at(source, fd, offset - mark->tail_len, mark->tail_len, &tail) &&
                 digest_equal(tail, mark->tail));
    return same ? MATCH : MATCH_OTHER;
}

static bool skip(struct source *source, const struct source_mark *mark, struct error *err);

struct wanted {
    const struct source *source; /* what the path names now */
    const struct source_mark *mark;
    const struct source_resume *how;
    bool in_packed; /* looks into compressed files, and no others */
    char *packed;   /* one that could not be looked into */
};

static bool is_same_file(int a, int b)
{
    struct stat first, second;
    return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* Unpacked, does it begin as the mark says? */
static bool has_head(struct source *packed, const struct source_mark *mark)
{
    char bytes[SOURCE_HEAD_BYTES];
    size_t len = 0;
    while (len < mark->head_len) {
        ssize_t n = read(packed->fd, bytes + len, (size_t)mark->head_len - len);
        if (n == 0 || (n < 0 && errno != EINTR))
            return false;
        len += n > 0 ? (size_t)n : 0;
    }
    return len > 0 && digest_equal(digest_of(bytes, len), mark->head);
}

static bool is_packed_one(struct wanted *wanted, const char *path)
{
    struct source head, whole;
    struct error ignored = {0};
    bool ok = source_open(&head, path, &ignored);
    if (!ok) {
        free(wanted->packed);
        wanted->packed = memory_strdup(path);
    }
    /* Of an empty file nothing can be compared. */
    ok = ok && (wanted->mark->head_len == 0 || has_head(&head, wanted->mark));
    source_close(&head);
    if (!ok || wanted->mark->origin > 0)
        return false;
    ok = source_open(&whole, path, &ignored) && skip(&whole, wanted->mark, &ignored);
    source_close(&whole);
    return ok;
}

/*
 * The same inode is the same file. A compressed or restored one has another: then it is the one
 * that was written to first since the mark was made, for others follow it.
 */
static int64_t doubt_of(int fd, const struct stat *st, const struct source_mark *mark)
{
    if (st->st_dev == mark->device && st->st_ino == mark->inode && born_ns(fd) == mark->born_ns)
        return 0;
    int64_t later_ns = time_sub(modified_ns(st), mark->modified_ns);
    return later_ns < 0 ? INT64_MAX : time_add(later_ns, 1);
}

static bool is_taken(const struct wanted *wanted, int fd)
{
    for (size_t i = 0; i < wanted->how->n_taken; i++)
        if (is_same_file(fd, wanted->how->taken[i]))
            return true;
    return wanted->source->fd >= 0 && is_same_file(fd, wanted->source->fd);
}

static int64_t is_wanted(void *context, const char *candidate)
{
    struct wanted *wanted = context;
    struct stat st;
    int fd = io_open(candidate, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    bool usable = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && !is_taken(wanted, fd);
    bool packed = usable && unpack_program(fd) != NULL;
    bool found = usable && !packed && !wanted->in_packed &&
                 compare(wanted->source, fd, wanted->mark) == MATCH;
    int64_t doubt = doubt_of(fd, &st, wanted->mark);
    close(fd);
    if (packed && wanted->in_packed)
        found = is_packed_one(wanted, candidate);
    if (!found)
        return -1;
    /* Of a file that was empty only the inode tells, or that it was packed since. */
    bool blank = wanted->mark->head_len == 0 && wanted->mark->inode != 0;
    return blank && (packed ? doubt == INT64_MAX : doubt != 0) ? -1 : doubt;
}

/* The one beside the named file that is most likely the mark's. */
static bool find_best(struct wanted *wanted, struct rotated *found)
{
    struct rotated packed;
    const char *path = wanted->source->path;
    *found = (struct rotated){0};
    if (path == NULL)
        return false;
    wanted->in_packed = false;
    if (rotated_find(path, is_wanted, wanted, found) && found->doubt == 0)
        return true;
    wanted->in_packed = true;
    if (rotated_find(path, is_wanted, wanted, &packed) &&
        (found->file.path == NULL || packed.doubt < found->doubt)) {
        struct rotated worse = *found;
        *found = packed;
        packed = worse;
    }
    rotated_free(&packed);
    return found->file.path != NULL;
}

static bool refuse(const struct source *source, const struct source_mark *mark, enum match match,
                   const char *compressed, struct error *err)
{
    struct stat st = {0};
    unsigned long long expected = mark->position.offset;
    if (compressed != NULL)
        return error_set(err, EXIT_RUNTIME,
                         "%s: not the file that the snapshot was taken from; if that is %s now, "
                         "unpack it beside it",
                         source->name, compressed);
    if (source->fd < 0)
        return error_set(err, EXIT_RUNTIME, "%s: can't open it: %s", source->name,
                         strerror(ENOENT));
    fstat(source->fd, &st);
    if (match == MATCH_SHORTER)
        return error_set(err, EXIT_RUNTIME,
                         "%s: expected at least %llu bytes, which the snapshot has seen, found "
                         "%lld: the input was truncated, or is another one",
                         source->name, expected, (long long)st.st_size - (long long)source->base);
    return error_set(err, EXIT_RUNTIME,
                     "%s: expected the input that the snapshot was taken from, found other bytes "
                     "in the first %llu",
                     source->name, expected);
}

/* What would be remembered of a file had it been read up to the position. */
static bool recall(struct source *source, uint64_t offset)
{
    char bytes[SOURCE_HEAD_BYTES > SOURCE_MEMORY_BYTES ? SOURCE_HEAD_BYTES : SOURCE_MEMORY_BYTES];
    size_t head = offset < SOURCE_HEAD_BYTES ? (size_t)offset : SOURCE_HEAD_BYTES;
    size_t tail = offset < SOURCE_MEMORY_BYTES ? (size_t)offset : SOURCE_MEMORY_BYTES;
    source->head.len = source->tail.len = 0;
    if (!read_at(source->fd, source->base, bytes, head))
        return false;
    buf_put(&source->head, bytes, head);
    if (!read_at(source->fd, source->base + offset - tail, bytes, tail))
        return false;
    buf_put(&source->tail, bytes, tail);
    return true;
}

/* Takes the digest up where the mark left it: its chain, and the bytes since its last chunk. */
static bool restore_digest(struct source *source, const struct source_mark *mark)
{
    uint64_t bytes = mark->position.offset - mark->origin;
    uint64_t rest = bytes % DIGEST_CHUNK_BYTES;
    struct digest *d = &source->digest;
    digest_free(d);
    d->low = mark->chain_low;
    d->high = mark->chain_high;
    d->bytes = bytes - rest;
    char *last = memory_alloc((size_t)rest);
    bool ok = read_at(source->fd, source->base + mark->position.offset - rest, last, (size_t)rest);
    if (ok)
        digest_add(d, last, (size_t)rest);
    free(last);
    return ok;
}

/* Reads on to the position, and checks that what was read is what the snapshot has seen. */
static bool skip(struct source *source, const struct source_mark *mark, struct error *err)
{
    uint64_t left = mark->position.offset;
    char *bytes = memory_alloc(SOURCE_TAIL_BYTES);
    bool ok = true;
    while (ok && left > 0) {
        size_t want = left < SOURCE_TAIL_BYTES ? (size_t)left : SOURCE_TAIL_BYTES;
        ssize_t n = read(source->fd, bytes, want);
        if (n > 0) {
            digest_add(&source->digest, bytes, (size_t)n);
            source_remember(source, bytes, (size_t)n);
            left -= (uint64_t)n;
        } else if (n == 0) {
            ok = error_set(err, EXIT_RUNTIME,
                           "%s: expected at least %llu bytes, which the snapshot has seen, found "
                           "%llu (a pipe that goes on where it ended needs --resume continue)",
                           source->name, (unsigned long long)mark->position.offset,
                           (unsigned long long)(mark->position.offset - left));
        } else if (errno == EAGAIN) {
            io_wait(source->fd, POLLIN);
        } else if (errno != EINTR) {
            ok = error_set(err, EXIT_RUNTIME, "%s: can't read it: %s", source->name,
                           strerror(errno));
        }
    }
    free(bytes);
    if (ok && !digest_equal(digest_value(&source->digest), mark->digest))
        ok = error_set(err, EXIT_RUNTIME,
                       "%s: expected the input that the snapshot was taken from, found other bytes "
                       "in the first %llu%s",
                       source->name, (unsigned long long)mark->position.offset,
                       source->regular ? "" : " (a pipe that goes on needs --resume continue)");
    return ok;
}

/* Nothing that could be compared with the input was seen. */
static bool refuse_continued(const struct source *source, struct error *err)
{
    return error_set(err, EXIT_RUNTIME,
                     "%s: the snapshot is of a pipe that was continued, whose beginning it has not "
                     "seen: expected a pipe and --resume continue again",
                     source->name);
}

static bool resume_pipe(struct source *source, const struct source_mark *mark,
                        const struct source_resume *how, struct error *err)
{
    if (how->continues) {
        source->origin = mark->position.offset;
        return true;
    }
    return mark->origin > 0 ? refuse_continued(source, err) : skip(source, mark, err);
}

static bool resume_file(struct source *source, const struct source_mark *mark,
                        const struct source_resume *how, struct error *err)
{
    /* A pipe's mark, or that of a compressed file: only the whole tells. */
    bool unmarked = mark->tail_len == 0 && mark->position.offset > 0;
    bool ok = true;
    if (unmarked && mark->origin > 0)
        return refuse_continued(source, err);
    if ((how->verify_full || unmarked) && mark->origin == 0)
        ok = skip(source, mark, err);
    else if (!restore_digest(source, mark) || !recall(source, mark->position.offset))
        ok = error_set(err, EXIT_RUNTIME, "%s: can't read it: %s", source->name, strerror(errno));
    uint64_t at = source->base + mark->position.offset;
    if (ok && lseek(source->fd, (off_t)at, SEEK_SET) < 0)
        ok = error_set(err, EXIT_RUNTIME, "%s: can't seek: %s", source->name, strerror(errno));
    return ok;
}

/* Brings an open source to the position of the mark. */
static bool resume_at(struct source *source, const struct source_mark *mark,
                      const struct source_resume *how, struct error *err)
{
    bool ok =
        source->regular ? resume_file(source, mark, how, err) : resume_pipe(source, mark, how, err);
    source->position = mark->position;
    return ok;
}

bool source_open_found(struct source *source, const char *path, struct error *err)
{
    bool ok = source_open(source, path, err);
    source->name = source->path;
    return ok;
}

static void add_older(struct source_older *older, const struct source *source)
{
    older->at = memory_realloc(older->at, (older->n + 1) * sizeof *older->at);
    older->at[older->n++] = *source;
}

static bool is_inode(int fd, uint64_t inode)
{
    struct stat st;
    return fstat(fd, &st) == 0 && st.st_ino == inode;
}

/* False, with nothing added: one was renamed meanwhile, or (*err) can't be opened. */
static bool open_between(const struct rotated *found, int until, struct source_older *older,
                         struct error *err)
{
    size_t before = older->n;
    for (size_t i = 0; i < found->n_between; i++) {
        struct source source;
        bool ok = source_open_found(&source, found->between[i].path, err);
        add_older(older, &source);
        if (ok && until >= 0 && is_same_file(source_file(&source), until)) {
            source_close(&older->at[--older->n]);
            return true;
        }
        if (ok && is_inode(source_file(&source), found->between[i].inode))
            continue;
        if (!ok && errno == ENOENT)
            *err = (struct error){0};
        while (older->n > before)
            source_close(&older->at[--older->n]);
        return false;
    }
    return true;
}

static int64_t is_open_file(void *context, const char *candidate)
{
    struct stat a, b;
    const int *fd = context;
    bool same = stat(candidate, &a) == 0 && fstat(*fd, &b) == 0 && a.st_dev == b.st_dev &&
                a.st_ino == b.st_ino;
    return same ? 0 : -1;
}

bool source_find_newer(const char *path, int fd, int until, struct source_older *newer,
                       struct error *err)
{
    enum { TRIES = 20 };
    bool ok = false;
    for (int i = 0; i < TRIES && !ok && err->status == 0; i++) {
        struct rotated found;
        ok = !rotated_find(path, is_open_file, &fd, &found) ||
             open_between(&found, until, newer, err);
        rotated_free(&found);
    }
    return ok || err->status != 0 ? ok
                                  : error_set(err, EXIT_RUNTIME,
                                              "%s: its rotated files can't be read: they are being "
                                              "renamed all the time",
                                              path);
}

/* Opens the file of the mark; false: there is none, or (*err) it can't be brought to the position.
 */
static bool open_marked(const struct source *named, const struct source_mark *mark,
                        const struct source_resume *how, struct source *source, struct error *err)
{
    enum { TRIES = 20 };
    struct wanted wanted = {.source = named, .mark = mark, .how = how};
    struct rotated found = {0};
    bool ok = false;
    for (int i = 0; i < TRIES && !ok && find_best(&wanted, &found); i++) {
        ok = source_open_found(source, found.file.path, err) &&
             is_inode(source_file(source), found.file.inode);
        if (!ok)
            source_close(source);
        rotated_free(&found);
    }
    rotated_free(&found);
    if (!ok && err->status == 0) {
        enum match match = named->fd < 0 ? MATCH_OTHER : compare(named, named->fd, mark);
        refuse(named, mark, match, wanted.packed, err);
    }
    free(wanted.packed);
    return ok && resume_at(source, mark, how, err);
}

bool source_find(const struct source *named, const struct source_mark *mark,
                 const struct source_resume *how, struct source_older *older, struct error *err)
{
    struct source source = {.fd = -1, .packed_fd = -1, .unpack.fd = -1};
    if (!open_marked(named, mark, how, &source, err)) {
        source_close(&source);
        return false;
    }
    add_older(older, &source);
    if (!source_find_newer(named->path, source_file(&source), named->fd, older, err))
        return false;
    if (older->n == 1 || how->follows)
        return true;
    return error_set(err, EXIT_RUNTIME,
                     "%s: rotated more than once since the snapshot, which was taken from %s: "
                     "expected nothing between the two, found %s (--follow reads them all; or pipe "
                     "them in, the oldest first, instead of naming %s)",
                     named->name, source.path, older->at[1].path, named->name);
}

void source_older_free(struct source_older *older)
{
    free(older->at);
    *older = (struct source_older){0};
}

/* Holds the named file what the mark says, and is there none beside it that is more likely meant?
 */
static bool is_named(const struct source *source, const struct source_mark *mark,
                     const struct source_resume *how)
{
    struct wanted wanted = {.source = source, .mark = mark, .how = how};
    struct rotated found;
    struct stat st;
    if (source->fd < 0 || compare(source, source->fd, mark) != MATCH)
        return false;
    if (fstat(source->fd, &st) != 0 || mark->inode == 0 || doubt_of(source->fd, &st, mark) == 0)
        return true;
    bool better = find_best(&wanted, &found) && found.doubt < doubt_of(source->fd, &st, mark);
    rotated_free(&found);
    free(wanted.packed);
    return !better;
}

bool source_resume(struct source *source, const struct source_mark *mark,
                   const struct source_resume *how, bool *is_it, struct error *err)
{
    bool file = source->fd < 0 || source->regular;
    *is_it = !file || is_named(source, mark, how);
    return !*is_it || resume_at(source, mark, how, err);
}

bool source_at_end(const struct source *source, bool *at_end, struct error *err)
{
    char byte;
    ssize_t n;
    do
        n = read(source->fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    *at_end = n == 0;
    return n >= 0 ||
           error_set(err, EXIT_RUNTIME, "%s: can't read it: %s", source->name, strerror(errno));
}
