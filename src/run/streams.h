/*
 * run/streams.h - streams of partial results before they are read: the header, from which the plan
 * of a merge is made, and whether an input holds one stream or more.
 */
#ifndef RUN_STREAMS_H
#define RUN_STREAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "run/plan.h"

struct json_t;

/*
 * Opens the inputs of the plan in their order until one has a header, which becomes plan->header.
 * The run takes over those that are open. Lines that a pipe has given are kept in a temporary file
 * without a name, and read again from there. A pipe that is the only input is read until it turns
 * out not to be one stream in its order, which sets plan->several_streams, or to its end: what W
 * does in it depends on that.
 *
 * A request to stop ends the look: false without an error, if no header has come. Else, of a pipe
 * that is the only input, what was read is all that the run reads, and the request is put off until
 * then; W, which waits for an end that does not come, lets nothing fire before. With --state
 * nothing of it is read: the next run has the pipe from its beginning again.
 */
bool streams_look(struct plan *plan, struct error *err);

/* Reads a regular file through: *one, is it one stream, or the beginning of one, in its order? */
bool streams_look_through(struct source *source, bool *one, struct error *err);

/* Appends `"keys":[...],"options":{...}`: of this plan, or, for a merge, of what it merges. */
void streams_header(const struct plan *plan, struct buf *to);

/* Can what the two headers are of be merged? If not, each option that differs is named. */
bool streams_agree(const struct json_t *first, const struct json_t *other, struct error *why);

/* An option in a header; NULL: it has its default. */
const char *streams_option(const struct json_t *header, const char *name);

#endif
