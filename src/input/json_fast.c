#include "input/json_fast.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "input/batch.h"
#include "input/json_fast_columns.h"
#include "input/json_fast_projection.h"
#include "input/json_fast_shape.h"
#include "input/json_fast_walk.h"
#include "input/vectors.h"

/*
 * Rows are read column by column. Where one of them is not plain, what was read of those behind it
 * is thrown away; so a group shrinks when that happens, and doubles again when not.
 */
enum { MOST_GROUP = 256 };

struct json_fast {
    const struct input_options *options;
    bool usable; /* one time field */
    const struct vectors *vectors;
    struct projection projection;
    struct columns_reader reader;
    struct shapes shapes;
    struct walk walk;
    size_t group; /* how many rows to try next */

    const char *slice;   /* what the marks are of; NULL: nothing */
    size_t readable;     /* so many bytes from there on may be loaded */
    size_t row;          /* in marks.at: the first one of the next record */
    const uint32_t *odd; /* in marks.odd: blocks before lie before the next record */
    struct marks marks;
};

struct json_fast *json_fast_new(const struct input_options *options)
{
    struct json_fast *fast = memory_calloc(1, sizeof *fast);
    fast->options = options;
    fast->reader.projection = &fast->projection;
    fast->reader.units = epoch_units(options->time_format.form);
    json_fast_use(fast, 0);
    fast->group = MOST_GROUP;
    fast->usable = options->n_time == 1;
    if (fast->usable) {
        projection_init(&fast->projection, options);
        walk_init(&fast->walk, &fast->projection);
    }
    return fast;
}

void json_fast_free(struct json_fast *fast)
{
    if (fast == NULL)
        return;
    if (fast->usable) {
        walk_free(&fast->walk);
        projection_free(&fast->projection);
    }
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

/* The character behind a backslash. U+0000 and surrogates are left to the slow path. */
static bool is_escape(const char *p)
{
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
        return is_hex(p[1]) && is_hex(p[2]) && is_hex(p[3]) && is_hex(p[4]) &&
               memcmp(p + 1, "0000", 4) != 0 && (p[1] | 0x20) != 'd';
    default:
        return false;
    }
}

/* Is the record UTF-8, and each backslash the first of a valid escape? It ends with a newline. */
static bool is_sound(const char *record, size_t len, bool *escapes)
{
    const char *end = record + len, *p = record;
    while ((p = memchr(p, '\\', (size_t)(end - p))) != NULL) {
        *escapes = true;
        if (!is_escape(p + 1))
            return false;
        p += 2;
    }
    return utf8_valid(record, len);
}

/* Steps over odd blocks that lie before `start`. */
static inline const uint32_t *skip_odd(const uint32_t *odd, uint32_t start)
{
    while (*odd < start && start - *odd >= MARKS_BLOCK)
        odd++;
    return odd;
}

/* is_sound() for the record at [start, newline] of the slice, where mostly nothing is odd. */
static inline bool check_odd(const char *slice, const uint32_t **odd, uint32_t start,
                             uint32_t newline, bool *escapes)
{
    if (__builtin_expect(**odd > newline, 1))
        return true;
    *odd = skip_odd(*odd, start);
    return **odd > newline || is_sound(slice + start, newline - start + 1, escapes);
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

/* Is nothing odd in these rows, or is it sound? Returns how many before the first one that isn't.
 */
static size_t count_sound(const struct json_fast *fast, const struct shape *shape, size_t n,
                          bool *escapes)
{
    const uint32_t *marks = next_marks(fast), *odd = fast->odd;
    size_t stride = shape->n_marks;
    if (n == 0 || *odd > marks[n * stride - 1])
        return n;
    for (size_t i = 0; i < n; i++, marks += stride)
        if (!check_odd(fast->slice, &odd, marks[-1] + 1, marks[stride - 1], escapes))
            return i;
    return n;
}

/* How many of the next records fit the shape, one behind the other; at most fast->group. */
static size_t count_fitting(const struct json_fast *fast, const struct shape *shape)
{
    const uint32_t *marks = next_marks(fast);
    size_t stride = shape->n_marks, n = 0;
    size_t most = (fast->marks.n + 1 - fast->row) / stride;
    if (most > fast->group)
        most = fast->group;
    while (n + 4 <= most && shape_fits_four(shape, fast->slice, marks, fast->readable)) {
        marks += 4 * stride;
        n += 4;
    }
    while (n < most && shape_fits(shape, fast->slice, marks, fast->readable)) {
        marks += stride;
        n++;
    }
    return n;
}

/* The shape that fits most of the next records before another one does, and how many. */
static size_t find_rows(struct json_fast *fast, bool *escapes)
{
    struct shapes *shapes = &fast->shapes;
    for (size_t i = 0; i < shapes->n; i++) {
        *escapes = false;
        size_t n = count_fitting(fast, shapes->known[i]);
        n = count_sound(fast, shapes->known[i], n, escapes);
        if (n > 0) {
            shapes_use(shapes, i);
            return n;
        }
    }
    return 0;
}

/* Where the records are. Drops those from the first one on that is over the limit. */
static void place_rows(const struct json_fast *fast, struct rows *rows)
{
    uint32_t slice = (uint32_t)(rows->slice - rows->batch->block->bytes.data);
    uint32_t *starts = rows->batch->start + rows->lane, *lens = rows->batch->len + rows->lane;
    const uint32_t *newline = rows->marks - 1;
    uint32_t start = *newline + 1;
    for (size_t i = 0; i < rows->n; i++) {
        newline += rows->shape->n_marks;
        uint32_t len = *newline - start;
        if (len > fast->options->max_record_bytes) {
            rows->n = i;
            return;
        }
        starts[i] = slice + start;
        lens[i] = len + 1;
        start += len + 1;
    }
}

/* Reads the next records that fit some shape; false if the one behind them must be walked. */
static bool take_rows(struct json_fast *fast, struct batch *batch)
{
    struct rows rows = {
        .slice = fast->slice, .marks = next_marks(fast), .batch = batch, .lane = batch->n};
    fast->odd = skip_odd(fast->odd, next_start(fast));
    size_t tried = rows.n = find_rows(fast, &rows.escapes);
    if (tried == 0)
        return false;
    rows.shape = fast->shapes.known[0];
    while (batch->capacity - batch->n < tried)
        batch_grow(batch);
    place_rows(fast, &rows);
    columns_read(&fast->reader, &rows);
    batch->n += rows.n;
    fast->row += rows.n * rows.shape->n_marks;
    if (rows.n < tried)
        fast->group = rows.n == 0 ? 1 : rows.n;
    else if (fast->group < MOST_GROUP)
        fast->group *= 2;
    return rows.n == tried;
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
        !walk_read(&fast->walk, &record, batch, lane))
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
    while (fast->usable && p < end) {
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
