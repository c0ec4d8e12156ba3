/* avx2: 4 lanes. */
#include "scan/lanes.h"

#ifdef __x86_64__

#include <string.h>

#define LANES 4
#define LANES_TARGET __attribute__((target("avx2")))
#define LANES_NAME lanes_avx2
#define LANES_TEXT "avx2"
#include "scan/lanes_body.h"

#endif
