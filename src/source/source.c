#include "source/source.h"

#include <ctype.h>
#include <dirent.h>
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
    digest_free(&source->digest);
    *source = (struct source){.fd = -1, .packed_fd = -1, .unpack.fd = -1};
}

void source_move(struct source *source, size_t len, uint64_t lines, bool overlong)
{
    source->position.offset += len;
    source->position.line += lines;
    source->position.overlong = overlong;
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

bool source_mark(const struct source *source, struct source_mark *mark, struct error *err)
{
    uint64_t offset = source->position.offset;
    *mark = (struct source_mark){
        .position = source->position,
        .origin = source->origin,
        .digest = digest_value(&source->digest),
        .chain_low = source->digest.low,
        .chain_high = source->digest.high,
    };
    if (!source->regular)
        return true;
    /* The head may reach beyond the position: a file of which nothing was read yet is known too. */
    struct stat st;
    uint64_t size = fstat(source->fd, &st) == 0 && (uint64_t)st.st_size > source->base
                        ? (uint64_t)st.st_size - source->base
                        : 0;
    mark->head_len = size < SOURCE_HEAD_BYTES ? size : SOURCE_HEAD_BYTES;
    mark->tail_len = offset < SOURCE_TAIL_BYTES ? offset : SOURCE_TAIL_BYTES;
    if (hash_at(source, source->fd, 0, mark->head_len, &mark->head) &&
        hash_at(source, source->fd, offset - mark->tail_len, mark->tail_len, &mark->tail))
        return true;
    return error_set(err, EXIT_RUNTIME,
                     "%s: the %llu bytes that were read are not there any more: was it truncated?",
                     source->name, (unsigned long long)offset);
}

bool source_begins_as(const struct source *source, const struct source_mark *mark)
{
    struct digest_value head;
    return source->regular && mark->head_len > 0 &&
           hash_at(source, source->fd, 0, mark->head_len, &head) && head.low == mark->head.low &&
           head.high == mark->head.high;
}

/*
 * Layout, version 1: offset, line (u64), overlong (u8), origin, head length, tail length (u64),
 * then head, tail, digest and the digest's chain (two u64 each).
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
    bool same = hash_at(source, fd, offset - mark->tail_len, mark->tail_len, &tail) &&
                digest_equal(tail, mark->tail);
    return same ? MATCH : MATCH_OTHER;
}

static const char *name_in_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static bool has_suffix(const char *text, const char *suffix)
{
    size_t len = strlen(text), suffix_len = strlen(suffix);
    return len >= suffix_len && strcmp(text + len - suffix_len, suffix) == 0;
}

static bool is_compressed(const char *name)
{
    static const char *const suffixes[] = {".gz", ".xz", ".bz2", ".zst", ".lz4"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
        if (has_suffix(name, suffixes[i]))
            return true;
    return false;
}

/* FILE.1, FILE-20260102 and the like: names that log rotation gives. */
static bool is_rotated_name(const char *name, const char *current)
{
    size_t len = strlen(current);
    return strncmp(name, current, len) == 0 && (name[len] == '.' || name[len] == '-') &&
           name[len + 1] != '\0' && !has_suffix(name, ".lock") && !has_suffix(name, ".tmp");
}

/*
 * Looks beside the source's path for the file that matches the mark. Returns its descriptor and
 * path, or -1; *compressed is set to a packed candidate, if there is one (free it).
 */
static int find_rotated(const struct source *source, const struct source_mark *mark, char **path,
                        char **compressed)
{
    struct buf candidate = {0};
    size_t directory_len = (size_t)(name_in_path(source->path) - source->path);
    char *directory =
        directory_len == 0 ? memory_strdup("./") : memory_strndup(source->path, directory_len);
    DIR *dir = opendir(directory);
    int found = -1;
    for (struct dirent *entry; dir != NULL && found < 0 && (entry = readdir(dir)) != NULL;) {
        if (!is_rotated_name(entry->d_name, name_in_path(source->path)))
            continue;
        candidate.len = 0;
        buf_put(&candidate, source->path, directory_len);
        buf_puts(&candidate, entry->d_name);
        if (is_compressed(entry->d_name)) {
            free(*compressed);
            *compressed = memory_strdup(buf_cstr(&candidate));
            continue;
        }
        int fd = io_open(buf_cstr(&candidate), O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
        struct stat st;
        if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
            compare(source, fd, mark) == MATCH)
            found = fd;
        else if (fd >= 0)
            close(fd);
    }
    if (found >= 0)
        *path = memory_strdup(buf_cstr(&candidate));
    if (dir != NULL)
        closedir(dir);
    free(directory);
    buf_free(&candidate);
    return found;
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
    bool unmarked = mark->head_len == 0 && mark->position.offset > 0;
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

/* The digits behind CURRENT. or CURRENT-, or NULL; *n: how many. */
static const char *rotation_digits(const char *name, const char *current, size_t *n)
{
    if (!is_rotated_name(name, current))
        return NULL;
    const char *digits = name + strlen(current) + 1;
    for (*n = 0; isdigit((unsigned char)digits[*n]);)
        ++*n;
    return *n > 0 ? digits : NULL;
}

/*
 * Was `name` rotated away after `found` was? FILE.1 comes after FILE.2, FILE-20260102 after
 * FILE-20260101: compared as numbers of any length.
 */
static bool is_newer_rotation(const char *name, const char *found, const char *current)
{
    size_t n, n_found, separator = strlen(current);
    const char *digits = rotation_digits(name, current, &n);
    const char *found_digits = rotation_digits(found, current, &n_found);
    if (digits == NULL || found_digits == NULL || name[separator] != found[separator])
        return false;
    int order = n != n_found ? (n < n_found ? -1 : 1) : memcmp(digits, found_digits, n);
    return name[separator] == '.' ? order < 0 : order > 0;
}

/* A file that was rotated away between the one that was found and the one of today; or NULL. */
static char *find_between(const char *path, const char *found)
{
    size_t directory_len = (size_t)(name_in_path(path) - path);
    char *directory =
        directory_len == 0 ? memory_strdup("./") : memory_strndup(path, directory_len);
    DIR *dir = opendir(directory);
    char *between = NULL;
    for (struct dirent *entry; dir != NULL && between == NULL && (entry = readdir(dir)) != NULL;)
        if (is_newer_rotation(entry->d_name, name_in_path(found), name_in_path(path)))
            between = memory_strdup(entry->d_name);
    if (dir != NULL)
        closedir(dir);
    free(directory);
    return between;
}

/* *source is not the file of the mark: the one that is, if it can be found, goes before it. */
static bool step_back(struct source *source, struct source *next, const struct source_mark *mark,
                      enum match match, struct error *err)
{
    char *path = NULL, *compressed = NULL;
    int fd = source->path == NULL ? -1 : find_rotated(source, mark, &path, &compressed);
    char *between = fd < 0 ? NULL : find_between(source->path, path);
    bool ok = fd >= 0 || refuse(source, mark, match, compressed, err);
    if (between != NULL)
        ok = error_set(err, EXIT_RUNTIME,
                       "%s: rotated more than once since the snapshot, which was taken from %s: "
                       "expected nothing between the two, found %s (pipe them in, the oldest "
                       "first, instead of naming %s)",
                       source->name, path, between, source->name);
    if (ok) {
        *next = *source;
        *source = (struct source){.name = path, .path = path, .fd = fd, .packed_fd = -1};
        source->regular = true;
        source->unpack.fd = -1;
    } else if (fd >= 0) {
        close(fd);
        free(path);
    }
    free(between);
    free(compressed);
    return ok;
}

bool source_resume(struct source *source, struct source *next, const struct source_mark *mark,
                   const struct source_resume *how, struct error *err)
{
    bool ok = true;
    if (source->fd < 0 || source->regular) {
        enum match match = source->fd < 0 ? MATCH_OTHER : compare(source, source->fd, mark);
        if (match != MATCH)
            ok = step_back(source, next, mark, match, err);
        ok = ok && resume_file(source, mark, how, err);
    } else {
        ok = resume_pipe(source, mark, how, err);
    }
    source->position = mark->position;
    return ok;
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
