#include "verdict/clocks.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/wire.h"
#include "engine/table.h"
#include "verdict/source_memo.h"

/* What a source's cell holds. */
struct source_clock {
    struct clock clock;
    int64_t heard_at_ns; /* what had been waited when it spoke */
    int64_t silent_ns;   /* of a file: how long it was waited for since */
    int64_t part_ns;     /* of a file: the same, as in clocks */
    bool in_heap;
    bool ended; /* it counts no more */
};

/* clock_ns as it was when the entry was put in its place. */
struct entry {
    int64_t clock_ns;
    struct source_clock *source;
};

struct clocks {
    struct clocks_options options;
    struct table sources;
    struct source_memo memo; /* of lookups there */
    struct keys keys;        /* of sources that are looked up there */
    uint64_t heard;          /* sources that count for `options.sources` */
    struct entry *heap;
    size_t heap_n, heap_capacity;
    struct source_clock **files; /* those that were announced */
    bool finite;
    int64_t now_ns;    /* W */
    int64_t first_ns;  /* what it was first, in this run */
    int64_t waited_ns; /* for records, since the start */
    int64_t part_ns;   /* what was waited, too, but does not count before it is waited again */
    int64_t heard_at_ns;
    int64_t highest_ns;
    int64_t *after_ns;
    size_t after_capacity;
};

struct clocks *clocks_new(const struct clocks_options *options)
{
    struct clocks *c = memory_calloc(1, sizeof *c);
    c->options = *options;
    c->now_ns = c->highest_ns = INT64_MIN;
    table_init(&c->sources, sizeof(struct source_clock));
    return c;
}

void clocks_free(struct clocks *c)
{
    if (c == NULL)
        return;
    table_free(&c->sources);
    source_memo_free(&c->memo);
    keys_free(&c->keys);
    free(c->files);
    free(c->heap);
    free(c->after_ns);
    free(c);
}

static void sift_down(struct entry *heap, size_t n, size_t i)
{
    const struct entry entry = heap[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= n)
            break;
        if (child + 1 < n && heap[child + 1].clock_ns < heap[child].clock_ns)
            child++;
        if (heap[child].clock_ns >= entry.clock_ns)
            break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = entry;
}

static void join_heap(struct clocks *c, struct source_clock *source)
{
    int64_t clock_ns = source->clock.started ? source->clock.ns : INT64_MIN;
    size_t i = c->heap_n++;
    if (i >= c->heap_capacity) {
        c->heap_capacity = c->heap_capacity == 0 ? 16 : c->heap_capacity * 2;
        c->heap = memory_realloc(c->heap, c->heap_capacity * sizeof *c->heap);
    }
    for (; i > 0 && c->heap[(i - 1) / 2].clock_ns > clock_ns; i = (i - 1) / 2)
        c->heap[i] = c->heap[(i - 1) / 2];
    c->heap[i] = (struct entry){clock_ns, source};
    source->in_heap = true;
}

static struct source_clock *source_of(struct cell *cell)
{
    return (void *)cell_accs(cell);
}

static struct cell *find_cell(struct clocks *c, uint32_t hash, const unsigned char *key,
                              uint32_t key_len)
{
    bool made;
    struct cell *cell = table_get(&c->sources, hash, key, key_len, &made);
    if (made)
        *source_of(cell) = (struct source_clock){0};
    return cell;
}

static struct source_clock *find_source(struct clocks *c, uint32_t hash, const unsigned char *key,
                                        uint32_t key_len)
{
    return source_of(find_cell(c, hash, key, key_len));
}

void clocks_announce(struct clocks *c, uint32_t n)
{
    c->files = memory_calloc(n, sizeof(struct source_clock *));
    for (uint32_t i = 0; i < n; i++) {
        c->files[i] = find_source(c, i, (const unsigned char *)&i, sizeof i);
        join_heap(c, c->files[i]);
    }
    c->heard = n;
}

/* Waiting for one file says nothing of another: each counts its own silence. */
static bool is_idle(const struct clocks *c, const struct source_clock *source)
{
    if (c->options.idle_ns == 0)
        return false;
    int64_t silent_ns = c->files != NULL ? source->silent_ns : c->waited_ns - source->heard_at_ns;
    return silent_ns >= c->options.idle_ns;
}

/* Puts the lowest clock on top; false: there is none, or it has not been heard yet. */
static bool find_lowest(struct clocks *c)
{
    while (c->heap_n > 0) {
        const struct source_clock *source = c->heap[0].source;
        if (source->ended || is_idle(c, source)) {
            c->heap[0].source->in_heap = false;
            c->heap[0] = c->heap[--c->heap_n];
        } else if (!source->clock.started) {
            return false;
        } else if (c->heap[0].clock_ns != source->clock.ns) {
            c->heap[0].clock_ns = source->clock.ns;
        } else {
            return true;
        }
        if (c->heap_n > 0)
            sift_down(c->heap, c->heap_n, 0);
    }
    return false;
}

/* The clocks have changed, or may have: W follows. */
static void follow(struct clocks *c)
{
    bool announced = c->options.idle_ns > 0 && c->waited_ns >= c->options.idle_ns;
    if (c->options.stopped || (c->heard < c->options.sources && !announced))
        return;
    int64_t clock_ns;
    if (find_lowest(c))
        clock_ns = c->heap[0].clock_ns;
    else if (c->heap_n == 0 && c->highest_ns != INT64_MIN && c->waited_ns > c->heard_at_ns)
        clock_ns = time_add(c->highest_ns, c->waited_ns - c->heard_at_ns); /* all are silent */
    else
        return;
    int64_t w_ns = time_sub(clock_ns, c->options.delay_ns);
    if (!c->finite)
        c->first_ns = w_ns;
    c->finite = true;
    if (w_ns > c->now_ns)
        c->now_ns = w_ns;
}

static void note_highest(struct clocks *c, const struct source_clock *source)
{
    if (source->clock.started && source->clock.ns > c->highest_ns)
        c->highest_ns = source->clock.ns;
}

int64_t clocks_end(struct clocks *c, uint32_t file)
{
    if (c->files != NULL) {
        c->files[file]->ended = true;
        follow(c);
    }
    return c->now_ns;
}

void clocks_set_file(struct clocks *c, uint32_t file, const struct clock *clock, bool ended)
{
    if (c->files == NULL)
        return;
    c->files[file]->clock = *clock;
    c->files[file]->ended = ended;
    note_highest(c, c->files[file]);
    follow(c); /* the lowest stands on top again: only who does is looked at later */
}

enum { SOURCES_AT_ONCE = 32 };

/*
 * The cells of n values, by what the table says, all at once: of a million sources neither the slot
 * nor the cell is at hand, and so their memory is waited for together.
 */
static void look_up(struct clocks *c, struct value *values, size_t n,
                    struct cell *cells[SOURCES_AT_ONCE])
{
    const struct keys *keys = &c->keys;
    keys_encode(&c->keys, c->options.key_seed, &values, 1, n);
    bool large = table_is_large(&c->sources);
    for (size_t i = 0; large && i < n; i++)
        table_prefetch_slot(&c->sources, keys->hash[i]);
    for (size_t i = 0; large && i < n; i++)
        table_prefetch_cell(&c->sources, keys->hash[i]);
    for (size_t i = 0; large && i < n; i++)
        table_prefetch_key(&c->sources, keys->hash[i]);
    for (size_t i = 0; i < n; i++) {
        uint32_t len;
        const unsigned char *key = keys_at(keys, i, &len);
        cells[i] = find_cell(c, keys->hash[i], key, len);
    }
}

/* The cells of n values, by the memo as far as it knows them. */
static void find_sources(struct clocks *c, const struct value *values, size_t n,
                         struct cell *cells[SOURCES_AT_ONCE])
{
    struct memo_key keys[SOURCES_AT_ONCE];
    struct memo_place *places[SOURCES_AT_ONCE];
    struct value unknown[SOURCES_AT_ONCE];
    struct cell *found[SOURCES_AT_ONCE];
    size_t n_unknown = 0, next = 0;
    bool remembers = source_memo_reserve(&c->memo, c->sources.n);
    for (size_t i = 0; i < n; i++) {
        if (remembers) {
            keys[i] = source_memo_key(&values[i]);
            places[i] = source_memo_places(&c->memo, &keys[i]);
            __builtin_prefetch(places[i]);
        }
        cells[i] = NULL;
    }
    for (size_t i = 0; remembers && i < n; i++) {
        cells[i] = source_memo_find(places[i], &keys[i], &values[i]);
        if (cells[i] != NULL)
            __builtin_prefetch(source_of(cells[i]));
    }
    for (size_t i = 0; i < n; i++)
        if (cells[i] == NULL)
            unknown[n_unknown++] = values[i];
    if (n_unknown == 0)
        return;
    look_up(c, unknown, n_unknown, found);
    for (size_t i = 0; i < n && next < n_unknown; i++) {
        if (cells[i] != NULL)
            continue;
        cells[i] = found[next++];
        if (remembers)
            source_memo_keep(places[i], &keys[i], cells[i]);
    }
}

/* A record of the source came. Returns W after it. */
static inline int64_t hear(struct clocks *c, struct source_clock *source, int64_t time_ns)
{
    c->heard += !source->clock.started && c->files == NULL;
    clock_see(&source->clock, time_ns, c->options.max_jump_ns);
    source->heard_at_ns = c->heard_at_ns = c->waited_ns + c->part_ns;
    source->silent_ns = source->part_ns = 0;
    if (!source->in_heap)
        join_heap(c, source);
    note_highest(c, source);
    /* Only who stands on top may hold W back; that nobody holds it back yet is rare. */
    if (c->heap[0].source == source || c->now_ns == INT64_MIN)
        follow(c);
    return c->now_ns;
}

const int64_t *clocks_move(struct clocks *c, const int64_t *time_ns, const struct value *sources,
                           uint32_t file, size_t from, size_t to)
{
    if (to > c->after_capacity) {
        c->after_capacity = to + to / 2;
        c->after_ns = memory_realloc(c->after_ns, c->after_capacity * sizeof *c->after_ns);
    }
    if (sources == NULL) {
        struct source_clock *source =
            c->files != NULL ? c->files[file] : find_source(c, 0, (const unsigned char *)"", 0);
        for (size_t i = from; i < to; i++)
            c->after_ns[i] = hear(c, source, time_ns[i]);
        return c->after_ns;
    }
    for (size_t start = from; start < to; start += SOURCES_AT_ONCE) {
        struct cell *found[SOURCES_AT_ONCE];
        size_t n = to - start < SOURCES_AT_ONCE ? to - start : SOURCES_AT_ONCE;
        find_sources(c, sources + start, n, found);
        for (size_t i = 0; i < n; i++)
            c->after_ns[start + i] = hear(c, source_of(found[i]), time_ns[start + i]);
    }
    return c->after_ns;
}

void clocks_count(struct clocks *c, uint32_t file, int64_t ns)
{
    c->part_ns += ns;
    if (c->files != NULL)
        c->files[file]->part_ns += ns;
}

int64_t clocks_wait(struct clocks *c, uint32_t file, int64_t ns)
{
    clocks_count(c, file, ns);
    c->waited_ns += c->part_ns;
    c->part_ns = 0;
    if (c->files != NULL) {
        c->files[file]->silent_ns += c->files[file]->part_ns;
        c->files[file]->part_ns = 0;
    }
    follow(c);
    return c->now_ns;
}

int64_t clocks_now_ns(const struct clocks *c)
{
    return c->now_ns;
}

bool clocks_of_source(const struct clocks *c, uint32_t hash, const unsigned char *key,
                      uint32_t key_len, int64_t *clock_ns)
{
    struct cell *cell = table_find(&c->sources, hash, key, key_len);
    if (cell == NULL)
        return false;
    *clock_ns = ((const struct source_clock *)(const void *)cell_accs(cell))->clock.ns;
    return true;
}

int64_t clocks_highest_ns(const struct clocks *c)
{
    return c->highest_ns;
}

bool clocks_finite(const struct clocks *c)
{
    return c->finite;
}

int64_t clocks_first_ns(const struct clocks *c)
{
    return c->first_ns;
}

void clocks_save(const struct clocks *c, struct buf *to)
{
    uint32_t n = c->files == NULL ? c->sources.n : 0;
    wire_put_u8(to, c->finite);
    wire_put_i64(to, c->now_ns);
    wire_put_u64(to, n);
    for (uint32_t i = 0; i < n; i++) {
        struct cell *cell = table_cell(&c->sources, i);
        const struct source_clock *source = (const void *)cell_accs(cell);
        wire_put_bytes(to, cell_key(cell), cell->key_len);
        clock_save(&source->clock, to);
    }
}

bool clocks_load(struct clocks *c, const unsigned char **at, const unsigned char *end)
{
    uint64_t n;
    uint8_t finite;
    if (!wire_u8(at, end, &finite) || !wire_i64(at, end, &c->now_ns) || !wire_u64(at, end, &n))
        return false;
    c->finite = finite != 0;
    for (uint64_t i = 0; i < n; i++) {
        const void *key;
        size_t len;
        struct clock loaded;
        if (!wire_bytes(at, end, &key, &len) || len > UINT32_MAX || !clock_load(&loaded, at, end))
            return false;
        if (len == 0 && c->files != NULL)
            continue;
        /* The one source of a run without --source has no value, and no hash. */
        uint32_t hash = len == 0 ? 0 : keys_hash(c->options.key_seed, key, len);
        struct source_clock *source = find_source(c, hash, key, (uint32_t)len);
        if (source->in_heap || !loaded.started) /* twice, or never heard */
            return false;
        source->clock = loaded;
        c->heard++;
        join_heap(c, source);
        note_highest(c, source);
    }
    return *at == end;
}

void clocks_go_on(struct clocks *c, bool finite, int64_t w_ns)
{
    c->finite = finite;
    c->now_ns = w_ns;
}

bool clocks_state_visit(const unsigned char **at, const unsigned char *end,
                        void (*visit)(void *context, const void *source, size_t len,
                                      int64_t clock_ns),
                        void *context)
{
    int64_t now_ns;
    uint64_t n;
    uint8_t finite;
    if (!wire_u8(at, end, &finite) || !wire_i64(at, end, &now_ns) || !wire_u64(at, end, &n))
        return false;
    for (uint64_t i = 0; i < n; i++) {
        const void *key;
        size_t len;
        struct clock clock;
        if (!wire_bytes(at, end, &key, &len) || !clock_load(&clock, at, end))
            return false;
        visit(context, key, len, clock.ns);
    }
    return *at == end;
}
