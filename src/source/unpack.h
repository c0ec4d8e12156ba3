/*
 * source/unpack.h - a compressed file, read through the program that unpacks it.
 *
 *     unpack_program(fd, &program)  NULL: the file is not compressed, as its first bytes tell
 *     unpack_start(&u, fd, name)    the unpacked bytes are read from u.fd
 *     unpack_end(&u)                behind the last byte: did the program say that all was well?
 *     unpack_stop(&u)               always: closes, ends the program if it still runs
 *
 * Programs, not libraries: five formats for the price of a pipe, in a process of its own that can
 * use the other core, and no parser of strangers' bytes in ours.
 */
#ifndef SOURCE_UNPACK_H
#define SOURCE_UNPACK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct unpack {
    const char *program; /* NULL: not in use */
    pid_t pid;           /* 0: waited for */
    int fd;              /* the unpacked bytes */
};

/*
 * "gzip" and the like, or NULL. Looks at the first bytes of a regular file, not at its name. False:
 * they can't be read, errno says why.
 */
bool unpack_program(int fd, const char **program);

/*
 * `packed` stays the caller's; the program reads it from its beginning. EXIT_RUNTIME; errno
 * says why, ENOENT: there is no such program.
 */
bool unpack_start(struct unpack *u, const char *program, int packed, const char *name,
                  struct error *err);

/* Waits for the program. False (EXIT_RUNTIME): it failed, what it wrote is not the whole. */
bool unpack_end(struct unpack *u, const char *name, struct error *err);

void unpack_stop(struct unpack *u);

#endif
