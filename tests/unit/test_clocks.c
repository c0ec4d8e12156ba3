/*
 * W from several clocks against the sentence of the specification, looked up source by source:
 * random records, waiting by a virtual clock, ends of files and restarts, with jumps that are not
 * believed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/keys.h"
#include "unit/unit.h"
#include "verdict/clocks.h"

enum { SOURCES = 6, SEED = 11 };

/* What is known of a source. */
struct naive_source {
    struct clock clock;
    bool seen, ended;
    int64_t silent_ns; /* by the virtual clock: waited for since its last record, or the start */
};

struct naive {
    struct clocks_options options;
    bool files; /* announced, and each waited for by itself */
    struct naive_source at[SOURCES];
    int64_t w_ns, waited_ns, silent_ns;
    bool any;
};

static bool naive_idle(const struct naive *n, size_t i)
{
    return n->options.idle_ns > 0 && n->at[i].silent_ns >= n->options.idle_ns;
}

/* "W = max(W, the lowest clock over the active sources)" */
static void naive_follow(struct naive *n)
{
    uint64_t seen = 0;
    bool any_active = false, unheard = false, any = false;
    int64_t lowest_ns = INT64_MAX, highest_ns = INT64_MIN;
    for (size_t i = 0; i < SOURCES; i++) {
        const struct naive_source *s = &n->at[i];
        seen += s->seen;
        if (s->seen && s->clock.ns > highest_ns)
            highest_ns = s->clock.ns;
        any |= s->seen;
        if (s->ended || (!s->seen && !n->files) || naive_idle(n, i))
            continue;
        any_active = true;
        unheard |= !s->seen;
        if (s->seen && s->clock.ns < lowest_ns)
            lowest_ns = s->clock.ns;
    }
    bool announced_late = n->options.idle_ns > 0 && n->waited_ns >= n->options.idle_ns;
    if (!any || unheard || (!n->files && seen < n->options.sources && !announced_late))
        return;
    if (!any_active && n->silent_ns == 0)
        return;
    int64_t clock_ns = any_active ? lowest_ns : highest_ns + n->silent_ns;
    if (clock_ns - n->options.delay_ns > n->w_ns)
        n->w_ns = clock_ns - n->options.delay_ns;
}

static void naive_record(struct naive *n, size_t i, int64_t t_ns)
{
    clock_see(&n->at[i].clock, t_ns, n->options.max_jump_ns);
    n->at[i].seen = true;
    n->at[i].silent_ns = 0;
    n->silent_ns = 0;
    naive_follow(n);
}

static void naive_wait(struct naive *n, size_t file, int64_t ns)
{
    n->waited_ns += ns;
    n->silent_ns += ns;
    for (size_t i = 0; i < SOURCES; i++)
        if (n->files ? i == file : n->at[i].seen)
            n->at[i].silent_ns += ns;
    naive_follow(n);
}

static int64_t record(struct clocks *c, const struct naive *n, size_t i, int64_t t_ns)
{
    /* One of a kind each; the long texts differ in the middle only, and 1.0 is 1. */
    static const struct value of[SOURCES] = {
        {.kind = VALUE_NULL},
        {.mant = 1, .kind = VALUE_NUMBER},
        {.text = "1", .len = 1, .kind = VALUE_STRING},
        {.text = "eu-1", .len = 4, .kind = VALUE_STRING},
        {.text = "ip-10-0-0-17.internal", .len = 21, .kind = VALUE_STRING},
        {.text = "ip-10-0-0-18.internal", .len = 21, .kind = VALUE_STRING},
    };
    struct value v = of[i];
    if (i == 1 && unit_below(2) == 0)
        v = (struct value){.mant = 10, .exp = -1, .kind = VALUE_NUMBER};
    return *clocks_move(c, &t_ns, n->files ? NULL : &v, (uint32_t)i, 0, 1);
}

/* After a restart all sources are active, and W does not go back. */
static struct clocks *restart(struct clocks *c, struct naive *n)
{
    struct buf saved = {0};
    clocks_save(c, &saved);
    clocks_free(c);
    c = clocks_new(&n->options);
    if (n->files)
        clocks_announce(c, SOURCES);
    const unsigned char *at = (const unsigned char *)saved.data, *end = at + saved.len;
    CHECK(clocks_load(c, &at, end), "own state");
    for (uint32_t i = 0; i < SOURCES && n->files; i++)
        clocks_set_file(c, i, &n->at[i].clock, n->at[i].ended);
    for (size_t i = 0; i < SOURCES; i++)
        n->at[i].silent_ns = 0;
    n->waited_ns = n->silent_ns = 0;
    buf_free(&saved);
    return c;
}

static void one_life(bool files)
{
    struct naive n = {.files = files, .w_ns = INT64_MIN};
    n.options = (struct clocks_options){
        .delay_ns = (int64_t)unit_below(5),
        .max_jump_ns = unit_below(3) == 0 ? 20 : 0,
        .idle_ns = unit_below(3) == 0 ? 0 : (int64_t)(1 + unit_below(30)),
        .sources = files || unit_below(2) == 0 ? 1 : 1 + unit_below(4),
        .key_seed = SEED,
    };
    struct clocks *c = clocks_new(&n.options);
    size_t n_ended = 0;
    int64_t t_ns = 0;
    if (files)
        clocks_announce(c, SOURCES);
    for (int step = 0; step < 200; step++) {
        size_t i = unit_below(SOURCES);
        uint64_t what = unit_below(100);
        int64_t w_ns = n.w_ns;
        if (what < 60 && !n.at[i].ended) {
            t_ns += (int64_t)unit_below(4);
            int64_t own_ns = t_ns + (int64_t)unit_below(15) - 10 + (unit_below(20) == 0 ? 60 : 0);
            naive_record(&n, i, own_ns);
            w_ns = record(c, &n, i, own_ns);
        } else if (what < 95 && n.options.idle_ns > 0 && !n.at[i].ended) {
            int64_t ns = (int64_t)(1 + unit_below(12));
            naive_wait(&n, i, ns);
            w_ns = clocks_wait(c, (uint32_t)i, ns);
        } else if (what < 97 && files && !n.at[i].ended && n_ended + 1 < SOURCES) {
            n.at[i].ended = true;
            n_ended++;
            naive_follow(&n);
            w_ns = clocks_end(c, (uint32_t)i);
        } else if (what >= 97) {
            c = restart(c, &n);
        }
        CHECK(w_ns == n.w_ns, "files %d, step %d, what %d: W is %lld, expected %lld", files, step,
              (int)what, (long long)w_ns, (long long)n.w_ns);
        if (unit_failures > 3)
            break;
    }
    clocks_free(c);
}

/* Many sources, long and short, again and again: each is one, and has the clock of its own records.
 */
static void many_sources(int64_t n)
{
    const struct clocks_options options = {.sources = 1, .key_seed = SEED};
    struct clocks *c = clocks_new(&options);
    struct keys keys = {0};
    char(*texts)[40] = calloc((size_t)n, sizeof *texts);
    struct value *values = calloc((size_t)n, sizeof *values);
    int64_t *time_ns = calloc((size_t)n, sizeof *time_ns);
    for (int64_t i = 0; i < n; i++) {
        /* All of the third form have one beginning, as far as eight bytes. */
        const char *form = i % 4 == 0   ? "%lld"
                           : i % 4 == 1 ? "%lld-a.host"
                           : i % 4 == 2 ? "the-host-%lld"
                                        : "ip-10-%lld.some.region";
        int len = snprintf(texts[i], sizeof texts[i], form, (long long)i);
        values[i] = (struct value){.text = texts[i], .len = (uint32_t)len, .kind = VALUE_STRING};
        time_ns[i] = i;
    }
    for (int round = 0; round < 3; round++)
        clocks_move(c, time_ns, values, 0, 0, (size_t)n);
    for (int64_t i = 0; i < n; i++) {
        struct value *column = &values[i];
        int64_t clock_ns = -1;
        uint32_t len;
        keys_encode(&keys, SEED, &column, 1, 1);
        const unsigned char *key = keys_at(&keys, 0, &len);
        bool known = clocks_of_source(c, keys.hash[0], key, len, &clock_ns);
        CHECK(known && clock_ns == i, "%s: %lld", texts[i], (long long)clock_ns);
    }
    keys_free(&keys);
    free(time_ns);
    free(values);
    free(texts);
    clocks_free(c);
}

struct hashed {
    uint32_t hash;
    int number;
};

static int compare_hashes(const void *a, const void *b)
{
    uint32_t x = ((const struct hashed *)a)->hash, y = ((const struct hashed *)b)->hash;
    return x < y ? -1 : x > y;
}

enum { ALIKE_BYTES = 32 };

/* Two texts of one length and, without a seed, of one hash. */
static void find_alike(const char *form, char texts[2][ALIKE_BYTES])
{
    enum { MANY = 400000 }; /* of four billion hashes, so about twenty pairs have the same */
    struct hashed *all = calloc(MANY, sizeof *all);
    int found = -1;
    for (int i = 0; i < MANY; i++) {
        int len = snprintf(texts[0], ALIKE_BYTES, form, i);
        all[i] = (struct hashed){keys_hash(0, texts[0], (size_t)len), i};
    }
    qsort(all, MANY, sizeof *all, compare_hashes);
    for (int i = 0; i + 1 < MANY; i++)
        found = all[i].hash == all[i + 1].hash ? i : found;
    CHECK(found >= 0, "no two of %s have one hash", form);
    for (int i = 0; i < 2 && found >= 0; i++)
        snprintf(texts[i], ALIKE_BYTES, form, all[found + i].number);
    free(all);
}

/* Values that are much alike, one behind the other: each is a source of its own. */
static void alike_sources(void)
{
    static char hosts[2][ALIKE_BYTES], numbers[2][ALIKE_BYTES];
    find_alike("host-%06d.some.region", hosts);
    find_alike("12345678901234567890123%06d", numbers);
    const struct value values[] = {
        {.kind = VALUE_NULL},
        {.kind = VALUE_FALSE},
        {.kind = VALUE_TRUE},
        {.mant = 0, .kind = VALUE_NUMBER},
        {.mant = 3, .kind = VALUE_NUMBER},
        {.mant = 3, .exp = 2, .kind = VALUE_NUMBER},
        {.mant = 3, .exp = -2, .kind = VALUE_NUMBER},
        {.text = "", .len = 0, .kind = VALUE_STRING},
        {.text = "\0", .len = 1, .kind = VALUE_STRING},
        {.text = "\0\3", .len = 2, .kind = VALUE_STRING},
        {.text = "\3", .len = 1, .kind = VALUE_STRING},
        {.text = "abcde", .len = 5, .kind = VALUE_STRING},
        {.text = "abcdbcde", .len = 8, .kind = VALUE_STRING},
        {.text = "abcdefgh", .len = 8, .kind = VALUE_STRING},
        {.text = "abcdefghabcdefgh", .len = 16, .kind = VALUE_STRING},
        {.text = "abcdefgh-bcdefgh", .len = 16, .kind = VALUE_STRING},
        {.text = hosts[0], .len = (uint32_t)strlen(hosts[0]), .kind = VALUE_STRING},
        {.text = hosts[1], .len = (uint32_t)strlen(hosts[1]), .kind = VALUE_STRING},
        {.text = "a\0text\0that holds\0nothing", .len = 25, .kind = VALUE_STRING},
        {.text = numbers[0], .len = (uint32_t)strlen(numbers[0]), .kind = VALUE_STRING},
        {.text = numbers[0], .len = (uint32_t)strlen(numbers[0]), .kind = VALUE_WIDE},
        {.text = numbers[1], .len = (uint32_t)strlen(numbers[1]), .kind = VALUE_WIDE},
    };
    enum { N = sizeof values / sizeof values[0] };
    const struct clocks_options options = {.sources = N, .key_seed = SEED};
    struct clocks *c = clocks_new(&options);
    for (int64_t i = 0; i < 2 * N; i++) {
        int64_t w_ns = *clocks_move(c, &i, &values[i % N], 0, 0, 1);
        /* The source to come next is the slowest, from when all of them have been seen. */
        int64_t expected_ns = i < N - 1 ? INT64_MIN : i - (N - 1);
        CHECK(w_ns == expected_ns, "record %d: W is %lld", (int)i, (long long)w_ns);
    }
    clocks_free(c);
}

int main(void)
{
    alike_sources();
    many_sources(100);
    many_sources(5000);
    many_sources(20000);
    for (int i = 0; i < 3000 && unit_failures <= 3; i++)
        one_life(i % 2 == 1);
    return unit_done();
}
