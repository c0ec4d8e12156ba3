#include "base/cpus.h"

#include <sched.h>
#include <stdio.h>
#include <unistd.h>

/* Control groups, version 2: "QUOTA PERIOD" or "max PERIOD"; version 1: two files, -1 for none. */
static long quota_of_group(void)
{
    long quota = -1, period = -1;
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (file != NULL) {
        if (fscanf(file, "%ld %ld", &quota, &period) != 2)
            quota = -1;
        fclose(file);
    } else if ((file = fopen("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "re")) != NULL) {
        if (fscanf(file, "%ld", &quota) != 1)
            quota = -1;
        fclose(file);
        file = fopen("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "re");
        if (file == NULL || fscanf(file, "%ld", &period) != 1)
            quota = -1;
        if (file != NULL)
            fclose(file);
    }
    return quota > 0 && period > 0 ? quota / period + (quota % period != 0) : -1;
}

unsigned cpus_usable(unsigned most)
{
    cpu_set_t set;
    long n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                         : sysconf(_SC_NPROCESSORS_ONLN);
    long quota = quota_of_group();
    if (quota > 0 && quota < n)
        n = quota;
    return n < 1 ? 1 : n > (long)most ? most : (unsigned)n;
}
