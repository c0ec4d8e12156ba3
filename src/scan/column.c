#include "scan/column.h"

#include "base/bytes.h"

/* The records from `first` on, as many as go into a group of lanes. */
static struct column group_from(const struct column *c, size_t first)
{
    struct column group = *c;
    group.n = c->n - first < LANES_GROUP ? c->n - first : LANES_GROUP;
    if (c->form == COLUMN_ROWS) {
        group.row += first;
        group.lane += first;
    } else {
        group.marks += first * c->stride;
        group.first_lane += first;
    }
    return group;
}

/*
 * The same steps for numbers, epochs and times: the words of a group are laid out for the lanes,
 * the lanes read them, what they made of them is taken, and what they could not read is read
 * otherwise.
 */

/* Those marked in the group; returns how many records could be read. */
static size_t read_others(const struct column *c, const uint64_t *marked, uint64_t mark,
                          column_other *other, void *context)
{
    for (size_t i = 0; i < c->n; i++) {
        size_t len;
        if (marked[i] != mark)
            continue;
        const char *text = column_text(c, i, c->form, &len);
        if (!other(context, column_lane(c, i, c->form), text, len))
            return i;
    }
    return c->n;
}

COLUMN_INLINE void fill_numbers(const struct column *c, enum column_form form,
                                struct lanes_numbers *g)
{
    for (size_t i = 0; i < c->n; i++) {
        size_t len;
        g->word[i] = bytes_u64_le(column_text(c, i, form, &len));
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

COLUMN_INLINE void take_numbers(const struct column *c, enum column_form form,
                                const struct lanes_numbers *g, struct value *v)
{
    for (size_t i = 0; i < c->n; i++) {
        if (g->decimals[i] == LANES_OTHER)
            continue;
        struct value *to = &v[column_lane(c, i, form)];
        *to = decimal[g->decimals[i]];
        to->mant = g->mant[i];
    }
}

/* Those that numbers() has left, laid out for another try: without a sign, and with their tails. */
struct left {
    struct lanes_exponents words;
    uint8_t row[LANES_GROUP];
    bool negative[LANES_GROUP];
    size_t n;
};

static void lay_out_left(const struct column *c, const struct lanes_numbers *g, struct left *left)
{
    left->n = 0;
    for (size_t i = 0; i < c->n; i++) {
        size_t len, n = left->n;
        if (g->decimals[i] != LANES_OTHER)
            continue;
        const char *text = column_text(c, i, c->form, &len);
        const bool negative = *text == '-';
        text += negative;
        len -= negative;
        if (len - 1 >= 15)
            continue;
        left->words.word[n] = bytes_u64_le(text);
        left->words.tail[n] =
            len < 8 ? left->words.word[n] << (64 - 8 * len) : bytes_u64_le(text + len - 8);
        left->words.len[n] = len;
        left->negative[n] = negative;
        left->row[n] = (uint8_t)i;
        left->n++;
    }
}

/* Takes the signed ones, and those that have an exponent. */
static void take_left(const struct column *c, const struct lanes *lanes, struct lanes_numbers *g,
                      struct value *v)
{
    struct left left;
    lay_out_left(c, g, &left);
    if (left.n == 0)
        return;
    lanes->exponents(&left.words, left.n);
    for (size_t k = 0; k < left.n; k++) {
        const size_t i = left.row[k];
        if (left.words.exp[k] == LANES_NO_EXPONENT)
            continue;
        g->decimals[i] = 0;
        if (v == NULL)
            continue;
        v[column_lane(c, i, c->form)] =
            (struct value){.mant = left.negative[k] ? -left.words.mant[k] : left.words.mant[k],
                           .exp = (int16_t)left.words.exp[k],
                           .kind = VALUE_NUMBER};
    }
}

size_t column_numbers(const struct column *c, const struct lanes *lanes, struct value *v,
                      column_other *other, void *context)
{
    struct lanes_numbers g;
    for (size_t first = 0; first < c->n; first += LANES_GROUP) {
        struct column group = group_from(c, first);
        COLUMN_CALL(fill_numbers, &group, &g);
        bool plain = lanes->numbers(&g, group.n);
        if (v != NULL)
            COLUMN_CALL(take_numbers, &group, &g, v);
        else if (!plain)
            plain = lanes->literals(&g, group.n);
        if (plain)
            continue;
        take_left(&group, lanes, &g, v);
        size_t n = read_others(&group, g.decimals, LANES_OTHER, other, context);
        if (n < group.n)
            return first + n;
    }
    return c->n;
}

COLUMN_INLINE void fill_integers(const struct column *c, enum column_form form,
                                 struct lanes_integers *g)
{
    for (size_t i = 0; i < c->n; i++) {
        size_t len;
        const char *text = column_text(c, i, form, &len);
        bool fits = len - 9 <= 16 - 9;
        g->first[i] = bytes_u64_le(text);
        g->last[i] = bytes_u64_le(text + (fits ? len - 8 : 0));
        g->len[i] = len;
    }
}

/* False, and it is marked, if one of them is out of range. */
COLUMN_INLINE bool take_epochs(const struct column *c, enum column_form form,
                               struct lanes_integers *g, const struct epoch_units *units,
                               int64_t *ns)
{
    const struct epoch_units u = *units;
    bool plain = true;
    for (size_t i = 0; i < c->n; i++) {
        if (g->value[i] == LANES_OTHER || epoch_ns(&u, g->value[i], &ns[column_lane(c, i, form)]))
            continue;
        g->value[i] = LANES_OTHER;
        plain = false;
    }
    return plain;
}

size_t column_epochs(const struct column *c, const struct lanes *lanes,
                     const struct epoch_units *units, int64_t *ns, column_other *other,
                     void *context)
{
    struct lanes_integers g;
    for (size_t first = 0; first < c->n; first += LANES_GROUP) {
        struct column group = group_from(c, first);
        COLUMN_CALL(fill_integers, &group, &g);
        bool plain = lanes->integers(&g, group.n);
        plain = COLUMN_CALL(take_epochs, &group, &g, units, ns) && plain;
        if (plain)
            continue;
        size_t n = read_others(&group, g.value, LANES_OTHER, other, context);
        if (n < group.n)
            return first + n;
    }
    return c->n;
}

COLUMN_INLINE void fill_times(const struct column *c, enum column_form form, struct lanes_times *g,
                              const struct time_cache *cache)
{
    const uint64_t head = bytes_u64_le(cache->date) ^ TIME_EPOCH_HEAD;
    const uint64_t tail = bytes_u64_le(cache->date + 3) ^ TIME_EPOCH_TAIL;
    for (size_t i = 0; i < c->n; i++) {
        size_t len;
        const char *text = column_text(c, i, form, &len);
        const char *last = text + (len - 20 <= 10 ? len - 2 : 0);
        g->date[i] = (bytes_u64_le(text) ^ head) | (bytes_u64_le(text + 3) ^ tail);
        g->clock[i] = bytes_u64_le(text + 11);
        g->fraction[i] = bytes_u64_le(text + 20);
        g->ends[i] = (uint64_t)(unsigned char)text[19] << 48 |
                     (uint64_t)(unsigned char)last[1] << 40 |
                     (uint64_t)(unsigned char)last[0] << 32 | (uint32_t)len;
    }
}

COLUMN_INLINE void take_times(const struct column *c, enum column_form form,
                              const struct lanes_times *g, int64_t midnight_ns, int64_t *ns)
{
    for (size_t i = 0; i < c->n; i++)
        if (g->ns[i] != LANES_NO_TIME)
            ns[column_lane(c, i, form)] = midnight_ns + (int64_t)g->ns[i];
}

size_t column_times(const struct column *c, const struct lanes *lanes,
                    const struct time_cache *cache, int64_t *ns, column_other *other, void *context)
{
    struct lanes_times g;
    for (size_t first = 0; first < c->n; first += LANES_GROUP) {
        struct column group = group_from(c, first);
        COLUMN_CALL(fill_times, &group, &g, cache);
        bool plain = lanes->times(&g, group.n);
        COLUMN_CALL(take_times, &group, &g, cache->midnight_s * INT64_C(1000000000), ns);
        if (plain)
            continue;
        size_t n = read_others(&group, g.ns, LANES_NO_TIME, other, context);
        if (n < group.n)
            return first + n;
    }
    return c->n;
}
