#include "source/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/io.h"
#include "base/memory.h"

int watch_open(void)
{
    return inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
}

/* By its descriptor: its name may be another file's by now. */
void watch_file(int watch, int fd)
{
    char name[40];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    if (watch >= 0)
        inotify_add_watch(watch, name, IN_MODIFY | IN_ATTRIB);
}

void watch_directory(int watch, const char *path)
{
    char *directory = io_directory(path);
    if (watch >= 0)
        inotify_add_watch(watch, directory, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
    free(directory);
}

void watch_wait(int watch, int stop_fd, int milliseconds)
{
    char events[4096];
    struct pollfd fds[] = {{.fd = watch, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};
    if (poll(fds, 2, milliseconds) <= 0 || (fds[0].revents & POLLIN) == 0)
        return;
    while (read(watch, events, sizeof events) > 0 || errno == EINTR)
        continue; /* all are the same to us */
}
