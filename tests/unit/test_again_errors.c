/*
 * An input that is found again after a restart, while a call on the way fails, is interrupted, or
 * finds that files were renamed meanwhile: each kind of call in turn, and each of its calls. What
 * can't be told is said; it is never taken for an input that is not there.
 *
 * The linker sends the calls here (--wrap, in the Makefile).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/again.h"
#include "unit/marked_log.h"

enum call {
    CALL_OPEN,
    CALL_READ,
    CALL_PREAD,
    CALL_FSTAT,
    CALL_STAT,
    CALL_STATX,
    CALL_LSEEK,
    CALL_READLINK,
    CALL_REALPATH,
    CALL_OPENDIR,
    CALL_READDIR,
    CALL_PIPE,
    CALL_SPAWN,
    CALL_WAIT,
    N_CALLS
};

/* The nth call of a kind fails, or it and all behind it, or something happens before it. */
static struct {
    bool on, stays;
    enum call call;
    int nth, error;
    const char *meanwhile; /* a command; NULL: it fails */
    int seen;
} fault;

static bool fails(enum call call)
{
    if (!fault.on || call != fault.call || ++fault.seen < fault.nth)
        return false;
    if (fault.seen > fault.nth && !fault.stays)
        return false;
    if (fault.meanwhile != NULL) {
        fault.on = false;
        CHECK(system(fault.meanwhile) == 0, "%s", fault.meanwhile);
        fault.on = true;
        return false;
    }
    errno = fault.error;
    return true;
}

#define WRAP(call, type, failure, name, parameters, arguments)                                     \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return fails(call) ? (failure) : __real_##name arguments;                                  \
    }

WRAP(CALL_OPEN, int, -1, open, (const char *path, int flags, mode_t mode), (path, flags, mode))
WRAP(CALL_READ, ssize_t, -1, read, (int fd, void *to, size_t len), (fd, to, len))
WRAP(CALL_READ, ssize_t, -1, __read_chk, (int fd, void *to, size_t len, size_t room),
     (fd, to, len, room))
WRAP(CALL_PREAD, ssize_t, -1, pread, (int fd, void *to, size_t len, off_t at), (fd, to, len, at))
WRAP(CALL_FSTAT, int, -1, fstat, (int fd, struct stat *st), (fd, st))
WRAP(CALL_STAT, int, -1, stat, (const char *path, struct stat *st), (path, st))
WRAP(CALL_STATX, int, -1, statx,
     (int fd, const char *path, int flags, unsigned mask, struct statx *st),
     (fd, path, flags, mask, st))
WRAP(CALL_LSEEK, off_t, -1, lseek, (int fd, off_t at, int whence), (fd, at, whence))
WRAP(CALL_READLINK, ssize_t, -1, readlink, (const char *path, char *to, size_t len),
     (path, to, len))
WRAP(CALL_REALPATH, char *, NULL, realpath, (const char *path, char *to), (path, to))
WRAP(CALL_OPENDIR, DIR *, NULL, opendir, (const char *path), (path))
WRAP(CALL_READDIR, struct dirent *, NULL, readdir, (DIR * dir), (dir))
WRAP(CALL_PIPE, int, -1, pipe2, (int ends[2], int flags), (ends, flags))
WRAP(CALL_SPAWN, int, errno, posix_spawnp,
     (pid_t * pid, const char *file, const posix_spawn_file_actions_t *actions,
      const posix_spawnattr_t *attributes, char *const argv[], char *const env[]),
     (pid, file, actions, attributes, argv, env))
WRAP(CALL_WAIT, pid_t, -1, waitpid, (pid_t pid, int *status, int options), (pid, status, options))

static void run(const char *command)
{
    CHECK(system(command) == 0, "%s", command);
}

/* A log whose lines tell it apart, of 18 bytes each. */
static void write_log(const char *name, char of, int lines)
{
    FILE *file = fopen(name, "w");
    for (int i = 0; file != NULL && i < lines; i++)
        fprintf(file, "%c line number %03d\n", of, i);
    CHECK(file != NULL && fclose(file) == 0, "%s", name);
}

/* The mark of a run that has read so many bytes of the log. */
static struct source_mark mark_at(size_t len)
{
    struct source source;
    struct error err = {0};
    CHECK(source_open(&source, "log", &err), "%s", err.text);
    return read_to_mark(&source, len, true);
}

/* What is looked for, and what comes of it where nothing goes wrong. */
struct wish {
    const char *name;
    struct source_mark mark;
    struct source_resume how;
    bool resumes; /* FILE itself is the one; else it is beside it */
    enum source_found found;
    size_t n_found; /* 0: some */
    const char *goes_on;
};

struct outcome {
    enum source_found found;
    bool reached; /* as many calls of that kind were made */
};

/* Whatever happens, a file that is found is the right one. */
static struct outcome look(const struct wish *wish, enum call call, int nth, int error,
                           const char *meanwhile)
{
    struct source source;
    struct source_older older = {0};
    struct error err = {0}, ignored = {0};
    struct outcome out = {.found = SOURCE_NONE};
    bool is_it = false;
    if (!source_open(&source, "log", &ignored))
        CHECK(errno == ENOENT, "%s", ignored.text);
    fault.seen = 0;
    fault.call = call;
    fault.nth = nth;
    fault.error = error;
    fault.meanwhile = meanwhile;
    fault.on = nth > 0;
    if (!wish->resumes)
        out.found = source_find(&source, &wish->mark, &wish->how, &older, &err);
    else if (!source_resume(&source, &wish->mark, &wish->how, &is_it, &err))
        out.found = SOURCE_FAILED;
    else if (is_it)
        out.found = SOURCE_FOUND;
    fault.on = false;
    out.reached = nth > 0 && fault.seen >= nth;
    const char *what = wish->name;
    CHECK(out.found != SOURCE_FAILED || (err.status != 0 && err.text[0] != '\0'), "%s: no reason",
          what);
    if (out.found == SOURCE_FOUND && !wish->resumes)
        CHECK((older.n == wish->n_found || wish->n_found == 0 || error == ENOENT) &&
                  goes_on_with(&older.at[0], wish->goes_on),
              "%s: %zu files were found, expected %zu, call %d, number %d", what, older.n,
              wish->n_found, call, nth);
    if (out.found == SOURCE_FOUND && wish->resumes)
        CHECK(goes_on_with(&source, wish->goes_on), "%s: it goes on elsewhere", what);
    for (size_t i = 0; i < older.n; i++)
        source_close(&older.at[i]);
    source_older_free(&older);
    source_close(&source);
    bool left = false;
    while (waitpid(-1, NULL, 0) > 0)
        left = true;
    CHECK(!left || (call == CALL_WAIT && error != EINTR), "%s: what unpacks was left", what);
    return out;
}

/* Each call in turn fails, and each with all behind it; at first none does. */
static void test_each(const struct wish *wish)
{
    enum { MOST = 300 };
    CHECK(look(wish, N_CALLS, 0, 0, NULL).found == wish->found, "%s: all is well", wish->name);
    for (enum call call = 0; call < N_CALLS; call++) {
        struct outcome out = {.reached = true};
        for (int i = 0; (out.reached || i % 2 == 1) && i < MOST; i++) {
            fault.stays = i % 2 == 1;
            out = look(wish, call, i / 2 + 1, EIO, NULL);
            CHECK(out.found == wish->found || out.found == SOURCE_FAILED,
                  "%s: call %d, number %d fails: taken for an input that is not there", wish->name,
                  call, i / 2 + 1);
        }
        CHECK(!out.reached, "%s: calls without end", wish->name);
        fault.stays = false;
    }
}

/* Each of these is made again. */
static void test_interrupted(const struct wish *wish)
{
    static const enum call calls[] = {CALL_OPEN, CALL_READ, CALL_PREAD, CALL_OPENDIR, CALL_WAIT};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        struct outcome out = {.reached = true};
        for (int nth = 1; out.reached; nth++) {
            out = look(wish, calls[i], nth, EINTR, NULL);
            CHECK(out.found == wish->found, "%s: call %d, number %d is interrupted", wish->name,
                  calls[i], nth);
        }
    }
}

/* A file that is gone may be found elsewhere or not at all; but nothing is wrong with that. */
static void test_gone(const struct wish *wish)
{
    static const enum call calls[] = {CALL_OPEN, CALL_STAT, CALL_READLINK, CALL_REALPATH,
                                      CALL_OPENDIR};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        struct outcome out = {.reached = true};
        for (int nth = 1; out.reached; nth++)
            out = look(wish, calls[i], nth, ENOENT, NULL);
    }
}

static void test_all(const struct wish *wish)
{
    test_each(wish);
    test_interrupted(wish);
    test_gone(wish);
}

/* FILE itself, though another beside it may be meant as well, or is. */
static void test_named(void)
{
    write_log("log", 'a', 300);
    struct wish wish = {"named", .mark = mark_at(200), .resumes = true, .found = SOURCE_FOUND,
                        .goes_on = "line number 011\n"};
    test_all(&wish);
    wish.how.verify_full = true;
    test_all(&wish);
    wish.how.verify_full = false;
    run("cp log log.1 && touch -d 2100-01-01 log.1 && cp log copy && mv copy log");
    test_all(&wish);
    run("mv log log.1");
    write_log("log", 'a', 300);
    wish.mark = mark_at(200);
    wish.found = SOURCE_NONE;
    run("cp log copy && mv log log.1 && mv copy log");
    test_all(&wish);
    run("rm log log.1");
}

static void test_beside(void)
{
    write_log("log", 'a', 300);
    struct wish wish = {"beside", .mark = mark_at(200), .found = SOURCE_FOUND, .n_found = 1,
                        .goes_on = "line number 011\n"};
    run("mv log log.1");
    write_log("log", 'b', 10);
    test_all(&wish);
    run("mv log.1 log.2 && mv log log.1");
    write_log("log", 'c', 10);
    wish.how.follows = true;
    wish.n_found = 2;
    test_all(&wish);
    wish.n_found = 1;
    run("mkdir logs && mv log.2 logs/app-01.log && mv log logs/app-02.log");
    run("ln -s logs/app-02.log log");
    test_all(&wish);
    run("rm -r log log.1 logs");
}

/* A kernel, or a sandbox of another's, that does not say when a file was made is no failure. */
static void test_without_birth(void)
{
    static const int errors[] = {ENOSYS, EPERM, EINVAL, EOPNOTSUPP};
    write_log("log", 'a', 300);
    struct wish wish = {"without birth", .mark = mark_at(200), .found = SOURCE_FOUND, .n_found = 1,
                        .goes_on = "line number 011\n"};
    run("mv log log.1");
    write_log("log", 'b', 10);
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        fault.stays = true;
        struct outcome out = look(&wish, CALL_STATX, 1, errors[i], NULL);
        CHECK(out.found == SOURCE_FOUND && out.reached, "%s", strerror(errors[i]));
    }
    fault.stays = false;
    run("rm log log.1");
}

/* Another one holds the same up to the position: only the inode tells. */
static void test_twins(void)
{
    write_log("log", 'a', 400);
    struct wish wish = {
        "twins",      .mark = mark_at(5000), .how.follows = true, .found = SOURCE_FOUND,
        .n_found = 2, .goes_on = "277\n"};
    run("sed 's/ 277/ 999/' log >log.1 && mv log log.2");
    write_log("log", 'b', 10);
    run("touch -d 2099-01-01 log.1 && touch -d 2100-01-01 log.2");
    test_each(&wish);
    test_interrupted(&wish);
    run("rm log log.1 log.2");
}

static void test_packed(void)
{
    write_log("log", 'a', 400);
    struct wish wish = {"packed", .mark = mark_at(5000), .found = SOURCE_FOUND, .n_found = 1,
                        .goes_on = "277\n"};
    run("gzip log && mv log.gz log.1.gz");
    write_log("log", 'b', 10);
    test_all(&wish);
    /* Beside it stands one that begins the same and goes on otherwise, or does not go on. */
    run("gzip -dc log.1.gz | sed '350s/a/b/' | gzip >log.2.gz && touch -d 2001-01-01 log.2.gz");
    test_all(&wish);
    run("gzip -dc log.1.gz | head -c 4500 | gzip >log.2.gz && touch -d 2001-01-01 log.2.gz");
    test_all(&wish);
    run("rm log log.1.gz log.2.gz");
}

/* FILE.1 is replaced by a copy, which is another file, or renamed again, between two looks. */
static void test_replaced(void)
{
    static const char *const meanwhile[] = {"cp log.1 copy && mv copy log.1",
                                            "mv log.1 log.2 && cp log log.1"};
    static const enum call calls[] = {CALL_OPEN, CALL_READDIR, CALL_FSTAT, CALL_OPENDIR};
    write_log("log", 'a', 300);
    struct wish wish = {"replaced", .mark = mark_at(200), .how.follows = true,
                        .found = SOURCE_FOUND, .goes_on = "line number 011\n"};
    run("mv log log.1");
    write_log("log", 'b', 10);
    for (size_t i = 0; i < 2 * sizeof calls / sizeof calls[0]; i++) {
        struct outcome out = {.reached = true};
        for (int nth = 1; out.reached; nth++) {
            out = look(&wish, calls[i / 2], nth, 0, meanwhile[i % 2]);
            CHECK(out.found == SOURCE_FOUND, "call %d, number %d", calls[i / 2], nth);
            run("[ ! -e log.2 ] || mv log.2 log.1");
        }
    }
    run("rm log log.1");
}

/* FILE itself is rotated away, too, once it is open: it is not among those that are newer. */
static void test_rotated_again(void)
{
    write_log("log", 'a', 300);
    struct wish wish = {"rotated again",     .mark = mark_at(200),
                        .how.follows = true, .found = SOURCE_FOUND,
                        .n_found = 1,        .goes_on = "line number 011\n"};
    run("mv log log.2");
    write_log("log", 'b', 10);
    CHECK(look(&wish, CALL_OPENDIR, 1, 0, "mv log log.1").found == SOURCE_FOUND, "log.2");
    run("rm log.1 log.2");
}

int main(void)
{
    char folder[] = "/tmp/winagg-again-XXXXXX";
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return 1;
    test_named();
    test_beside();
    test_without_birth();
    test_twins();
    test_packed();
    test_replaced();
    test_rotated_again();
    CHECK(chdir("/") == 0 && rmdir(folder) == 0, "files are left in %s", folder);
    return unit_done();
}
