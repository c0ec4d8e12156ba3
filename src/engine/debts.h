/*
 * engine/debts.h - the rows that a session has to take back: those of the sessions that became part
 * of it, and its own from before it grew (-m retract).
 */
#ifndef ENGINE_DEBTS_H
#define ENGINE_DEBTS_H

#include "base/arena.h"
#include "base/buf.h"
#include "engine/pane.h"

/*
 * Start: debts_init(). A list of struct retraction, which stay where they are: in the order of
 * their windows, for what a session swallows lies behind all that it has.
 */
struct debts {
    struct retraction *first, **end;
    struct arena arena;
};

void debts_init(struct debts *debts);
void debts_add(struct debts *debts, const struct window_bounds *bounds, uint32_t pane,
               const char *text, size_t len);

/* All that `from` owes is owed here now. Costs the same however much that is. */
void debts_take(struct debts *debts, struct debts *from);

/* They are paid, or forgiven: none is left. */
void debts_free(struct debts *debts);

/* Their number (u64); each: start, end (i64), pane (u32), text. */
void debts_save(const struct debts *debts, struct buf *to);
bool debts_load(struct debts *debts, const unsigned char **at, const unsigned char *end);

#endif
