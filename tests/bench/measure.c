/*
 * measure RESULT COMMAND [ARGUMENT]...
 *
 * Runs the command on the caller's stdin, stdout and stderr and writes one line to the file
 * RESULT: wall, user and system time in seconds and the peak resident memory in bytes. Exits with
 * the command's status, 125 if the measuring failed.
 *
 * A program of its own because Linux counts the memory of the process that forked into the
 * child's peak: here that is a megabyte, from a scripting language it would be most of the result.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: measure RESULT COMMAND [ARGUMENT]...\n");
        return 125;
    }
    double started_s = now_s();
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    int status;
    struct rusage used;
    if (child < 0 || wait4(child, &status, 0, &used) != child) {
        perror("measure");
        return 125;
    }
    double wall_s = now_s() - started_s;
    FILE *result = fopen(argv[1], "w");
    if (!result ||
        fprintf(result, "%.6f %.6f %.6f %ld\n", wall_s, seconds(used.ru_utime),
                seconds(used.ru_stime), used.ru_maxrss * 1024) < 0 ||
        fclose(result)) {
        perror(argv[1]);
        return 125;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}
