#include "input/column.h"

#include <string.h>

static inline uint64_t load_word(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* The next records of the column, as many as go into a group of lanes; *c is then behind them. */
static struct column take_group(struct column *c)
{
    struct column group = *c;
    if (group.n > LANES_GROUP)
        group.n = LANES_GROUP;
    c->n -= group.n;
    c->mark += group.n * c->stride;
    return group;
}

/* Record i of the group, which is record `first` + i of the column, goes to `other`. */
static bool read_other(const struct column *group, size_t i, size_t first, column_other *other,
                       void *context)
{
    struct column c = *group;
    size_t len;
    c.mark += i * c.stride;
    const char *text = column_next(&c, c.drop_cr, &len);
    return other(context, first + i, text, len);
}

/* The fill functions are compiled twice, with and without a CR to look for: it is no branch. */
#define FILL(function, c, ...)                                                                     \
    ((c)->drop_cr ? function(*(c), true, __VA_ARGS__) : function(*(c), false, __VA_ARGS__))

COLUMN_INLINE void fill_numbers(struct column c, bool drop_cr, struct lanes_numbers *g)
{
    for (size_t i = 0; i < c.n; i++) {
        size_t len;
        g->word[i] = load_word(column_next(&c, drop_cr, &len));
        g->len[i] = len;
    }
}

/* A number with so many decimals, but for its mantissa: two stores make a value. */
#define DECIMAL(n)                                                                                 \
    {                                                                                              \
        .exp = -(n), .kind = VALUE_NUMBER                                                          \
    }
static const struct value decimal[8] = {DECIMAL(0), DECIMAL(1), DECIMAL(2), DECIMAL(3),
                                        DECIMAL(4), DECIMAL(5), DECIMAL(6), DECIMAL(7)};

size_t column_numbers(const struct column *c, const struct lanes *lanes, struct value *v,
                      column_other *other, void *context)
{
    struct lanes_numbers g;
    struct column rest = *c;
    for (size_t first = 0; rest.n > 0; first += LANES_GROUP) {
        struct column group = take_group(&rest);
        FILL(fill_numbers, &group, &g);
        bool plain = lanes->numbers(&g, group.n);
        if (plain && v == NULL)
            continue;
        for (size_t i = 0; i < group.n; i++) {
            if (!plain && g.decimals[i] == LANES_OTHER) {
                if (!read_other(&group, i, first, other, context))
                    return first + i;
            } else if (v != NULL) {
                v[first + i] = decimal[g.decimals[i]];
                v[first + i].mant = g.mant[i];
            }
        }
    }
    return c->n;
}

COLUMN_INLINE void fill_integers(struct column c, bool drop_cr, struct lanes_integers *g)
{
    for (size_t i = 0; i < c.n; i++) {
        size_t len;
        const char *text = column_next(&c, drop_cr, &len);
        bool fits = len - 9 <= 16 - 9;
        g->first[i] = load_word(text);
        g->last[i] = load_word(text + (fits ? len - 8 : 0));
        g->len[i] = len;
    }
}

size_t column_epochs(const struct column *c, const struct lanes *lanes,
                     const struct epoch_units *units, int64_t *ns, column_other *other,
                     void *context)
{
    const struct epoch_units u = *units;
    struct lanes_integers g;
    struct column rest = *c;
    for (size_t first = 0; rest.n > 0; first += LANES_GROUP) {
        struct column group = take_group(&rest);
        FILL(fill_integers, &group, &g);
        bool plain = lanes->integers(&g, group.n);
        for (size_t i = 0; i < group.n; i++) {
            if ((!plain && g.value[i] == LANES_OTHER) || !epoch_ns(&u, g.value[i], &ns[first + i]))
                if (!read_other(&group, i, first, other, context))
                    return first + i;
        }
    }
    return c->n;
}

COLUMN_INLINE void fill_times(struct column c, bool drop_cr, struct lanes_times *g,
                              const struct time_cache *cache)
{
    const uint64_t head = load_word(cache->date) ^ TIME_EPOCH_HEAD;
    const uint64_t tail = load_word(cache->date + 3) ^ TIME_EPOCH_TAIL;
    for (size_t i = 0; i < c.n; i++) {
        size_t len;
        const char *text = column_next(&c, drop_cr, &len);
        const char *last = text + (len - 20 <= 10 ? len - 2 : 0);
        g->date[i] = (load_word(text) ^ head) | (load_word(text + 3) ^ tail);
        g->clock[i] = load_word(text + 11);
        g->fraction[i] = load_word(text + 20);
        g->ends[i] = (uint64_t)(unsigned char)text[19] << 48 |
                     (uint64_t)(unsigned char)last[1] << 40 |
                     (uint64_t)(unsigned char)last[0] << 32 | (uint32_t)len;
    }
}

size_t column_times(const struct column *c, const struct lanes *lanes,
                    const struct time_cache *cache, int64_t *ns, column_other *other, void *context)
{
    struct lanes_times g;
    struct column rest = *c;
    for (size_t first = 0; rest.n > 0; first += LANES_GROUP) {
        struct column group = take_group(&rest);
        FILL(fill_times, &group, &g, cache);
        const int64_t midnight_ns = cache->midnight_s * INT64_C(1000000000);
        bool plain = lanes->times(&g, group.n);
        for (size_t i = 0; i < group.n; i++) {
            if (plain || g.ns[i] != LANES_NO_TIME)
                ns[first + i] = midnight_ns + g.ns[i];
            else if (!read_other(&group, i, first, other, context))
                return first + i;
        }
    }
    return c->n;
}
