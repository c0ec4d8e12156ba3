/*
 * engine/fill.h - which windows pass without a record of a known key (--fill).
 *
 *     grid   ... | passed | passed | next |  ...       every window there is, used or not
 *     keys   key -> its first window, W when it was first seen, empty windows in a row
 *
 * A window is filled for the keys whose first window is not behind it and that were known before W
 * passed its end. Keys stay for good: a zero is a row for as long as the run lasts.
 */
#ifndef ENGINE_FILL_H
#define ENGINE_FILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "engine/table.h"
#include "window/window.h"

/* Of one key: what goes on longer is a gap that nobody wants a row for each step of. */
enum { FILL_ROWS_MAX = 100000 };

struct fill;

struct fill *fill_new(const struct window_spec *spec);
void fill_free(struct fill *f); /* may be NULL */

/*
 * A record of this key was used, at W (before it moved); `first` is the earliest of its windows
 * that had not expired.
 */
void fill_see(struct fill *f, uint32_t hash, const unsigned char *key, uint32_t key_len,
              const struct window_bounds *first, int64_t w_ns);

/* The first window of the grid that has not passed and may have to be filled; false: none. */
bool fill_next(const struct fill *f, struct window_bounds *bounds);

/* The keys that it is filled for are among these. */
uint32_t fill_keys(const struct fill *f);
/* Key number i as a cell, NULL if the next window is none of its own. */
const struct cell *fill_key(const struct fill *f, uint32_t i);
/* The next window has a record of key i or not; in the latter case: is an empty row wanted? */
bool fill_note(struct fill *f, uint32_t i, bool has_record);

/*
 * The next window has passed. If every key has had all the empty rows it gets, or waits for its
 * first window, so have those behind it in which that does not change, which end at w_ns at the
 * latest and start before before_ns, without a look at each of them.
 */
void fill_step(struct fill *f, int64_t w_ns, int64_t before_ns);

uint64_t fill_skipped(const struct fill *f); /* empty rows that were not wanted, so far */

/*
 * State for a snapshot: is there a next window (u8), its start and end (i64), skipped (u64), number
 * of keys (u64), each: key (counted bytes), start of its first window, W when it was seen (i64),
 * empty windows in a row (u32). false: damaged. n_keys: fields of a key.
 */
void fill_save(const struct fill *f, struct buf *to);
bool fill_load(struct fill *f, uint64_t key_seed, size_t n_keys, const unsigned char **at,
               const unsigned char *end);

#endif
