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
#include "base/say.h"
#include "source/rotated.h"

static bool skip(struct source *source, const struct source_mark *mark, struct error *err);

struct wanted {
    const struct source *source; /* what the path names now */
    const struct source_mark *mark;
    const struct source_resume *how;
    bool in_packed;   /* looks into compressed files, and no others */
    bool has_plain;   /* but found another before */
    char *packed;     /* one that could not be looked into */
    struct error why; /* it can't be told whether a file is the one: ROTATED_FAILED */
};

static int64_t cant_tell(struct wanted *wanted, const char *candidate)
{
    error_set(&wanted->why, EXIT_RUNTIME, "%s: can't look at it: %s", candidate, strerror(errno));
    return ROTATED_FAILED;
}

/* Unpacked, does it begin as the mark says? False with errno 0, or why it can't be read. */
static bool has_head(struct source *packed, const struct source_mark *mark)
{
    char bytes[SOURCE_HEAD_BYTES];
    size_t len = 0;
    while (len < mark->head_len) {
        ssize_t n = read(packed->fd, bytes + len, (size_t)mark->head_len - len);
        if (n < 0 && errno != EINTR)
            return false;
        errno = 0;
        if (n == 0)
            return false;
        len += n > 0 ? (size_t)n : 0;
    }
    return len > 0 && digest_equal(digest_of(bytes, len), mark->head);
}

/* Was that the last byte? */
static bool is_over(struct source *packed)
{
    char byte;
    ssize_t n;
    do
        n = read(packed->fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    return n <= 0;
}

/* Does it hold what the mark has seen? ROTATED_NOT or 0. */
static int64_t compare_packed(struct wanted *wanted, const char *path)
{
    struct source packed;
    struct error ignored = {0};
    bool ok = source_open(&packed, path, &wanted->why);
    bool failed = !ok && !io_says_none(errno);
    errno = 0; /* skip() leaves that of a read which failed */
    if (ok && !skip(&packed, wanted->mark, &ignored)) {
        ok = false;
        failed = errno != 0 && errno != EINTR && errno != EAGAIN;
        if (failed)
            cant_tell(wanted, path);
        else
            failed = is_over(&packed) && !source_end(&packed, &wanted->why);
    }
    source_close(&packed);
    return ok ? 0 : failed ? ROTATED_FAILED : ROTATED_NOT;
}

/*
 * One that begins right, and then can't be unpacked, may be the one; unless it is being packed, and
 * what it is made of still stands beside it.
 */
static int64_t look_into_packed(struct wanted *wanted, const char *path)
{
    struct source head;
    struct error why = {0};
    bool ok = source_open(&head, path, &why);
    bool failed = !ok && errno != 0 && !io_says_none(errno);
    if (failed) {
        wanted->why = why;
    } else if (!ok) {
        free(wanted->packed);
        wanted->packed = memory_strdup(path);
    }
    /* Of an empty file nothing can be compared. */
    if (ok && wanted->mark->head_len > 0 && !has_head(&head, wanted->mark)) {
        ok = false;
        failed = errno != 0;
        if (failed)
            cant_tell(wanted, path);
    }
    source_close(&head);
    if (!ok || wanted->mark->origin > 0)
        return failed ? ROTATED_FAILED : ROTATED_NOT;
    int64_t found = compare_packed(wanted, path);
    return found == ROTATED_FAILED && wanted->has_plain ? ROTATED_NOT : found;
}

static bool is_taken(const struct wanted *wanted, int fd)
{
    for (size_t i = 0; i < wanted->how->n_taken; i++)
        if (io_same_file(fd, wanted->how->taken[i]))
            return true;
    return wanted->source->fd >= 0 && io_same_file(fd, wanted->source->fd);
}

/* How much doubt is there that an open file is the one, if it is a plain one? *packed: it is not.
 */
static int64_t compare_plain(struct wanted *wanted, int fd, struct stat *st, bool *packed)
{
    const char *program = NULL;
    int64_t doubt;
    if (fstat(fd, st) != 0)
        return ROTATED_FAILED;
    if (!S_ISREG(st->st_mode) || is_taken(wanted, fd))
        return ROTATED_NOT;
    if (!unpack_program(fd, &program) || !mark_doubt(fd, st, wanted->mark, &doubt))
        return ROTATED_FAILED;
    *packed = program != NULL;
    if (*packed || wanted->in_packed)
        return *packed && wanted->in_packed ? doubt : ROTATED_NOT;
    enum mark_match match = mark_compare(wanted->source, fd, wanted->mark);
    return match == MARK_SAME ? doubt : match == MARK_FAILED ? ROTATED_FAILED : ROTATED_NOT;
}

static int64_t is_wanted(void *context, const char *candidate, bool numbered)
{
    struct wanted *wanted = context;
    struct stat st;
    bool packed = false;
    int fd = io_open(candidate, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (fd < 0)
        return io_says_none(errno) ? ROTATED_NOT : cant_tell(wanted, candidate);
    int64_t doubt = compare_plain(wanted, fd, &st, &packed);
    if (doubt == ROTATED_FAILED)
        cant_tell(wanted, candidate);
    close(fd);
    if (doubt >= 0 && packed) {
        int64_t found = look_into_packed(wanted, candidate);
        doubt = found < 0 ? found : doubt;
    }
    /* Then the inode tells, or that it was rotated by its name, and made and written since; of an
     * empty one only the former, or that it was packed. */
    bool weak = wanted->mark->within_header && doubt > 0 && (!numbered || doubt == INT64_MAX);
    bool blank = wanted->mark->head_len == 0 && wanted->mark->inode != 0 && !packed && doubt > 0;
    return weak || blank ? ROTATED_NOT : doubt;
}

static bool find_one(struct wanted *wanted, bool packed, struct rotated *found, struct error *err)
{
    wanted->in_packed = packed;
    wanted->why = (struct error){0};
    if (rotated_find(wanted->source->path, is_wanted, wanted, found, err))
        return true;
    if (err->status == 0)
        *err = wanted->why;
    return false;
}

/* The one beside the named file that is most likely the mark's, if any. False (EXIT_RUNTIME): that
 * can't be told. */
static bool find_best(struct wanted *wanted, struct rotated *found, struct error *err)
{
    struct rotated packed;
    *found = (struct rotated){0};
    if (wanted->source->path == NULL)
        return true;
    if (!find_one(wanted, false, found, err))
        return false;
    wanted->has_plain = found->file.path != NULL;
    if (wanted->has_plain && found->doubt == 0)
        return true;
    if (!find_one(wanted, true, &packed, err)) {
        rotated_free(found);
        return false;
    }
    if (packed.file.path != NULL && (found->file.path == NULL || packed.doubt < found->doubt)) {
        struct rotated worse = *found;
        *found = packed;
        packed = worse;
    }
    rotated_free(&packed);
    return true;
}

static bool refuse(const struct source *source, const struct source_mark *mark,
                   enum mark_match match, const char *compressed, struct error *err)
{
    struct stat st = {0};
    /* Of a file of which nothing was read, its head is known all the same. */
    unsigned long long expected =
        mark->position.offset > 0 ? mark->position.offset : mark->head_len;
    if (match == MARK_FAILED)
        return error_set(err, EXIT_RUNTIME, "%s: can't look at it: %s", source->name,
                         strerror(errno));
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
        return error_set(
            err, EXIT_RUNTIME,
            "%s: expected at least %llu bytes, which were there at the snapshot, found "
            "%lld: the input was truncated, or is another one",
            source->name, expected, (long long)st.st_size - (long long)source->base);
    return error_set(err, EXIT_RUNTIME,
                     "%s: expected the input that the snapshot was taken from, found other bytes "
                     "in the first %llu",
                     source->name, expected);
}

static void forget(struct source *source)
{
    source->head.len = source->tail.len = 0;
}

/*
 * What would be remembered of a file had it been read up to the position. FILE itself may be
 * truncated and written anew at any time, so it is compared with the mark behind this. False:
 * errno, 0 if it is shorter.
 */
static bool recall(struct source *source, uint64_t offset)
{
    char bytes[SOURCE_HEAD_BYTES > SOURCE_MEMORY_BYTES ? SOURCE_HEAD_BYTES : SOURCE_MEMORY_BYTES];
    size_t head = offset < SOURCE_HEAD_BYTES ? (size_t)offset : SOURCE_HEAD_BYTES;
    size_t tail = offset < SOURCE_MEMORY_BYTES ? (size_t)offset : SOURCE_MEMORY_BYTES;
    forget(source);
    if (!io_read_at(source->fd, source->base, bytes, head))
        return false;
    buf_put(&source->head, bytes, head);
    if (!io_read_at(source->fd, source->base + offset - tail, bytes, tail))
        return false;
    buf_put(&source->tail, bytes, tail);
    return true;
}

static bool may_recall(struct source *source, const struct source_mark *mark, struct error *err)
{
    if (source->fd < 0 || !source->regular || recall(source, mark->position.offset) || errno == 0)
        return true;
    return error_set(err, EXIT_RUNTIME, "%s: can't read it: %s", source->name, strerror(errno));
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
    forget(source); /* all of it comes now */
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
    else if (!restore_digest(source, mark))
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
    source->preamble = mark->within_header ? mark->position.offset : 0;
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

/* Was it there, and written for the last time, before that? A file may be made long before its
   turn, and a copy has the times of what it is of: one of the two tells nothing. False: errno. */
static bool is_from_before(int fd, int64_t ns, bool *before)
{
    struct stat st;
    int64_t born_ns;
    if (fstat(fd, &st) != 0 || !mark_born_ns(fd, &born_ns))
        return false;
    *before = mark_modified_ns(&st) < ns && born_ns < ns;
    return true;
}

/* False, with nothing added: one was renamed meanwhile, or (*err) can't be opened. */
static bool open_between(const struct rotated *found, int64_t since_ns, int until,
                         struct source_older *older, struct error *err)
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
        bool old = false;
        if (ok && !is_from_before(source_file(&source), since_ns, &old))
            ok = error_set(err, EXIT_RUNTIME, "%s: can't look at it: %s", source.name,
                           strerror(errno));
        if (ok && is_inode(source_file(&source), found->between[i].inode)) {
            if (old) {
                say("%s: written for the last time before the file was made that was read last: "
                    "it is not read",
                    source.name);
                source_close(&older->at[--older->n]);
            }
            continue;
        }
        if (!ok && errno == ENOENT)
            *err = (struct error){0};
        while (older->n > before)
            source_close(&older->at[--older->n]);
        return false;
    }
    return true;
}

/* The file that is open, and why it can't be told whether a name is its. */
struct open_file {
    int fd;
    struct error why;
};

static int64_t is_open_file(void *context, const char *candidate, bool numbered)
{
    struct stat a, b;
    (void)numbered;
    struct open_file *file = context;
    bool named = stat(candidate, &a) == 0;
    if (!named && io_says_none(errno))
        return ROTATED_NOT;
    if (named && fstat(file->fd, &b) == 0)
        return io_same_inode(&a, &b) ? 0 : ROTATED_NOT;
    error_set(&file->why, EXIT_RUNTIME, "%s: can't look at it: %s", candidate, strerror(errno));
    return ROTATED_FAILED;
}

bool source_find_newer(const char *path, int fd, int64_t born_ns, int until, bool *named,
                       struct source_older *newer, struct error *err)
{
    enum { TRIES = 20 };
    bool ok = false;
    for (int i = 0; i < TRIES && !ok && err->status == 0; i++) {
        struct open_file file = {.fd = fd};
        struct rotated found;
        if (rotated_find(path, is_open_file, &file, &found, err)) {
            bool has_name = found.file.path != NULL;
            ok = !has_name || open_between(&found, born_ns, until, newer, err);
            if (named != NULL)
                *named = has_name;
        } else if (err->status == 0) {
            *err = file.why;
        }
        rotated_free(&found);
    }
    if (!ok && err->status == 0)
        error_set(err, EXIT_RUNTIME,
                  "%s: its rotated files can't be read: they are being renamed all the time", path);
    return ok;
}

/* A file that is open, and those that are known. */
struct gone {
    struct stat st;
    const struct source_resume *how;
    int named;
};

/* Something else that was written to for the last time after that. */
static int64_t is_written_since(void *context, const char *candidate, bool numbered)
{
    const struct gone *gone = context;
    struct stat st, known;
    bool since = numbered && stat(candidate, &st) == 0 &&
                 mark_modified_ns(&st) > mark_modified_ns(&gone->st) &&
                 !(fstat(gone->named, &known) == 0 && io_same_inode(&st, &known));
    for (size_t i = 0; since && i < gone->how->n_taken; i++)
        since = fstat(gone->how->taken[i], &known) != 0 || !io_same_inode(&st, &known);
    return since ? 0 : ROTATED_NOT;
}

void source_say_gone(const char *path, int fd, int named, const struct source_resume *how)
{
    struct gone gone = {.how = how, .named = named};
    struct rotated found = {0};
    struct error ignored = {0};
    if (fstat(fd, &gone.st) == 0 && rotated_find(path, is_written_since, &gone, &found, &ignored) &&
        found.file.path != NULL)
        say("%s: the file that was read last is gone, and %s was written to since: it is not "
            "known what came between, and lines may be lost",
            path, found.file.path);
    rotated_free(&found);
}

/* Opens the file of the mark. *err says why it is not SOURCE_FOUND, or can't be brought to the
 * position. */
static enum source_found open_marked(const struct source *named, const struct source_mark *mark,
                                     const struct source_resume *how, struct source *source,
                                     struct error *err)
{
    enum { TRIES = 20 };
    struct wanted wanted = {.source = named, .mark = mark, .how = how};
    struct rotated found = {0};
    bool ok = false, opened = false;
    for (int i = 0; i < TRIES && !opened; i++) {
        ok = find_best(&wanted, &found, err);
        if (!ok || found.file.path == NULL)
            break;
        ok = source_open_found(source, found.file.path, err) || errno == ENOENT;
        opened = ok && source->fd >= 0 && is_inode(source_file(source), found.file.inode);
        if (!opened)
            source_close(source);
        if (!ok)
            break;
        *err = (struct error){0};
        rotated_free(&found);
    }
    rotated_free(&found);
    if (ok && !opened) {
        enum mark_match match = named->fd < 0 ? MARK_OTHER : mark_compare(named, named->fd, mark);
        refuse(named, mark, match, wanted.packed, err);
        ok = match != MARK_FAILED;
    }
    free(wanted.packed);
    if (opened && may_recall(source, mark, err) && resume_at(source, mark, how, err))
        return SOURCE_FOUND;
    return opened || !ok ? SOURCE_FAILED : SOURCE_NONE;
}

enum source_found source_find(const struct source *named, const struct source_mark *mark,
                              const struct source_resume *how, struct source_older *older,
                              struct error *err)
{
    struct source source = source_none();
    enum source_found found = open_marked(named, mark, how, &source, err);
    if (found != SOURCE_FOUND) {
        source_close(&source);
        return found;
    }
    add_older(older, &source);
    if (how->alone)
        return SOURCE_FOUND;
    if (!source_find_newer(named->path, source_file(&source), mark->born_ns, named->fd, NULL, older,
                           err))
        return SOURCE_FAILED;
    if (older->n == 1 || how->follows)
        return SOURCE_FOUND;
    error_set(err, EXIT_RUNTIME,
              "%s: rotated more than once since the snapshot, which was taken from %s: "
              "expected nothing between the two, found %s (--follow reads them all; or pipe "
              "them in, the oldest first, instead of naming %s)",
              named->name, source.path, older->at[1].path, named->name);
    return SOURCE_FAILED;
}

void source_older_free(struct source_older *older)
{
    free(older->at);
    *older = (struct source_older){0};
}

/*
 * *is_it: does the named file hold what the mark says, and is there none beside it that is more
 * likely meant? False (EXIT_RUNTIME): that can't be told.
 */
static bool is_named(const struct source *source, const struct source_mark *mark,
                     const struct source_resume *how, bool *is_it, struct error *err)
{
    struct wanted wanted = {.source = source, .mark = mark, .how = how};
    struct rotated found;
    struct stat st;
    int64_t doubt = 0;
    enum mark_match match = source->fd < 0 ? MARK_OTHER : mark_compare(source, source->fd, mark);
    *is_it = match == MARK_SAME;
    if (match != MARK_FAILED && (!*is_it || mark->inode == 0))
        return true;
    if (match == MARK_FAILED || fstat(source->fd, &st) != 0 ||
        !mark_doubt(source->fd, &st, mark, &doubt))
        return refuse(source, mark, MARK_FAILED, NULL, err);
    if (doubt == 0)
        return true;
    bool ok = find_best(&wanted, &found, err);
    *is_it = ok && (found.file.path == NULL || found.doubt >= doubt);
    if (ok && found.file.path == NULL && mark->within_header)
        say("%s: another file than that of which the snapshot has seen the header, and that is not "
            "beside it: what was written to it since, if anything, is lost",
            source->name);
    rotated_free(&found);
    free(wanted.packed);
    return ok;
}

bool source_resume(struct source *source, const struct source_mark *mark,
                   const struct source_resume *how, bool *is_it, struct error *err)
{
    bool file = source->fd < 0 || source->regular;
    *is_it = !file;
    if (file && (!may_recall(source, mark, err) || !is_named(source, mark, how, is_it, err)))
        return false;
    if (!*is_it)
        forget(source);
    return !*is_it || resume_at(source, mark, how, err);
}
