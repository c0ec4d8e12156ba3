#include "input/json_fast.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "input/batch.h"
#include "input/fields.h"
#include "input/json_fast_columns.h"
#include "input/json_fast_projection.h"
#include "input/json_fast_shape.h"
#include "input/json_fast_walk.h"
#include "scan/vectors.h"

/*
 * Rows are read column by column. Where one of them is not plain, what was read of those behind it
 * is thrown away; so a group shrinks when that happens, and doubles again when not.
 */
enum { MOST_GROUP = 256 };

/* The next records: row i has marks.at[row[i] .. row[i + 1]). */
struct matched {
    size_t n;
    bool mixed;   /* of several shapes */
    bool escapes; /* some have backslashes */
    const struct shape *shape[MOST_GROUP];
    uint32_t row[MOST_GROUP + 1], lane[MOST_GROUP];
};

struct json_fast {
    const struct input_options *options;
    const struct vectors *vectors;
    struct projection projection;
    struct columns_reader reader;
    struct shapes shapes;
    struct walk walk;
    size_t group; /* how many rows to try next */

    const char *slice;           /* what the marks are of; NULL: nothing */
    size_t readable;             /* so many bytes from there on may be loaded */
    size_t row;                  /* in marks.at: the first one of the next record */
    const struct marks_odd *odd; /* in marks.odd: blocks before lie before the next record */
    struct marks marks;
    struct matched matched;
    struct buf time; /* of several fields: joined */
};

struct json_fast *json_fast_new(const struct input_options *options)
{
    struct json_fast *fast = memory_calloc(1, sizeof *fast);
    fast->options = options;
    fast->reader.projection = &fast->projection;
    fast->reader.units = epoch_units(options->time_format.form);
    json_fast_use(fast, 0);
    fast->group = MOST_GROUP;
    projection_init(&fast->projection, options);
    walk_init(&fast->walk, &fast->projection);
    return fast;
}

void json_fast_free(struct json_fast *fast)
{
    if (fast == NULL)
        return;
    walk_free(&fast->walk);
    projection_free(&fast->projection);
    buf_free(&fast->time);
    shapes_free(&fast->shapes);
    marks_free(&fast->marks);
    free(fast);
}

bool json_fast_use(struct json_fast *fast, size_t instance)
{
    const struct vectors *vectors = vectors_get(instance);
    if (vectors == NULL)
        return false;
    fast->vectors = vectors;
    fast->reader.lanes = vectors->lanes;
    return true;
}

void json_fast_begin(struct json_fast *fast)
{
    fast->slice = NULL;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* The digits behind \u, of a surrogate: its first half (of D8 to DB) or its second. */
static bool is_surrogate(const char *p, bool second)
{
    bool high = memchr("89aAbB", p[1], 6) != NULL;
    return (p[0] | 0x20) == 'd' && is_hex(p[1]) && is_hex(p[2]) && is_hex(p[3]) &&
           (p[1] < '8' ? false : high != second);
}

/*
 * The character behind a backslash. U+0000 is left to the slow path, and so are halves of a pair
 * alone. *second: the second half of one has to stand here; it is told whether it has to next.
 */
static bool is_escape(const char *p, bool *second)
{
    bool had_first = *second;
    *second = false;
    if (had_first)
        return *p == 'u' && is_surrogate(p + 1, true);
    switch (*p) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return true;
    case 'u':
        if (is_surrogate(p + 1, false)) {
            *second = p[5] == '\\';
            return *second;
        }
        return is_hex(p[1]) && is_hex(p[2]) && is_hex(p[3]) && is_hex(p[4]) &&
               memcmp(p + 1, "0000", 4) != 0 && !is_surrogate(p + 1, true);
    default:
        return false;
    }
}

/* A record with something in it that is not plain ASCII: bytes [start, newline) of the slice. */
struct odd_record {
    const char *slice;
    uint32_t start, newline;
    bool second; /* the next escape must be the second half of a surrogate pair */
};

/* Is each backslash in the block, as far as it is the record's, the first of a valid escape? */
static bool check_escapes(struct odd_record *r, const struct marks_odd *block, bool *escapes)
{
    for (uint64_t bits = block->escapes; bits != 0; bits &= bits - 1) {
        uint32_t at = block->at + (uint32_t)__builtin_ctzll(bits);
        if (at < r->start || at >= r->newline)
            continue;
        *escapes = true;
        if (!is_escape(r->slice + at + 1, &r->second))
            return false;
    }
    return true;
}

/*
 * Is the record UTF-8, and are its escapes valid? Blocks without high bytes are no part of a
 * character, so those with some can be looked at by themselves, neighbours together: [from, to).
 */
static bool check_odd_blocks(struct odd_record *r, const struct marks_odd *block, bool *escapes)
{
    uint32_t from = 0, to = 0;
    for (; block->at < r->newline; block++) {
        if (!check_escapes(r, block, escapes))
            return false;
        if (!block->high)
            continue;
        if (block->at > to || to == 0) {
            if (!utf8_valid(r->slice + from, to - from))
                return false;
            from = block->at < r->start ? r->start : block->at;
        }
        to = r->newline - block->at < MARKS_BLOCK ? r->newline : block->at + MARKS_BLOCK;
    }
    return utf8_valid(r->slice + from, to - from);
}

/* Steps over odd blocks that lie before `start`. */
static inline const struct marks_odd *skip_odd(const struct marks_odd *odd, uint32_t start)
{
    while (odd->at < start && start - odd->at >= MARKS_BLOCK)
        odd++;
    return odd;
}

/* All of that for the record at [start, newline] of the slice, where mostly nothing is odd. */
static inline bool check_odd(const char *slice, const struct marks_odd **odd, uint32_t start,
                             uint32_t newline, bool *escapes)
{
    if (__builtin_expect((*odd)->at > newline, 1))
        return true;
    struct odd_record record = {slice, start, newline, false};
    *odd = skip_odd(*odd, start);
    return check_odd_blocks(&record, *odd, escapes);
}

static const uint32_t *next_marks(const struct json_fast *fast)
{
    return fast->marks.at + fast->row;
}

/* Where in the slice the next record starts. */
static uint32_t next_start(const struct json_fast *fast)
{
    return next_marks(fast)[-1] + 1;
}

/* Marks what starts at p; false if that is not even one whole line, or is too long. */
static bool start_slice(struct json_fast *fast, const char *p, const char *end)
{
    size_t left = (size_t)(end - p);
    fast->slice = NULL;
    for (size_t len = MARKS_SLICE;; len *= 2) {
        size_t some = left < len ? left : len;
        marks_reserve(&fast->marks, len);
        fast->vectors->marker->json(&fast->marks, p, some);
        if (fast->marks.n > 0)
            break;
        if (some == left || len >= MARKS_LONGEST_SLICE)
            return false;
    }
    fast->slice = p;
    fast->readable = left + BLOCK_PADDING;
    fast->row = 1;
    fast->odd = fast->marks.odd;
    return true;
}

/* The shape that fits the record whose marks begin there; the one that fitted last comes first. */
static const struct shape *find_shape(struct json_fast *fast, const uint32_t *marks, size_t left)
{
    struct shapes *shapes = &fast->shapes;
    for (size_t i = 0; i < shapes->n; i++) {
        const struct shape *shape = shapes->known[i];
        if (left >= shape->n_marks && shape_fits(shape, fast->slice, marks, fast->readable)) {
            shapes_use(shapes, i);
            return shape;
        }
    }
    return NULL;
}

/* Finds the shapes of the next records, fast->group at most, up to one that no shape fits. */
static void match_rows(struct json_fast *fast)
{
    struct matched *m = &fast->matched;
    const uint32_t *all = fast->marks.at;
    size_t at = fast->row, end = fast->marks.n + 1, n = 0;
    const struct shape *shape = NULL;
    bool mixed = false;
    while (n < fast->group && at < end) {
        size_t four = shape == NULL ? 0 : (size_t)shape->n_marks * 4;
        if (four != 0 && n + 4 <= fast->group && at + four <= end &&
            shape_fits_four(shape, fast->slice, all + at, fast->readable)) {
            for (size_t stop = n + 4; n < stop; n++, at += shape->n_marks) {
                m->row[n] = (uint32_t)at;
                m->shape[n] = shape;
            }
            continue;
        }
        const struct shape *before = shape;
        shape = find_shape(fast, all + at, end - at);
        if (shape == NULL)
            break;
        mixed = mixed || (n > 0 && shape != before);
        m->row[n] = (uint32_t)at;
        m->shape[n++] = shape;
        at += shape->n_marks;
    }
    m->row[n] = (uint32_t)at;
    m->n = n;
    m->mixed = mixed;
}

/* Drops the rows from the first one on that is not sound. */
static void check_rows(struct json_fast *fast)
{
    struct matched *m = &fast->matched;
    const uint32_t *all = fast->marks.at;
    const struct marks_odd *odd = fast->odd;
    m->escapes = false;
    if (odd->at > all[m->row[m->n] - 1])
        return;
    for (size_t i = 0; i < m->n; i++) {
        uint32_t start = all[m->row[i] - 1] + 1, newline = all[m->row[i + 1] - 1];
        if (!check_odd(fast->slice, &odd, start, newline, &m->escapes))
            m->n = i;
    }
}

/* Where the records are. Drops those from the first one on that is over the limit. */
static void place_rows(struct json_fast *fast, struct batch *batch)
{
    struct matched *m = &fast->matched;
    const uint32_t *all = fast->marks.at;
    uint32_t slice = (uint32_t)(fast->slice - batch->block->bytes.data);
    for (size_t i = 0; i < m->n; i++) {
        uint32_t start = all[m->row[i] - 1] + 1, len = all[m->row[i + 1] - 1] - start;
        if (len > fast->options->max_record_bytes)
            m->n = i;
        batch->start[batch->n + i] = slice + start;
        batch->len[batch->n + i] = len + 1;
        m->lane[i] = (uint32_t)(batch->n + i);
    }
}

/* Several fields are one time, of their texts with a blank between. False: it is not plain. */
static bool join_time(struct json_fast *fast, struct batch *batch, size_t lane)
{
    const struct input_options *options = fast->options;
    struct buf *time = &fast->time;
    if (options->n_time <= 1)
        return true;
    time->len = 0;
    for (size_t i = 0; i < options->n_time; i++) {
        const struct value *v = &batch->columns[options->n_fields + i][lane];
        if (v->kind != VALUE_STRING || v->len == 0 || fields_is_null(options, v->text, v->len))
            return false;
        if (i > 0)
            buf_putc(time, ' ');
        buf_put(time, v->text, v->len);
    }
    return time_memo_parse(&fast->projection.memo, &options->time_format, time->data, time->len,
                           &batch->time_ns[lane]) == TIME_OK;
}

/* The same for the rows at hand. Drops those from the first one on that is not plain. */
static void join_times(struct json_fast *fast, struct batch *batch)
{
    struct matched *m = &fast->matched;
    for (size_t i = 0; fast->options->n_time > 1 && i < m->n; i++)
        if (!join_time(fast, batch, m->lane[i]))
            m->n = i;
}

/* Reads the rows of one shape. Drops those from the first one on that is not plain. */
static void read_rows(struct json_fast *fast, struct rows *rows)
{
    struct matched *m = &fast->matched;
    size_t n = rows->n;
    columns_read(&fast->reader, rows);
    if (rows->n < n)
        m->n = rows->lane[rows->n] - m->lane[0];
}

/* Reads the rows shape by shape: those of the first one that is left, then of the next. */
static void read_mixed_rows(struct json_fast *fast, const struct rows *all)
{
    struct matched *m = &fast->matched;
    uint32_t row[MOST_GROUP], lane[MOST_GROUP];
    for (size_t first = 0; first < m->n; first++) {
        struct rows rows = *all;
        rows.shape = m->shape[first];
        rows.row = row;
        rows.lane = lane;
        rows.n = 0;
        if (rows.shape == NULL)
            continue;
        for (size_t i = first; i < m->n;
             i++) { /* no branch: which shape comes, nobody can predict */
            bool same = m->shape[i] == rows.shape;
            row[rows.n] = m->row[i];
            lane[rows.n] = m->lane[i];
            m->shape[i] = same ? NULL : m->shape[i];
            rows.n += same;
        }
        read_rows(fast, &rows);
    }
}

/* Reads the next records that fit some shape; false if the one behind them must be walked. */
static bool take_rows(struct json_fast *fast, struct batch *batch)
{
    struct matched *m = &fast->matched;
    fast->odd = skip_odd(fast->odd, next_start(fast));
    match_rows(fast);
    size_t tried = m->n;
    if (tried == 0)
        return false;
    check_rows(fast);
    while (batch->capacity - batch->n < tried)
        batch_grow(batch);
    place_rows(fast, batch);
    struct rows rows = {.shape = m->shape[0],
                        .slice = fast->slice,
                        .marks = fast->marks.at,
                        .row = m->row,
                        .lane = m->lane,
                        .even = !m->mixed,
                        .n = m->n,
                        .escapes = m->escapes,
                        .batch = batch};
    if (m->mixed)
        read_mixed_rows(fast, &rows);
    else if (m->n > 0)
        read_rows(fast, &rows);
    join_times(fast, batch);
    batch->n += m->n;
    fast->row = m->row[m->n];
    if (m->n < tried)
        fast->group = m->n == 0 ? 1 : m->n;
    else if (fast->group < MOST_GROUP)
        fast->group = fast->group * 2 < MOST_GROUP ? fast->group * 2 : MOST_GROUP;
    return m->n == tried;
}

/* How many marks the next record has; the last is its newline. */
static size_t count_marks(const struct json_fast *fast)
{
    const uint32_t *marks = next_marks(fast);
    size_t n = 0;
    while (fast->slice[marks[n++]] != '\n')
        ;
    return n;
}

/* Walks the next record, and steps over it in any case; false if it is not plain. */
static bool walk_next(struct json_fast *fast, struct batch *batch)
{
    struct walk_record record = {.slice = fast->slice,
                                 .start = next_start(fast),
                                 .marks = next_marks(fast),
                                 .n_marks = count_marks(fast)};
    uint32_t newline = record.marks[record.n_marks - 1];
    size_t lane = batch_lane(batch);
    fast->row += record.n_marks;
    if (newline - record.start > fast->options->max_record_bytes ||
        !check_odd(fast->slice, &fast->odd, record.start, newline, &record.escapes) ||
        !walk_read(&fast->walk, &record, batch, lane) || !join_time(fast, batch, lane))
        return false;
    shapes_learn(&fast->shapes, &fast->walk);
    batch->start[lane] = (uint32_t)(fast->slice - batch->block->bytes.data) + record.start;
    batch->len[lane] = newline - record.start + 1;
    batch->n++;
    return true;
}

const char *json_fast_records(struct json_fast *fast, const char *p, const char *end,
                              struct batch *batch)
{
    while (p < end) {
        bool known = fast->slice != NULL && fast->slice + next_start(fast) == p &&
                     fast->row <= fast->marks.n;
        if (!known && !start_slice(fast, p, end))
            return p;
        bool walk = !take_rows(fast, batch);
        p = fast->slice + next_start(fast);
        if (walk && !walk_next(fast, batch))
            return p;
        p = fast->slice + next_start(fast);
    }
    return p;
}
