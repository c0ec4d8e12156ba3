/* Where bytes go, and what is said when they can't: full disks, readers that leave, files that
 * others have touched. */
#include "output/sink.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/unit.h"

static char folder[] = "/tmp/winagg-sink-XXXXXX";

#define FAILS(call, says)                                                                          \
    do {                                                                                           \
        err = (struct error){0};                                                                   \
        CHECK(!(call), "it goes well");                                                            \
        CHECK(err.status == EXIT_RUNTIME && strstr(err.text, says) != NULL, "%s", err.text);       \
    } while (0)

static void expect_file(const char *name, const char *expected)
{
    char bytes[64] = "";
    int fd = open(name, O_RDONLY);
    CHECK(fd >= 0 && read(fd, bytes, sizeof bytes - 1) >= 0 && strcmp(bytes, expected) == 0,
          "%s: '%s', expected '%s'", name, bytes, expected);
    close(fd);
}

static void test_files(void)
{
    struct sink sink, none = {.fd = -1};
    struct error err = {0};
    uint64_t cut;
    FAILS(sink_open(&sink, "out", false, &err), "can't open it for writing");
    CHECK(sink_open(&sink, "out", true, &err) && sink.regular && sink.append, "%s", err.text);
    buf_puts(&sink.pending, "some rows");
    CHECK(sink_write(&sink, 5, &err) && sink.pending.len == 4 && sink.position == 5, "a part");
    sink.held = true;
    CHECK(sink_flush(&sink, &err) && sink.pending.len == 4, "they are held");
    sink.held = false;
    CHECK(sink_flush(&sink, &err) && sink_sync(&sink, &err), "%s", err.text);
    expect_file("out", "some rows");
    CHECK(sink_check_cut(&sink, 9, &err) && sink_check_cut(&sink, 0, &err), "%s", err.text);
    FAILS(sink_check_cut(&sink, 10, &err), "expected an output of at least 10 bytes");
    CHECK(sink_cut(&sink, 4, &cut, &err) && cut == 5 && sink.position == 4, "%s", err.text);
    CHECK(sink_cut(&sink, 4, &cut, &err) && cut == 0, "%s", err.text);
    expect_file("out", "some");
    CHECK(sink_go_to_end(&sink, &err) && sink.position == 4, "%s", err.text);
    unlink("out");
    FAILS(sink_check_cut(&sink, 0, &err), "the output file was removed");
    CHECK(sink_close(&sink, &err), "%s", err.text);
    /* What is not open takes everything, and needs nothing. */
    buf_puts(&none.pending, "nothing");
    CHECK(sink_flush(&none, &err) && none.pending.len == 0 && sink_sync(&none, &err), "discarded");
    FAILS(sink_check_cut(&none, 0, &err), "can't look at it");
    FAILS(sink_cut(&none, 0, &cut, &err), "can't cut it to 0 bytes");
    CHECK(sink_close(&none, &err), "%s", err.text);
    /* Neither its last bytes go out nor can it be closed: the first is said. */
    CHECK(sink_open(&none, "out", true, &err) && close(none.fd) == 0, "%s", err.text);
    buf_puts(&none.pending, "lost");
    FAILS(sink_close(&none, &err), "Bad file descriptor");
    CHECK(strstr(err.text, "close failed") == NULL, "%s", err.text);
    unlink("out");
}

/* Not ours to close, written at an offset, or by others as well. */
static void test_adopted(void)
{
    struct sink sink;
    struct error err = {0};
    uint64_t cut;
    int fd = open("out", O_RDWR | O_CREAT | O_TRUNC, 0666),
        other = open("out", O_WRONLY | O_APPEND);
    CHECK(write(fd, "old bytes", 9) == 9 && lseek(fd, 3, SEEK_SET) == 3, "out");
    CHECK(sink_adopt(&sink, fd, "stdout", &err) && !sink.append && sink.position == 3, "offset");
    buf_puts(&sink.pending, "|");
    CHECK(sink_flush(&sink, &err), "%s", err.text);
    expect_file("out", "old|bytes");
    CHECK(sink_cut(&sink, 3, &cut, &err) && cut == 6 && lseek(fd, 0, SEEK_CUR) == 3, "back there");
    CHECK(sink_close(&sink, &err) && fcntl(fd, F_GETFD) >= 0, "it stays the caller's");
    int read_only = open("out", O_RDONLY);
    CHECK(sink_adopt(&sink, read_only, "stdout", &err), "%s", err.text);
    FAILS(sink_cut(&sink, 1, &cut, &err), "can't cut it to 1 bytes");
    close(read_only);
    CHECK(sink_open(&sink, "out", false, &err), "%s", err.text);
    sink.exclusive = true;
    CHECK(write(other, "theirs", 6) == 6, "out");
    buf_puts(&sink.pending, "ours");
    FAILS(sink_flush(&sink, &err), "another process writes to this file");
    CHECK(sink.pending.len == 0, "what is left would stand behind a gap");
    CHECK(sink_close(&sink, &err), "%s", err.text);
    CHECK(sink_adopt(&sink, -1, "stdout", &err) && !sink.regular, "a closed stdout is no file");
    close(other);
    close(fd);
    unlink("out");
}

static void test_pipes(void)
{
    struct sink sink;
    struct error err = {0};
    int ends[2];
    CHECK(pipe(ends) == 0 && fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0, "pipe");
    CHECK(sink_adopt(&sink, ends[1], "stdout", &err) && !sink.regular, "%s", err.text);
    FAILS(sink_go_to_end(&sink, &err), "can't seek");
    CHECK(sink_sync(&sink, &err), "there is nothing to sync");
    /* A reader that reads slowly from a pipe that someone made non-blocking. */
    pid_t child = fork();
    if (child == 0) {
        char bytes[1 << 12];
        close(ends[1]);
        usleep(50000);
        while (read(ends[0], bytes, sizeof bytes) > 0)
            continue;
        _exit(0);
    }
    close(ends[0]);
    for (int i = 0; i < 1 << 18; i++)
        buf_putc(&sink.pending, 'x');
    CHECK(sink_flush(&sink, &err) && sink.position == 1 << 18 && !sink.closed_by_reader, "all");
    kill(child, SIGKILL);
    while (!sink.closed_by_reader && sink.position < 1 << 24) {
        buf_puts(&sink.pending, "more");
        CHECK(sink_flush(&sink, &err), "a reader that has left is no failure: %s", err.text);
        usleep(1000);
    }
    CHECK(sink.closed_by_reader && sink_close(&sink, &err), "it has left");
    close(ends[1]);
    int full = open("/dev/full", O_WRONLY);
    CHECK(sink_adopt(&sink, full, "full", &err), "%s", err.text);
    buf_puts(&sink.pending, "x");
    FAILS(sink_close(&sink, &err), "full: write failed");
    close(full);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return 1;
    test_files();
    test_adopted();
    test_pipes();
    CHECK(chdir("/") == 0 && rmdir(folder) == 0, "files are left in %s", folder);
    return unit_done();
}
