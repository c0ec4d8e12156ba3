/*
 * cli/cli.h - from argv to a plan.
 *
 * One table of options (options.c) drives parsing, --help and the check of the man page.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/buf.h"
#include "base/error.h"
#include "run/plan.h"

enum cli_action {
    CLI_RUN,   /* *plan is complete; the caller frees it with plan_free() */
    CLI_PRINT, /* --help, --version: *text goes to stdout; *plan is empty */
    CLI_ALONE, /* no argument at all: *text goes to stderr; *plan is empty */
    CLI_WRONG, /* *err says what was expected and what was found; *plan is empty */
};

/*
 * Options and FILE may stand in any order; `--` ends the options. Paths and the time pattern in the
 * plan are views into argv, which must outlive it.
 */
enum cli_action cli_parse(int argc, char **argv, struct plan *plan, struct buf *text,
                          struct error *err);

#endif
