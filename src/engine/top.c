#include "engine/top.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/value.h"

void top_free(struct top *top)
{
    free(top->entries);
    free(top->cells);
    buf_free(&top->results);
    buf_free(&top->text);
    *top = (struct top){0};
}

/* Which comes first? qsort_r(3)'s order. No encoding is a prefix of another. */
static int compare(const void *pa, const void *pb, void *context)
{
    const struct top *top = context;
    const struct top_entry *a = pa, *b = pb;
    size_t len = a->len < b->len ? a->len : b->len;
    int order = memcmp(top->results.data + b->at, top->results.data + a->at, len);
    if (order == 0)
        order = a->place < b->place ? -1 : 1;
    return order;
}

/* The result as it will be printed; printed alike is a tie. */
static void put_result(struct top *top, const struct panes *panes,
                       const struct window_bounds *bounds, const struct cell *cell)
{
    struct datum datum;
    struct value v = {.kind = VALUE_NULL};
    top->text.len = 0;
    pane_result(panes, panes->options.top_by, bounds, cell, &datum, &top->text);
    /* A result may lie beyond the numbers that are read: a sum of two of the largest. */
    if (datum.kind == DATUM_NUMBER && number_parse(datum.text, datum.len, &v) != NUMBER_OK)
        v = (struct value){.text = datum.text, .len = (uint32_t)datum.len, .kind = VALUE_WIDE};
    value_encode(&top->results, &v);
}

size_t top_choose(struct top *top, const struct panes *panes, const struct window_bounds *bounds,
                  struct sorted_cell *cells, size_t n)
{
    if (n > top->capacity) {
        top->capacity = n;
        top->entries = memory_realloc(top->entries, n * sizeof *top->entries);
        top->cells = memory_realloc(top->cells, n * sizeof *top->cells);
    }
    top->results.len = 0;
    for (size_t i = 0; i < n; i++) {
        size_t at = top->results.len;
        put_result(top, panes, bounds, cells[i].cell);
        top->entries[i] = (struct top_entry){at, top->results.len - at, i};
        top->cells[i] = cells[i];
    }
    if (n > 0)
        qsort_r(top->entries, n, sizeof *top->entries, compare, top);
    for (size_t i = 0; i < n; i++)
        cells[i] = top->cells[top->entries[i].place];
    size_t chosen = n < panes->options.top ? n : (size_t)panes->options.top;
    for (size_t i = chosen; i < n; i++)
        cells[i].cell->fresh = 0;
    return chosen;
}
