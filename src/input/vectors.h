/*
 * input/vectors.h - the vector code of this machine, chosen at run time.
 */
#ifndef INPUT_VECTORS_H
#define INPUT_VECTORS_H

#include <stddef.h>

#include "input/lanes.h"
#include "input/marks.h"

struct vectors {
    const struct marker *marker;
    const struct lanes *lanes;
};

/* Those that this machine can run, fastest first; NULL behind the last. */
const struct vectors *vectors_get(size_t i);

#endif
