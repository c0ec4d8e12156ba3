/*
 * input/json_fast_shape.h - the outlines of the records seen lately.
 *
 * A log has few of them, and mostly the next record has the last one's. They are kept in the order
 * of their last use; learning costs about as much as a few walks, so where outlines never come
 * again (arrays of any length, say) it is tried more and more rarely.
 */
#ifndef INPUT_JSON_FAST_SHAPE_H
#define INPUT_JSON_FAST_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input/json_fast_walk.h"
#include "input/scan.h"

enum { SHAPE_MOST = 8 };

struct shapes {
    struct scan_shape *known[SHAPE_MOST]; /* the one used last comes first */
    size_t n;
    uint32_t wasted;  /* shapes learnt since one of the learnt was used; at most SHAPE_PATIENCE */
    uint64_t n_walks; /* records that no shape fitted */
};

void shapes_free(struct shapes *s);

bool shapes_match_others(struct shapes *s, const struct scan *scan, const struct scan_index *index,
                         const char *p, struct batch *batch, size_t lane);

/* Reads the indexed record at p into the lane, if one of the shapes fits it. */
static inline bool shapes_match(struct shapes *s, const struct scan *scan,
                                const struct scan_index *index, const char *p, struct batch *batch,
                                size_t lane)
{
    if (s->n > 0 && scan->match(s->known[0], index, p, batch, lane)) {
        s->known[0]->hit = true;
        return true;
    }
    return shapes_match_others(s, scan, index, p, batch, lane);
}

/* Call with what walk_record() has just read; `newline` ends the record. Learns it, or not. */
void shapes_learn(struct shapes *s, const struct walk *w, const char *newline);

#endif
