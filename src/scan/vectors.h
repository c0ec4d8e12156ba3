/*
 * scan/vectors.h - the vector code of this machine, chosen at run time.
 */
#ifndef SCAN_VECTORS_H
#define SCAN_VECTORS_H

#include <stddef.h>

#include "scan/lanes.h"
#include "scan/marks.h"

struct vectors {
    const struct marker *marker;
    const struct lanes *lanes;
};

/* Those that this machine can run, fastest first; NULL behind the last. */
const struct vectors *vectors_get(size_t i);

#endif
