/*
 * Every aggregate at 0..n values against a naive computation; the same again in pieces: split and
 * merged, reset, saved and loaded, at every prefix, and in other orders.
 */
#include "unit/unit.h"

#include "unit/agg_harness.h"

struct stream {
    const char *name;
    size_t n;
    struct value v[STREAM_MAX];
    int64_t time_ns[STREAM_MAX];
};

static int by_number(const void *a, const void *b)
{
    return number_compare(a, b);
}

static char *finish(struct buf *b)
{
    buf_cstr(b);
    return b->data;
}

static char *text_of(const struct value *v)
{
    struct buf text = {0}, scratch = {0};
    struct datum d = value_datum(v, &scratch);
    datum_text(&d, &text);
    buf_free(&scratch);
    return finish(&text);
}

static size_t collect(const struct stream *s, size_t n, struct value *values)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (s->v[i].kind != VALUE_NULL)
            values[count++] = s->v[i];
    return count;
}

/* sum, mean, var, stddev by their definitions, over exact sums. */
static char *naive_moments(const char *function, const struct value *v, size_t n)
{
    struct arena arena = {0};
    struct number_sum sum = {0}, squares = {0};
    struct buf text = {0};
    for (size_t i = n; i-- > 0;) {
        number_sum_add(&sum, &v[i], &arena);
        number_sum_add_square(&squares, &v[i], &arena);
    }
    buf_puts(&text, "number ");
    if (strcmp(function, "sum") == 0) {
        number_sum_print(&text, &sum);
    } else if (n < (strcmp(function, "mean") == 0 ? 1 : 2)) {
        text.len = 0;
        buf_puts(&text, "null");
    } else if (strcmp(function, "mean") == 0) {
        number_mean_print(&text, &sum, n);
    } else if (strcmp(function, "var") == 0) {
        number_variance_print(&text, &sum, &squares, n);
    } else {
        number_stddev_print(&text, &sum, &squares, n);
    }
    arena_free(&arena);
    return finish(&text);
}

static char *naive_quantile(const struct agg *agg, struct value *v, size_t n)
{
    struct buf text = {0};
    if (n == 0) {
        buf_puts(&text, "null");
        return finish(&text);
    }
    qsort(v, n, sizeof *v, by_number);
    uint64_t h = (n - 1) * agg->q_numerator, rest = h % agg->q_denominator;
    size_t rank = (size_t)(h / agg->q_denominator);
    buf_puts(&text, "number ");
    if (rest == 0)
        number_print(&text, &v[rank]);
    else
        number_interpolate_print(&text, &v[rank], &v[rank + 1], rest, agg->q_denominator);
    return finish(&text);
}

static int compare_values(const struct value *a, const struct value *b)
{
    struct buf x = {0}, y = {0};
    value_encode(&x, a);
    value_encode(&y, b);
    int order = memcmp(x.data, y.data, x.len < y.len ? x.len : y.len);
    buf_free(&x);
    buf_free(&y);
    return order;
}

struct counted {
    struct value v;
    uint64_t count;
};

static int by_rank(const void *a, const void *b)
{
    const struct counted *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return compare_values(&x->v, &y->v);
}

static size_t count_values(const struct value *v, size_t n, struct counted *counted)
{
    size_t different = 0;
    for (size_t i = 0; i < n; i++) {
        size_t j = 0;
        while (j < different && compare_values(&v[i], &counted[j].v) != 0)
            j++;
        if (j == different)
            counted[different++] = (struct counted){.v = v[i]};
        counted[j].count++;
    }
    qsort(counted, different, sizeof *counted, by_rank);
    return different;
}

static char *naive_topk(uint64_t k, const struct counted *c, size_t different)
{
    struct buf text = {0};
    buf_puts(&text, different == 0 ? "null" : "json [");
    for (size_t i = 0; i < different && i < k; i++) {
        struct buf scratch = {0};
        struct datum d = value_datum(&c[i].v, &scratch);
        buf_puts(&text, i == 0 ? "{\"value\":" : ",{\"value\":");
        if (d.kind == DATUM_STRING)
            buf_printf(&text, "\"%.*s\"", (int)d.len, d.text); /* nothing to escape in streams */
        else if (d.kind == DATUM_NUMBER)
            buf_put(&text, d.text, d.len);
        else
            buf_puts(&text, d.kind == DATUM_TRUE ? "true" : "false");
        buf_printf(&text, ",\"count\":%d}", (int)c[i].count);
        buf_free(&scratch);
    }
    if (different > 0)
        buf_putc(&text, ']');
    return finish(&text);
}

static char *naive_edge(const struct stream *s, size_t n, bool first)
{
    const struct value null = {.kind = VALUE_NULL}, *found = &null;
    int64_t at = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t t = s->time_ns[i];
        if (s->v[i].kind != VALUE_NULL && (found == &null || (first ? t < at : t >= at))) {
            found = &s->v[i];
            at = t;
        }
    }
    return text_of(found);
}

static char *number_text(uint64_t n)
{
    struct buf text = {0};
    buf_printf(&text, "number %llu", (unsigned long long)n);
    return finish(&text);
}

/* What the aggregate should say of the first n records; NULL: the sketches, checked elsewhere. */
static char *naive(const struct agg *agg, const struct stream *s, size_t n)
{
    const char *function = agg->ops->name;
    struct value v[STREAM_MAX];
    struct counted counted[STREAM_MAX];
    size_t count = collect(s, n, v);
    if (strcmp(function, "count") == 0)
        return number_text(agg->field == NULL ? n : count);
    if (strcmp(function, "p") == 0 || strcmp(function, "median") == 0)
        return naive_quantile(agg, v, count);
    if (strcmp(function, "first") == 0 || strcmp(function, "last") == 0)
        return naive_edge(s, n, function[0] == 'f');
    if (strcmp(function, "min") == 0 || strcmp(function, "max") == 0) {
        qsort(v, count, sizeof *v, by_number);
        return text_of(count == 0 ? &(struct value){.kind = VALUE_NULL}
                                  : &v[function[1] == 'i' ? 0 : count - 1]);
    }
    if (agg->input == AGG_NUMBER && strncmp(function, "approx", 6) != 0)
        return naive_moments(function, v, count);
    size_t different = count_values(v, count, counted);
    if (strcmp(function, "distinct") == 0)
        return number_text(different);
    if (strcmp(function, "mode") == 0)
        return text_of(different == 0 ? &(struct value){.kind = VALUE_NULL} : &counted[0].v);
    if (strcmp(function, "topk") == 0)
        return naive_topk(agg->n, counted, different);
    return NULL;
}

/* Checks a cell's result and frees the cell. */
static void expect(struct cell *cell, const char *expected, const struct stream *s, const char *how,
                   size_t n, size_t at)
{
    char *is = cell_result(cell);
    CHECK(strcmp(is, expected) == 0, "%s %s, stream %s, %zu values, at %zu: %s, not %s",
          cell->agg->name, how, s->name, n, at, is, expected);
    free(is);
    cell_free(cell);
}

static void check_merge(const struct agg *agg, const struct stream *s, const char *expected,
                        size_t n, size_t at)
{
    struct cell low = cell_new(agg), high = cell_new(agg);
    cell_add(&low, s->v, s->time_ns, at);
    cell_add(&high, s->v + at, s->time_ns + at, n - at);
    char *before = cell_result(&high);
    agg->ops->merge(agg, cell_acc(&low), cell_acc(&high), &low.arena);
    expect(&high, before, s, "after it was merged from", n, at);
    expect(&low, expected, s, "merged", n, at);
    free(before);
}

static void check_reset(const struct agg *agg, const struct stream *s, const char *expected,
                        const char *empty, size_t n, size_t at)
{
    struct cell cell = cell_new(agg);
    cell_add(&cell, s->v + at, s->time_ns + at, n - at);
    agg->ops->reset(agg, cell_acc(&cell));
    char *is = cell_result(&cell);
    CHECK(strcmp(is, empty) == 0, "%s reset after %zu values: %s", agg->name, n - at, is);
    free(is);
    cell_add(&cell, s->v, s->time_ns, n);
    expect(&cell, expected, s, "reset", n, at);
}

/* Loads from memory of exactly that size, so that a checker sees a byte read too many. */
static bool load(struct cell *cell, const char *bytes, size_t len)
{
    unsigned char *copy = malloc(len + (len == 0));
    memcpy(copy, bytes, len);
    const unsigned char *at = copy;
    bool ok = cell->agg->ops->load(cell->agg, cell_acc(cell), &at, copy + len, &cell->arena);
    CHECK(!ok || at == copy + len, "%s: loads %zu of %zu bytes", cell->agg->name,
          (size_t)(at - copy), len);
    free(copy);
    return ok;
}

static void check_damage(const struct agg *agg, const struct buf *saved)
{
    for (size_t len = 0; len < saved->len; len++) {
        struct cell cell = cell_new(agg);
        CHECK(!load(&cell, saved->data, len), "%s: %zu of %zu bytes are enough", agg->name, len,
              saved->len);
        cell_free(&cell);
    }
    /* Other bytes may be another state or none, but nothing that cannot be used. */
    char *bytes = malloc(saved->len);
    for (int i = 0; i < 20 && saved->len > 0; i++) {
        memcpy(bytes, saved->data, saved->len);
        bytes[random_below(saved->len)] = (char)random_u64();
        struct cell cell = cell_new(agg);
        const unsigned char *at = (unsigned char *)bytes;
        if (agg->ops->load(agg, cell_acc(&cell), &at, at + saved->len, &cell.arena))
            free(cell_result(&cell));
        cell_free(&cell);
    }
    free(bytes);
}

static void check_save(const struct agg *agg, const struct stream *s, const char *expected,
                       size_t n, size_t at)
{
    struct cell before = cell_new(agg), after = cell_new(agg);
    struct buf saved = {0};
    cell_add(&before, s->v, s->time_ns, at);
    agg->ops->save(agg, cell_acc(&before), &saved);
    cell_free(&before);
    CHECK(load(&after, saved.data, saved.len), "%s saved after %zu values", agg->name, at);
    cell_add(&after, s->v + at, s->time_ns + at, n - at);
    expect(&after, expected, s, "saved and loaded", n, at);
    if (n == s->n)
        check_damage(agg, &saved);
    buf_free(&saved);
}

static void check_shuffled(const struct agg *agg, const struct stream *s, const char *expected,
                           size_t n)
{
    struct stream mixed = *s;
    for (size_t i = n; i > 1; i--) {
        size_t j = random_below(i);
        struct value v = mixed.v[i - 1];
        int64_t t = mixed.time_ns[i - 1];
        mixed.v[i - 1] = mixed.v[j];
        mixed.time_ns[i - 1] = mixed.time_ns[j];
        mixed.v[j] = v;
        mixed.time_ns[j] = t;
    }
    struct cell cell = cell_new(agg);
    cell_add(&cell, mixed.v, mixed.time_ns, n);
    expect(&cell, expected, s, "in another order", n, 0);
}

static void check_stream(const struct agg *agg, const struct stream *s, bool order_matters)
{
    struct cell none = cell_new(agg);
    char *empty = cell_result(&none);
    cell_free(&none);
    for (size_t n = 0; n <= s->n; n++) {
        struct cell whole = cell_new(agg), single = cell_new(agg);
        cell_add(&whole, s->v, s->time_ns, n);
        char *expected = naive(agg, s, n);
        if (expected == NULL)
            expected = cell_result(&whole);
        expect(&whole, expected, s, "whole", n, 0);
        for (size_t i = 0; i < n; i++)
            cell_add(&single, s->v + i, s->time_ns + i, 1);
        expect(&single, expected, s, "one by one", n, 0);
        for (size_t at = 0; at <= n; at++) {
            check_merge(agg, s, expected, n, at);
            check_reset(agg, s, expected, empty, n, at);
            check_save(agg, s, expected, n, at);
        }
        if (!order_matters)
            check_shuffled(agg, s, expected, n);
        free(expected);
    }
    free(empty);
}

static void fill(struct stream *s, const char *name, const char *const *texts, size_t n)
{
    s->name = name;
    s->n = n;
    for (size_t i = 0; i < n; i++) {
        const char *t = texts[i];
        s->time_ns[i] = (int64_t)(i * 7 % n) - 3; /* all different if 7 does not divide n */
        if (strcmp(t, "null") == 0)
            s->v[i] = (struct value){.kind = VALUE_NULL};
        else if (strcmp(t, "true") == 0 || strcmp(t, "false") == 0)
            s->v[i] = (struct value){.kind = t[0] == 't' ? VALUE_TRUE : VALUE_FALSE};
        else if (t[0] == '\'')
            s->v[i] = string_of(t + 1);
        else
            s->v[i] = number_of(t);
    }
}

#define FILL(s, name, texts) fill(&(s), name, texts, sizeof(texts) / sizeof(texts)[0])

static const char *const integers[] = {"5",  "3",    "null", "8",    "3",   "-2",
                                       "0",  "null", "100",  "1200", "-45", "3",
                                       "77", "-77",  "12",   "13",   "5"};
static const char *const decimals[] = {"1.5",  "1.50",  "2",    "-0.25", "null", "0.1",
                                       "0.2",  "1e3",   "-7",   "0.001", "3e-4", "12.5",
                                       "1000", "-0.25", "1e-9", "0"};
static const char *const extremes[] = {"1",
                                       "9223372036854775807",
                                       "-9223372036854775808",
                                       "0.1",
                                       "1e300",
                                       "-1e300",
                                       "1e-300",
                                       "null",
                                       "123456789012345678901234567890.5",
                                       "123456789012345678901234567890.50",
                                       "-1e-4000",
                                       "0e-99",
                                       "99999999999999999999",
                                       "98999999999999999999",
                                       "3",
                                       "12345678901234567890123456789012345678901"};
static const char *const values[] = {
    "'a",    "1",
    "'1",    "1.0",
    "true",  "null",
    "'b",    "'",
    "'a",    "10e-1",
    "false", "'ein langer text der nicht in ein wort passt",
    "null",  "true",
    "'a ",   "-3",
    "1e300", "123456789012345678901234567890",
    "'b",    "'ein langer text der nicht in ein wort passt, und noch laenger"};

static const char *const number_functions[] = {"count:x",        "sum:x",
                                               "mean:x",         "var:x",
                                               "stddev:x",       "min:x",
                                               "max:x",          "p0:x",
                                               "p25:x",          "p50:x",
                                               "p99.9:x",        "p100:x",
                                               "median:x",       "p33.33:x",
                                               "first:x",        "last:x",
                                               "distinct:x",     "mode:x",
                                               "approx_p0:x",    "approx_p50:x",
                                               "approx_p99.5:x", "approx_distinct:x",
                                               "topk:x:3",       "count"};
static const char *const value_functions[] = {"count",    "count:x",    "first:x",
                                              "last:x",   "distinct:x", "approx_distinct:x",
                                              "topk:x:1", "topk:x:4",   "topk:x:99999999999",
                                              "mode:x"};

static void check_functions(const char *const *functions, size_t n, struct stream *s)
{
    for (size_t i = 0; i < n; i++) {
        struct agg agg = agg_of(functions[i]);
        agg.offset = 24;
        check_stream(&agg, s, false);
        agg_clear(&agg);
    }
}

/* Equal times: first and last go by arrival. */
static void check_ties(const struct stream *s)
{
    struct stream tied = *s;
    tied.name = "ties";
    for (size_t i = 0; i < tied.n; i++)
        tied.time_ns[i] = (int64_t)(i * 5 % 3);
    struct agg first = agg_of("first:x"), last = agg_of("last:x");
    check_stream(&first, &tied, true);
    check_stream(&last, &tied, true);
    agg_clear(&first);
    agg_clear(&last);
}

/* A few results as the specification words them, so that the oracle is not alone. */
static void check_examples(void)
{
    static const char *const texts[] = {"0.1", "0.2", "10", "null", "10.0", "-1"};
    static const struct {
        const char *agg, *result;
    } examples[] = {{"count", "number 6"},
                    {"count:x", "number 5"},
                    {"sum:x", "number 19.3"},
                    {"mean:x", "number 3.86"},
                    {"min:x", "number -1"},
                    {"max:x", "number 10"},
                    {"median:x", "number 0.2"},
                    {"p90:x", "number 10"},
                    {"p60:x", "number 4.12"},
                    {"distinct:x", "number 4"},
                    {"approx_distinct:x", "number 4"},
                    {"approx_p0:x", "number -1"},
                    {"approx_p100:x", "number 10"},
                    {"topk:x:2", "json [{\"value\":10,\"count\":2},{\"value\":-1,\"count\":1}]"},
                    {"mode:x", "number 10"}};
    struct stream s;
    FILL(s, "examples", texts);
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct agg agg = agg_of(examples[i].agg);
        struct cell cell = cell_new(&agg);
        cell_add(&cell, s.v, s.time_ns, s.n);
        expect(&cell, examples[i].result, &s, "by hand", s.n, 0);
        agg_clear(&agg);
    }
}

static void check_escapes(void)
{
    static const struct value v[] = {{.text = "a\"\n\0", .len = 4, .kind = VALUE_STRING},
                                     {.kind = VALUE_TRUE}};
    static const int64_t times[] = {1, 2};
    struct agg topk = agg_of("topk:x:5"), mode = agg_of("mode:x");
    struct cell cell = cell_new(&topk);
    struct stream s = {.name = "escapes"};
    cell_add(&cell, v, times, 2);
    expect(&cell, "json [{\"value\":true,\"count\":1},{\"value\":\"a\\\"\\n\\u0000\",\"count\":1}]",
           &s, "escaped", 2, 0);
    cell = cell_new(&mode);
    cell_add(&cell, v, times, 1);
    struct datum d;
    struct buf scratch = {0};
    mode.ops->result(&mode, cell_acc(&cell), &d, &scratch);
    CHECK(d.kind == DATUM_STRING && d.len == 4 && memcmp(d.text, v[0].text, 4) == 0,
          "mode of a text with a NUL");
    buf_free(&scratch);
    cell_free(&cell);
    agg_clear(&topk);
    agg_clear(&mode);
}

#define CHECK_FUNCTIONS(functions, s)                                                              \
    check_functions(functions, sizeof(functions) / sizeof(functions)[0], &(s))

int main(void)
{
    struct stream s;
    FILL(s, "integers", integers);
    CHECK_FUNCTIONS(number_functions, s);
    FILL(s, "decimals", decimals);
    CHECK_FUNCTIONS(number_functions, s);
    FILL(s, "extremes", extremes);
    CHECK_FUNCTIONS(number_functions, s);
    FILL(s, "values", values);
    CHECK_FUNCTIONS(value_functions, s);
    check_ties(&s);
    check_examples();
    check_escapes();
    return unit_done();
}
