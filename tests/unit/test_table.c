/* Tables of cells: every key is found again, and cells are sorted as their keys order. */
#include "unit/unit.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "engine/table.h"

enum { MOST = 3000, LONGEST = 40 };

static uint64_t random_state = 1;

static uint32_t below(uint32_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)((random_state >> 33) % n);
}

/*
 * Keys as they are encoded: none is a prefix of another, as each ends with its only zero. `common`
 * bytes are the same in all; the rest is of few letters, so that many begin alike.
 */
static uint32_t random_key(unsigned char key[LONGEST], uint32_t common, uint32_t letters)
{
    uint32_t len = common + 1 + below(LONGEST - common - 1);
    memset(key, 0xff, common);
    for (uint32_t i = common; i < len; i++)
        key[i] = (unsigned char)(255 - below(letters));
    key[len - 1] = 0;
    return len;
}

static int compare_cells(const void *a, const void *b)
{
    return cell_compare_keys(*(struct cell *const *)a, *(struct cell *const *)b);
}

static void check_order(const struct table *table)
{
    struct sorted_cell *sorted = memory_calloc(table->n + 1, sizeof *sorted);
    struct cell **expected = memory_calloc(table->n + 1, sizeof *expected);
    for (uint32_t i = 0; i < table->n; i++) {
        sorted[i] = sorted_cell(table_cell(table, i));
        expected[i] = table_cell(table, i);
    }
    cells_sort(sorted, table->n);
    qsort(expected, table->n, sizeof(struct cell *), compare_cells);
    for (uint32_t i = 0; i < table->n; i++)
        CHECK(sorted[i].cell == expected[i], "cell %u of %u", i, table->n);
    free(sorted);
    free(expected);
}

/* The hash is poor on purpose: cells collide. */
static void test_table(uint32_t n, uint32_t common, uint32_t letters)
{
    struct table table;
    unsigned char key[LONGEST];
    bool made;
    uint64_t start = random_state;
    table_init(&table, 8);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t len = random_key(key, common, letters), hash = len * 77 + key[len / 2];
        bool known = table_find(&table, hash, key, len) != NULL;
        struct cell *cell = table_get(&table, hash, key, len, &made);
        CHECK(made == !known && cell == table_find(&table, hash, key, len), "key %u", i);
        CHECK(cell->key_len == len && memcmp(cell_key(cell), key, len) == 0, "key %u", i);
    }
    random_state = start; /* the same keys once more */
    for (uint32_t i = 0; i < n; i++) {
        uint32_t len = random_key(key, common, letters);
        table_get(&table, len * 77 + key[len / 2], key, len, &made);
        CHECK(!made, "key %u was not found again", i);
    }
    check_order(&table);
    table_free(&table);
}

int main(void)
{
    for (uint32_t n = 0; n < 70; n++)
        test_table(n, below(20), 1 + below(5));
    for (uint32_t common = 0; common < 30; common++)
        test_table(below(MOST), common, 2 + below(60));
    return unit_done();
}
