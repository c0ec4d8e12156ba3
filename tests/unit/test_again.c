/* An input that is found again after a restart: where it was, renamed, packed, emptied, or gone. */
#include "source/again.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "unit/marked_log.h"

static char folder[] = "/tmp/winagg-again-XXXXXX";

enum { LINES = 40, READ_BYTES = 200 };

static const struct source_resume as_usual = {0}, following = {.follows = true};

/* The lines from..to of a log, `of` telling logs apart. */
static void write_log(const char *name, char of, int from, int to)
{
    FILE *file = fopen(name, from == 0 ? "w" : "a");
    for (int i = from; file != NULL && i < to; i++)
        fprintf(file, "%c line number %d\n", of, i);
    CHECK(file != NULL && fclose(file) == 0, "%s", name);
}

/* The mark of a run that has read so many bytes of the file. */
static struct source_mark mark_at(const char *name, size_t len)
{
    struct source source;
    struct error err = {0};
    CHECK(source_open(&source, name, &err), "%s", err.text);
    return read_to_mark(&source, len, true);
}

/* The same, so many bytes behind a mark of FILE. */
static struct source_mark mark_on(const struct source_mark *before, size_t len)
{
    struct source source;
    struct error err = {0};
    bool is_it;
    CHECK(source_open(&source, "log", &err) &&
              source_resume(&source, before, &as_usual, &is_it, &err) && is_it,
          "%s", err.text);
    return read_to_mark(&source, len, false);
}

/* Resumes FILE; what was found ("it", "other", "failed") must be that, and a failure say `says`. */
static void expect_resume(const struct source_mark *mark, const struct source_resume *how,
                          const char *found, const char *says)
{
    struct source source;
    struct error err = {0};
    bool is_it = false;
    CHECK(source_open(&source, "log", &err), "%s", err.text);
    bool ok = source_resume(&source, mark, how, &is_it, &err);
    CHECK(strcmp(!ok     ? "failed"
                 : is_it ? "it"
                         : "other",
                 found) == 0,
          "expected %s: %s", found, err.text);
    CHECK(ok || strstr(err.text, says) != NULL, "expected '%s', found '%s'", says, err.text);
    if (ok && is_it)
        CHECK(source.position.offset == mark->position.offset && goes_on_with(&source, says),
              "it does not go on with %s", says);
    source_close(&source);
}

/* Looks for it beside FILE (or where FILE should be); how many were found, the first of them going
 * on with `says`, or the message. */
static void expect_find(const struct source_mark *mark, const struct source_resume *how,
                        enum source_found expected, size_t n, const char *says)
{
    struct source source;
    struct source_older older = {0};
    struct error err = {0}, ignored = {0};
    if (!source_open(&source, "log", &ignored))
        CHECK(errno == ENOENT, "%s", ignored.text);
    enum source_found found = source_find(&source, mark, how, &older, &err);
    CHECK(found == expected && older.n == n, "%d, %zu files, expected %d, %zu: %s", found, older.n,
          expected, n, err.text);
    if (found == SOURCE_FOUND && n > 0)
        CHECK(goes_on_with(&older.at[0], says), "it does not go on with %s", says);
    else
        CHECK(strstr(err.text, says) != NULL, "expected '%s', found '%s'", says, err.text);
    for (size_t i = 0; i < older.n; i++)
        source_close(&older.at[i]);
    source_older_free(&older);
    source_close(&source);
}

static void run(const char *command)
{
    CHECK(system(command) == 0, "%s", command);
}

static void on_tick(int number)
{
    (void)number; /* it is there to interrupt */
}

/* Calls are interrupted every now and then, or no more. */
static void tick(bool on)
{
    const struct sigaction action = {.sa_handler = on_tick};
    const struct itimerval often = {{0, 700}, {0, 700}}, never = {0};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, on ? &often : &never, NULL);
}

static void test_named(void)
{
    write_log("log", 'a', 0, LINES);
    struct source_mark mark = mark_at("log", READ_BYTES);
    expect_resume(&mark, &as_usual, "it", " num");
    expect_resume(&mark, &(struct source_resume){.verify_full = true}, "it", " num");
    run("cp log copy && mv copy log"); /* restored: another inode, and none beside it */
    expect_resume(&mark, &as_usual, "it", " num");
    run("cp log copy && mv log log.1 && mv copy log && truncate -s +0 log");
    struct source_mark of_first = mark_at("log.1", READ_BYTES);
    expect_resume(&of_first, &as_usual, "other", "");
    expect_find(&of_first, &as_usual, SOURCE_FOUND, 1, " num");
    run("rm log.1");
    /* Changed before the position, where only the whole tells; then where head and tail do. */
    write_log("log", 'a', 0, 4 * LINES);
    for (int i = 0; i < 400; i++)
        write_log("log", 'a', 4 * LINES, 8 * LINES);
    /* What lies between head and tail only --verify full looks at. */
    struct source_mark far = mark_at("log", 4000);
    for (int i = 1; i < 50; i++)
        far = mark_on(&far, 4000);
    run("sed -i '3000s/a/b/' log");
    expect_resume(&far, &as_usual, "it", "");
    expect_resume(&far, &(struct source_resume){.verify_full = true}, "failed",
                  "found other bytes in the first 200000");
    run("cp log whole && truncate -s 5000 log");
    expect_find(&far, &as_usual, SOURCE_NONE, 0, "expected at least 200000 bytes");
    run("mv whole log && sed -i '1s/a/b/' log");
    expect_resume(&mark, &as_usual, "other", "");
    expect_find(&mark, &as_usual, SOURCE_NONE, 0, "found other bytes in the first 200");
    run("truncate -s 100 log");
    expect_find(&mark, &as_usual, SOURCE_NONE, 0, "expected at least 200 bytes");
    write_log("log", 'a', 0, 3);
    expect_find(&mark, &as_usual, SOURCE_NONE, 0, "expected at least 200 bytes");
    run("rm log");
    expect_find(&mark, &as_usual, SOURCE_NONE, 0, "can't open it: No such file");
}

static void test_rotated(void)
{
    write_log("log", 'a', 0, LINES);
    struct source_mark mark = mark_at("log", READ_BYTES);
    run("mv log log.1");
    expect_find(&mark, &as_usual, SOURCE_FOUND, 1, " num"); /* not made anew yet */
    write_log("log", 'b', 0, LINES);
    run("mkdir log.0 && ln -s log log.00"); /* no files, or the same one */
    expect_resume(&mark, &as_usual, "other", "");
    expect_find(&mark, &as_usual, SOURCE_FOUND, 1, " num");
    run("rm -r log.0 log.00 && mv log.1 log.2 && mv log log.1");
    write_log("log", 'c', 0, LINES);
    expect_find(&mark, &as_usual, SOURCE_FAILED, 2, "rotated more than once since the snapshot");
    expect_find(&mark, &following, SOURCE_FOUND, 2, " num");
    /* Files that are others, as is known. */
    int taken[] = {open("log.2", O_RDONLY | O_CLOEXEC)};
    expect_find(&mark, &(struct source_resume){.follows = true, .taken = taken, .n_taken = 1},
                SOURCE_NONE, 0, "found other bytes");
    close(taken[0]);
    run("rm log log.1 log.2");
}

static void test_packed(void)
{
    write_log("log", 'a', 0, LINES);
    struct source_mark mark = mark_at("log", READ_BYTES);
    run("gzip log && mv log.gz log.1.gz");
    write_log("log", 'b', 0, LINES);
    expect_find(&mark, &as_usual, SOURCE_FOUND, 1, " num");
    /* Packed ones that hold another log, too little of this one, or nothing whole. */
    run("head -c 150 log | gzip >log.1.gz");
    expect_find(&mark, &as_usual, SOURCE_NONE, 0, "found other bytes");
    run("gzip -c log >log.1.gz");
    expect_find(&mark, &as_usual, SOURCE_NONE, 0, "found other bytes");
    write_log("whole", 'a', 0, LINES);
    run("gzip -c whole | head -c 30 >log.1.gz");
    expect_find(&mark, &as_usual, SOURCE_NONE, 0, "found other bytes");
    run("head -c 190 whole >most && { cat most; echo 'something else, long enough'; } | gzip "
        ">log.1.gz");
    expect_find(&mark, &as_usual, SOURCE_NONE, 0, "found other bytes");
    /* Of two the one that was written to first since. */
    run("gzip -c whole >log.2.gz && gzip -c whole >log.1.gz && touch -d 2100-01-01 log.1.gz");
    run("touch -d 2099-01-01 log.2.gz && rm log");
    expect_find(&mark, &following, SOURCE_FOUND, 2, " num");
    run("gzip -dc log.1.gz >log.1 && rm log.1.gz && touch -d 2100-01-01 log.1");
    expect_find(&mark, &following, SOURCE_FOUND, 2, " num");
    run("touch -d 2098-01-01 log.1");
    expect_find(&mark, &following, SOURCE_FOUND, 1, " num");
    run("rm log.1 && gzip -c whole >log.1.gz");
    /* What unpacks is not there: said by name. */
    char *path = strdup(getenv("PATH"));
    setenv("PATH", "/nowhere", 1);
    expect_find(&mark, &as_usual, SOURCE_NONE, 0, "unpack it beside it");
    setenv("PATH", path, 1);
    free(path);
    /* The mark of a pipe that was continued says nothing of its beginning. */
    mark.origin = 100;
    mark.head_len = mark.tail_len = 0;
    expect_find(&mark, &as_usual, SOURCE_NONE, 0, "can't open it");
    run("rm log.1.gz log.2.gz whole most");
    /* One that begins the same, and goes on otherwise behind what a mark's head has. */
    write_log("log", 'a', 0, 10 * LINES);
    mark = mark_at("log", 4000);
    for (int i = 0; i < 2; i++)
        mark = mark_on(&mark, 1000);
    run("sed '300s/a/b/' log | gzip >log.1.gz && rm log");
    expect_find(&mark, &as_usual, SOURCE_NONE, 0, "can't open it");
    run("rm log.1.gz");
}

/* One that begins right and then can't be unpacked may be it; unless a plain one is. */
static void test_torn(void)
{
    write_log("log", 'a', 0, 10 * LINES);
    struct source_mark mark = mark_at("log", 4000);
    for (int i = 0; i < 2; i++)
        mark = mark_on(&mark, 1000);
    run("gzip -c log | head -c -300 >log.1.gz && mv log whole");
    expect_find(&mark, &as_usual, SOURCE_FAILED, 0, "log.1.gz");
    run("cp whole log.2 && touch -d 2100-01-01 log.2");
    expect_find(&mark, &following, SOURCE_FOUND, 2, "umber");
    run("rm whole log.1.gz log.2");
}

/* However few descriptors are left: what can't be looked at is not taken for another file. */
static void test_descriptors(bool packed)
{
    struct rlimit limit, few;
    enum { MOST = 8 };
    bool found = false, failed = false;
    write_log("log", 'a', 0, LINES);
    struct source_mark mark = mark_at("log", READ_BYTES);
    run(packed ? "gzip log && mv log.gz log.1.gz" : "mv log log.1");
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(next);
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0, "a limit");
    few = limit;
    for (int i = 0; i < MOST; i++) {
        struct source source;
        struct source_older older = {0};
        struct error err = {0};
        CHECK(!source_open(&source, "log", &err) && errno == ENOENT, "%s", err.text);
        err = (struct error){0};
        few.rlim_cur = (rlim_t)next + (rlim_t)i;
        CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0, "few");
        enum source_found what = source_find(&source, &mark, &as_usual, &older, &err);
        CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0, "as many as before");
        CHECK(what != SOURCE_NONE, "%d descriptors: %s", i, err.text);
        CHECK(what != SOURCE_FAILED || strstr(err.text, "Too many open files") != NULL, "%s",
              err.text);
        found |= what == SOURCE_FOUND;
        failed |= what == SOURCE_FAILED;
        for (size_t k = 0; k < older.n; k++)
            source_close(&older.at[k]);
        source_older_free(&older);
        source_close(&source);
    }
    CHECK(found && failed, "found with some, not with none");
    run(packed ? "rm log.1.gz" : "rm log.1");
}

/* A file on stdin has no name, and nothing beside it. */
static void test_stdin(void)
{
    struct source source;
    struct source_older older = {0};
    struct error err = {0};
    bool is_it;
    write_log("log", 'a', 0, LINES);
    struct source_mark mark = mark_at("log", READ_BYTES);
    write_log("log", 'b', 0, LINES);
    int saved = dup(STDIN_FILENO), fd = open("log", O_RDONLY | O_CLOEXEC);
    dup2(fd, STDIN_FILENO);
    CHECK(source_open(&source, NULL, &err), "%s", err.text);
    CHECK(source_resume(&source, &mark, &as_usual, &is_it, &err) && !is_it, "another log");
    CHECK(source_find(&source, &mark, &as_usual, &older, &err) == SOURCE_NONE &&
              strstr(err.text, "stdin: expected the input") != NULL,
          "%s", err.text);
    source_close(&source);
    dup2(saved, STDIN_FILENO);
    close(saved);
    close(fd);
    run("rm log");
}

/* Of an empty file the inode tells, or that it was packed, by its name, and since. */
static void test_empty(void)
{
    write_log("log", 'a', 0, 0);
    struct source_mark mark = mark_at("log", 0);
    expect_resume(&mark, &as_usual, "it", "");
    write_log("log", 'a', 0, 2);
    run("mv log log.1");
    write_log("log", 'b', 0, LINES);
    expect_find(&mark, &as_usual, SOURCE_FOUND, 1, "a line number 0");
    run("cp log.1 copy && mv copy log.1");
    expect_find(&mark, &as_usual, SOURCE_NONE, 0, "");
    run("gzip log.1 && rm log");
    expect_find(&mark, &as_usual, SOURCE_FOUND, 1, "a line number 0");
    run("touch -d 2000-01-01 log.1.gz"); /* packed before that */
    expect_find(&mark, &as_usual, SOURCE_NONE, 0, "can't open it");
    run("rm log.1.gz");
}

/* A pipe: what was read is skipped, and verified. */
static void expect_pipe(const struct source_mark *mark, const struct source_resume *how,
                        const char *bytes, size_t len, bool slow, const char *says)
{
    struct source source;
    struct error err = {0};
    bool is_it = false;
    int ends[2];
    CHECK(pipe2(ends, slow ? O_NONBLOCK : 0) == 0, "pipe");
    pid_t child = fork();
    if (child == 0) {
        const struct timespec pause = {.tv_nsec = slow ? 30000000 : 0};
        nanosleep(&pause, NULL);
        if (write(ends[1], bytes, len / 2) < 0)
            _exit(1);
        nanosleep(&pause, NULL);
        _exit(write(ends[1], bytes + len / 2, len - len / 2) < 0);
    }
    close(ends[1]);
    source_open_again(&source, "pipe", ends[0]);
    source.regular = false;
    bool ok = source_resume(&source, mark, how, &is_it, &err);
    CHECK(is_it, "a pipe is taken for what it was");
    if (ok)
        CHECK(goes_on_with(&source, says), "it does not go on with %s", says);
    else
        CHECK(strstr(err.text, says) != NULL, "expected '%s', found '%s'", says, err.text);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
    source_close(&source);
}

/* What can't be read is said as such. */
static void test_unreadable(void)
{
    struct source source;
    struct source_mark mark;
    struct error err = {0};
    bool is_it, at_end;
    write_log("log", 'a', 0, LINES);
    mark = mark_at("log", READ_BYTES);
    run("rm log && mkdir log");
    source_open_again(&source, "log", open("log", O_RDONLY | O_CLOEXEC));
    CHECK(!source_resume(&source, &mark, &as_usual, &is_it, &err) &&
              strstr(err.text, "Is a directory") != NULL,
          "%s", err.text);
    CHECK(!source_begins_as(&source, &mark, &is_it, &err) &&
              strstr(err.text, "Is a directory") != NULL,
          "%s", err.text);
    source.regular = false; /* as a pipe whose reads fail */
    CHECK(!source_resume(&source, &mark, &as_usual, &is_it, &err) &&
              strstr(err.text, "Is a directory") != NULL,
          "%s", err.text);
    CHECK(!source_at_end(&source, &at_end, &err) && strstr(err.text, "can't read it") != NULL, "%s",
          err.text);
    source_close(&source);
    run("rmdir log");
}

static void test_pipes(void)
{
    char bytes[1024];
    write_log("log", 'a', 0, LINES);
    struct source_mark mark = mark_at("log", READ_BYTES), continued = mark;
    int fd = open("log", O_RDONLY | O_CLOEXEC);
    size_t len = (size_t)read(fd, bytes, sizeof bytes);
    close(fd);
    expect_pipe(&mark, &as_usual, bytes, len, false, " num");
    expect_pipe(&mark, &as_usual, bytes, len, true, " num");
    expect_pipe(&mark, &as_usual, bytes, READ_BYTES - 1, false, "expected at least 200 bytes");
    expect_pipe(&mark, &as_usual, bytes + 1, len - 1, false, "found other bytes in the first 200");
    expect_pipe(&mark, &(struct source_resume){.continues = true}, bytes, len, false, "a line");
    continued.origin = 100;
    expect_pipe(&continued, &as_usual, bytes, len, false, "--resume continue");
    /* Its mark on a file: only the whole tells, and nothing after a pipe that was continued. */
    mark.head_len = mark.tail_len = continued.head_len = continued.tail_len = 0;
    mark.inode = continued.inode = 0;
    expect_resume(&mark, &as_usual, "it", " num");
    expect_resume(&continued, &as_usual, "failed", "--resume continue");
    run("mv log log.1");
    write_log("log", 'b', 0, LINES);
    expect_resume(&mark, &as_usual, "failed", "found other bytes in the first 200");
    expect_find(&mark, &as_usual, SOURCE_FOUND, 1, " num");
    run("rm log log.1");
}

/* Is there anything behind the position? A pipe is waited for, whatever interrupts. */
static void test_end(void)
{
    struct source source;
    struct error err = {0};
    bool at_end = true;
    for (int bytes = 0; bytes < 2; bytes++) {
        int ends[2];
        CHECK(pipe(ends) == 0, "pipe");
        pid_t child = fork();
        if (child == 0) {
            const struct timespec pause = {.tv_nsec = 50000000};
            nanosleep(&pause, NULL);
            _exit(bytes > 0 && write(ends[1], "x", 1) != 1);
        }
        close(ends[1]);
        source_open_again(&source, "pipe", ends[0]);
        CHECK(source_at_end(&source, &at_end, &err) && at_end == (bytes == 0), "%s", err.text);
        source_close(&source);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
}

/* What was read of a pipe before the run comes first. */
static void test_ahead(void)
{
    struct source source;
    struct error err = {0};
    bool is_it;
    write_log("log", 'a', 0, LINES);
    struct source_mark mark = mark_at("log", READ_BYTES);
    run("head -c 100 log >ahead && tail -c +101 log >rest");
    source_open_again(&source, "pipe", open("rest", O_RDONLY | O_CLOEXEC));
    source.regular = false;
    source.ahead_fd = open("ahead", O_RDONLY | O_CLOEXEC);
    CHECK(source_resume(&source, &mark, &as_usual, &is_it, &err) && is_it, "%s", err.text);
    CHECK(goes_on_with(&source, " num"), "behind the position");
    source_close(&source);
    run("rm log ahead rest");
}

static bool begins_as(const struct source *source, const struct source_mark *mark)
{
    struct error err = {0};
    bool same;
    CHECK(source_begins_as(source, mark, &same, &err), "%s", err.text);
    return same;
}

static bool is_other(const struct source *source)
{
    struct error err = {0};
    bool other;
    CHECK(source_is_other(source, &other, &err), "%s", err.text);
    return other;
}

/* Which FILE is whose, and whether the file at hand was truncated. */
static void test_compare(void)
{
    struct source source;
    struct source_mark mark, other;
    struct error err = {0};
    write_log("log", 'a', 0, LINES);
    write_log("log2", 'b', 0, LINES);
    mark = mark_at("log", READ_BYTES);
    other = mark_at("log2", READ_BYTES);
    CHECK(source_open(&source, "log", &err), "%s", err.text);
    CHECK(begins_as(&source, &mark) && !begins_as(&source, &other), "by its head");
    other.head_len = 0;
    CHECK(!begins_as(&source, &other), "nothing to compare");
    mark.head_len = SOURCE_HEAD_BYTES;
    CHECK(!begins_as(&source, &mark), "it is shorter than that");
    mark.head_len = READ_BYTES;
    source.regular = false;
    CHECK(!begins_as(&source, &mark), "a pipe is not looked at before it is read");
    source.regular = true;
    CHECK(!is_other(&source), "nothing was read of it");
    source_remember(&source, "a line", 6);
    source_move(&source, 6, 0, false);
    CHECK(!is_other(&source), "it holds what was read");
    run("truncate -s 3 log");
    CHECK(is_other(&source), "it is shorter");
    CHECK(!source_mark(&source, false, &mark, &err) && strstr(err.text, "not there any more"), "%s",
          err.text);
    CHECK(source_mark(&source, true, &mark, &err) && mark.head_len == 6, "from memory");
    run("echo 'another line' >log");
    CHECK(is_other(&source), "other bytes");
    source_close(&source);
    run("rm log log2");
}

int main(void)
{
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return 1;
    test_named();
    test_rotated();
    test_packed();
    test_torn();
    test_descriptors(false);
    test_descriptors(true);
    test_empty();
    test_stdin();
    tick(true);
    test_pipes();
    test_ahead();
    test_end();
    test_packed();
    tick(false);
    test_unreadable();
    test_compare();
    CHECK(chdir("/") == 0 && rmdir(folder) == 0, "files are left in %s", folder);
    return unit_done();
}
