/*
 * input/csv_index.h - the vector half of the CSV fast path: where the separators stand.
 *
 * Plain CSV, without quotes, is nothing but separators: delimiters and newlines. One pass over a
 * slice makes bitmaps of 64 bytes each and writes down the offsets of their bits (after Langdale
 * and Lemire, "Parsing Gigabytes of JSON per Second", VLDB Journal 28(6), 2019, section 3.1.2).
 * csv_index_body.h is the code; csv_index_avx2.c, csv_index_sse2.c, csv_index_swar.c its instances.
 */
#ifndef INPUT_CSV_INDEX_H
#define INPUT_CSV_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A slice: large enough to forget what starting costs, small enough to stay in the first cache. */
enum { CSV_INDEX_BYTES = 16 * 1024, CSV_INDEX_BLOCK = 64 };

struct csv_index {
    size_t n_separators, n_newlines;
    bool high;  /* some byte is >= 0x80 */
    bool quote; /* it ends before a quote */
    /*
     * Offsets of delimiters and newlines, in order, from [1] on; [0] is -1, so that the first
     * record, too, starts one behind a separator. There is room for a block behind the last one.
     */
    uint32_t separators[1 + CSV_INDEX_BYTES + CSV_INDEX_BLOCK];
};

struct csv_indexer {
    const char *name;
    /* Indexes at most CSV_INDEX_BYTES of p[0..len), up to the first quote. Reads 64 bytes more. */
    void (*run)(struct csv_index *index, const char *p, size_t len, char delimiter);
};

extern const struct csv_indexer csv_indexer_swar; /* any machine */
#ifdef __x86_64__
extern const struct csv_indexer csv_indexer_sse2, csv_indexer_avx2;
#endif

/* Those that this machine can run, fastest first; NULL behind the last. */
const struct csv_indexer *csv_indexer_get(size_t i);

#endif
