#include "input/batch.h"

#include <stdlib.h>

#include "base/memory.h"

enum { FIRST_LANES = 1024, FIRST_BAD = 8 };

void block_free(struct block *block)
{
    buf_free(&block->bytes);
    *block = (struct block){0};
}

void batch_free(struct batch *batch)
{
    for (size_t f = 0; f < batch->n_allocated; f++)
        free(batch->columns[f]);
    free(batch->columns);
    free(batch->time_ns);
    free(batch->start);
    free(batch->len);
    free(batch->bad);
    free(batch->verdict);
    free(batch->meets);
    arena_free(&batch->arena);
    *batch = (struct batch){0};
}

void batch_begin(struct batch *batch, const struct block *block,
                 const struct input_options *options)
{
    arena_reset(&batch->arena);
    batch->block = block;
    batch->n = batch->n_bad = batch->n_deferred = 0;
    batch->lines = 0;
    if (batch->columns == NULL) {
        batch->n_columns = options->n_fields;
        batch->n_allocated = batch_columns(options);
        batch->columns = memory_calloc(batch->n_allocated + 1, sizeof *batch->columns);
    }
}

void batch_grow(struct batch *batch)
{
    size_t n = batch->capacity == 0 ? FIRST_LANES : batch->capacity * 2;
    batch->time_ns = memory_realloc(batch->time_ns, n * sizeof *batch->time_ns);
    batch->start = memory_realloc(batch->start, n * sizeof *batch->start);
    batch->len = memory_realloc(batch->len, n * sizeof *batch->len);
    for (size_t f = 0; f < batch->n_allocated; f++)
        batch->columns[f] = memory_realloc(batch->columns[f], n * sizeof *batch->columns[f]);
    batch->capacity = n;
}

struct bad_record *batch_add_bad(struct batch *batch)
{
    if (batch->n_bad == batch->bad_capacity) {
        batch->bad_capacity = batch->bad_capacity == 0 ? FIRST_BAD : batch->bad_capacity * 2;
        batch->bad = memory_realloc(batch->bad, batch->bad_capacity * sizeof *batch->bad);
    }
    struct bad_record *bad = &batch->bad[batch->n_bad++];
    *bad = (struct bad_record){.before = batch->n};
    return bad;
}
