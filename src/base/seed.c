#include "base/seed.h"

#include <pthread.h>
#include <sys/random.h>

static uint64_t seed;
static pthread_once_t drawn = PTHREAD_ONCE_INIT;

static void draw(void)
{
    /* Without entropy it is 0: slower under attack, never wrong. */
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
        seed = 0;
}

uint64_t seed_of_process(void)
{
    pthread_once(&drawn, draw);
    return seed;
}
