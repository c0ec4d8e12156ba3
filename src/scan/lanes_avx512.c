/* avx512: 8 lanes. */
#include "scan/lanes.h"

#ifdef __x86_64__

#include <string.h>

#define LANES 8
#define LANES_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define LANES_NAME lanes_avx512
#define LANES_TEXT "avx512"
#include "scan/lanes_body.h"

#endif
