#include "input/json_fast.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "input/json_fast_projection.h"
#include "input/json_fast_shape.h"
#include "input/json_fast_walk.h"
#include "input/scan.h"

_Static_assert((int)BLOCK_PADDING >= (int)SCAN_BLOCK, "a block is loaded whole from any byte on");

struct json_fast {
    const struct scan *scan;
    struct scan_index index;
    struct shapes shapes;
    struct projection projection;
    bool usable; /* one time field */
    struct walk walk;
};

struct json_fast *json_fast_new(const struct input_options *options)
{
    struct json_fast *fast = memory_calloc(1, sizeof *fast);
    fast->scan = scan_get(0);
    fast->usable = options->n_time == 1;
    if (fast->usable) {
        projection_init(&fast->projection, options);
        walk_init(&fast->walk, &fast->projection);
    }
    return fast;
}

void json_fast_free(struct json_fast *fast)
{
    if (fast == NULL)
        return;
    if (fast->usable) {
        walk_free(&fast->walk);
        projection_free(&fast->projection);
    }
    shapes_free(&fast->shapes);
    scan_index_free(&fast->index);
    free(fast);
}

bool json_fast_use(struct json_fast *fast, size_t instance)
{
    const struct scan *scan = scan_get(instance);
    if (scan != NULL)
        fast->scan = scan;
    return scan != NULL;
}

const char *json_fast_record(struct json_fast *fast, const char *p, const char *end,
                             struct batch *batch, size_t lane)
{
    /* With a newline ahead nothing below looks for the end: it stops every scan. */
    if (!fast->usable || p == end ||
        (end[-1] != '\n' && memchr(p, '\n', (size_t)(end - p)) == NULL))
        return NULL;
    const char *newline = fast->scan->index(&fast->index, p);
    if (newline == NULL)
        return NULL;
    if (!shapes_match(&fast->shapes, fast->scan, &fast->index, p, batch, lane)) {
        if (!walk_record(&fast->walk, &fast->index, p, batch, lane))
            return NULL;
        shapes_learn(&fast->shapes, &fast->walk, newline);
    }
    return newline + 1;
}
