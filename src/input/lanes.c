/* What the compiler makes of two lanes, on any machine. */
#include "input/lanes.h"

#include <string.h>

#define LANES 2
#define LANES_TARGET
#define LANES_NAME lanes_two
#define LANES_TEXT "two lanes"
#include "input/lanes_body.h"
