/* Aggregates over many values: growth, errors of the sketches, and memory that is used again. */
#include "unit/unit.h"

#include <math.h>

#include "unit/agg_harness.h"

enum { MANY = 200000 };

static struct value column[MANY];
static int64_t time_ns[MANY];

static struct value integer(int64_t n)
{
    return (struct value){.mant = n, .kind = VALUE_NUMBER};
}

static void shuffle(size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = random_below(i);
        struct value v = column[i - 1];
        column[i - 1] = column[j];
        column[j] = v;
    }
}

static double result_double(const struct cell *cell)
{
    char *text = cell_result(cell);
    CHECK(strncmp(text, "number ", 7) == 0, "%s: %s", cell->agg->name, text);
    double d = strtod(text + 7, NULL);
    free(text);
    return d;
}

/* Like the unsaved one, and like one that was merged from halves. */
static void check_same_in_pieces(const struct agg *agg, size_t n)
{
    struct cell whole = cell_new(agg), half = cell_new(agg), other = cell_new(agg),
                loaded = cell_new(agg);
    struct buf saved = {0};
    cell_add(&whole, column, time_ns, n);
    cell_add(&half, column, time_ns, n / 2);
    cell_add(&other, column + n / 2, time_ns + n / 2, n - n / 2);
    agg->ops->merge(agg, cell_acc(&half), cell_acc(&other), &half.arena);
    agg->ops->save(agg, cell_acc(&whole), &saved);
    const unsigned char *at = (unsigned char *)saved.data, *end = at + saved.len;
    CHECK(agg->ops->load(agg, cell_acc(&loaded), &at, end, &loaded.arena) && at == end, "%s of %zu",
          agg->name, n);
    char *expected = cell_result(&whole), *merged = cell_result(&half),
         *restored = cell_result(&loaded);
    CHECK(strcmp(expected, merged) == 0, "%s merged: %s, not %s", agg->name, merged, expected);
    CHECK(strcmp(expected, restored) == 0, "%s loaded: %s, not %s", agg->name, restored, expected);
    free(expected);
    free(merged);
    free(restored);
    buf_free(&saved);
    cell_free(&whole);
    cell_free(&half);
    cell_free(&other);
    cell_free(&loaded);
}

/* n different values, many of them twice, as numbers or as strings. */
static size_t fill_distinct(size_t n, bool strings)
{
    static char texts[MANY][40];
    size_t total = n + n / 3;
    for (size_t i = 0; i < total; i++) {
        column[i] = integer((int64_t)(i % n) * 1000003);
        if (strings) {
            int len = snprintf(texts[i], sizeof texts[i], "user-%zu", i % n);
            column[i] =
                (struct value){.text = texts[i], .len = (uint32_t)len, .kind = VALUE_STRING};
        }
    }
    shuffle(total);
    return total;
}

static void check_distinct(void)
{
    struct agg exact = agg_of("distinct:x"), approx = agg_of("approx_distinct:x");
    static const size_t sizes[] = {1, 2, 3, 10, 100, 700, 768, 769, 1000, 5000, 20000, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (int strings = 0; strings < 2; strings++) {
            size_t n = sizes[i], total = fill_distinct(n, strings);
            struct cell cell = cell_new(&exact), sketch = cell_new(&approx);
            cell_add(&cell, column, time_ns, total);
            cell_add(&sketch, column, time_ns, total);
            double is = result_double(&cell), about = result_double(&sketch);
            CHECK(is == (double)n, "distinct of %zu: %.0f", n, is);
            /* Four standard errors, and one value for rounding where there are few. */
            CHECK(fabs(about - (double)n) <= 1 + 4 * 0.0082 * (double)n, "approx of %zu: %.0f", n,
                  about);
            CHECK(sketch.arena.bytes <= 64 << 10, "%zu bytes", sketch.arena.bytes);
            CHECK(n > 700 || sketch.arena.bytes <= 16 << 10, "%zu bytes for %zu",
                  sketch.arena.bytes, n);
            cell_free(&cell);
            cell_free(&sketch);
            check_same_in_pieces(&exact, total);
            check_same_in_pieces(&approx, total);
        }
    }
    agg_clear(&exact);
    agg_clear(&approx);
}

/* The estimate must not know whether registers are in the sparse or in the dense form. */
static void check_sparse_is_dense(void)
{
    struct agg agg = agg_of("approx_distinct:x");
    struct cell dense = cell_new(&agg), sparse = cell_new(&agg);
    for (size_t i = 0; i < 50000; i++)
        column[i] = integer((int64_t)i);
    cell_add(&dense, column, time_ns, 50000);
    agg.ops->reset(&agg, cell_acc(&dense));
    for (size_t n = 0; n < 2000; n++) {
        char *a = cell_result(&dense), *b = cell_result(&sparse);
        CHECK(strcmp(a, b) == 0, "after %zu: %s and %s", n, a, b);
        free(a);
        free(b);
        cell_add(&dense, column + n, time_ns, 1);
        cell_add(&sparse, column + n, time_ns, 1);
    }
    cell_free(&dense);
    cell_free(&sparse);
    agg_clear(&agg);
}

static int by_number(const void *a, const void *b)
{
    return number_compare(a, b);
}

static void check_quantiles(size_t n)
{
    static const char *const functions[] = {"p0:x",  "p1:x",  "median:x", "p75:x",
                                            "p90:x", "p99:x", "p99.99:x", "p100:x"};
    static struct value sorted[MANY];
    memcpy(sorted, column, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_number);
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        struct agg agg = agg_of(functions[i]);
        struct cell cell = cell_new(&agg);
        struct buf expected = {0};
        cell_add(&cell, column, time_ns, n);
        uint64_t h = (n - 1) * agg.q_numerator, rest = h % agg.q_denominator;
        size_t rank = (size_t)(h / agg.q_denominator);
        buf_puts(&expected, "number ");
        number_interpolate_print(&expected, &sorted[rank], &sorted[rank + (rest > 0)], rest,
                                 agg.q_denominator);
        char *is = cell_result(&cell);
        CHECK(strcmp(is, buf_cstr(&expected)) == 0, "%s of %zu: %s, not %s", functions[i], n, is,
              buf_cstr(&expected));
        free(is);
        buf_free(&expected);
        cell_free(&cell);
        check_same_in_pieces(&agg, n);
        agg_clear(&agg);
    }
}

/* Every estimate within 1 % of some value between its two neighbouring ranks, and of the exact
 * quantile where the two have one sign. */
static void check_approx_quantiles(size_t n)
{
    static struct value sorted[MANY];
    memcpy(sorted, column, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_number);
    for (int percent = 0; percent <= 100; percent += 4) {
        char text[40];
        snprintf(text, sizeof text, "approx_p%d:x", percent);
        struct agg agg = agg_of(text);
        struct cell cell = cell_new(&agg);
        cell_add(&cell, column, time_ns, n);
        size_t rank = (n - 1) * (size_t)percent / 100;
        double low = number_double(&sorted[rank]);
        double high = number_double(&sorted[rank + 1 < n ? rank + 1 : rank]);
        double is = result_double(&cell);
        CHECK(is >= low - 0.01 * fabs(low) && is <= high + 0.01 * fabs(high),
              "%s of %zu: %.17g, not %.17g to %.17g", text, n, is, low, high);
        double part = (double)((n - 1) * (size_t)percent % 100) / 100;
        double exact = low * (1 - part) + high * part;
        CHECK(low * high < 0 || fabs(is - exact) <= 0.01 * fabs(exact),
              "%s of %zu: %.17g, not %.17g", text, n, is, exact);
        cell_free(&cell);
        if (percent == 48)
            check_same_in_pieces(&agg, n);
        agg_clear(&agg);
    }
}

static int64_t skewed(void)
{
    return (int64_t)(random_u64() >> (1 + random_below(63)));
}

static void check_all_quantiles(size_t n)
{
    for (size_t i = 0; i < n; i++)
        column[i] = integer(skewed());
    check_quantiles(n);
    check_approx_quantiles(n);
    for (size_t i = 0; i < n; i++)
        column[i] = integer(skewed());
    for (size_t i = 0; i < n; i++)
        column[i].mant = column[i].mant % 3 == 0 ? -column[i].mant : column[i].mant & 15;
    check_quantiles(n);
    check_approx_quantiles(n);
    for (size_t i = 0; i < n; i++) { /* mixed exponents that fit one, and later do not */
        column[i] = integer(skewed() >> 40);
        column[i].exp = (int16_t) - (int)random_below(5);
    }
    check_quantiles(n);
    check_approx_quantiles(n);
    for (size_t i = 0; i < n; i++)
        column[i].exp = (int16_t)((int)random_below(600) - 300);
    check_quantiles(n > 2000 ? 2000 : n);
    check_approx_quantiles(n);
    for (size_t i = 0; i < n; i++)
        column[i] = integer(7);
    check_quantiles(n);
}

static void check_topk(void)
{
    struct agg topk = agg_of("topk:x:3"), mode = agg_of("mode:x");
    size_t n = 0;
    for (int64_t v = 1; v <= 500; v++)
        for (int64_t times = 0; times < v; times++)
            column[n++] = integer(-v);
    shuffle(n);
    struct cell cell = cell_new(&topk), best = cell_new(&mode);
    cell_add(&cell, column, time_ns, n);
    cell_add(&best, column, time_ns, n);
    char *is = cell_result(&cell), *mode_is = cell_result(&best);
    CHECK(strcmp(is, "json [{\"value\":-500,\"count\":500},{\"value\":-499,\"count\":499},"
                     "{\"value\":-498,\"count\":498}]") == 0,
          "%s", is);
    CHECK(strcmp(mode_is, "number -500") == 0, "%s", mode_is);
    free(is);
    free(mode_is);
    cell_free(&cell);
    cell_free(&best);
    check_same_in_pieces(&topk, n);
    agg_clear(&topk);
    agg_clear(&mode);
}

/* Pane after pane in discard mode, and values overwritten, must not grow without end. */
static void check_memory_is_reused(void)
{
    static const char *const functions[] = {"sum:x",
                                            "mean:x",
                                            "var:x",
                                            "min:x",
                                            "max:x",
                                            "first:x",
                                            "last:x",
                                            "p50:x",
                                            "distinct:x",
                                            "topk:x:2",
                                            "approx_distinct:x",
                                            "approx_p50:x"};
    static const char *const texts[] = {"1", "250", "-3", "1.25", "17", "1e30", "0.0001", "99"};
    enum { TEXTS = sizeof texts / sizeof texts[0], PANE = 400 };
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        struct agg agg = agg_of(functions[i]);
        struct cell cell = cell_new(&agg);
        size_t held = 0;
        for (int pane = 0; pane < 200; pane++) {
            for (size_t j = 0; j < PANE; j++)
                column[j] = number_of(texts[random_below(TEXTS)]);
            cell_add(&cell, column, time_ns, PANE);
            agg.ops->reset(&agg, cell_acc(&cell));
            if (pane == 10)
                held = cell.arena.bytes;
        }
        CHECK(cell.arena.bytes <= 2 * held + 1024, "%s: %zu bytes, %zu after 10 panes",
              functions[i], cell.arena.bytes, held);
        cell_free(&cell);
        agg_clear(&agg);
    }
}

static void check_overwritten(void)
{
    struct agg last = agg_of("last:x"), max = agg_of("max:x");
    struct cell text = cell_new(&last), wide = cell_new(&max);
    for (int i = 0; i < 20000; i++) {
        char digits[64];
        snprintf(digits, sizeof digits, "%d.%024d", i, i);
        struct value v[2] = {number_of(digits), integer(i)};
        cell_add(&wide, v, time_ns, 2);
        v[0] = string_of(digits);
        cell_add(&text, v, time_ns, 1);
        cell_add(&text, v + 1, time_ns, i % 2 == 0);
    }
    CHECK(text.arena.bytes <= 1024, "last: %zu bytes", text.arena.bytes);
    CHECK(wide.arena.bytes <= 1024, "max: %zu bytes", wide.arena.bytes);
    char *is = cell_result(&wide);
    CHECK(strcmp(is, "number 19999.000000000000000000019999") == 0, "%s", is);
    free(is);
    cell_free(&text);
    cell_free(&wide);
    agg_clear(&last);
    agg_clear(&max);
}

static void check_long_strings(void)
{
    struct agg agg = agg_of("distinct:x");
    struct cell cell = cell_new(&agg);
    char *text = malloc(70000);
    memset(text, 'z', 70000);
    for (uint32_t len = 0; len < 70000; len += 97) {
        struct value v[2] = {{.text = text, .len = len, .kind = VALUE_STRING}};
        v[1] = v[0];
        cell_add(&cell, v, time_ns, 2);
    }
    CHECK(result_double(&cell) == 722, "%.0f", result_double(&cell));
    free(text);
    cell_free(&cell);
    agg_clear(&agg);
}

int main(void)
{
    check_distinct();
    check_sparse_is_dense();
    for (size_t n = 1; n <= 100000; n = n * 5 + 1)
        check_all_quantiles(n);
    check_topk();
    check_memory_is_reused();
    check_overwritten();
    check_long_strings();
    return unit_done();
}
