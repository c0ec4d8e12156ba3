#include "input/csv_fast.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/utf8.h"
#include "input/batch.h"
#include "input/fields.h"
#include "scan/column.h"
#include "scan/digits.h"
#include "scan/epoch.h"
#include "scan/newline.h"
#include "scan/vectors.h"
#include "time/memo.h"
#include "time/time_fast.h"

/*
 * Records read column by column at a time. Where one of them is not plain, what was read of those
 * behind it is thrown away; so a group shrinks when that happens, and doubles again when not.
 */
enum { MOST_GROUP = 256 };

struct csv_fast {
    const struct input_options *options;
    const struct csv_layout *layout;
    const struct vectors *vectors;
    bool quoted;  /* CSV; else TSV */
    bool escapes; /* of TSV: some field of the slice may have one */
    struct epoch_units units;
    struct time_cache time_cache;
    struct time_memo memo;
    struct buf time;     /* the time fields, joined */
    struct arena *arena; /* of the batch at hand */
    size_t group;        /* how many records to try next */

    const char *slice; /* what the marks are of; NULL: nothing */
    size_t row;        /* in marks.at: the first one of the next record */
    size_t even;       /* so many records from there on have the right number of separators */
    size_t left;       /* so many newlines from there on */
    bool uneven;       /* not all records of the slice have */
    struct marks marks;
};

/* Some records of the slice: row i has its separators at separators[i * width ...]. */
struct group {
    const char *slice;
    const uint32_t *separators; /* separators[-1] is the one before the first record */
    size_t n, width;
    size_t lane;          /* of the first */
    bool quotes, doubled; /* see struct marks */
};

struct csv_fast *csv_fast_new(const struct input_options *options, const struct csv_layout *layout,
                              bool quoted)
{
    struct csv_fast *fast = memory_calloc(1, sizeof *fast);
    fast->options = options;
    fast->layout = layout;
    fast->quoted = quoted;
    fast->vectors = vectors_get(0);
    fast->units = epoch_units(options->time_format.form);
    fast->group = MOST_GROUP;
    return fast;
}

void csv_fast_free(struct csv_fast *fast)
{
    if (fast == NULL)
        return;
    buf_free(&fast->time);
    marks_free(&fast->marks);
    free(fast);
}

bool csv_fast_use(struct csv_fast *fast, size_t instance)
{
    const struct vectors *vectors = vectors_get(instance);
    if (vectors != NULL)
        fast->vectors = vectors;
    return vectors != NULL;
}

void csv_fast_begin(struct csv_fast *fast)
{
    fast->slice = NULL;
}

static struct column column_of(const struct group *g, size_t column)
{
    bool last = column == g->width - 1;
    return (struct column){.form = g->quotes ? COLUMN_QUOTED
                                   : last    ? COLUMN_EVEN_CR
                                             : COLUMN_EVEN,
                           .slice = g->slice,
                           .marks = g->separators - 1,
                           .stride = g->width,
                           .first_lane = g->lane,
                           .n = g->n,
                           .from = (uint32_t)column,
                           .skip = 1,
                           .to = (uint32_t)column + 1,
                           .cut = 1,
                           .is_last = last,
                           .doubled = g->doubled};
}

static bool read_time(struct csv_fast *fast, const char *text, size_t len, int64_t *ns)
{
    const struct time_format *format = &fast->options->time_format;
    uint64_t n;
    if (format->form == TIME_AUTO && time_parse_fast(&fast->time_cache, text, len, ns))
        return true;
    if (format->form != TIME_PATTERN && digits_read(text, len, &n))
        return epoch_ns(&fast->units, n, ns);
    return len > 0 && time_memo_parse(&fast->memo, format, text, len, ns) == TIME_OK;
}

struct time_column {
    struct csv_fast *fast;
    int64_t *ns;
};

static bool read_other_time(void *context, size_t lane, const char *text, size_t len)
{
    struct time_column *c = context;
    return read_time(c->fast, text, len, &c->ns[lane]);
}

/* These return how many rows they could read. */

/* The first of them tells what they look like; any others are read one by one. */
static size_t read_times(struct csv_fast *fast, const struct group *g, int64_t *ns)
{
    struct time_column context = {fast, ns};
    struct column c = column_of(g, fast->layout->time[0]);
    const struct lanes *lanes = fast->vectors->lanes;
    enum time_form form = fast->options->time_format.form;
    size_t len;
    const char *first = column_text(&c, 0, c.form, &len);
    bool is_text = form == TIME_AUTO && len > 16;
    if (is_text && (first[len - 1] | 0x20) == 'z')
        return column_times(&c, lanes, &fast->time_cache, ns, read_other_time, &context);
    if (form != TIME_PATTERN && !is_text)
        return column_epochs(&c, lanes, &fast->units, ns, read_other_time, &context);
    for (size_t i = 0; i < c.n; i++) {
        const char *text = column_text(&c, i, c.form, &len);
        if (!read_time(fast, text, len, &ns[g->lane + i]))
            return i;
    }
    return c.n;
}

static bool read_joined_time(struct csv_fast *fast, const struct group *g, size_t i, int64_t *ns)
{
    fast->time.len = 0;
    for (size_t part = 0; part < fast->options->n_time; part++) {
        size_t len, column = fast->layout->time[part];
        struct column c = column_of(g, column);
        const char *text = column_text(&c, i, c.form, &len);
        if (len == 0)
            return false;
        if (part > 0)
            buf_putc(&fast->time, ' ');
        buf_put(&fast->time, text, len);
    }
    memset(buf_reserve(&fast->time, sizeof(uint64_t)), 0, sizeof(uint64_t));
    return read_time(fast, fast->time.data, fast->time.len, ns);
}

static size_t read_joined_times(struct csv_fast *fast, const struct group *g, int64_t *ns)
{
    for (size_t i = 0; i < g->n; i++) {
        if (!read_joined_time(fast, g, i, &ns[g->lane + i]))
            return i;
    }
    return g->n;
}

struct number_column {
    const struct csv_fast *fast;
    struct value *v;
};

static bool read_other_number(void *context, size_t lane, const char *text, size_t len)
{
    const struct number_column *c = context;
    struct value *v = c->v + lane;
    int64_t mant;
    unsigned decimals;
    fields_trim(&text, &len);
    if (len == 0 || fields_is_null(c->fast->options, text, len))
        *v = (struct value){.kind = VALUE_NULL};
    else if (digits_read_decimal(text, len, &mant, &decimals))
        *v =
            (struct value){.mant = mant, .exp = (int16_t)(0 - (int)decimals), .kind = VALUE_NUMBER};
    else
        return number_parse(text, len, v) == NUMBER_OK;
    return true;
}

/* A text with an escape is not; what --null names is no value. */
static bool is_plain(const struct csv_fast *fast, const char *text, size_t len, struct value *v)
{
    if (fast->escapes && memchr(text, '\\', len) != NULL)
        return false;
    if (fields_is_null(fast->options, text, len))
        v->kind = VALUE_NULL;
    return true;
}

/* Texts and presences: compiled anew for what is constant where they are called. */

COLUMN_INLINE size_t read_strings(const struct column *c, enum column_form form,
                                  const struct csv_fast *fast, bool must_be_utf8,
                                  enum value_kind empty, struct value *v)
{
    const bool odd = fast->escapes || fast->options->n_nulls > 0;
    for (size_t i = 0; i < c->n; i++) {
        size_t len;
        const char *text = column_text(c, i, form, &len);
        if (must_be_utf8 && !utf8_valid(text, len))
            return i;
        if (form == COLUMN_QUOTED && len > 0 && *text == '"') {
            len -=
                2; /* the field's own quotes: those within are doubled, or it would not be even */
            text = fields_undouble(text + 1, &len, fast->arena);
        }
        struct value *to = &v[column_lane(c, i, form)];
        *to = (struct value){.text = text,
                             .len = (uint32_t)len,
                             .exp = VALUE_TYPELESS,
                             .kind = (uint8_t)(len == 0 ? empty : VALUE_STRING)};
        if (odd && !is_plain(fast, text, len, to))
            return i;
    }
    return c->n;
}

COLUMN_INLINE size_t read_presences(const struct column *c, enum column_form form, struct value *v)
{
    for (size_t i = 0; i < c->n; i++) {
        size_t len;
        column_text(c, i, form, &len);
        v[column_lane(c, i, form)] = (struct value){.kind = len == 0 ? VALUE_NULL : VALUE_TRUE};
    }
    return c->n;
}

static size_t read_field(const struct csv_fast *fast, const struct group *g, size_t f,
                         struct value *v)
{
    struct column c = column_of(g, fast->layout->fields[f]);
    switch (fast->options->fields[f].use) {
    case FIELD_PRESENCE:
        return COLUMN_CALL(read_presences, &c, v);
    case FIELD_NUMBER:
        return column_numbers(&c, fast->vectors->lanes, v, read_other_number,
                              &(struct number_column){fast, v});
    case FIELD_VALUE:
    case FIELD_CONDITION:
        return COLUMN_CALL(read_strings, &c, fast, false, VALUE_NULL, v);
    case FIELD_KEY:
        break;
    }
    return fast->marks.high ? COLUMN_CALL(read_strings, &c, fast, true, VALUE_STRING, v)
                            : COLUMN_CALL(read_strings, &c, fast, false, VALUE_STRING, v);
}

/* Shrinks the group to the records that are plain. */
static void read_group(struct csv_fast *fast, struct group *g, struct batch *batch)
{
    const struct input_options *options = fast->options;
    int64_t *ns = batch->time_ns;
    g->n = options->n_time > 1 ? read_joined_times(fast, g, ns) : read_times(fast, g, ns);
    for (size_t f = 0; f < options->n_fields && g->n > 0; f++)
        g->n = read_field(fast, g, f, batch->columns[f]);
}

/* Where the records are. Shrinks the group to those within the limit. */
static void place_group(const struct csv_fast *fast, struct group *g, struct batch *batch)
{
    const size_t n = g->n, width = g->width, longest = fast->options->max_record_bytes;
    const char comment = fast->options->comment;
    const uint32_t *ends = g->separators + width - 1;
    uint32_t *starts = batch->start + g->lane, *lens = batch->len + g->lane;
    uint32_t slice = (uint32_t)(g->slice - batch->block->bytes.data);
    uint32_t start = g->separators[-1] + 1;
    for (size_t i = 0; i < n; i++) {
        uint32_t len = ends[i * width] - start;
        if (len > longest || (comment != '\0' && g->slice[start] == comment)) {
            g->n = i;
            return;
        }
        starts[i] = slice + start;
        lens[i] = len + 1;
        start += len + 1;
    }
}

/* Physical lines that end with or in the records. */
static void count_lines(const struct group *g, struct batch *batch)
{
    batch->lines += g->n;
    if (!g->quotes || g->n == 0)
        return;
    const char *bytes = batch->block->bytes.data + batch->start[g->lane];
    const char *end = g->slice + g->separators[g->n * g->width - 1] + 1;
    batch->lines += newline_count(bytes, (size_t)(end - bytes)) - g->n;
}

/* Reads the next of the even records; false if the one behind them is not plain. */
static bool take_group(struct csv_fast *fast, struct batch *batch)
{
    size_t tried = fast->even < fast->group ? fast->even : fast->group;
    fast->arena = &batch->arena;
    struct group g = {.slice = fast->slice,
                      .separators = fast->marks.at + fast->row,
                      .n = tried,
                      .width = fast->layout->n_columns,
                      .lane = batch->n,
                      .quotes = fast->marks.quotes,
                      .doubled = fast->marks.doubled};
    if (tried == 0)
        return false;
    while (batch->capacity - batch->n < tried)
        batch_grow(batch);
    place_group(fast, &g, batch);
    read_group(fast, &g, batch);
    count_lines(&g, batch);
    batch->n += g.n;
    fast->even -= g.n;
    fast->left -= g.n;
    fast->row += g.n * g.width;
    if (g.n < tried)
        fast->group = g.n == 0 ? 1 : g.n;
    else if (fast->group < MOST_GROUP)
        fast->group *= 2;
    return g.n == tried;
}

/* Is separators[i] a newline? */
static inline bool is_newline(const struct csv_fast *fast, size_t i)
{
    return fast->slice[fast->marks.at[i]] == '\n';
}

/* Do all records of the slice have the right number of separators? */
static bool is_even(const struct csv_fast *fast)
{
    size_t width = fast->layout->n_columns, n = 0;
    size_t end = fast->marks.n + 1;
    for (size_t i = width; i < end && is_newline(fast, i); i += width)
        n++;
    /* So many have a newline where one should be. If there are no others, none is elsewhere. */
    return n == fast->marks.n_newlines;
}

/* How many records from the next one on have. Looks no farther than they go, and one more. */
static size_t count_even(const struct csv_fast *fast)
{
    size_t width = fast->layout->n_columns, n = 0, column = 0;
    size_t end = fast->marks.n + 1;
    for (size_t i = fast->row; i < end && is_newline(fast, i) == (column == width - 1); i++) {
        column = column == width - 1 ? 0 : column + 1;
        n += column == 0;
    }
    return n;
}

/* Steps over the next record, however many fields it has. */
static void skip_record(struct csv_fast *fast)
{
    while (!is_newline(fast, fast->row))
        fast->row++;
    fast->row++;
    fast->left--;
    if (fast->even > 0)
        fast->even--;
    else if (fast->uneven)
        fast->even = count_even(fast);
}

/* Where the next record of the slice starts. */
static const char *next_record(const struct csv_fast *fast)
{
    return fast->slice + (uint32_t)(fast->marks.at[fast->row - 1] + 1);
}

/* Marks what starts at p; false if that is not even one whole line, or too long. */
static bool start_slice(struct csv_fast *fast, const char *p, const char *end)
{
    size_t left = (size_t)(end - p), len = MARKS_SLICE;
    for (;; len *= 2) {
        marks_reserve(&fast->marks, len);
        fast->vectors->marker->csv(&fast->marks, p, left < len ? left : len,
                                   fast->layout->delimiter, fast->quoted);
        if (fast->marks.n_newlines > 0 || fast->marks.misquoted || left <= len ||
            len >= MARKS_LONGEST_SLICE)
            break;
    }
    fast->slice = fast->marks.n_newlines > 0 ? p : NULL;
    if (fast->slice == NULL)
        return false;
    fast->row = 1;
    fast->escapes =
        !fast->quoted && memchr(p, '\\', fast->marks.at[fast->marks.n] + (size_t)1) != NULL;
    fast->left = fast->marks.n_newlines;
    fast->uneven = !is_even(fast);
    fast->even = fast->uneven ? count_even(fast) : fast->left;
    return true;
}

const char *csv_fast_records(struct csv_fast *fast, const char *p, const char *end,
                             struct batch *batch)
{
    while (p < end) {
        bool known = fast->slice != NULL && next_record(fast) == p;
        bool used_up = known && fast->left == 0;
        if (used_up && fast->marks.misquoted) {
            fast->slice = NULL;
            return p;
        }
        if ((!known || used_up) && !start_slice(fast, p, end))
            return p;
        bool plain = take_group(fast, batch);
        p = next_record(fast);
        if (!plain && fast->left > 0) {
            skip_record(fast);
            return p;
        }
    }
    return p;
}
