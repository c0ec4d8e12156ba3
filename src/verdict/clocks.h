/*
 * verdict/clocks.h - W from the clocks of several sources, and jumps of a clock not believed.
 *
 *     sources   table: source -> its clock      one source if there is no --source
 *     heap      by clock as last looked at      the lowest on top
 *
 * W is the lowest clock less the delay: the minimum over the inputs of an operator, as in the
 * Dataflow model and Flink. Clocks only rise, so an old value in the heap is a lower bound: an
 * entry is put right only when it comes to the top, and a record of a source that does not hold W
 * back costs one lookup.
 * What moves a clock is verdict/clock.h's.
 */
#ifndef VERDICT_CLOCKS_H
#define VERDICT_CLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/value.h"
#include "verdict/clock.h"

struct clocks_options {
    bool stopped;        /* W stays at -infinity until the input ends (--delay all) */
    int64_t delay_ns;    /* how far W trails the lowest clock */
    int64_t max_jump_ns; /* 0: every jump is believed */
    int64_t idle_ns;     /* a source that is silent for so long does not hold W back; 0: it does */
    uint64_t sources;    /* so many must have been seen before W moves; at least 1 */
    uint64_t key_seed;   /* of the sources' hashes */
};

struct clocks;

struct clocks *clocks_new(const struct clocks_options *options);
void clocks_free(struct clocks *clocks); /* may be NULL */

/*
 * Moves the clocks by records from..to of a batch, in order. sources: a column of the batch; NULL:
 * all are of file number `file`, or of the one source that there is. Returns W after each record,
 * by its index in the batch: -infinity is INT64_MIN. Valid until the next call.
 */
const int64_t *clocks_move(struct clocks *clocks, const int64_t *time_ns,
                           const struct value *sources, uint32_t file, size_t from, size_t to);

/*
 * Several FILEs are sources that are known from the start: W waits for each of them. To be called
 * first; with --source they are none, and these do nothing. clocks_end(): the file has no more
 * records and does not count any more; returns W. clocks_set_file(): after a restart.
 */
void clocks_announce(struct clocks *clocks, uint32_t n);
int64_t clocks_end(struct clocks *clocks, uint32_t file);
void clocks_set_file(struct clocks *clocks, uint32_t file, const struct clock *clock, bool ended);

/* The highest event time that moved a clock; INT64_MIN before the first. */
int64_t clocks_highest_ns(const struct clocks *clocks);

/* W; the clock of a source by its encoded value: false, it has not been seen. */
int64_t clocks_now_ns(const struct clocks *clocks);
bool clocks_of_source(const struct clocks *clocks, uint32_t hash, const unsigned char *key,
                      uint32_t key_len, int64_t *clock_ns);

/*
 * With idle_ns: so long was waited for a record (of that file), and none came. Returns W, which may
 * have moved: past those that are silent, or, when all are, at the pace of the wall clock.
 * clocks_count(): then something came, which is read first; the silence of the others counts with
 * the next clocks_wait(), so that records which had arrived find every source as it was before.
 */
int64_t clocks_wait(struct clocks *clocks, uint32_t file, int64_t ns);
void clocks_count(struct clocks *clocks, uint32_t file, int64_t ns);

/* Has W left -infinity, and where to? That is known in the run in which it did. */
bool clocks_finite(const struct clocks *clocks);
int64_t clocks_first_ns(const struct clocks *clocks);

/*
 * State for a snapshot. clocks_load() wants new clocks of the same options; false: damaged.
 *
 * Layout, version 1: finite (u8), W (i64), number of sources (u64); for each, in the order in which
 * they were seen: encoded value (counted bytes), clock (verdict/clock.h). FILEs save their clocks
 * themselves, so that of the one source of a run over one FILE is passed over where there are more.
 * clocks_go_on(): the same for a run that had no clocks, but a W, or none yet.
 */
enum { CLOCKS_STATE_VERSION = 1 };
void clocks_save(const struct clocks *clocks, struct buf *to);
bool clocks_load(struct clocks *clocks, const unsigned char **at, const unsigned char *end);
void clocks_go_on(struct clocks *clocks, bool finite, int64_t w_ns);

/* Calls back for each source of such a state, for who only wants to look at it. */
bool clocks_state_visit(const unsigned char **at, const unsigned char *end,
                        void (*visit)(void *context, const void *source, size_t len,
                                      int64_t clock_ns),
                        void *context);

#endif
