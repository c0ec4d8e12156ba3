/*
 * input/csv_index_body.h - indexing CSV, compiled once per instruction set.
 *
 * The including file defines INDEX_TARGET (a target attribute, or nothing), INDEX_NAME and
 * INDEX_TEXT, INDEX_LOWEST(bits), the place of the lowest set bit (anything if there is none), and
 * index_masks().
 */

struct index_masks {
    uint64_t delimiters, newlines, quotes, high;
};

/* Bitmaps of the 64 bytes at p. */
INDEX_TARGET static inline void index_masks(const char *p, char delimiter,
                                            struct index_masks *masks);

/* Writes base + each set bit. Eight at a time, needed or not, saves the mispredicted branches. */
INDEX_TARGET static inline uint32_t *index_write(uint32_t *to, uint64_t bits, uint32_t base)
{
    uint32_t *end = to + __builtin_popcountll(bits);
    do {
        for (int i = 0; i < 8; i++) {
            *to++ = base + (uint32_t)INDEX_LOWEST(bits);
            bits &= bits - 1;
        }
    } while (to < end);
    return end;
}

INDEX_TARGET static void index_run(struct csv_index *index, const char *p, size_t len,
                                   char delimiter)
{
    uint32_t *separator = index->separators + 1;
    uint64_t high = 0, quotes = 0;
    size_t newlines = 0;
    if (len > CSV_INDEX_BYTES)
        len = CSV_INDEX_BYTES;
    for (size_t at = 0; at < len && quotes == 0; at += CSV_INDEX_BLOCK) {
        struct index_masks masks;
        uint64_t live = ~UINT64_C(0);
        index_masks(p + at, delimiter, &masks);
        if (len - at < CSV_INDEX_BLOCK)
            live >>= CSV_INDEX_BLOCK - (len - at);
        quotes = masks.quotes & live;
        if (quotes != 0)
            live &= (quotes & (~quotes + 1)) - 1;
        high |= masks.high & live;
        newlines += (size_t)__builtin_popcountll(masks.newlines & live);
        separator =
            index_write(separator, (masks.delimiters | masks.newlines) & live, (uint32_t)at);
    }
    index->separators[0] = UINT32_MAX;
    index->n_separators = (size_t)(separator - index->separators) - 1;
    index->n_newlines = newlines;
    index->high = high != 0;
    index->quote = quotes != 0;
}

const struct csv_indexer INDEX_NAME = {.name = INDEX_TEXT, .run = index_run};
