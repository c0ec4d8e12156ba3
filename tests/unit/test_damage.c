/*
 * Snapshots that are damaged, and have a right checksum all the same: the run that starts from one
 * ends, by itself and soon, whatever it makes of it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "snapshot/snapshot.h"
#include "unit/unit.h"

enum {
    CHECKSUM_BYTES = 16,
    HEADER_BYTES = 28,
    SECTION_BYTES = 16,
    CPU_SECONDS = 10,
    MEMORY_BYTES = 1 << 30
};

static const char *const jobs[][16] = {
    {"-w", "sliding:10s/1s", "-l", "5s", "-k", "k"},
    {"-w", "sliding:10s/3s", "--final", "-l", "5s", "-k", "k"},
    {"-w", "cumulate:60s/1s", "-k", "k", "-a", "median:v,distinct:v"},
    {"-w", "session:4s", "-m", "retract", "-l", "9s", "--early", "2", "-k", "k"},
    {"-w", "10s", "--fill", "-d", "20s", "-k", "k"},
    {"-w", "7s", "--early", "3s", "-d", "9s", "--source", "k", "--dedup", "id"},
    {"-w", "tumbling:day", "-d", "9s", "-a", "topk:v:2,first:v,p90:v"},
    {"-w", "5s", "-o", "table", "-k", "k", "-a", "last:v", "--late", "late"},
    {"-w", "all", "-k", "k", "--position", "id", "--dedup", "v", "-m", "retract", "--early", "3"},
};
enum { N_JOBS = sizeof jobs / sizeof jobs[0], COPIES = 300 };

/* Returns what waitpid(2) says. */
static int run_program(const char *const *argv)
{
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit cpu = {CPU_SECONDS, CPU_SECONDS}, memory = {MEMORY_BYTES, MEMORY_BYTES};
        int null = open("/dev/null", O_RDWR);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        setrlimit(RLIMIT_CPU, &cpu);
        if (getenv("ASAN_OPTIONS") == NULL)
            setrlimit(RLIMIT_AS, &memory);
        execv(argv[0], (char **)argv);
        _exit(127);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

static int run_job(const char *const *job, const char *input)
{
    const char *argv[32] = {getenv("WINAGG"), "-t",   "t",        "-s",  "s",
                            "--output",       "rows", "--at-eof", "keep"};
    size_t n = 9;
    while (*job != NULL)
        argv[n++] = *job++;
    argv[n++] = input;
    return run_program(argv);
}

static int inspect(void)
{
    const char *const argv[] = {getenv("WINAGG"), "--inspect", "s", NULL};
    return run_program(argv);
}

static void write_input(size_t from, size_t to)
{
    FILE *file = fopen("in", from == 0 ? "w" : "a");
    for (size_t i = from; file != NULL && i < to; i++)
        fprintf(file, "{\"t\":%zu,\"k\":\"a key of some length, %zu\",\"v\":%zu,\"id\":%zu}\n",
                i - i % 7 / 5 * 3, i % 3, i * i % 11, i / 2);
    if (file != NULL)
        fclose(file);
}

/* A byte or eight of the sections become what they must not be. */
static void damage(struct buf *image, unsigned *random)
{
    static const unsigned char patterns[] = {0, 1, 0x7f, 0x80, 0xff};
    size_t room = image->len - HEADER_BYTES - CHECKSUM_BYTES;
    *random = *random * 1103515245 + 12345;
    size_t at = HEADER_BYTES + (*random >> 4) % room;
    *random = *random * 1103515245 + 12345;
    unsigned char pattern = patterns[*random / 65536 % sizeof patterns];
    size_t len = *random / 1048576 % 2 == 0 ? 1 : 8;
    for (size_t i = at; i < at + len && i < image->len - CHECKSUM_BYTES; i++)
        image->data[i] = (char)(pattern == 1 ? image->data[i] + 1 : pattern);
    image->len -= CHECKSUM_BYTES;
    snapshot_seal(image);
}

static void test_job(const char *const *job, unsigned seed)
{
    struct buf image = {0}, copy = {0};
    struct error err = {0};
    unsigned random = seed;
    write_input(0, 60);
    unlink("s");
    unlink("rows");
    CHECK(run_job(job, "in") == 0, "job %u can't run", seed);
    CHECK(snapshot_read("s", &image, &err) == SNAPSHOT_FOUND, "%s", err.text);
    write_input(60, 70);
    for (int i = 0; i < COPIES; i++) {
        copy.len = 0;
        buf_put(&copy, image.data, image.len);
        damage(&copy, &random);
        CHECK(snapshot_write("s", &copy) == 0 && snapshot_publish("s") == 0, "not written");
        int status = run_job(job, "in");
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) <= 2, "job %u, copy %d: %x", seed, i,
              (unsigned)status);
    }
    buf_free(&image);
    buf_free(&copy);
}

static bool exits_with(int status, int code)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

static uint64_t length_at(const char *bytes)
{
    uint64_t n = 0;
    for (size_t i = 8; i-- > 0;)
        n = n << 8 | (unsigned char)bytes[i];
    return n;
}

/* Section `at` with the first `kept` of its `len` bytes, sealed again: nobody may take it. */
static void cut_section(const struct buf *image, size_t at, size_t len, size_t kept)
{
    struct buf copy = {0};
    size_t behind = at + SECTION_BYTES + len;
    buf_put(&copy, image->data, at + SECTION_BYTES + kept);
    buf_put(&copy, image->data + behind, image->len - CHECKSUM_BYTES - behind);
    for (size_t i = 0; i < 8; i++)
        copy.data[at + 8 + i] = (char)((uint64_t)kept >> (8 * i));
    snapshot_seal(&copy);
    CHECK(snapshot_write("s", &copy) == 0 && snapshot_publish("s") == 0, "not written");
    buf_free(&copy);
}

/* Each section in turn ends too soon, in each of its first fields and here and there behind them.
 */
static void test_cuts(const char *const *job, unsigned seed)
{
    enum { FIRST_FIELDS = 64, CUTS = 12 };
    struct buf image = {0};
    struct error err = {0};
    write_input(0, 60);
    unlink("s");
    unlink("rows");
    CHECK(run_job(job, "in") == 0, "job %u can't run", seed);
    CHECK(snapshot_read("s", &image, &err) == SNAPSHOT_FOUND, "%s", err.text);
    for (size_t at = HEADER_BYTES; at + CHECKSUM_BYTES < image.len;) {
        size_t len = (size_t)length_at(image.data + at + 8), stride = len / CUTS + 1;
        for (size_t kept = 0; kept < len; kept += kept < FIRST_FIELDS ? 5 : stride) {
            cut_section(&image, at, len, kept);
            int status = run_job(job, "in");
            CHECK(exits_with(status, 1), "job %u, %.4s cut from %zu to %zu: %x", seed,
                  image.data + at, len, kept, (unsigned)status);
            status = inspect();
            CHECK(exits_with(status, 0) || exits_with(status, 1), "--inspect, %.4s cut to %zu: %x",
                  image.data + at, kept, (unsigned)status);
        }
        at += SECTION_BYTES + len;
    }
    buf_free(&image);
}

/* Each section in turn is of a version that nobody has written yet. */
static void test_versions(void)
{
    struct buf image = {0}, copy = {0};
    struct error err = {0};
    unsigned sections = 0;
    write_input(0, 60);
    unlink("s");
    unlink("rows");
    CHECK(run_job(jobs[5], "in") == 0, "can't run");
    CHECK(snapshot_read("s", &image, &err) == SNAPSHOT_FOUND, "%s", err.text);
    for (size_t at = HEADER_BYTES; at + CHECKSUM_BYTES < image.len; sections++) {
        size_t len = (size_t)length_at(image.data + at + 8);
        copy.len = 0;
        buf_put(&copy, image.data, image.len - CHECKSUM_BYTES);
        copy.data[at + 4] = 99;
        snapshot_seal(&copy);
        CHECK(snapshot_write("s", &copy) == 0 && snapshot_publish("s") == 0, "not written");
        int status = run_job(jobs[5], "in");
        CHECK(exits_with(status, 1), "%.4s of version 99 is taken", image.data + at);
        at += SECTION_BYTES + len;
    }
    CHECK(sections >= 6, "%u sections", sections);
    buf_free(&image);
    buf_free(&copy);
}

int main(void)
{
    char directory[] = "/tmp/winagg-damage-XXXXXX";
    if (getenv("WINAGG") == NULL || mkdtemp(directory) == NULL || chdir(directory) != 0) {
        fputs("WINAGG must name the program by its whole path\n", stderr);
        return 1;
    }
    for (unsigned i = 0; i < N_JOBS; i++)
        test_job(jobs[i], i);
    for (unsigned i = 0; i < N_JOBS; i++)
        test_cuts(jobs[i], i);
    test_versions();
    static const char *const files[] = {"in", "rows", "late", "s", "s.lock", "s.tmp"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        unlink(files[i]);
    CHECK(chdir("/") == 0 && rmdir(directory) == 0, "files are left in %s", directory);
    return unit_done();
}
