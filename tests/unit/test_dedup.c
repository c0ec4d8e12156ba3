/*
 * The memory of ids against one that walks a list: random ids come, are asked for, and are
 * forgotten in the order of their times.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/dedup.h"
#include "engine/keys.h"
#include "unit/unit.h"

enum { IDS = 3000, STEPS = 60000, SEED = 7 };

/* What the list knows of id number i. */
static struct {
    bool held;
    int64_t until_ns;
} known[IDS];

static struct dedup_id id_of(unsigned i, char text[64])
{
    /* Short and long ones, many with one beginning. */
    int len = snprintf(text, 64, i % 3 == 0 ? "%u" : "an-id-with-a-long-beginning-%u", i);
    return (struct dedup_id){
        .hash = keys_hash(SEED, text, (size_t)len),
        .len = (uint32_t)len,
        .id = (const unsigned char *)text,
        .key = (const unsigned char *)"key",
        .key_len = i % 4,
        .time_ns = i,
    };
}

static void check_first(const struct dedup *d)
{
    struct dedup_id first;
    int64_t until_ns, earliest_ns = INT64_MAX;
    bool any = false;
    for (unsigned i = 0; i < IDS; i++) {
        any |= known[i].held;
        if (known[i].held && known[i].until_ns < earliest_ns)
            earliest_ns = known[i].until_ns;
    }
    CHECK(dedup_first(d, &first, &until_ns) == any, "first");
    if (any)
        CHECK(until_ns == earliest_ns && dedup_next_ns(d) == earliest_ns, "%lld, expected %lld",
              (long long)until_ns, (long long)earliest_ns);
}

/* Saves and loads, so that every step may come after a restart. */
static struct dedup *again(struct dedup *d)
{
    struct buf saved = {0};
    dedup_save(d, &saved);
    dedup_free(d);
    d = dedup_new();
    const unsigned char *at = (const unsigned char *)saved.data;
    CHECK(dedup_load(d, SEED, &at, at + saved.len), "load");
    for (size_t len = 0; len < saved.len; len += saved.len / 5 + 1) {
        struct dedup *cut = dedup_new();
        at = (const unsigned char *)saved.data;
        CHECK(!dedup_load(cut, SEED, &at, at + len), "loads %zu of %zu bytes", len, saved.len);
        dedup_free(cut);
    }
    buf_free(&saved);
    return d;
}

/* More bytes than are moved together for a few: forgotten one by one, those left stay known. */
static void forget_many(void)
{
    enum { MANY = 12000 };
    struct dedup *d = dedup_new();
    char text[64];
    for (unsigned i = 0; i < MANY; i++) {
        const struct dedup_id id = id_of(i, text);
        dedup_add(d, &id, i);
    }
    for (unsigned gone = 0; gone < MANY; gone++) {
        unsigned other = gone + (unsigned)unit_below(MANY - gone);
        const struct dedup_id id = id_of(other, text);
        CHECK(dedup_holds(d, id.hash, id.id, id.len), "id %u, of those from %u on", other, gone);
        dedup_forget_first(d);
        const struct dedup_id first = id_of(gone, text);
        CHECK(!dedup_holds(d, first.hash, first.id, first.len), "id %u is gone", gone);
    }
    CHECK(dedup_bytes(d) == 0, "nothing is left");
    dedup_free(d);
}

int main(void)
{
    struct dedup *d = dedup_new();
    char text[64];
    forget_many();
    srand(1);
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned i = (unsigned)rand() % IDS;
        struct dedup_id id = id_of(i, text), first;
        int64_t until_ns;
        CHECK(dedup_holds(d, id.hash, id.id, id.len) == known[i].held, "id %u", i);
        if (!known[i].held) {
            known[i].held = true;
            known[i].until_ns = (int64_t)step + rand() % 2000;
            dedup_add(d, &id, known[i].until_ns);
        } else if (rand() % 4 == 0) {
            dedup_add(d, &id, (int64_t)step); /* anew: its time stays */
            CHECK(dedup_find(d, id.hash, id.id, id.len, &first) && first.time_ns == i &&
                      first.key_len == id.key_len,
                  "anew %u", i);
        }
        while (dedup_first(d, &first, &until_ns) && until_ns <= step) {
            unsigned who = (unsigned)first.time_ns;
            struct dedup_id expected = id_of(who, text);
            CHECK(first.len == expected.len && memcmp(first.id, text, first.len) == 0, "%u", who);
            CHECK(memcmp(first.key, "key", first.key_len) == 0 && first.key_len == who % 4, "key");
            if (rand() % 8 == 0) {
                known[who].until_ns = until_ns + 100;
                dedup_keep_first(d, until_ns + 100);
            } else {
                known[who].held = false;
                dedup_forget_first(d);
            }
        }
        if (step % 500 == 0)
            check_first(d);
        if (step % 9000 == 0)
            d = again(d);
    }
    dedup_free(d);
    return unit_done();
}
