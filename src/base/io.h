/*
 * base/io.h - system calls on files, gone on with after a signal.
 *
 * Return what the call returns, errno set, but never fail with EINTR. An error of a sync is final:
 * the kernel may have marked the pages clean, so that a second call would succeed without the bytes
 * being there. Only EINTR, which says that nothing was tried to its end, is tried again.
 */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

int io_open(const char *path, int flags, mode_t mode);
int io_open_anew(const char *path); /* to write; what stands there is gone, a link itself too */
int io_sync(int fd);                /* fsync(2) */
int io_datasync(int fd);            /* fdatasync(2) */
int io_truncate(int fd, off_t length);
int io_close(int fd); /* Linux has closed the descriptor when close(2) says EINTR */

/* Writes all of it, also where that takes a wait. 0 or an error number. */
int io_write(int fd, const char *bytes, size_t len);

/* Reads at an offset, `len` bytes or as many as there are. -1: errno. */
ssize_t io_read_up_to(int fd, uint64_t offset, char *to, size_t len);

/* Reads `len` bytes at an offset. False: errno says why they can't be read; 0: the file ends before
   them. */
bool io_read_at(int fd, uint64_t offset, char *to, size_t len);

/*
 * Does this error of open(2), stat(2) and the like say that there is no such file, or none for us?
 * Any other says nothing about it: who takes that for an answer loses what stands there.
 */
bool io_says_none(int error);

/* Is it one file? False too if that can't be told. */
bool io_same_file(int a, int b);
static inline bool io_same_inode(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Waits until a non-blocking descriptor can be read or written: POLLIN, POLLOUT. */
void io_wait(int fd, short events);

/* The last name of a path: of a file in its directory. The latter (owned by the caller) ends in
   '/', or is "." */
const char *io_last_name(const char *path);
char *io_directory(const char *path);

/*
 * Where the symbolic links end that start at `path`, whether or not there is a file: what is
 * replaced is replaced there, so that the links stay. Owned by the caller. NULL: errno; ELOOP:
 * nowhere.
 */
char *io_link_end(const char *path);

/* Makes what was created or renamed in the directory of `path` durable. 0 or an error number. */
int io_sync_directory(const char *path);

#endif
