/*
 * Fuzzes the command line: one argument a line. Whatever it is, the outcome is a plan, a text, or
 * an error of one line that asks for exit status 2, or 1 where a merge could not read its input's
 * header; and nothing is leaked.
 *
 * The tz database is one of a few zones: for a name that it lacks all of it is gone through, which
 * of the system's takes as long as fifty executions.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "time/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORDS_MAX = 32 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

static char database[] = "/tmp/winagg-fuzz-XXXXXX";
static const char *const DIRECTORIES[] = {"Asia", "Etc"};
static const char *const ZONES[] = {"CET", "Asia/Tokyo", "Etc/GMT-1"};
enum {
    N_DIRECTORIES = sizeof DIRECTORIES / sizeof *DIRECTORIES,
    N_ZONES = sizeof ZONES / sizeof *ZONES
};

static const char *entry_path(const char *name)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/%s", database, name);
    return path;
}

static void remove_database(void)
{
    for (size_t i = 0; i < N_ZONES; i++)
        unlink(entry_path(ZONES[i]));
    for (size_t i = 0; i < N_DIRECTORIES; i++)
        rmdir(entry_path(DIRECTORIES[i]));
    rmdir(database);
}

/* All zones are UTC. */
static void make_database(void)
{
    static const unsigned char UTC[] = "TZif\0"
                                       "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                       "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
                                       "\0\0\0\0\0\0UTC";
    require(mkdtemp(database) != NULL && atexit(remove_database) == 0);
    for (size_t i = 0; i < N_DIRECTORIES; i++)
        require(mkdir(entry_path(DIRECTORIES[i]), 0700) == 0);
    for (size_t i = 0; i < N_ZONES; i++) {
        FILE *file = fopen(entry_path(ZONES[i]), "wb");
        require(file != NULL && fwrite(UTC, sizeof UTC, 1, file) == 1 && fclose(file) == 0);
    }
    zone_look_into(database);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool made;
    if (!made)
        make_database();
    made = true;
    char *line = memory_strndup((const char *)data, size);
    char *argv[WORDS_MAX + 1] = {"winagg"};
    int argc = 1;
    char *rest = line;
    while (rest != NULL && argc < WORDS_MAX)
        argv[argc++] = strsep(&rest, "\n");

    struct plan plan;
    struct buf text = {0};
    struct error err = {0};
    switch (cli_parse(argc, argv, &plan, &text, &err)) {
    case CLI_RUN:
        require(err.status == 0 && text.len == 0);
        require(plan.inspect_path != NULL || plan.input.n_time > 0);
        break;
    case CLI_PRINT:
        require(text.len > 0 || strcmp(argv[1], "--complete") == 0);
        break;
    case CLI_ALONE:
        require(text.len > 0);
        break;
    case CLI_WRONG:
        require(err.status == EXIT_USAGE ||
                (err.status == EXIT_RUNTIME && memmem(data, size, "--merge", 7) != NULL));
        require(err.text[0] != '\0' && text.len == 0);
        break;
    }
    plan_free(&plan);
    buf_free(&text);
    free(line);
    return 0;
}
