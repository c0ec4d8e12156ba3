#include "verdict/clocks.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/wire.h"
#include "engine/table.h"
#include "time/watermark.h"

enum { JUMPS_BELIEVED = 10 };

/* What a source's cell holds. */
struct source_clock {
    int64_t clock_ns;        /* the highest event time that moved it */
    int64_t lowest_ahead_ns; /* of the jumps in a row */
    uint32_t n_ahead;        /* how many there were */
    bool started;
};

/* clock_ns as it was when the entry was put in its place. */
struct entry {
    int64_t clock_ns;
    struct source_clock *source;
};

struct clocks {
    struct clocks_options options;
    struct table sources;
    struct entry *heap;
    size_t heap_capacity;
    bool finite;
    int64_t now_ns; /* W */
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

/* The last source of the table joins the heap. */
static void join_heap(struct clocks *c, struct source_clock *source)
{
    size_t i = c->sources.n - 1;
    if (i >= c->heap_capacity) {
        c->heap_capacity = c->heap_capacity == 0 ? 16 : c->heap_capacity * 2;
        c->heap = memory_realloc(c->heap, c->heap_capacity * sizeof *c->heap);
    }
    for (; i > 0 && c->heap[(i - 1) / 2].clock_ns > source->clock_ns; i = (i - 1) / 2)
        c->heap[i] = c->heap[(i - 1) / 2];
    c->heap[i] = (struct entry){source->clock_ns, source};
}

static struct source_clock *find_source(struct clocks *c, uint32_t hash, const unsigned char *key,
                                        uint32_t key_len)
{
    bool made;
    struct cell *cell = table_get(&c->sources, hash, key, key_len, &made);
    struct source_clock *source = (void *)cell_accs(cell);
    if (made)
        *source = (struct source_clock){0};
    return source;
}

/* Is a jump to this time not believed yet? */
static bool is_jump(const struct clocks *c, struct source_clock *source, int64_t time_ns)
{
    int64_t limit_ns = time_add(source->clock_ns, c->options.max_jump_ns);
    if (c->options.max_jump_ns == 0 || time_ns <= limit_ns)
        return false;
    if (source->n_ahead == 0 || time_ns < source->lowest_ahead_ns)
        source->lowest_ahead_ns = time_ns;
    return ++source->n_ahead < JUMPS_BELIEVED;
}

static void see(struct clocks *c, struct source_clock *source, int64_t time_ns)
{
    if (!source->started) {
        source->started = true;
        source->clock_ns = time_ns;
        join_heap(c, source);
        return;
    }
    if (is_jump(c, source, time_ns))
        return;
    if (source->n_ahead == JUMPS_BELIEVED)
        time_ns = source->lowest_ahead_ns;
    source->n_ahead = 0;
    if (time_ns > source->clock_ns)
        source->clock_ns = time_ns;
}

/* The clocks have changed, or may have: W follows. */
static void follow(struct clocks *c)
{
    if (c->options.stopped || c->sources.n < c->options.sources)
        return;
    while (c->heap[0].clock_ns != c->heap[0].source->clock_ns) {
        c->heap[0].clock_ns = c->heap[0].source->clock_ns;
        sift_down(c->heap, c->sources.n, 0);
    }
    c->finite = true;
    int64_t w_ns = time_sub(c->heap[0].clock_ns, c->options.delay_ns);
    if (w_ns > c->now_ns)
        c->now_ns = w_ns;
}

const int64_t *clocks_move(struct clocks *c, const int64_t *time_ns, const struct keys *sources,
                           size_t from, size_t to)
{
    if (to > c->after_capacity) {
        c->after_capacity = to + to / 2;
        c->after_ns = memory_realloc(c->after_ns, c->after_capacity * sizeof *c->after_ns);
    }
    struct source_clock *source = NULL;
    for (size_t i = from; i < to; i++) {
        if (sources != NULL) {
            uint32_t len;
            const unsigned char *key = keys_at(sources, i, &len);
            source = find_source(c, sources->hash[i], key, len);
        } else if (source == NULL) {
            source = find_source(c, 0, (const unsigned char *)"", 0);
        }
        see(c, source, time_ns[i]);
        if (source->clock_ns > c->highest_ns)
            c->highest_ns = source->clock_ns;
        /* Only who stands on top may hold W back; that nobody holds it back yet is rare. */
        if (c->heap[0].source == source || c->now_ns == INT64_MIN)
            follow(c);
        c->after_ns[i] = c->now_ns;
    }
    return c->after_ns;
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
    *clock_ns = ((const struct source_clock *)(const void *)cell_accs(cell))->clock_ns;
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

void clocks_save(const struct clocks *c, struct buf *to)
{
    wire_put_u8(to, c->finite);
    wire_put_i64(to, c->now_ns);
    wire_put_u64(to, c->sources.n);
    for (uint32_t i = 0; i < c->sources.n; i++) {
        struct cell *cell = table_cell(&c->sources, i);
        const struct source_clock *source = (const void *)cell_accs(cell);
        wire_put_bytes(to, cell_key(cell), cell->key_len);
        wire_put_i64(to, source->clock_ns);
        wire_put_u32(to, source->n_ahead);
        wire_put_i64(to, source->lowest_ahead_ns);
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
        struct source_clock loaded = {.started = true};
        if (!wire_bytes(at, end, &key, &len) || len > UINT32_MAX ||
            !wire_i64(at, end, &loaded.clock_ns) || !wire_u32(at, end, &loaded.n_ahead) ||
            !wire_i64(at, end, &loaded.lowest_ahead_ns) || loaded.n_ahead >= JUMPS_BELIEVED)
            return false;
        /* The one source of a run without --source has no value, and no hash. */
        uint32_t hash = len == 0 ? 0 : keys_hash(c->options.key_seed, key, len);
        struct source_clock *source = find_source(c, hash, key, (uint32_t)len);
        if (source->started) /* twice */
            return false;
        *source = loaded;
        if (loaded.clock_ns > c->highest_ns)
            c->highest_ns = loaded.clock_ns;
        join_heap(c, source);
    }
    return true;
}

bool clocks_state_visit(const unsigned char **at, const unsigned char *end,
                        void (*visit)(void *context, const void *source, size_t len,
                                      int64_t clock_ns),
                        void *context)
{
    int64_t now_ns, clock_ns, lowest_ns;
    uint64_t n;
    uint32_t n_ahead;
    uint8_t finite;
    if (!wire_u8(at, end, &finite) || !wire_i64(at, end, &now_ns) || !wire_u64(at, end, &n))
        return false;
    for (uint64_t i = 0; i < n; i++) {
        const void *key;
        size_t len;
        if (!wire_bytes(at, end, &key, &len) || !wire_i64(at, end, &clock_ns) ||
            !wire_u32(at, end, &n_ahead) || !wire_i64(at, end, &lowest_ns))
            return false;
        visit(context, key, len, clock_ns);
    }
    return *at == end;
}
