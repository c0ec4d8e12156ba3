/*
 * base/books.h - how much memory the live state of a run takes.
 *
 * What holds state that grows with the input (arenas, tables) enters what it allocates and takes
 * off what it frees. Each thread has books of its own: the state belongs to one thread. Who fills
 * an arena that is none of it (a batch, which any thread may free) reads the books before and sets
 * them back.
 */
#ifndef BASE_BOOKS_H
#define BASE_BOOKS_H

#include <stddef.h>

size_t books_bytes(void);
void books_set(size_t bytes);

void books_enter(size_t bytes);
void books_take_off(size_t bytes);

#endif
