/*
 * base/cpus.h - how many processors this process may use: those of its affinity mask, no more than
 * the quota of its control group pays for, rounded up.
 */
#ifndef BASE_CPUS_H
#define BASE_CPUS_H

/* 1 to `most`. */
unsigned cpus_usable(unsigned most);

#endif
