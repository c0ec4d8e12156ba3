/*
 * source/watch.h - told when a file grows or another one appears beside it, by inotify(7).
 *
 * It only says when to look: what has happened is found out by looking. Where there is no inotify,
 * or for a file system whose changes it does not see, who waits looks now and then anyway.
 */
#ifndef SOURCE_WATCH_H
#define SOURCE_WATCH_H

/* -1: there is no inotify here. Close it with close(2). */
int watch_open(void);

/* A file that is open; the directory in which a file of this path may appear. */
void watch_file(int watch, int fd);
void watch_directory(int watch, const char *path);

/* Waits until something happened, *stop_fd is readable, or so long. */
void watch_wait(int watch, int stop_fd, int milliseconds);

#endif
