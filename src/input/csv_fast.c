#include "input/csv_fast.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"
#include "input/batch.h"
#include "input/csv_index.h"
#include "input/digits.h"
#include "input/utf8.h"

/*
 * Records read column by column at a time. Where one of them is not plain, what was read of those
 * behind it is thrown away; so a group shrinks when that happens, and doubles again when not.
 */
enum { MOST_GROUP = 256 };

struct csv_fast {
    const struct input_options *options;
    const struct csv_layout *layout;
    const struct csv_indexer *indexer;
    struct time_cache time_cache;
    struct buf time; /* the time fields, joined */
    size_t group;    /* how many records to try next */

    const char *slice; /* what the index is of; NULL: nothing */
    size_t record;     /* the next record of the slice, */
    size_t row;        /* and the index of its first separator */
    struct csv_index index;
};

/* Some records of the slice: row i has its separators at separators[i * width ...]. */
struct group {
    const char *slice;
    const uint32_t *separators; /* separators[-1] is the one before the first record */
    size_t n, width;
    size_t lane; /* of the first */
};

struct csv_fast *csv_fast_new(const struct input_options *options, const struct csv_layout *layout)
{
    struct csv_fast *fast = memory_alloc(sizeof *fast);
    fast->options = options;
    fast->layout = layout;
    fast->indexer = csv_indexer_get(0);
    fast->time_cache = (struct time_cache){0};
    fast->time = (struct buf){0};
    fast->group = MOST_GROUP;
    fast->slice = NULL;
    return fast;
}

void csv_fast_free(struct csv_fast *fast)
{
    if (fast == NULL)
        return;
    buf_free(&fast->time);
    free(fast);
}

bool csv_fast_use(struct csv_fast *fast, size_t instance)
{
    const struct csv_indexer *indexer = csv_indexer_get(instance);
    if (indexer != NULL)
        fast->indexer = indexer;
    return indexer != NULL;
}

void csv_fast_begin(struct csv_fast *fast)
{
    fast->slice = NULL;
}

/* Field `column` of row i. The last one of a record may have a CR behind it. */
static inline const char *field(const struct group *g, size_t i, size_t column, size_t *len)
{
    const uint32_t *end = g->separators + i * g->width + column;
    const char *text = g->slice + (uint32_t)(end[-1] + 1);
    *len = *end - (uint32_t)(end[-1] + 1);
    if (column == g->width - 1 && *len > 0 && text[*len - 1] == '\r')
        --*len;
    return text;
}

/* A whole number of seconds, milliseconds, ...; false if it is out of range. */
static inline bool epoch_ns(enum time_form form, uint64_t n, int64_t *ns)
{
    int64_t unit_ns;
    if (form == TIME_S || (form == TIME_AUTO && n < UINT64_C(100000000000)))
        unit_ns = 1000000000;
    else if (form == TIME_MS || (form == TIME_AUTO && n < UINT64_C(100000000000000)))
        unit_ns = 1000000;
    else if (form == TIME_US || (form == TIME_AUTO && n < UINT64_C(100000000000000000)))
        unit_ns = 1000;
    else
        unit_ns = 1;
    return !__builtin_mul_overflow(n, unit_ns, ns);
}

static inline bool read_time(struct csv_fast *fast, const char *text, size_t len, int64_t *ns)
{
    enum time_form form = fast->options->time_format.form;
    uint64_t n;
    if (form == TIME_AUTO && time_parse_fast(&fast->time_cache, text, len, ns))
        return true;
    if (form != TIME_PATTERN && digits_read(text, len, &n))
        return epoch_ns(form, n, ns);
    return len > 0 && time_parse(&fast->options->time_format, text, len, ns) == TIME_OK;
}

/* These return how many rows they could read. */

static size_t read_times(struct csv_fast *fast, const struct group *g, int64_t *ns)
{
    size_t column = fast->layout->time[0];
    for (size_t i = 0; i < g->n; i++) {
        size_t len;
        const char *text = field(g, i, column, &len);
        if (!read_time(fast, text, len, &ns[i]))
            return i;
    }
    return g->n;
}

static bool read_joined_time(struct csv_fast *fast, const struct group *g, size_t i, int64_t *ns)
{
    fast->time.len = 0;
    for (size_t part = 0; part < fast->options->n_time; part++) {
        size_t len;
        const char *text = field(g, i, fast->layout->time[part], &len);
        if (len == 0)
            return false;
        if (part > 0)
            buf_putc(&fast->time, ' ');
        buf_put(&fast->time, text, len);
    }
    size_t len = fast->time.len;
    memset(buf_reserve(&fast->time, sizeof(uint64_t)), 0, sizeof(uint64_t));
    return read_time(fast, fast->time.data, len, ns);
}

static size_t read_joined_times(struct csv_fast *fast, const struct group *g, int64_t *ns)
{
    for (size_t i = 0; i < g->n; i++) {
        if (!read_joined_time(fast, g, i, &ns[i]))
            return i;
    }
    return g->n;
}

static size_t read_numbers(const struct group *g, size_t column, struct value *v)
{
    for (size_t i = 0; i < g->n; i++, v++) {
        size_t len;
        int64_t mant;
        unsigned decimals;
        const char *text = field(g, i, column, &len);
        if (len == 0)
            *v = (struct value){.kind = VALUE_NULL};
        else if (digits_read_decimal(text, len, &mant, &decimals))
            *v = (struct value){
                .mant = mant, .exp = (int16_t)(0 - (int)decimals), .kind = VALUE_NUMBER};
        else if (number_parse(text, len, v) != NUMBER_OK)
            return i;
    }
    return g->n;
}

static size_t read_strings(const struct group *g, size_t column, enum field_use use, bool high,
                           struct value *v)
{
    uint8_t empty = use == FIELD_KEY ? VALUE_STRING : VALUE_NULL;
    for (size_t i = 0; i < g->n; i++, v++) {
        size_t len;
        const char *text = field(g, i, column, &len);
        if (high && use == FIELD_KEY && !utf8_valid(text, len))
            return i;
        *v = (struct value){
            .text = text, .len = (uint32_t)len, .kind = len == 0 ? empty : VALUE_STRING};
    }
    return g->n;
}

static size_t read_presences(const struct group *g, size_t column, struct value *v)
{
    for (size_t i = 0; i < g->n; i++, v++) {
        size_t len;
        field(g, i, column, &len);
        *v = (struct value){.kind = len == 0 ? VALUE_NULL : VALUE_TRUE};
    }
    return g->n;
}

/* Shrinks the group to the records that are plain. */
static void read_group(struct csv_fast *fast, struct group *g, struct batch *batch)
{
    const struct input_options *options = fast->options;
    int64_t *ns = batch->time_ns + g->lane;
    g->n = options->n_time == 1 ? read_times(fast, g, ns) : read_joined_times(fast, g, ns);
    for (size_t f = 0; f < options->n_fields; f++) {
        size_t column = fast->layout->fields[f];
        struct value *v = batch->columns[f] + g->lane;
        enum field_use use = options->fields[f].use;
        switch (use) {
        case FIELD_PRESENCE:
            g->n = read_presences(g, column, v);
            break;
        case FIELD_NUMBER:
            g->n = read_numbers(g, column, v);
            break;
        case FIELD_VALUE:
        case FIELD_KEY:
            g->n = read_strings(g, column, use, fast->index.high, v);
            break;
        }
    }
}

/* How many records from the next one on, `most` at most, have the right number of fields. */
static size_t count_even(const struct csv_fast *fast, size_t most)
{
    const struct csv_index *index = &fast->index;
    size_t width = fast->layout->n_columns, n = 0;
    size_t max_len = fast->options->max_record_bytes;
    const uint32_t *separator = index->separators + fast->row;
    const uint32_t *newline = index->newlines + fast->record;
    const uint32_t *end = index->separators + 1 + index->n_separators;
    /* All newlines are separators: if one is its row's last, none is within. */
    while (n < most && (size_t)(end - separator) >= width && separator[width - 1] == newline[n] &&
           separator[width - 1] - (uint32_t)(separator[-1] + 1) <= max_len) {
        separator += width;
        n++;
    }
    return n;
}

/* Reads the next records of the slice; false if the one behind them is not plain. */
static bool take_group(struct csv_fast *fast, struct batch *batch)
{
    size_t left = fast->index.n_newlines - fast->record;
    size_t tried = count_even(fast, left < fast->group ? left : fast->group);
    if (tried == 0)
        return false;
    struct group g = {.slice = fast->slice,
                      .separators = fast->index.separators + fast->row,
                      .n = tried,
                      .width = fast->layout->n_columns,
                      .lane = batch->n};
    while (batch->capacity - batch->n < tried)
        batch_grow(batch);
    read_group(fast, &g, batch);
    uint32_t slice = (uint32_t)(fast->slice - batch->block->bytes.data);
    for (size_t i = 0; i < g.n; i++) {
        const uint32_t *row = g.separators + i * g.width;
        uint32_t start = row[-1] + 1;
        batch->start[g.lane + i] = slice + start;
        batch->len[g.lane + i] = row[g.width - 1] + 1 - start;
    }
    batch->n += g.n;
    fast->record += g.n;
    fast->row += g.n * g.width;
    if (g.n < tried)
        fast->group = g.n == 0 ? 1 : g.n;
    else if (fast->group < MOST_GROUP)
        fast->group *= 2;
    return g.n == tried;
}

/* Where the next record of the slice starts. */
static const char *next_record(const struct csv_fast *fast)
{
    return fast->slice +
           (fast->record == 0 ? 0 : (size_t)fast->index.newlines[fast->record - 1] + 1);
}

/* Steps over the next record, however many fields it has. */
static void skip_record(struct csv_fast *fast)
{
    while (fast->index.separators[fast->row] != fast->index.newlines[fast->record])
        fast->row++;
    fast->row++;
    fast->record++;
}

/* Indexes what starts at p; false if that is not even one whole line without quotes. */
static bool start_slice(struct csv_fast *fast, const char *p, const char *end)
{
    fast->indexer->run(&fast->index, p, (size_t)(end - p), fast->layout->delimiter);
    fast->slice = fast->index.n_newlines > 0 ? p : NULL;
    fast->record = 0;
    fast->row = 1;
    return fast->slice != NULL;
}

const char *csv_fast_records(struct csv_fast *fast, const char *p, const char *end,
                             struct batch *batch)
{
    while (p < end) {
        bool known = fast->slice != NULL && next_record(fast) == p;
        bool used_up = known && fast->record == fast->index.n_newlines;
        if (used_up && fast->index.quote) {
            fast->slice = NULL;
            return p;
        }
        if ((!known || used_up) && !start_slice(fast, p, end))
            return p;
        bool plain = take_group(fast, batch);
        p = next_record(fast);
        if (!plain && fast->record < fast->index.n_newlines) {
            skip_record(fast);
            return p;
        }
    }
    return p;
}
