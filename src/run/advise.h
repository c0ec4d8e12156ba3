/*
 * run/advise.h - --advise: how far out of order the input is, instead of results.
 */
#ifndef RUN_ADVISE_H
#define RUN_ADVISE_H

#include "output/sink.h"
#include "run/plan.h"
#include "time/watermark.h"
#include "verdict/clocks.h"

struct advise;

struct advise *advise_new(const struct plan *plan, uint64_t key_seed);
void advise_free(struct advise *a); /* may be NULL */

/* Good records from..to of a batch of a FILE; sources: their values of --source, if it is given. */
void advise_consume(struct advise *a, const struct batch *batch, const struct keys *sources,
                    uint32_t file, size_t from, size_t to);

/* That FILE has no more records. */
void advise_end(struct advise *a, uint32_t file);

/* W at delay 0, and the highest event time. */
void advise_tell(const struct advise *a, struct watermark *w);

/* The delay with which what lies so far behind is not late: as --delay takes it. */
void advise_put_delay(struct buf *to, int64_t ns);

/* Writes what is known: a table, or JSON lines. */
void advise_print(struct advise *a, bool json, struct buf *to);

#endif
