/*
 * run/clashes.h - files of a command line that are one, before any of them is opened for writing.
 *
 * The state file stands for three: STATE, STATE.tmp, STATE.lock, where the links of its name end.
 * Files that exist are compared by device and inode, so that links and other paths count; those
 * that do not exist yet by directory and name, where links to them end. Two inputs may be one file;
 * devices, pipes and terminals may be shared, but what a rename replaces may be none of these.
 */
#ifndef RUN_CLASHES_H
#define RUN_CLASHES_H

#include "base/error.h"
#include "run/plan.h"

/*
 * False: two of them are one (EXIT_USAGE, both named), or --state or --metrics would replace what
 * is no regular file (EXIT_RUNTIME). Opens nothing.
 */
bool clashes_check(const struct plan *plan, struct error *err);

#endif
