/*
 * base/sandbox.h - gives up, for good, what a process that only reads, computes and writes what it
 * has open needs no more: a fault that strangers' bytes find is then worth little.
 *
 *     sandbox_enter(&options)       once, before there are threads; those to come are within, too
 *
 * Files (Landlock, Linux 5.13): nothing can be opened or made any more but in the directories that
 * `options` names; what is open stays so. What the kernel is too old to know is not restricted.
 *
 * System calls (seccomp): programs, the network, other processes, other users, mounts, modules,
 * clocks, keys, input that is pushed into a terminal. A call that is given up fails with EPERM, as
 * in many a container, and the run goes on. The filter is a list of what is refused: one of what is
 * allowed breaks with each libc, preloaded library or checker (valgrind maps code) that calls
 * something else than those it was made with. What a list of this kind usually misses are the calls
 * that a later kernel brings: all newer than the list fail with ENOSYS, as on an older kernel, and
 * so does clone3, whose flags a filter can't see: each libc falls back. The kernel remembers which
 * calls always pass (5.11), so reading and writing cost nothing more.
 *
 * Nothing fails where the kernel has neither or refuses them: then there is that much less. A build
 * with a sanitizer that opens files or traces at its end enters nothing.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANDBOX_LEFT_OUT 1
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define SANDBOX_LEFT_OUT 1
#endif
#endif
#ifndef SANDBOX_LEFT_OUT
#define SANDBOX_LEFT_OUT 0
#endif

struct sandbox_options {
    const char *const *replaced; /* files that are made anew beside themselves, and renamed */
    size_t n_replaced;
    bool reads;   /* any file may be opened for reading, and programs run */
    bool kills;   /* processes that were started before are sent signals */
    bool cancels; /* there will be threads that are cancelled */
};

enum sandbox_done {
    SANDBOX_FILES = 1,
    SANDBOX_CALLS = 2,
};

/* A set of what is in force. */
unsigned sandbox_enter(const struct sandbox_options *options);

#endif
