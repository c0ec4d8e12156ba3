/*
 * base/seed.h - the seed of the hashes of what strangers write: drawn once a process, so that who
 * writes keys or values can't choose ones that collide. It shows nowhere in the output.
 */
#ifndef BASE_SEED_H
#define BASE_SEED_H

#include <stdint.h>

/* The same in every call, from any thread. */
uint64_t seed_of_process(void);

#endif
