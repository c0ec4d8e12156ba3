/* Results that are taken again and again: the same as those of a state that was never asked. */
#include "unit/unit.h"

#include "unit/agg_harness.h"

enum { STEPS = 900, MOST = 3, WIDE_DIGITS = 30 };

static struct agg agg;
static struct cell asked, silent;
static uint64_t fresh;

/* The kind of values changes as the stream goes on, so that states change their form. */
static struct value random_value(int step, char *text)
{
    static const char *const few[] = {"1.5", "-2", "3e5", "0.125", "15e-1"};
    bool number = agg.input == AGG_NUMBER;
    switch (random_below(step < STEPS / 2 ? 3 : 6)) {
    case 0:
        return number_of(few[random_below(5)]);
    case 3:
        snprintf(text, WIDE_DIGITS, "%d.00000000000000000000%d1", (int)random_below(40), step % 7);
        return number ? number_of(text) : string_of(text);
    case 4:
        snprintf(text, WIDE_DIGITS, "%d", (int)random_below(400));
        return number ? number_of(text) : string_of(text);
    case 5:
        snprintf(text, WIDE_DIGITS, "%de-%d", (int)random_below(100), (int)random_below(100));
        return number_of(text);
    default:
        return (struct value){.mant = (int64_t)random_below(700) - 300, .kind = VALUE_NUMBER};
    }
}

static void check_results(const char *after, int step)
{
    char *is = cell_result(&asked), *expected = cell_result(&silent);
    CHECK(strcmp(is, expected) == 0, "%s after %s, step %d: %s, not %s", agg.name, after, step, is,
          expected);
    free(is);
    free(expected);
    agg.ops->often(&agg, cell_acc(&asked), fresh, &asked.arena);
    fresh = 0;
}

static void add_some(int step)
{
    static const int64_t times[MOST];
    struct value values[MOST];
    char texts[MOST][WIDE_DIGITS];
    size_t n = random_below(MOST + 1);
    for (size_t i = 0; i < n; i++)
        values[i] = random_value(step, texts[i]);
    cell_add(&asked, values, times, n);
    cell_add(&silent, values, times, n);
    fresh += n;
}

/* `asked` becomes what was merged into a new one, or that to which something was. */
static void merge_asked(bool into)
{
    enum { ALIKE = 50 }; /* enough to come to the top */
    static const int64_t times[ALIKE];
    struct cell other = cell_new(&agg);
    struct value values[ALIKE];
    if (into) {
        for (size_t i = 0; i < ALIKE; i++)
            values[i] = (struct value){.mant = 17, .kind = VALUE_NUMBER};
        cell_add(&other, values, times, ALIKE);
        cell_add(&silent, values, times, ALIKE);
        agg.ops->merge(&agg, cell_acc(&asked), cell_acc(&other), &asked.arena);
        cell_free(&other);
        return;
    }
    agg.ops->merge(&agg, cell_acc(&other), cell_acc(&asked), &other.arena);
    cell_free(&asked);
    asked = other;
}

static void reload_asked(void)
{
    struct cell loaded = cell_new(&agg);
    struct buf saved = {0};
    agg.ops->save(&agg, cell_acc(&asked), &saved);
    const unsigned char *at = (unsigned char *)saved.data, *end = at + saved.len;
    CHECK(agg.ops->load(&agg, cell_acc(&loaded), &at, end, &loaded.arena) && at == end, "%s",
          agg.name);
    buf_free(&saved);
    cell_free(&asked);
    asked = loaded;
}

static void check_stream(void)
{
    asked = cell_new(&agg);
    silent = cell_new(&agg);
    fresh = 0;
    for (int step = 0; step < STEPS; step++) {
        add_some(step);
        check_results("more", step);
        switch (random_below(100)) {
        case 0:
            reload_asked();
            check_results("a snapshot", step);
            break;
        case 1:
            merge_asked(false);
            check_results("it was merged", step);
            break;
        case 2:
            merge_asked(true);
            check_results("a merge", step);
            break;
        case 3:
            if (step % 4 > 0)
                break;
            agg.ops->reset(&agg, cell_acc(&asked));
            agg.ops->reset(&agg, cell_acc(&silent));
            check_results("a new beginning", step);
            break;
        default:
            break;
        }
    }
    cell_free(&asked);
    cell_free(&silent);
}

int main(void)
{
    static const char *const functions[] = {"median:x", "p0:x",     "p99.9:x",  "p100:x",
                                            "mode:x",   "topk:x:1", "topk:x:3", "topk:x:200"};
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        agg = agg_of(functions[i]);
        for (int stream = 0; stream < 3; stream++)
            check_stream();
        agg_clear(&agg);
    }
    return unit_done();
}
