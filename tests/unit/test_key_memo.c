/*
 * The memory of keys and cells against a list of what was kept: random keys of every kind, most of
 * which differ in a byte, in windows that come and go. What is found is what was kept last for that
 * key and window; what can be remembered mostly is.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "engine/key_memo.h"
#include "unit/unit.h"

enum { N_KEYS = 60, N_WINDOWS = 6, ROUNDS = 20000, TEXT = 30 };

static char texts[2][N_KEYS][TEXT + 1];
static struct value values[2][N_KEYS];
static struct cell *kept[N_KEYS][N_WINDOWS];

static struct value random_value(char *text, uint32_t longest)
{
    static const char bytes[] = "\0ab1";
    uint32_t len = (uint32_t)unit_below(longest + 1);
    for (uint32_t i = 0; i < len; i++)
        text[i] = unit_below(4) == 0 ? bytes[unit_below(4)] : 'x';
    switch (unit_below(8)) {
    case 0:
        return (struct value){.kind = VALUE_NULL};
    case 1:
        return (struct value){.kind = unit_below(2) ? VALUE_TRUE : VALUE_FALSE};
    case 2:
        return (struct value){.mant = (int64_t)(unit_below(3)) - 1,
                              .exp = (int16_t)(unit_below(3)),
                              .kind = VALUE_NUMBER};
    case 3:
        return (struct value){.text = text, .len = len, .kind = VALUE_WIDE};
    default:
        return (struct value){.text = text,
                              .len = len,
                              .exp = (int16_t)(unit_below(8) == 0 ? VALUE_TYPELESS : 0),
                              .kind = VALUE_STRING};
    }
}

static bool same_value(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind || a->exp != b->exp || a->len != b->len)
        return false;
    if (a->kind == VALUE_STRING || a->kind == VALUE_WIDE)
        return a->len == 0 || memcmp(a->text, b->text, a->len) == 0;
    return a->kind != VALUE_NUMBER || a->mant == b->mant;
}

static bool same_key(size_t n_columns, size_t a, size_t b)
{
    return same_value(&values[0][a], &values[0][b]) &&
           (n_columns == 1 || same_value(&values[1][a], &values[1][b]));
}

static void check_columns(size_t n_columns)
{
    struct window windows[N_WINDOWS] = {0};
    struct key_memo memo;
    struct value *const columns[] = {values[0], values[1]};
    uint64_t number = 0;
    size_t found = 0;
    struct cell *cells = memory_calloc(ROUNDS, sizeof *cells);
    memset(kept, 0, sizeof kept);
    for (size_t i = 0; i < N_KEYS; i++) {
        values[0][i] = random_value(texts[0][i], TEXT);
        values[1][i] = random_value(texts[1][i], TEXT / 2);
    }
    for (size_t w = 0; w < N_WINDOWS; w++)
        windows[w].number = ++number;
    key_memo_init(&memo, n_columns);
    key_memo_judge(&memo, 1, 1 + (uint32_t)unit_below(4));
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t i = (size_t)(unit_below(N_KEYS)), w = unit_below(N_WINDOWS);
        if (unit_below(1000) == 0) { /* this window goes, and another one comes */
            windows[w].number = ++number;
            for (size_t k = 0; k < N_KEYS; k++)
                kept[k][w] = NULL;
        }
        key_memo_begin(&memo);
        key_memo_prepare(&memo, columns, i, N_KEYS);
        struct cell *cell = key_memo_find(&memo, i, &windows[w]);
        CHECK(cell == NULL || cell == kept[i][w], "columns %zu, round %zu: another cell", n_columns,
              round);
        found += cell != NULL;
        if (cell != NULL)
            continue;
        key_memo_keep(&memo, i, &windows[w], &cells[round]);
        for (size_t k = 0; k < N_KEYS; k++)
            if (same_key(n_columns, i, k))
                kept[k][w] = &cells[round];
    }
    CHECK(found > ROUNDS / 20, "columns %zu: only %zu found", n_columns, found);
    key_memo_free(&memo);
    free(cells);
}

/* Keys that never come again put it to sleep; it wakes, and keys that do keep it awake. */
static void check_sleep(void)
{
    struct key_memo memo;
    key_memo_init(&memo, 1);
    for (int i = 0; i < 1000; i++) {
        key_memo_judge(&memo, 100, 10);
        memo.missed += memo.places == NULL ? 0 : 100;
    }
    CHECK(memo.places == NULL, "awake though nothing was found");
    for (int i = 0; i < 20000 && memo.places == NULL; i++)
        key_memo_judge(&memo, 100, 10);
    CHECK(memo.places != NULL, "sleeps for ever");
    for (int i = 0; i < 20000; i++) {
        key_memo_judge(&memo, 100, 10);
        memo.missed += 5;
        CHECK(memo.places != NULL, "asleep though one in 20 misses");
    }
    key_memo_judge(&memo, 100, 1 << 20);
    CHECK(memo.places == NULL, "awake with a million keys");
    key_memo_free(&memo);
    key_memo_init(&memo, 3);
    key_memo_judge(&memo, 100, 10);
    CHECK(memo.places == NULL, "awake with three fields");
}

/* Two keys whose places are one, or neighbours, are both found again and again. */
static void check_neighbours(void)
{
    enum { KEYS = 64 };
    struct value numbers[KEYS];
    struct value *const columns[] = {numbers};
    struct window window = {.number = 1};
    struct cell cell;
    struct key_memo memo;
    uint32_t missed = 0;
    key_memo_init(&memo, 1);
    for (int64_t base = 0; base < 100 * KEYS; base += KEYS) {
        uint8_t sharing[4096] = {0};
        bool crowded = false;
        for (int64_t i = 0; i < KEYS; i++)
            numbers[i] = (struct value){.mant = base + i, .kind = VALUE_NUMBER};
        key_memo_judge(&memo, 1, KEYS);
        window.number += 2;
        for (int round = 0; round < 3; round++) {
            key_memo_begin(&memo);
            key_memo_prepare(&memo, columns, 0, KEYS);
            for (size_t i = 0; i < KEYS; i++) {
                crowded |= round == 0 && ++sharing[memo.at[i] / 2] > 2;
                bool found = key_memo_find(&memo, i, &window) != NULL;
                missed += round > 0 && !found && !crowded;
                if (!found)
                    key_memo_keep(&memo, i, &window, &cell);
            }
        }
        key_memo_free(&memo); /* those of before are not to be in the way */
    }
    CHECK(missed == 0, "%u keys were pushed out, though there was room", missed);
}

int main(void)
{
    for (int i = 0; i < 20; i++) {
        check_columns(1);
        check_columns(2);
    }
    check_sleep();
    check_neighbours();
    return unit_done();
}
