/*
 * Fuzzes the command line: one argument a line. Whatever it is, the outcome is a plan, a text, or
 * an error of one line that asks for exit status 2, or 1 where a merge could not read its input's
 * header; and nothing is leaked.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/cli.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORDS_MAX = 32 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
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
