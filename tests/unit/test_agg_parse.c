/* Aggregates as the command line writes them, and where they stand in their block. */
#include "unit/unit.h"

#include "unit/agg_harness.h"

static void good(const char *text, const char *function, const char *name, const char *field,
                 enum agg_input input)
{
    struct agg agg = agg_of(text);
    CHECK(strcmp(agg.ops->name, function) == 0, "%s: %s", text, agg.ops->name);
    CHECK(strcmp(agg.name, name) == 0, "%s: %s", text, agg.name);
    CHECK(field == NULL ? agg.field == NULL : strcmp(agg.field, field) == 0, "%s: %s", text,
          agg.field == NULL ? "no field" : agg.field);
    CHECK(agg.input == input, "%s: %d", text, agg.input);
    agg_clear(&agg);
}

/* The message must hold `says`. */
static void bad(const char *text, const char *says)
{
    struct error err = {0};
    struct agg agg;
    CHECK(!agg_parse(&agg, text, &err), "%s is taken", text);
    CHECK(err.status == EXIT_USAGE, "%s: status %d", text, err.status);
    CHECK(strstr(err.text, says) != NULL, "%s: %s", text, err.text);
}

static void rank(const char *text, uint64_t numerator, uint64_t denominator)
{
    struct agg agg = agg_of(text);
    CHECK(agg.q_numerator == numerator && agg.q_denominator == denominator, "%s: %llu/%llu", text,
          (unsigned long long)agg.q_numerator, (unsigned long long)agg.q_denominator);
    agg_clear(&agg);
}

static void count(const char *text, uint64_t n)
{
    struct agg agg = agg_of(text);
    CHECK(agg.n == n, "%s: %llu", text, (unsigned long long)agg.n);
    agg_clear(&agg);
}

static void check_layout(void)
{
    static const char *const texts[] = {"count",    "p50:x", "p99:x",     "sum:x",
                                        "median:x", "p99:y", "mode:x",    "topk:x:2",
                                        "stddev:x", "var:x", "distinct:x"};
    enum { N = sizeof texts / sizeof texts[0] };
    struct agg aggs[N];
    for (size_t i = 0; i < N; i++)
        aggs[i] = agg_of(texts[i]);
    size_t size = agg_layout(aggs, N), sum = 0;
    char *block = malloc(size);
    struct arena arena = {0};
    for (size_t i = 0; i < N; i++) {
        sum += aggs[i].ops->size;
        CHECK(aggs[i].offset % 8 == 0 && aggs[i].offset + aggs[i].ops->size <= size, "%s: %zu",
              texts[i], aggs[i].offset);
        aggs[i].ops->init(&aggs[i], block + aggs[i].offset);
    }
    CHECK(sum == size, "%zu bytes, not %zu", size, sum);
    CHECK(aggs[2].offset == aggs[1].offset && aggs[4].offset == aggs[1].offset, "one field");
    CHECK(aggs[5].offset != aggs[1].offset, "two fields");
    CHECK(aggs[10].offset != aggs[6].offset, "counted and not counted");
    CHECK(aggs[7].offset == aggs[6].offset && aggs[9].offset == aggs[8].offset, "other families");

    /* Sharing must not add anything twice. */
    struct value column[] = {number_of("1"), number_of("2"), number_of("2")};
    char *accs[] = {block, block, block};
    struct arena *arenas[] = {&arena, &arena, &arena};
    uint32_t rows[] = {0, 1, 2};
    int64_t time_ns[] = {0, 0, 0};
    struct agg_rows in = {.n = 3, .accs = accs, .arenas = arenas, .rows = rows, .time_ns = time_ns};
    struct buf text = {0}, saved = {0};
    for (size_t i = 0; i < N; i++)
        aggs[i].ops->add(&aggs[i], &in, aggs[i].input == AGG_NO_INPUT ? NULL : column);
    for (size_t i = 0; i < N; i++) {
        struct buf scratch = {0};
        struct datum d;
        aggs[i].ops->result(&aggs[i], block + aggs[i].offset, &d, &scratch);
        datum_text(&d, &text);
        buf_puts(&text, "; ");
        aggs[i].ops->save(&aggs[i], block + aggs[i].offset, &saved);
        buf_free(&scratch);
    }
    CHECK(strcmp(buf_cstr(&text),
                 "number 3; number 2; number 2; number 5; number 2; number 2; number 2; "
                 "json [{\"value\":2,\"count\":2},{\"value\":1,\"count\":1}]; "
                 "number 0.5773502691896257; number 0.3333333333333333; number 2; ") == 0,
          "%s", buf_cstr(&text));

    const unsigned char *at = (unsigned char *)saved.data, *end = at + saved.len;
    for (size_t i = 0; i < N; i++) {
        aggs[i].ops->init(&aggs[i], block + aggs[i].offset);
        CHECK(aggs[i].ops->load(&aggs[i], block + aggs[i].offset, &at, end, &arena), "%s",
              texts[i]);
    }
    CHECK(at == end, "%zu bytes left", (size_t)(end - at));
    buf_free(&text);
    buf_free(&saved);
    arena_free(&arena);
    free(block);
    for (size_t i = 0; i < N; i++)
        agg_clear(&aggs[i]);
}

static void check_table(void)
{
    size_t n = 0;
    for (; agg_table[n] != NULL; n++) {
        const struct agg_ops *ops = agg_table[n];
        CHECK(ops->doc != NULL && ops->size % 8 == 0 && ops->size > 0, "%s", ops->name);
        CHECK(ops->view == NULL || strcmp(ops->view->name, ops->name) == 0, "%s", ops->name);
        for (size_t i = 0; i < n; i++)
            CHECK(strcmp(agg_table[i]->name, ops->name) != 0, "%s stands twice", ops->name);
    }
    CHECK(n > 0, "an empty table");
}

int main(void)
{
    good("count", "count", "count", NULL, AGG_NO_INPUT);
    good("count:a.b", "count", "count_a.b", "a.b", AGG_PRESENCE);
    good("n=count", "count", "n", NULL, AGG_NO_INPUT);
    good("sum:bytes", "sum", "sum_bytes", "bytes", AGG_NUMBER);
    good("total=sum:bytes", "sum", "total", "bytes", AGG_NUMBER);
    good("sum:a=b", "sum", "sum_a=b", "a=b", AGG_NUMBER);
    good("x=sum:a=b", "sum", "x", "a=b", AGG_NUMBER);
    good("sum:a\\:b\\,c", "sum", "sum_a:b,c", "a\\:b\\,c", AGG_NUMBER);
    good("max:a\\.b\\\\", "max", "max_a.b\\", "a\\.b\\\\", AGG_NUMBER);
    good("a\\,b=first:x", "first", "a,b", "x", AGG_VALUE);
    good("p99.9:latency", "p", "p99.9_latency", "latency", AGG_NUMBER);
    good("approx_p99:x", "approx_p", "approx_p99_x", "x", AGG_NUMBER);
    good("topk:path:3", "topk", "topk_path", "path", AGG_VALUE);
    good("approx_distinct:x", "approx_distinct", "approx_distinct_x", "x", AGG_VALUE);

    rank("p0:x", 0, 100);
    rank("p100:x", 100, 100);
    rank("p99.9:x", 999, 1000);
    rank("p05:x", 5, 100);
    rank("p0.000000000000001:x", 1, 100000000000000000);
    rank("p100.0:x", 1000, 1000);
    rank("approx_p12.50:x", 1250, 10000);
    rank("median:x", 5, 10);
    count("topk:x:1", 1);
    count("topk:x:18446744073709551615", UINT64_MAX);

    bad("sume:x", "'sum'");
    bad("cuont", "'count'");
    bad("avg:x", "'mean'");
    bad("std:x", "'stddev'");
    bad("zzzzzz:x", "count, sum, mean");
    bad("zzzzzz:x", "pNN");
    bad("", "count, sum, mean");
    bad(":x", "count, sum, mean");
    bad("=count", "before '='");
    bad("sum", "sum:FIELD");
    bad("topk", "topk:FIELD:N");
    bad("sum:", "empty");
    bad("count:", "empty");
    bad("sum:a:b", "\\:");
    bad("topk:x:3:4", "\\:");
    bad("topk:x", "topk:FIELD:N");
    bad("topk:x:", "topk:FIELD:N");
    bad("topk:x:0", "topk:FIELD:N");
    bad("topk:x:-1", "topk:FIELD:N");
    bad("topk:x:2x", "topk:FIELD:N");
    bad("topk:x:18446744073709551616", "topk:FIELD:N");
    bad("topk:3", "topk:FIELD:N");
    bad("p", "pNN");
    bad("p100.1:x", "from 0 to 100");
    bad("p101:x", "from 0 to 100");
    bad("p1000:x", "from 0 to 100");
    bad("p99.:x", "from 0 to 100");
    bad("p9x:x", "from 0 to 100");
    bad("p9.5.1:x", "from 0 to 100");
    bad("p0.0000000000000001:x", "15 decimals");
    bad("p99", "p99:FIELD");
    bad("approx_p200:x", "approx_pNN");
    check_layout();
    check_table();
    return unit_done();
}
