/*
 * base/io.h - system calls on files, gone on with after a signal.
 *
 * Return what the call returns, errno set, but never fail with EINTR. An error of a sync is final:
 * the kernel may have marked the pages clean, so that a second call would succeed without the bytes
 * being there. Only EINTR, which says that nothing was tried to its end, is tried again.
 */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <sys/types.h>

int io_open(const char *path, int flags, mode_t mode);
int io_sync(int fd);     /* fsync(2) */
int io_datasync(int fd); /* fdatasync(2) */
int io_truncate(int fd, off_t length);
int io_close(int fd); /* Linux has closed the descriptor when close(2) says EINTR */

/* Waits until a non-blocking descriptor can be read or written: POLLIN, POLLOUT. */
void io_wait(int fd, short events);

/* Makes what was created or renamed in the directory of `path` durable. 0 or an error number. */
int io_sync_directory(const char *path);

#endif
