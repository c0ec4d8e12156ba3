/* What the compiler makes of two lanes, on any machine. */
#include "scan/lanes.h"

#include <string.h>

#define LANES 2
#define LANES_TARGET
#define LANES_NAME lanes_two
#define LANES_TEXT "two lanes"
#include "scan/lanes_body.h"
