#include "agg/heap.h"

static void sift(const void **item, size_t n, size_t hole, heap_order *order)
{
    const void *moving = item[hole];
    for (;;) {
        size_t child = 2 * hole + 1;
        if (child >= n)
            break;
        if (child + 1 < n && order(item[child + 1], item[child]) > 0)
            child++;
        if (order(item[child], moving) <= 0)
            break;
        item[hole] = item[child];
        hole = child;
    }
    item[hole] = moving;
}

void heap_build(const void **item, size_t n, heap_order *order)
{
    for (size_t i = n / 2; i-- > 0;)
        sift(item, n, i, order);
}

void heap_sift(const void **item, size_t n, heap_order *order)
{
    sift(item, n, 0, order);
}

void heap_sort(const void **item, size_t n, heap_order *order)
{
    for (; n > 1; n--) {
        const void *last = item[0];
        item[0] = item[n - 1];
        item[n - 1] = last;
        sift(item, n - 1, 0, order);
    }
}
