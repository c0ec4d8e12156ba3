/*
 * The first aggregate, drawn. Without keys a line for each row, as it comes:
 *
 *     2024-05-01 11:00  12:00      8449  ██████████████████▋
 *
 * With keys a line for each of them, a column for each window, at the end, or on a terminal again
 * and again in the same place:
 *
 *     host    p95   min    max  11:00             12:00
 *     web0  100.7  78.8  133.7  ▆▅▆▅▄▅▅▅▇▅▆▅▆▅▄▆▇▅▅▅▆▆▆
 *
 * Bars and columns begin at zero, or at the least value if that is below.
 */
#include <math.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/terminal.h"
#include "base/width.h"
#include "output/bounds_text.h"
#include "output/writer_ops.h"

enum { MOST_POINTS = 512, EIGHTHS = 8, DRAW_NS = 100000000 };

/* Of a line with a bar: a narrower terminal wraps it; the blanks between and behind. */
enum { LEAST_COLUMNS = 20, LEAST_BAR = 8, SHORT_BAR = 3, GAPS = 5 };

/* What stands before the bar gets shorter, one step after the other, until there is room. */
enum fit {
    FIT_ALL,    /* both bounds */
    FIT_START,  /* the first of them */
    FIT_TIME,   /* without its day or, of a window of days, without the time */
    FIT_DIGITS, /* fewer digits, no blanks before them for longer ones, and shorter bars */
};

/* A window's result for a key. */
struct point {
    int64_t start_ns, end_ns;
    double value;
    bool is_number;
    char *text;
};

struct line {
    char *key; /* canonical, key_len bytes */
    size_t key_len;
    char *text; /* its columns, with a separator between */
    size_t text_len;
    struct point *points; /* by window; the last MOST_POINTS of them */
    size_t n, capacity;
};

struct writer_chart {
    int terminal_fd;   /* that it is drawn on again and again; -1: none */
    int size_fd;       /* whose width it has */
    size_t row_at;     /* in the output: what stands from there is not for it */
    bool comes;        /* the row is a result; else it takes one back */
    struct line *line; /* of the row */
    struct point now;
    void *tree; /* of lines, by key */
    size_t n_lines;
    double scale;   /* of bars: what fills the line */
    size_t columns; /* of the terminal, when it was last looked at */
    enum fit fit;
    size_t value_width, bounds_width;
    size_t drawn; /* lines on the terminal */
    int64_t due_ns;
    bool changed;
};

static int compare_lines(const void *pa, const void *pb)
{
    const struct line *a = pa, *b = pb;
    size_t len = a->key_len < b->key_len ? a->key_len : b->key_len;
    int order = memcmp(a->key, b->key, len);
    return order != 0 ? order : (a->key_len > b->key_len) - (a->key_len < b->key_len);
}

static void chart_init(struct writer *w)
{
    struct writer_chart *c = memory_calloc(1, sizeof *c);
    w->chart = c;
    c->size_fd = w->options.fd;
    c->terminal_fd = w->options.styled ? w->options.fd : -1;
}

static void free_line(void *p)
{
    struct line *line = p;
    for (size_t i = 0; i < line->n; i++)
        free(line->points[i].text);
    free(line->points);
    free(line->text);
    free(line->key);
    free(line);
}

static void chart_free(struct writer *w)
{
    tdestroy(w->chart->tree, free_line);
    free(w->chart);
}

static void chart_begin(struct writer *w, struct buf *to, const char *op)
{
    struct writer_chart *c = w->chart;
    c->row_at = to->len;
    c->comes = op[0] != '-';
    c->now = (struct point){.start_ns = w->start_ns, .end_ns = w->end_ns};
}

static void chart_bounds(struct writer *w, struct buf *to, int64_t start_ns, int64_t end_ns)
{
    (void)w, (void)start_ns, (void)end_ns;
    buf_putc(to, ' '); /* they are not empty, and not used */
}

static void put_datum(struct buf *to, const struct datum *d)
{
    if (d->kind == DATUM_FALSE || d->kind == DATUM_TRUE)
        buf_puts(to, d->kind == DATUM_TRUE ? "true" : "false");
    else if (d->kind != DATUM_NULL)
        width_put_safe(to, d->text, d->len);
}

static void chart_key(struct writer *w, struct buf *to, size_t i, const struct datum *d)
{
    (void)w;
    if (i > 0)
        buf_putc(to, '\x1f');
    put_datum(to, d);
}

static void chart_results(struct writer *w, struct buf *to, const struct datum *results,
                          uint64_t pane, const char *timing)
{
    struct buf text = {0};
    (void)to, (void)pane, (void)timing;
    put_datum(&text, &results[0]);
    w->chart->now.is_number = results[0].kind == DATUM_NUMBER;
    w->chart->now.text = memory_strdup(buf_cstr(&text));
    w->chart->now.value = w->chart->now.is_number ? strtod(w->chart->now.text, NULL) : 0;
    buf_free(&text);
}

/* Where a window's point stands in the line, or would stand. */
static bool find_point(const struct line *line, const struct point *p, size_t *place)
{
    size_t low = 0, high = line->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct point *at = &line->points[middle];
        if (at->start_ns < p->start_ns || (at->start_ns == p->start_ns && at->end_ns < p->end_ns))
            low = middle + 1;
        else
            high = middle;
    }
    *place = low;
    return low < line->n && line->points[low].start_ns == p->start_ns &&
           line->points[low].end_ns == p->end_ns;
}

static void remove_point(struct line *line, size_t place)
{
    free(line->points[place].text);
    memmove(line->points + place, line->points + place + 1,
            (--line->n - place) * sizeof *line->points);
}

static void set_point(struct line *line, struct point *p)
{
    size_t place;
    if (find_point(line, p, &place)) {
        free(line->points[place].text);
        line->points[place] = *p;
        return;
    }
    if (line->n == MOST_POINTS && place == 0) {
        free(p->text); /* too old to be drawn */
        return;
    }
    if (line->n == MOST_POINTS) {
        remove_point(line, 0);
        place--;
    }
    if (line->n == line->capacity) {
        line->capacity = line->capacity * 2 + 8;
        line->points = memory_realloc(line->points, line->capacity * sizeof *line->points);
    }
    memmove(line->points + place + 1, line->points + place,
            (line->n++ - place) * sizeof *line->points);
    line->points[place] = *p;
}

/* The line of the row's key, whose texts stand in the output. */
static struct line *find_line(struct writer *w, const char *text, size_t len)
{
    struct writer_chart *c = w->chart;
    struct line wanted = {.key = (char *)w->key, .key_len = w->key_len};
    struct line **found = tsearch(&wanted, &c->tree, compare_lines);
    if (found == NULL) {
        memory_exhausted(0);
        return NULL; /* never: for checkers that don't know */
    }
    if (*found != &wanted)
        return *found;
    struct line *line = memory_calloc(1, sizeof *line);
    line->key = memory_strndup(w->key, w->key_len);
    line->key_len = w->key_len;
    line->text = memory_strndup(text, len);
    line->text_len = len;
    *found = line;
    c->n_lines++;
    return line;
}

/* A round number that is not below: 1, 2 or 5 times a power of ten; itself if that is no double. */
static double round_up(double value)
{
    double power = 1;
    while (power * 10 <= value) /* infinity is not */
        power *= 10;
    while (power > value && power > 1e-300)
        power /= 10;
    double factor = value <= power ? 1 : value <= 2 * power ? 2 : value <= 5 * power ? 5 : 10;
    return isfinite(factor * power) ? factor * power : value;
}

/* Eighths of a block. */
static void put_bar(struct buf *to, double share, size_t columns)
{
    static const char *const parts[EIGHTHS] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    size_t eighths = (size_t)(share * (double)(columns * EIGHTHS) + 0.5);
    for (size_t i = 0; i < eighths / EIGHTHS; i++)
        buf_puts(to, "█");
    buf_puts(to, parts[eighths % EIGHTHS]);
}

static void put_blanks(struct buf *to, size_t n)
{
    memset(buf_reserve(to, n), ' ', n);
    to->len += n;
}

static void put_right(struct buf *to, const char *text, size_t len, size_t columns)
{
    size_t width = width_of(text, len);
    put_blanks(to, columns > width ? columns - width : 0);
    buf_put(to, text, len);
}

static void put_left(struct buf *to, const char *text, size_t len, size_t columns)
{
    size_t width = width_of(text, len);
    buf_put(to, text, len);
    put_blanks(to, columns > width ? columns - width : 0);
}

/* A line is cut where the terminal ends. */
static void put_cut(struct buf *to, const struct buf *line, size_t columns)
{
    size_t len = width_prefix(line->data, line->len, columns);
    while (len > 0 && line->data[len - 1] == ' ')
        len--;
    buf_put(to, line->data, len);
    buf_putc(to, '\n');
}

/* Of the bounds, as much as there is room for. */
static void put_bounds(struct writer *w, struct buf *text)
{
    enum { DATE = 10 }; /* length of "2024-05-01" */
    static const int64_t day_ns = INT64_C(86400000000000);
    const struct writer_chart *c = w->chart;
    const struct point *p = &c->now;
    struct buf bounds[2] = {{0}, {0}};
    bounds_text(&w->options, p->start_ns, p->end_ns, bounds);
    bool dated = time_unit_is_text(w->options.time_unit) && bounds[0].len > DATE;
    bool in_day = p->start_ns > p->end_ns - day_ns;
    if (c->fit < FIT_TIME || !dated)
        buf_put(text, bounds[0].data, bounds[0].len);
    else if (in_day)
        buf_put(text, bounds[0].data + DATE + 1, bounds[0].len - DATE - 1);
    else
        buf_put(text, bounds[0].data, DATE);
    if (c->fit < FIT_START && bounds[1].len > 0) {
        buf_puts(text, "  ");
        buf_put(text, bounds[1].data, bounds[1].len);
    }
    buf_free(&bounds[0]);
    buf_free(&bounds[1]);
}

/* The value; of a number that is too long for the line, the digits that there is room for. */
static void put_value(const struct writer_chart *c, size_t columns, struct buf *text)
{
    enum { LEAST_VALUE = 5, MOST_DIGITS = 17 }; /* 1e+06; what a double has */
    const struct point *p = &c->now;
    size_t taken = c->bounds_width + GAPS + SHORT_BAR;
    size_t room = columns > taken + LEAST_VALUE ? columns - taken : LEAST_VALUE;
    buf_puts(text, p->text);
    if (c->fit < FIT_DIGITS || !p->is_number)
        return;
    for (int digits = MOST_DIGITS; digits > 0 && text->len > room; digits--) {
        text->len = 0;
        buf_printf(text, "%.*g", digits, p->value);
    }
}

/* The texts before the bar, no wider than leaves it some room; what once was too wide stays short.
 */
static void fit_bar(struct writer *w, size_t columns, struct buf *bounds, struct buf *value)
{
    enum { VALUE_WIDTH = 8 };
    struct writer_chart *c = w->chart;
    if (c->columns != columns)
        c->fit = FIT_ALL;
    c->columns = columns;
    for (;; c->fit++, c->bounds_width = c->value_width = 0) {
        bounds->len = value->len = 0;
        put_bounds(w, bounds);
        c->bounds_width = bounds->len > c->bounds_width ? bounds->len : c->bounds_width;
        put_value(c, columns, value);
        size_t width = width_of(value->data, value->len);
        if (!c->now.is_number && width > VALUE_WIDTH) /* a text stands where its bar would be */
            width = VALUE_WIDTH;
        if (c->fit < FIT_DIGITS && width < VALUE_WIDTH)
            width = VALUE_WIDTH;
        c->value_width = width > c->value_width ? width : c->value_width;
        size_t room = columns > c->bounds_width + 2 ? columns - c->bounds_width - 2 : 0;
        if (c->fit == FIT_DIGITS && c->value_width > room) /* bounds grew: not at its expense */
            c->value_width = width > room ? width : room;
        if (c->fit == FIT_DIGITS || c->bounds_width + c->value_width + GAPS + LEAST_BAR <= columns)
            return;
    }
}

/* Without keys: the row becomes a line at once. */
static void draw_bar(struct writer *w, struct buf *to)
{
    struct writer_chart *c = w->chart;
    struct point *p = &c->now;
    struct buf bounds = {0}, value = {0}, line = {0};
    size_t columns = terminal_columns(c->size_fd);
    columns = columns > LEAST_COLUMNS ? columns : LEAST_COLUMNS;
    fit_bar(w, columns, &bounds, &value);
    put_left(&line, bounds.data, bounds.len, c->bounds_width);
    if (bounds.len > 0)
        buf_puts(&line, "  ");
    put_right(&line, value.data, value.len, c->value_width);
    size_t used = c->bounds_width + c->value_width + GAPS;
    if (p->is_number && p->value > 0) {
        c->scale = p->value > c->scale ? round_up(p->value) : c->scale;
        buf_puts(&line, "  ");
        put_bar(&line, p->value / c->scale, columns > used ? columns - used : 1);
    }
    size_t texts =
        c->bounds_width + c->value_width + 2; /* a value is not cut, it would be another */
    put_cut(to, &line, columns > texts ? columns : texts);
    free(p->text);
    buf_free(&bounds);
    buf_free(&value);
    buf_free(&line);
}

static void chart_end(struct writer *w, struct buf *to, const char *id)
{
    struct writer_chart *c = w->chart;
    size_t place;
    (void)id;
    if (w->options.n_keys == 0) {
        to->len = c->row_at;
        if (c->comes)
            draw_bar(w, to);
        return;
    }
    struct line *line = find_line(w, to->data + c->row_at, to->len - c->row_at);
    to->len = c->row_at;
    if (c->comes)
        set_point(line, &c->now);
    else if (find_point(line, &c->now, &place))
        remove_point(line, place);
    c->changed = true;
}

/* What is drawn of all keys. */
struct drawing {
    struct writer *w;
    const struct line **lines; /* in the order of their keys as they are shown */
    size_t n;
    size_t *key_width; /* of each key column */
    size_t number_width[3];
    struct point *windows; /* whose columns are drawn */
    size_t n_windows;
};

static void collect(const void *node, VISIT which, void *closure)
{
    struct drawing *d = closure;
    if (which == postorder || which == leaf)
        d->lines[d->n++] = *(struct line *const *)node;
}

static int compare_points(const void *pa, const void *pb)
{
    const struct point *a = pa, *b = pb;
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns ? -1 : 1;
    return (a->end_ns > b->end_ns) - (a->end_ns < b->end_ns);
}

/* The windows of all lines, each once, the last ones if they are many. */
static void collect_windows(struct drawing *d)
{
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < d->n; i++)
        n += d->lines[i]->n;
    d->windows = memory_calloc(n + 1, sizeof *d->windows);
    n = 0;
    for (size_t i = 0; i < d->n; i++) {
        memcpy(d->windows + n, d->lines[i]->points, d->lines[i]->n * sizeof *d->windows);
        n += d->lines[i]->n;
    }
    qsort(d->windows, n, sizeof *d->windows, compare_points);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || compare_points(&d->windows[kept - 1], &d->windows[i]) != 0)
            d->windows[kept++] = d->windows[i];
    d->n_windows = kept;
}

/* The points whose numbers are shown: the last, the least, the greatest. */
static void shown_points(const struct line *line, const struct point *shown[3])
{
    shown[0] = line->n > 0 ? &line->points[line->n - 1] : NULL;
    shown[1] = shown[2] = NULL;
    for (size_t i = 0; i < line->n; i++) {
        const struct point *p = &line->points[i];
        if (!p->is_number)
            continue;
        shown[1] = shown[1] == NULL || p->value < shown[1]->value ? p : shown[1];
        shown[2] = shown[2] == NULL || p->value > shown[2]->value ? p : shown[2];
    }
}

/* Piece i of the texts of a key. */
static const char *key_cell(const struct line *line, size_t i, size_t *len)
{
    const char *at = line->text, *end = at + line->text_len;
    for (; i > 0; i--)
        at = (const char *)memchr(at, '\x1f', (size_t)(end - at)) + 1;
    const char *stop = memchr(at, '\x1f', (size_t)(end - at));
    *len = (size_t)((stop == NULL ? end : stop) - at);
    return at;
}

static const char *number_name(const struct drawing *d, size_t i)
{
    return i == 0 ? d->w->options.results[0] : i == 1 ? "min" : "max";
}

static void measure(struct drawing *d)
{
    const struct writer_options *o = &d->w->options;
    for (size_t k = 0; k < o->n_keys; k++)
        d->key_width[k] = width_of(o->keys[k], strlen(o->keys[k]));
    for (size_t i = 0; i < 3; i++)
        d->number_width[i] = width_of(number_name(d, i), strlen(number_name(d, i)));
    for (size_t i = 0; i < d->n; i++) {
        const struct point *shown[3];
        shown_points(d->lines[i], shown);
        for (size_t k = 0; k < o->n_keys; k++) {
            size_t len;
            const char *cell = key_cell(d->lines[i], k, &len);
            size_t width = width_of(cell, len);
            d->key_width[k] = width > d->key_width[k] ? width : d->key_width[k];
        }
        for (size_t k = 0; k < 3; k++) {
            size_t width = shown[k] == NULL ? 0 : width_of(shown[k]->text, strlen(shown[k]->text));
            d->number_width[k] = width > d->number_width[k] ? width : d->number_width[k];
        }
    }
}

static void put_sparks(struct drawing *d, struct buf *to, const struct line *line,
                       const struct point *shown[3])
{
    static const char *const levels[EIGHTHS] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double low = shown[1] != NULL && shown[1]->value < 0 ? shown[1]->value : 0;
    /* Halves, whose difference is never infinite. */
    double span = shown[2] != NULL ? shown[2]->value / 2 - low / 2 : 0;
    for (size_t i = 0; i < d->n_windows; i++) {
        size_t place;
        bool there = find_point(line, &d->windows[i], &place) && line->points[place].is_number;
        double share = there && span > 0 ? (line->points[place].value / 2 - low / 2) / span : 0;
        size_t level = (size_t)(share * (EIGHTHS - 1) + 0.5);
        buf_puts(to, there ? levels[level] : " ");
    }
}

/* The first window's start, and the last one's where there is room. */
static void put_times(struct drawing *d, struct buf *to)
{
    struct buf text[2] = {{0}, {0}};
    if (d->n_windows > 0) {
        int64_t first_ns = d->windows[0].start_ns, last_ns = d->windows[d->n_windows - 1].start_ns;
        bounds_text(&d->w->options, first_ns, last_ns, text);
        buf_put(to, text[0].data, text[0].len);
        if (last_ns != first_ns && text[0].len + 2 + text[1].len <= d->n_windows) {
            put_blanks(to, d->n_windows - text[0].len - text[1].len);
            buf_put(to, text[1].data, text[1].len);
        }
    }
    buf_free(&text[0]);
    buf_free(&text[1]);
}

static void draw_head(struct drawing *d, struct buf *line)
{
    const struct writer_options *o = &d->w->options;
    for (size_t k = 0; k < o->n_keys; k++) {
        put_left(line, o->keys[k], strlen(o->keys[k]), d->key_width[k]);
        buf_puts(line, "  ");
    }
    for (size_t k = 0; k < 3; k++) {
        put_right(line, number_name(d, k), strlen(number_name(d, k)), d->number_width[k]);
        buf_puts(line, "  ");
    }
}

static void draw_line(struct drawing *d, struct buf *to, const struct line *one)
{
    const struct point *shown[3];
    shown_points(one, shown);
    for (size_t k = 0; k < d->w->options.n_keys; k++) {
        size_t len;
        const char *cell = key_cell(one, k, &len);
        put_left(to, cell, len, d->key_width[k]);
        buf_puts(to, "  ");
    }
    for (size_t k = 0; k < 3; k++) {
        const char *text = shown[k] == NULL ? "" : shown[k]->text;
        put_right(to, text, strlen(text), d->number_width[k]);
        buf_puts(to, "  ");
    }
    put_sparks(d, to, one, shown);
}

/* As many of the last windows as there is room for. */
static void fit_windows(struct drawing *d, size_t columns)
{
    size_t used = 0;
    for (size_t k = 0; k < d->w->options.n_keys; k++)
        used += d->key_width[k] + 2;
    for (size_t k = 0; k < 3; k++)
        used += d->number_width[k] + 2;
    size_t room = columns > used ? columns - used : 1;
    if (d->n_windows > room) {
        d->windows += d->n_windows - room;
        d->n_windows = room;
    }
}

static void draw(struct writer *w, struct buf *to)
{
    struct writer_chart *c = w->chart;
    size_t columns = terminal_columns(c->size_fd);
    size_t rows = c->terminal_fd >= 0 ? terminal_rows(c->size_fd) - 1 : SIZE_MAX;
    struct buf line = {0};
    struct drawing d = {.w = w,
                        .lines = memory_calloc(c->n_lines + 1, sizeof *d.lines),
                        .key_width = memory_calloc(w->options.n_keys, sizeof *d.key_width)};
    twalk_r(c->tree, collect, &d);
    collect_windows(&d);
    struct point *windows = d.windows;
    measure(&d);
    fit_windows(&d, columns);
    if (c->drawn > 0)
        buf_printf(to, "\x1b[%zuA\x1b[J", c->drawn);
    draw_head(&d, &line);
    put_times(&d, &line);
    put_cut(to, &line, columns);
    size_t room = rows > 2 ? rows - 1 : 1, shown = d.n <= room ? d.n : room - 1;
    for (size_t i = 0; i < shown; i++) {
        line.len = 0;
        draw_line(&d, &line, d.lines[i]);
        put_cut(to, &line, columns);
    }
    if (shown < d.n)
        buf_printf(to, "and %zu more\n", d.n - shown);
    c->drawn = c->terminal_fd >= 0 ? 1 + shown + (shown < d.n) : 0;
    c->changed = false;
    free(windows);
    free(d.lines);
    free(d.key_width);
    buf_free(&line);
}

static void chart_commit(struct writer *w, struct buf *to)
{
    struct writer_chart *c = w->chart;
    if (!c->changed || c->terminal_fd < 0)
        return;
    int64_t now_ns = clock_monotonic_ns();
    if (now_ns < c->due_ns)
        return;
    c->due_ns = now_ns + DRAW_NS;
    draw(w, to);
}

static void chart_finish(struct writer *w, struct buf *to)
{
    if (w->options.n_keys > 0 && (w->chart->changed || w->chart->drawn == 0))
        draw(w, to);
}

static void chart_interrupt(struct writer *w)
{
    w->chart->drawn = 0;
}

const struct writer_ops writer_chart = {
    .init = chart_init,
    .begin = chart_begin,
    .bounds = chart_bounds,
    .takes_back_by_id = true,
    .key = chart_key,
    .results = chart_results,
    .end = chart_end,
    .commit = chart_commit,
    .finish = chart_finish,
    .interrupt = chart_interrupt,
    .free = chart_free,
};
