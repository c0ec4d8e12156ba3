/*
 * What modules save of themselves is read back to the same bytes; no beginning of it is, nor what
 * has one thing twice.
 */
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "engine/debts.h"
#include "engine/dedup.h"
#include "engine/engine.h"
#include "engine/fill.h"
#include "engine/keys.h"
#include "source/mark.h"
#include "unit/unit.h"
#include "verdict/clocks.h"
#include "verdict/replay.h"

enum { SEED = 7 };

/* Loads bytes into a new instance, and saves that again to `again` (NULL: don't). */
typedef bool loader(const unsigned char *at, const unsigned char *end, struct buf *again);

static const struct window_spec ten_seconds = {
    .kind = WINDOW_TUMBLING, .size_ns = 10000000000, .slide_ns = 10000000000};

static bool load_dedup(const unsigned char *at, const unsigned char *end, struct buf *again)
{
    struct dedup *d = dedup_new();
    bool ok = dedup_load(d, SEED, &at, end);
    if (ok && again != NULL)
        dedup_save(d, again);
    dedup_free(d);
    return ok;
}

static bool load_fill(const unsigned char *at, const unsigned char *end, struct buf *again)
{
    struct fill *f = fill_new(&ten_seconds);
    bool ok = fill_load(f, SEED, 1, &at, end) && at == end;
    if (ok && again != NULL)
        fill_save(f, again);
    fill_free(f);
    return ok;
}

static bool load_debts(const unsigned char *at, const unsigned char *end, struct buf *again)
{
    struct debts debts;
    debts_init(&debts);
    bool ok = debts_load(&debts, &at, end) && at == end;
    if (ok && again != NULL)
        debts_save(&debts, again);
    debts_free(&debts);
    return ok;
}

static bool load_mark(const unsigned char *at, const unsigned char *end, struct buf *again)
{
    struct source_mark mark;
    bool ok = source_mark_load(&mark, &at, end) && at == end;
    if (ok && again != NULL)
        source_mark_save(&mark, again);
    return ok;
}

static bool load_clocks(const unsigned char *at, const unsigned char *end, struct buf *again)
{
    struct clocks *c = clocks_new(&(struct clocks_options){.sources = 1, .key_seed = SEED});
    bool ok = clocks_load(c, &at, end);
    if (ok && again != NULL)
        clocks_save(c, again);
    clocks_free(c);
    return ok;
}

static bool load_replay(const unsigned char *at, const unsigned char *end, struct buf *again)
{
    struct replay *r = replay_new(SEED);
    bool ok = replay_load(r, &at, end);
    if (ok && again != NULL)
        replay_save(r, again);
    replay_free(r);
    return ok;
}

static bool load_state(const unsigned char *at, const unsigned char *end, struct buf *again)
{
    struct engine_state state;
    if (again != NULL) /* engine_save() has more behind it */
        buf_put(again, at, (size_t)(end - at));
    return engine_state_load(&state, &at, end) && at == end;
}

static void check(const char *what, loader *load, const struct buf *saved)
{
    struct buf again = {0};
    const unsigned char *bytes = (const unsigned char *)saved->data;
    CHECK(load(bytes, bytes + saved->len, &again), "%s is not read back", what);
    CHECK(again.len == saved->len && memcmp(again.data, saved->data, again.len) == 0,
          "%s: other bytes", what);
    for (size_t len = 0; len < saved->len; len++) {
        /* In memory of its own, so that a checker sees who reads on. */
        unsigned char *beginning = malloc(len + 1);
        memcpy(beginning, bytes, len);
        CHECK(!load(beginning, beginning + len, NULL), "%s is read from %zu of %zu bytes", what,
              len, saved->len);
        free(beginning);
    }
    buf_free(&again);
}

/* The same with its one entry, from `entry` on, twice; `count` is where the number of entries is.
 */
static void check_twice(const char *what, loader *load, const struct buf *saved, size_t count,
                        size_t entry)
{
    struct buf twice = {0};
    buf_put(&twice, saved->data, saved->len);
    buf_put(&twice, saved->data + entry, saved->len - entry);
    CHECK(twice.data[count] == 1, "%s: one entry", what);
    twice.data[count] = 2;
    const unsigned char *bytes = (const unsigned char *)twice.data;
    CHECK(!load(bytes, bytes + twice.len, NULL), "%s: twice the same", what);
    buf_free(&twice);
}

static void test_dedup(void)
{
    struct buf saved = {0};
    struct dedup *d = dedup_new();
    const struct dedup_id id = {.hash = keys_hash(SEED, "an id", 5),
                                .len = 5,
                                .id = (const unsigned char *)"an id",
                                .key = (const unsigned char *)"key",
                                .key_len = 3,
                                .time_ns = 12};
    dedup_add(d, &id, 99);
    dedup_save(d, &saved);
    check("dedup", load_dedup, &saved);
    check_twice("dedup", load_dedup, &saved, 0, 8);
    saved.data[8] = 0; /* an id of no bytes */
    CHECK(!load_dedup((const unsigned char *)saved.data,
                      (const unsigned char *)saved.data + saved.len, NULL),
          "no id is so short");
    dedup_free(d);
    buf_free(&saved);
}

static void test_fill(void)
{
    enum { NUMBER_OF_KEYS = 1 + 3 * 8, FIRST_KEY = NUMBER_OF_KEYS + 8, ITS_TAG = FIRST_KEY + 8 };
    static const unsigned char key[] = "\005key\0"; /* as it is encoded */
    struct buf saved = {0};
    struct fill *f = fill_new(&ten_seconds);
    const struct window_bounds first = {0, 10000000000};
    fill_see(f, keys_hash(SEED, key, sizeof key), key, sizeof key, &first, INT64_MIN);
    fill_save(f, &saved);
    check("fill", load_fill, &saved);
    check_twice("fill", load_fill, &saved, NUMBER_OF_KEYS, FIRST_KEY);
    saved.data[1] = 1; /* the next window starts a nanosecond too late */
    CHECK(!load_fill((const unsigned char *)saved.data,
                     (const unsigned char *)saved.data + saved.len, NULL),
          "no such window");
    saved.data[1] = 0;
    saved.data[ITS_TAG] = 9;
    CHECK(!load_fill((const unsigned char *)saved.data,
                     (const unsigned char *)saved.data + saved.len, NULL),
          "no key is encoded so");
    saved.data[ITS_TAG] = 5;
    memset(saved.data + saved.len - 4, 0x7f, 4);
    CHECK(!load_fill((const unsigned char *)saved.data,
                     (const unsigned char *)saved.data + saved.len, NULL),
          "so many empty ones are never in a row");
    fill_free(f);
    buf_free(&saved);
}

static void test_debts(void)
{
    struct buf saved = {0};
    struct debts debts, more;
    debts_init(&debts);
    debts_init(&more);
    debts_save(&debts, &saved);
    check("no debts", load_debts, &saved);
    saved.len = 0;
    debts_add(&debts, &(struct window_bounds){1, 2}, 3, "a row", 5);
    debts_add(&more, &(struct window_bounds){4, 5}, 6, "", 0);
    debts_take(&debts, &more);
    debts_save(&debts, &saved);
    check("debts", load_debts, &saved);
    debts_free(&debts);
    debts_free(&more);
    buf_free(&saved);
}

static void test_mark(void)
{
    struct buf saved = {0};
    struct source_mark mark = {
        .position = {5000, 17, true}, .head_len = 4096, .tail_len = 5000, .device = 3, .inode = 9};
    source_mark_save(&mark, &saved);
    check("mark", load_mark, &saved);
    const struct source_mark wrong[] = {
        {.position.offset = 5000, .head_len = SOURCE_HEAD_BYTES + 1},
        {.position.offset = 99999, .tail_len = SOURCE_TAIL_BYTES + 1},
        {.position.offset = 5000, .tail_len = 5001},
        {.position.offset = 5000, .origin = 5001},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        saved.len = 0;
        source_mark_save(&wrong[i], &saved);
        CHECK(!load_mark((const unsigned char *)saved.data,
                         (const unsigned char *)saved.data + saved.len, NULL),
              "mark %zu", i);
    }
    buf_free(&saved);
}

static void test_clocks(void)
{
    enum { NUMBER_OF_SOURCES = 1 + 8, FIRST_SOURCE = NUMBER_OF_SOURCES + 8 };
    struct buf saved = {0};
    const struct value value = {.kind = VALUE_STRING, .text = "s", .len = 1};
    struct clocks *c = clocks_new(&(struct clocks_options){.sources = 1, .key_seed = SEED});
    const int64_t time_ns = 42;
    clocks_move(c, &time_ns, &value, 0, 0, 1);
    clocks_save(c, &saved);
    check("clocks", load_clocks, &saved);
    check_twice("clocks", load_clocks, &saved, NUMBER_OF_SOURCES, FIRST_SOURCE);
    clocks_free(c);
    buf_free(&saved);
}

static void test_replay(void)
{
    struct buf saved = {0};
    struct replay *r = replay_new(SEED);
    const struct value position = {.kind = VALUE_NUMBER, .mant = 12};
    CHECK(!replay_is_old(r, keys_hash(SEED, "s", 1), (const unsigned char *)"s", 1, &position) &&
              replay_is_old(r, keys_hash(SEED, "s", 1), (const unsigned char *)"s", 1, &position),
          "it is there now");
    replay_save(r, &saved);
    check("replay", load_replay, &saved);
    check_twice("replay", load_replay, &saved, 1, 9);
    replay_free(r);
    buf_free(&saved);
}

int main(void)
{
    struct buf state = {0};
    test_dedup();
    test_fill();
    test_debts();
    test_mark();
    test_clocks();
    test_replay();
    for (size_t i = 0; i < 2 + 3 * 8 + 11 * 8 + 8 + 1 + 8; i++) /* flags, times, counts, live */
        buf_putc(&state, 0);
    check("the engine's counts", load_state, &state);
    buf_free(&state);
    return unit_done();
}
