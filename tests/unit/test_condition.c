/* Conditions: the programs and leaves against plain evaluation of random ones, and random texts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "unit/unit.h"
#include "verdict/condition.h"

enum { COLUMNS = 3, ROWS = 50 };

/* Fields a, b, c. */
static bool column_of(void *context, const char *field, size_t *column, struct error *err)
{
    (void)context;
    if (strlen(field) != 1 || field[0] < 'a' || field[0] >= 'a' + COLUMNS)
        return error_set(err, EXIT_USAGE, "no field '%s'", field);
    *column = (size_t)(field[0] - 'a');
    return true;
}

static const struct condition_columns fields = {column_of, NULL};
static struct value rows[COLUMNS][ROWS];
static struct value *columns[COLUMNS] = {rows[0], rows[1], rows[2]};

static unsigned below(unsigned n)
{
    return (unsigned)(random() % (long)n);
}

static void fill(void)
{
    for (size_t c = 0; c < COLUMNS; c++)
        for (size_t i = 0; i < ROWS; i++)
            rows[c][i] = below(4) == 0 ? (struct value){.kind = VALUE_NULL}
                                       : (struct value){.kind = VALUE_NUMBER, .mant = below(3)};
}

/* Writes a random condition and evaluates it for one row by the way it is made. */
static bool grow(struct buf *text, unsigned depth, size_t row)
{
    unsigned kind = depth == 0 ? 0 : below(5);
    if (kind <= 1) {
        size_t c = below(COLUMNS);
        int64_t n = below(3);
        unsigned op = below(3);
        buf_printf(text, "%c %s %d", (int)('a' + c), op == 0 ? "=" : op == 1 ? "<=" : "!=", (int)n);
        const struct value *v = &rows[c][row];
        bool met = op == 0 ? v->mant == n : op == 1 ? v->mant <= n : v->mant != n;
        return v->kind == VALUE_NUMBER && met;
    }
    bool a, b;
    if (kind == 2) {
        buf_puts(text, "not (");
        a = !grow(text, depth - 1, row);
        buf_puts(text, ")");
        return a;
    }
    buf_puts(text, "(");
    a = grow(text, depth - 1, row);
    buf_puts(text, kind == 3 ? ") and (" : ") or (");
    b = grow(text, depth - 1, row);
    buf_puts(text, ")");
    return kind == 3 ? a && b : a || b;
}

static void check_random(struct condition_scratch *scratch)
{
    const struct condition_rows all = {.columns = columns, .n = ROWS};
    struct buf text = {0};
    struct error err = {0};
    size_t row = below(ROWS);
    fill();
    bool expected = grow(&text, below(6), row);
    struct condition *c = condition_parse(buf_cstr(&text), &fields, &err);
    CHECK(c != NULL, "%s: %s", buf_cstr(&text), err.text);
    if (c != NULL)
        CHECK(condition_evaluate(c, &all, scratch)[row] == expected, "%s: expected %d",
              buf_cstr(&text), expected);
    condition_free(c);
    buf_free(&text);
}

/* Whatever the text, it is a condition or an error that says something. */
static void check_garbage(struct condition_scratch *scratch)
{
    static const char *const pieces[] = {
        "a",  "b ", "=",    "!=", "<=", "=~",    "(", ")", " and ", "\"", "\\", " ",   "1", "not",
        "or", "is", "null", " [", "x",  "\"q\"", "^", "$", "*",     ".",  "-1", "1e9", "d"};
    const struct condition_rows all = {.columns = columns, .n = ROWS};
    struct buf text = {0};
    struct error err = {0};
    for (unsigned n = below(12); n > 0; n--)
        buf_puts(&text, pieces[below(sizeof pieces / sizeof *pieces)]);
    struct condition *c = condition_parse(buf_cstr(&text), &fields, &err);
    CHECK((c == NULL) == (err.text[0] != '\0'), "%s: %s", buf_cstr(&text), err.text);
    if (c != NULL)
        for (size_t i = 0; i < ROWS; i++)
            CHECK(condition_evaluate(c, &all, scratch)[i] <= 1, "%s", buf_cstr(&text));
    condition_free(c);
    buf_free(&text);
}

static void check_long_chain(struct condition_scratch *scratch)
{
    const struct condition_rows all = {.columns = columns, .n = ROWS};
    struct buf text = {0};
    struct error err = {0};
    for (size_t i = 0; i < 20000; i++)
        buf_puts(&text, "a = 7 or ");
    buf_puts(&text, "not a = 7");
    struct condition *c = condition_parse(buf_cstr(&text), &fields, &err);
    CHECK(c != NULL && condition_evaluate(c, &all, scratch)[0] == 1, "%s", err.text);
    condition_free(c);
    buf_free(&text);
}

int main(void)
{
    struct condition_scratch scratch = {0};
    srandom(7);
    fill();
    for (int i = 0; i < 20000; i++)
        check_random(&scratch);
    for (int i = 0; i < 50000; i++)
        check_garbage(&scratch);
    check_long_chain(&scratch);
    condition_scratch_free(&scratch);
    return unit_done();
}
