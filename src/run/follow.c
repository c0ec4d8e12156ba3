#include "run/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/say.h"
#include "run/running.h"
#include "run/signals.h"
#include "source/watch.h"

#define QUIET_NS INT64_C(60000000000)
#define PATIENCE_NS INT64_C(2000000000)
#define LOOK_NS INT64_C(400000000) /* twice as long as from one look to the next, at the most */

enum change { SAME, GREW, TRUNCATED, FAILED };

bool follow_check(const char *path, struct error *err)
{
    struct stat st;
    const char *what = path == NULL                                   ? "stdin"
                       : stat(path, &st) == 0 && !S_ISREG(st.st_mode) ? path
                                                                      : NULL;
    return what == NULL || error_set(err, EXIT_USAGE,
                                     "--follow: expected regular FILEs, which can be waited for "
                                     "at their ends; %s is none",
                                     what);
}

static void begin_quiet(struct inlet *in)
{
    in->looked_ns = clock_monotonic_ns();
    in->quiet_ns = 0;
}

/*
 * Nothing is there again; was it quiet for long enough? Time in which nobody looked, because we
 * were stopped or waited for another FILE, does not count: its writer may have been stopped as
 * well.
 */
static bool is_quiet_for_long(struct inlet *in)
{
    int64_t now_ns = clock_monotonic_ns(), ns = now_ns - in->looked_ns;
    in->looked_ns = now_ns;
    in->quiet_ns += ns < LOOK_NS ? ns : LOOK_NS;
    return in->quiet_ns >= QUIET_NS;
}

void follow_start(struct running *r)
{
    r->watch = watch_open();
    for (size_t i = 0; i < r->n_inlets; i++) {
        struct inlet *file = &r->inlets[i];
        watch_directory(r->watch, file->path);
        for (size_t k = 0; k < file->n_older; k++) {
            begin_quiet(file->older[k]);
            watch_file(r->watch, file->older[k]->source.fd);
        }
        watch_file(r->watch, file->source.fd);
    }
    if (r->n_inlets > 1 && r->plan->idle_ns == 0)
        say("--follow: a FILE that is quiet stops the others (--idle-timeout lets it "
            "go)");
}

/* Always false. */
static bool cant_look(const struct inlet *in, struct error *err)
{
    return error_set(err, EXIT_RUNTIME, "%s: can't look at it: %s", in->source.name,
                     strerror(errno));
}

/* *differs: do the bytes that were read, but belong to no whole record yet, still stand there? */
static bool rest_differs(const struct inlet *in, off_t end, bool *differs, struct error *err)
{
    char bytes[SOURCE_MEMORY_BYTES];
    size_t len;
    const char *rest = input_rest(in->input, &len);
    size_t n = len < sizeof bytes ? len : sizeof bytes;
    *differs = n > 0 && !io_read_at(in->source.fd, (uint64_t)end - n, bytes, n);
    if (*differs)
        return errno == 0 || cant_look(in, err);
    *differs = n > 0 && memcmp(bytes, rest + len - n, n) != 0;
    return true;
}

/* Looks at a file whose end was met. What can't be read was not truncated: FAILED. */
static enum change look(struct inlet *in, struct error *err)
{
    struct stat st;
    bool other, differs = false;
    if (fstat(in->source.fd, &st) != 0)
        return cant_look(in, err) ? SAME : FAILED;
    if (st.st_size == in->seen.st_size && st.st_mtim.tv_sec == in->seen.st_mtim.tv_sec &&
        st.st_mtim.tv_nsec == in->seen.st_mtim.tv_nsec)
        return SAME;
    off_t end = lseek(in->source.fd, 0, SEEK_CUR);
    if (end < 0)
        return cant_look(in, err) ? SAME : FAILED;
    if (st.st_size < end)
        return TRUNCATED; /* what was seen before it tells its copy */
    if (!source_is_other(&in->source, &other, err) ||
        (!other && !rest_differs(in, end, &differs, err)))
        return FAILED;
    if (other || differs)
        return TRUNCATED;
    in->seen = st;
    return st.st_size > end ? GREW : SAME;
}

static void read_on(struct inlet *in)
{
    in->dry = false;
    begin_quiet(in);
    input_again(in->input);
    feed_again(in->feed);
}

static void start(struct running *r, struct inlet *in)
{
    begin_quiet(in);
    inlet_start_input(r, in);
    watch_file(r->watch, in->source.fd);
}

/*
 * logrotate makes the new file first, and lets others read it then; it is said only where that does
 * not come.
 */
static void note_denied(struct inlet *file)
{
    int64_t now_ns = clock_monotonic_ns();
    if (file->denied_ns == 0)
        file->denied_ns = now_ns;
    if (file->said_denied || now_ns - file->denied_ns < PATIENCE_NS)
        return;
    say("%s: may not be read: waiting until it may", file->path);
    file->said_denied = true;
}

/* Opens what the name has now; source->fd -1: nothing that can be read just now. */
static bool open_named(struct running *r, struct inlet *file, struct source *source)
{
    struct stat st;
    *source = (struct source){.fd = -1, .packed_fd = -1, .unpack.fd = -1};
    if (stat(file->path, &st) != 0 || !S_ISREG(st.st_mode))
        return true;
    if (!source_open(source, file->path, r->err)) {
        bool denied = errno == EACCES || errno == EPERM, missing = errno == ENOENT;
        source_close(source);
        if (denied)
            note_denied(file);
        if (denied || missing)
            *r->err = (struct error){0};
        return denied || missing;
    }
    file->denied_ns = 0;
    file->said_denied = false;
    return source->regular ||
           error_set(r->err, EXIT_RUNTIME, "%s: compressed, where a FILE to follow was expected",
                     file->path);
}

static void begin(struct running *r, struct inlet *file, const struct source *source)
{
    file->source = *source;
    if (source->fd < 0)
        return;
    start(r, file);
    inlet_start_feed(r, file);
}

/*
 * Looks beside the FILE for a file by what was read of it, at `named` or in an older generation.
 * older->n is above 0 if it is found; *older has what came after it, too.
 */
static bool find_read(struct running *r, struct inlet *file, const struct source *named,
                      const struct source *read, int64_t modified_ns, struct source_older *older)
{
    struct source_resume how = {.follows = true};
    struct source_mark mark;
    struct error why = {0};
    bool ok = source_mark_read(read, &mark, r->err);
    if (modified_ns != 0)
        mark.modified_ns = modified_ns;
    int *others = inlet_take_older(file, &how);
    if (ok && read->position.offset > 0 &&
        source_find(named, &mark, &how, older, &why) == SOURCE_FAILED) {
        *r->err = why;
        ok = false;
    }
    free(others);
    return ok;
}

/*
 * What came and went between the newest generation and the named file. That is known from the name
 * that the former has by now or, where it was packed since, the copy of what was read of it.
 */
static bool find_newer(struct running *r, struct inlet *file, struct source *source,
                       struct source_older *newer)
{
    const struct source *newest = &file->older[file->n_older - 1]->source;
    int fd = source_file(newest);
    int64_t born_ns = 0;
    bool named = false;
    if (!mark_born_ns(fd, &born_ns))
        return cant_look(file->older[file->n_older - 1], r->err);
    if (!source_find_newer(file->path, fd, born_ns, source->fd, &named, newer, r->err))
        return false;
    if (named)
        return true;
    if (!find_read(r, file, source, newest, 0, newer))
        return false;
    if (newer->n == 0) {
        struct source_resume how = {.follows = true};
        int *others = inlet_take_older(file, &how);
        source_say_gone(file->path, fd, source->fd, &how);
        free(others);
        return true;
    }
    source_close(&newer->at[0]); /* what is open holds the same */
    newer->n--;
    memmove(newer->at, newer->at + 1, newer->n * sizeof *newer->at);
    return true;
}

/*
 * Opens what the name has now, and before it those that came and went since the newest generation.
 * What is opened first ends their list, though it may be rotated away before that is read.
 */
static bool open_next(struct running *r, struct inlet *file)
{
    struct source source;
    struct source_older newer = {0};
    bool ok = open_named(r, file, &source);
    if (ok && source.fd >= 0 && file->n_older > 0)
        ok = find_newer(r, file, &source, &newer);
    for (size_t i = 0; i < newer.n; i++) {
        struct inlet *in = inlet_add_older(file, &newer.at[i]);
        start(r, in);
        inlet_start_feed(r, in);
    }
    source_older_free(&newer);
    begin(r, file, &source);
    return ok;
}

/* Has the name another file now? Then what we have goes before it. */
static bool follow_rotation(struct running *r, struct inlet *file, bool *rotated)
{
    struct stat now, ours;
    *rotated = stat(file->path, &now) == 0 && S_ISREG(now.st_mode) &&
               fstat(file->source.fd, &ours) == 0 && !io_same_inode(&now, &ours);
    if (!*rotated)
        return true;
    inlet_shift(file);
    begin_quiet(file->older[file->n_older - 1]);
    return open_next(r, file);
}

/* The copy of a file that was truncated in place goes on where we were in it. */
static bool read_copy(struct running *r, struct inlet *file, struct source *copy)
{
    struct buf settled = {0};
    const unsigned char *at;
    if (file->settled)
        input_save(file->input, NULL, &settled);
    struct inlet *in = inlet_add_older(file, copy);
    inlet_start_input(r, in);
    at = (const unsigned char *)settled.data;
    in->settled = file->settled;
    bool ok = !in->settled || input_load(in->input, &at, at + settled.len, &in->source.position);
    buf_free(&settled);
    if (!ok)
        return error_set(r->err, EXIT_RUNTIME, "%s: can't go on in its copy", file->path);
    begin_quiet(in);
    inlet_start_feed(r, in);
    return true;
}

static bool follow_truncation(struct running *r, struct inlet *file)
{
    struct source_older older = {0};
    uint64_t offset = file->source.position.offset;
    int fd = fcntl(file->source.fd, F_DUPFD_CLOEXEC, 0);
    bool ok =
        find_read(r, file, &file->source, &file->source, mark_modified_ns(&file->seen), &older);
    bool found = ok && older.n > 0;
    if (ok)
        say("%s: truncated in place behind byte %llu%s%s: lines that were written just before may "
            "be lost; reading it from its beginning",
            file->path, (unsigned long long)offset, found ? ", and copied to " : "",
            found ? older.at[0].name : "");
    if (found)
        ok = read_copy(r, file, &older.at[0]);
    for (size_t i = 0; i < older.n; i++)
        source_close(&older.at[i]);
    source_older_free(&older);
    inlet_empty(file);
    /* The same file, whatever is called so by now. */
    ok = ok && fd >= 0 && lseek(fd, 0, SEEK_SET) == 0;
    if (!ok) {
        if (r->err->status == 0)
            error_set(r->err, EXIT_RUNTIME, "%s: can't go back to its beginning: %s", file->path,
                      strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    struct source source;
    source_open_again(&source, file->path, fd);
    begin(r, file, &source);
    return true;
}

void follow_say_lost(const struct inlet *file, uint64_t offset)
{
    say("%s: not the file of which the snapshot has seen %llu bytes, and that is not "
        "beside it: truncated in place, or removed: lines may be lost; reading it from its "
        "beginning",
        file->path, (unsigned long long)offset);
}

/*
 * A file that was rotated away: may it be read on, *goes_on? Quiet ones are let go from the oldest
 * on: the newest tells at a restart which files came behind it.
 */
static bool older_goes_on(struct running *r, struct inlet *in, bool *goes_on)
{
    *goes_on = !in->done && (inlet_has_records(in) || !in->dry);
    if (in->done || *goes_on)
        return true;
    bool quiet = is_quiet_for_long(in) && in == in->file->older[0];
    enum change change = quiet ? GREW : look(in, r->err);
    *goes_on = change == GREW;
    if (change == TRUNCATED && !in->said_truncated) {
        say("%s: truncated in place behind byte %llu after it was rotated away: lines that were "
            "written just before may be lost",
            in->file->path, (unsigned long long)in->source.position.offset);
        in->said_truncated = true;
    }
    if (!*goes_on)
        return change != FAILED;
    if (quiet && in->said_truncated) { /* what stands there now is not what was to come */
        in->done = true;
        *goes_on = false;
        return true;
    }
    if (quiet) { /* its end is one now, and its last line a record */
        in->options->follow = false;
        in->options->keep_last = false;
    }
    read_on(in);
    return true;
}

bool follow_next(struct running *r, struct inlet *file, struct inlet **in)
{
    for (;;) {
        bool rotated = false;
        *in = NULL;
        while (file->n_older > 0 && file->older[0]->done && is_quiet_for_long(file->older[0]))
            inlet_drop_older(r, file->older[0]);
        for (size_t i = 0; i < file->n_older; i++) {
            bool goes_on;
            *in = file->older[i];
            if (!older_goes_on(r, *in, &goes_on))
                return false;
            if (goes_on)
                return true;
        }
        *in = file;
        if (file->source.fd < 0 && !open_next(r, file))
            return false;
        if (file->source.fd >= 0 && (inlet_has_records(file) || !file->dry))
            return true;
        enum change change = file->source.fd < 0 ? SAME : look(file, r->err);
        if (change == FAILED)
            return false;
        if (change == GREW) {
            read_on(file);
            return true;
        }
        if (change == TRUNCATED ? !follow_truncation(r, file)
                                : file->source.fd >= 0 && !follow_rotation(r, file, &rotated))
            return false;
        if (change == SAME && !rotated) {
            *in = NULL;
            return true;
        }
    }
}

static bool is_quiet(const struct inlet *in)
{
    struct stat st;
    return in->source.fd < 0 || in->done ||
           (!inlet_has_records(in) && in->dry && fstat(in->source.fd, &st) == 0 &&
            st.st_size == in->seen.st_size);
}

bool follow_is_quiet(const struct inlet *file)
{
    struct stat now, ours;
    bool named = stat(file->path, &now) == 0;
    bool open = file->source.fd >= 0 && fstat(file->source.fd, &ours) == 0;
    for (size_t i = 0; i < file->n_older; i++)
        if (!is_quiet(file->older[i]))
            return false;
    return is_quiet(file) && (!named || (open && io_same_inode(&now, &ours)));
}

void follow_wait(struct running *r, int64_t ns)
{
    watch_wait(r->watch, signals_fd, (int)(ns / 1000000) + 1);
}
