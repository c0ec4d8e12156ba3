#include "source/again.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"
#include "source/rotated.h"

static bool skip(struct source *source, const struct source_mark *mark, struct error *err);

struct wanted {
    const struct source *source; /* what the path names now */
    const struct source_mark *mark;
    const struct source_resume *how;
    bool in_packed; /* looks into compressed files, and no others */
    char *packed;   /* one that could not be looked into */
};

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

static bool is_taken(const struct wanted *wanted, int fd)
{
    for (size_t i = 0; i < wanted->how->n_taken; i++)
        if (io_same_file(fd, wanted->how->taken[i]))
            return true;
    return wanted->source->fd >= 0 && io_same_file(fd, wanted->source->fd);
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
                 mark_compare(wanted->source, fd, wanted->mark) == MARK_SAME;
    int64_t doubt = mark_doubt(fd, &st, wanted->mark);
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

static bool refuse(const struct source *source, const struct source_mark *mark,
                   enum mark_match match, const char *compressed, struct error *err)
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
    if (match == MARK_SHORTER)
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
    if (!io_read_at(source->fd, source->base, bytes, head))
        return false;
    buf_put(&source->head, bytes, head);
    if (!io_read_at(source->fd, source->base + offset - tail, bytes, tail))
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
    bool ok =
        io_read_at(source->fd, source->base + mark->position.offset - rest, last, (size_t)rest);
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
        ssize_t n = source_read(source, bytes, want);
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
        if (ok && until >= 0 && io_same_file(source_file(&source), until)) {
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
    return stat(candidate, &a) == 0 && fstat(*fd, &b) == 0 && io_same_inode(&a, &b) ? 0 : -1;
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
        enum mark_match match = named->fd < 0 ? MARK_OTHER : mark_compare(named, named->fd, mark);
        refuse(named, mark, match, wanted.packed, err);
    }
    free(wanted.packed);
    return ok && resume_at(source, mark, how, err);
}

bool source_find(const struct source *named, const struct source_mark *mark,
                 const struct source_resume *how, struct source_older *older, struct error *err)
{
    struct source source = source_none();
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
    if (source->fd < 0 || mark_compare(source, source->fd, mark) != MARK_SAME)
        return false;
    if (fstat(source->fd, &st) != 0 || mark->inode == 0 || mark_doubt(source->fd, &st, mark) == 0)
        return true;
    bool better = find_best(&wanted, &found) && found.doubt < mark_doubt(source->fd, &st, mark);
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
