/*
 * agg/heap.h - binary heaps of pointers: the N best of many, and sorting in place without the
 * allocation that qsort(3) may make or a bad case of its own.
 */
#ifndef AGG_HEAP_H
#define AGG_HEAP_H

#include <stddef.h>

/* < 0, 0, > 0 as a stands before, beside or behind b. */
typedef int heap_order(const void *a, const void *b);

/* Makes a heap of item[0..n), the last in the order on top, in item[0]. */
void heap_build(const void **item, size_t n, heap_order *order);

/* Restores the heap after item[0] was replaced. */
void heap_sift(const void **item, size_t n, heap_order *order);

/* Puts a heap in order, first to last. */
void heap_sort(const void **item, size_t n, heap_order *order);

#endif
