/*
 * coverage.c - in the programs of the coverage flavour alone: however a process ends, which
 * branches it took is written down. gcov itself does that at exit(3), and nowhere else.
 *
 * The linker sends the calls here (--wrap, in the Makefile). What was killed from outside leaves
 * nothing.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sandbox.h"

void __gcov_dump(void);

/* Of a preloaded library (tests/crash): whatever it does to calls, it does no more. */
__attribute__((weak)) void shim_rest(void);

void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));
int __real_raise(int number);
int __wrap_raise(int number);
unsigned __real_sandbox_enter(const struct sandbox_options *options);
unsigned __wrap_sandbox_enter(const struct sandbox_options *options);

static void dump(void)
{
    if (shim_rest != NULL)
        shim_rest();
    __gcov_dump();
}

/* Of those at exit, gcov's own is the last. */
__attribute__((destructor)) static void rest(void)
{
    if (shim_rest != NULL)
        shim_rest();
}

void __wrap__exit(int status)
{
    dump();
    __real__exit(status);
}

/* In a handler (the signal is blocked there) nothing may be written. */
int __wrap_raise(int number)
{
    sigset_t blocked;
    if (pthread_sigmask(SIG_BLOCK, NULL, &blocked) == 0 && sigismember(&blocked, number) == 0)
        dump();
    return __real_raise(number);
}

/* What gcov writes lies beside the program, COVERAGE_FOLDER. */
unsigned __wrap_sandbox_enter(const struct sandbox_options *options)
{
    enum { REPLACED_MAX = 64 };
    const char *replaced[REPLACED_MAX];
    struct sandbox_options more = *options;
    if (more.n_replaced >= REPLACED_MAX)
        abort();
    if (more.n_replaced > 0)
        memcpy(replaced, more.replaced, more.n_replaced * sizeof *replaced);
    replaced[more.n_replaced++] = COVERAGE_FOLDER "/";
    more.replaced = replaced;
    return __real_sandbox_enter(&more);
}
