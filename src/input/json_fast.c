#include "input/json_fast.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "input/batch.h"
#include "input/fields.h"
#include "input/json_fast_columns.h"
#include "input/json_fast_members.h"
#include "input/json_fast_projection.h"
#include "input/json_fast_shape.h"
#include "input/json_fast_text.h"
#include "input/json_fast_walk.h"
#include "scan/vectors.h"

enum {
    /*
     * Rows are read column by column. Where one of them is not plain, what was read of those behind
     * it is thrown away; so a group shrinks when that happens, and doubles again when not.
     */
    MOST_GROUP = SPANS_MOST_ROWS,
    /*
     * A record that no shape fits is walked, and its outline learnt. Where that is one in four, of
     * so many, shapes are not worth a look: so many records are read by their outlines, and twice
     * as many the next time, to a limit.
     */
    TRIED_ROWS = 128,
    FIRST_WALKS = 1024,
    MOST_WALKS = 65536
};

/* The next records: row i has marks.at[row[i] .. row[i + 1]). */
struct matched {
    size_t n;
    size_t n_spans;
    const struct marks_odd *odd; /* blocks before lie before the next row to be walked */
    bool mixed;                  /* of several shapes, or some of a shape and some not */
    bool escapes;                /* some have backslashes */
    bool high;                   /* some have bytes that are not ASCII */
    bool learn;                  /* the last one was walked for want of a shape: it has one now */
    bool stuck; /* the record behind them is not plain; else it is not known to be */
    const struct shape *shape[MOST_GROUP]; /* SPANS: none, its values are noted */
    uint32_t row[MOST_GROUP + 1], lane[MOST_GROUP];
};

static const struct shape no_shape;
static const struct shape *const SPANS = &no_shape;

/* How well shapes do. */
struct luck {
    size_t tried, missed; /* rows, of late */
    size_t walks;         /* so many are to be walked without looking for a shape */
    size_t next_walks;
    bool walk_first; /* the next one is to be, in any case */
};

struct json_fast {
    const struct input_options *options;
    const struct vectors *vectors;
    struct projection projection;
    struct columns_reader reader;
    struct shapes shapes;
    struct spans spans;
    struct walk walk;
    struct members members;
    struct luck luck;
    size_t group; /* how many rows to try next */

    const char *slice;           /* what the marks are of; NULL: nothing */
    bool by_outline;             /* which marks they are */
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
    projection_init(&fast->projection, options);
    spans_init(&fast->spans, &fast->projection);
    fast->walk.spans = &fast->spans;
    json_fast_forget(fast);
    json_fast_use(fast, 0);
    return fast;
}

void json_fast_forget(struct json_fast *fast)
{
    shapes_free(&fast->shapes);
    projection_forget(&fast->projection);
    fast->members = (struct members){.spans = &fast->spans, .marker = fast->members.marker};
    fast->luck = (struct luck){.next_walks = FIRST_WALKS};
    fast->group = MOST_GROUP;
    json_fast_begin(fast);
}

void json_fast_free(struct json_fast *fast)
{
    if (fast == NULL)
        return;
    spans_free(&fast->spans);
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
    fast->reader.marker = fast->walk.marker = fast->members.marker = vectors->marker;
    return true;
}

void json_fast_by_outline(struct json_fast *fast)
{
    fast->luck.walks = SIZE_MAX;
}

void json_fast_begin(struct json_fast *fast)
{
    fast->slice = NULL;
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
        if (!json_fast_escape(r->slice + at + 1, &r->second))
            return false;
    }
    return true;
}

/* Steps over odd blocks that lie before `start`. */
static inline const struct marks_odd *skip_odd(const struct marks_odd *odd, uint32_t start)
{
    while (odd->at < start && start - odd->at >= MARKS_BLOCK)
        odd++;
    return odd;
}

/*
 * Are the escapes of the record at [start, newline] of the slice valid, where mostly nothing is
 * odd? Notes in `m` what there is. Bytes of a string need be UTF-8 only where it is wanted, which
 * is seen when it is read; but if what is no UTF-8 could make a name that is wanted, all must be.
 */
static bool check_odd(const struct json_fast *fast, const struct marks_odd **odd, uint32_t start,
                      uint32_t newline, struct matched *m)
{
    struct odd_record record = {fast->slice, start, newline, false};
    bool high = false;
    *odd = skip_odd(*odd, start);
    for (const struct marks_odd *block = *odd; block->at < newline; block++) {
        if (!check_escapes(&record, block, &m->escapes))
            return false;
        high = high || block->high;
    }
    m->high = m->high || high;
    return !high || !fast->projection.repairs || utf8_valid(fast->slice + start, newline - start);
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

/* Marks what starts at p; false if that is not even one whole line, or is too long, or wrong. */
static bool start_slice(struct json_fast *fast, const char *p, const char *end)
{
    const struct marker *marker = fast->vectors->marker;
    size_t left = (size_t)(end - p);
    fast->slice = NULL;
    fast->by_outline = fast->luck.walks > 0;
    fast->marks.wrong = false;
    for (size_t len = MARKS_SLICE;; len *= 2) {
        size_t some = left < len ? left : len;
        marks_reserve(&fast->marks, len);
        (fast->by_outline ? marker->outline : marker->json)(&fast->marks, p, some);
        if (fast->marks.n > 0)
            break;
        if (some == left || len >= MARKS_LONGEST_SLICE || fast->marks.wrong)
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

/* How many marks the record has that starts with this one; the last is its newline. */
static size_t count_marks(const struct json_fast *fast, const uint32_t *marks)
{
    size_t n = 0;
    while (fast->slice[marks[n++]] != '\n')
        ;
    return n;
}

/* The next row is one whose values are noted. */
static void begin_spans(struct json_fast *fast)
{
    if (fast->matched.n_spans++ == 0)
        spans_clear(&fast->spans, fast->marks.n / 2 + 1);
}

/* Walks the record whose marks begin there as the next row. False if it is not plain. */
static bool walk_row(struct json_fast *fast, struct batch *batch, size_t at)
{
    struct matched *m = &fast->matched;
    struct walk_record *record = &fast->walk.record;
    begin_spans(fast);
    fast->spans.arena = &batch->arena;
    record->slice = fast->slice;
    record->marks = fast->marks.at + at;
    record->start = record->marks[-1] + 1;
    record->escapes = false;
    if (m->odd->at != UINT32_MAX) {
        uint32_t newline = record->marks[count_marks(fast, record->marks) - 1];
        if (!check_odd(fast, &m->odd, record->start, newline, m))
            return false;
        record->escapes = m->escapes;
    }
    return walk_record(&fast->walk, (uint32_t)m->n) > 0;
}

/* The next row, whose marks begin there: of some shape, or walked. False if it is not plain. */
static bool match_row(struct json_fast *fast, struct batch *batch, size_t at)
{
    struct matched *m = &fast->matched;
    const bool look = !(m->n == 0 && fast->luck.walk_first);
    const struct shape *shape =
        look ? find_shape(fast, fast->marks.at + at, fast->marks.n + 1 - at) : NULL;
    size_t n_marks;
    if (shape != NULL) {
        n_marks = shape->n_marks;
    } else {
        if (!walk_row(fast, batch, at))
            return false;
        n_marks = fast->walk.record.n_marks;
        shape = SPANS;
        m->learn = look;
    }
    m->mixed = m->mixed || (m->n > 0 && shape != m->shape[0]);
    m->shape[m->n] = shape;
    m->row[m->n++] = (uint32_t)at;
    m->row[m->n] = (uint32_t)(at + n_marks);
    return true;
}

/* So many rows were read without a look at shapes. */
static void count_walks(struct luck *luck, size_t n)
{
    if (luck->walks != SIZE_MAX)
        luck->walks -= n < luck->walks ? n : luck->walks;
}

/* How the rows did for which shapes were tried. */
static void count_luck(struct luck *luck, size_t n, size_t n_missed)
{
    luck->walk_first = false;
    luck->tried += n;
    luck->missed += n_missed;
    if (luck->missed > TRIED_ROWS / 4) {
        luck->walks = luck->next_walks;
        luck->next_walks = luck->walks < MOST_WALKS ? luck->walks * 2 : luck->walks;
    } else if (luck->tried >= TRIED_ROWS) {
        luck->next_walks = FIRST_WALKS;
    } else {
        return;
    }
    luck->tried = luck->missed = 0;
}

/* Finds the shapes of the next records, fast->group at most, while they are plain. */
static void match_rows(struct json_fast *fast, struct batch *batch)
{
    struct matched *m = &fast->matched;
    const uint32_t *all = fast->marks.at;
    const size_t end = fast->marks.n + 1;
    while (m->n < fast->group && m->row[m->n] < end && !m->learn) {
        size_t at = m->row[m->n];
        const struct shape *shape = m->n == 0 ? SPANS : m->shape[m->n - 1];
        size_t four = shape == SPANS ? 0 : (size_t)shape->n_marks * 4;
        if (four == 0 || m->n + 4 > fast->group || at + four > end ||
            !shape_fits_four(shape, fast->slice, all + at, fast->readable)) {
            m->stuck = !match_row(fast, batch, at);
            if (m->stuck)
                break;
            continue;
        }
        size_t n = m->n;
        for (size_t i = 0; i < 4; i++) {
            m->shape[n + i] = shape;
            at += shape->n_marks;
            m->row[n + i + 1] = (uint32_t)at;
        }
        m->n = n + 4;
    }
    count_luck(&fast->luck, m->n, m->n_spans);
}

/*
 * The mark of the newline that ends the record whose marks begin there, once its values are noted;
 * NULL: it is not plain. Of names that have escapes these are looked at first.
 */
static const uint32_t *outline_row(struct json_fast *fast, const uint32_t *mark)
{
    struct matched *m = &fast->matched;
    const uint32_t row = (uint32_t)m->n;
    const uint32_t start = mark[-1] + 1;
    const uint32_t *newline = mark;
    if (fast->members.escapes) {
        newline += count_marks(fast, mark) - 1;
        return check_odd(fast, &m->odd, start, *newline, m)
                   ? members_walk(&fast->members, mark, row)
                   : NULL;
    }
    newline = members_walk(&fast->members, mark, row);
    if (newline != NULL && m->odd->at < *newline && !check_odd(fast, &m->odd, start, *newline, m))
        return NULL;
    return newline;
}

/* Notes the values of the next records, fast->group at most, while they are plain. */
static void outline_rows(struct json_fast *fast, struct batch *batch)
{
    struct matched *m = &fast->matched;
    const uint32_t *all = fast->marks.at;
    const uint32_t end = (uint32_t)fast->marks.n + 1;
    begin_spans(fast);
    fast->spans.arena = &batch->arena;
    members_begin(&fast->members, fast->slice, &fast->marks);
    while (m->n < fast->group && m->row[m->n] < end) {
        const uint32_t *newline = outline_row(fast, all + m->row[m->n]);
        m->stuck = newline == NULL;
        if (m->stuck)
            break;
        m->shape[m->n++] = SPANS;
        m->row[m->n] = (uint32_t)(newline + 1 - all);
    }
    count_walks(&fast->luck, m->n + m->stuck);
}

/* The next rows: of shapes, or noted. */
static void find_rows(struct json_fast *fast, struct batch *batch)
{
    struct matched *m = &fast->matched;
    m->n = m->n_spans = 0;
    m->odd = fast->odd;
    m->mixed = m->escapes = m->high = m->stuck = m->learn = false;
    m->row[0] = (uint32_t)fast->row;
    if (fast->by_outline)
        outline_rows(fast, batch);
    else
        match_rows(fast, batch);
}

/* Drops the rows from that one on, which is not plain. */
static void drop_rows(struct matched *m, size_t row)
{
    m->n = row;
    m->stuck = true;
}

/* Drops the rows from the first one on that is not sound. Others are. */
static void check_rows(struct json_fast *fast)
{
    struct matched *m = &fast->matched;
    const uint32_t *all = fast->marks.at;
    const struct marks_odd *odd = fast->odd;
    if (odd->at > all[m->row[m->n] - 1])
        return;
    for (size_t i = 0; i < m->n; i++) {
        uint32_t start = all[m->row[i] - 1] + 1, newline = all[m->row[i + 1] - 1];
        if (m->shape[i] != SPANS && odd->at <= newline && !check_odd(fast, &odd, start, newline, m))
            drop_rows(m, i);
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
            drop_rows(m, i);
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
            drop_rows(m, i);
}

/*
 * Reads the rows of one shape. Drops those from the first one on that is not plain: though its text
 * fits, what is in a hole does not, so it is to be walked.
 */
static void read_rows(struct json_fast *fast, struct rows *rows)
{
    struct matched *m = &fast->matched;
    size_t n = rows->n;
    if (rows->shape == SPANS) {
        columns_read_spans(&fast->reader, &fast->spans, rows);
    } else {
        columns_read(&fast->reader, rows);
    }
    if (rows->n == n)
        return;
    drop_rows(m, rows->lane[rows->n] - m->lane[0]);
    m->stuck = rows->shape == SPANS;
    if (!m->stuck)
        fast->luck.walk_first = true;
    fast->luck.missed++;
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

/* Reads the next records, some. Is the one behind them known not to be plain? */
static bool take_rows(struct json_fast *fast, struct batch *batch)
{
    struct matched *m = &fast->matched;
    fast->odd = skip_odd(fast->odd, next_start(fast));
    find_rows(fast, batch);
    size_t tried = m->n;
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
                        .high = m->high,
                        .batch = batch};
    if (m->mixed)
        read_mixed_rows(fast, &rows);
    else if (m->n > 0)
        read_rows(fast, &rows);
    join_times(fast, batch);
    if (m->learn && m->n == tried)
        shapes_learn(&fast->shapes, &fast->walk);
    batch->n += m->n;
    fast->row = m->row[m->n];
    if (m->n < tried)
        fast->group = m->n == 0 ? 1 : m->n;
    else if (fast->group < MOST_GROUP)
        fast->group = fast->group * 2 < MOST_GROUP ? fast->group * 2 : MOST_GROUP;
    return m->stuck;
}

const char *json_fast_records(struct json_fast *fast, const char *p, const char *end,
                              struct batch *batch)
{
    while (p < end) {
        bool known = fast->slice != NULL && fast->slice + next_start(fast) == p &&
                     fast->row <= fast->marks.n && fast->by_outline == (fast->luck.walks > 0);
        if (!known && !start_slice(fast, p, end))
            return p;
        bool stuck = take_rows(fast, batch);
        p = fast->slice + next_start(fast);
        if (stuck) { /* when the caller has read it, we go on behind it */
            fast->row += count_marks(fast, next_marks(fast));
            return p;
        }
    }
    return p;
}
