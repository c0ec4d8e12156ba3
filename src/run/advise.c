#include "run/advise.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/width.h"
#include "engine/table.h"
#include "run/spread.h"
#include "time/duration.h"
#include "time/watermark.h"

/* In parts of ten thousand. */
static const unsigned shares[] = {5000, 9000, 9900, 9990, 9999, 10000};
enum { N_SHARES = sizeof shares / sizeof shares[0], WHOLE = 10000 };

struct advise {
    bool by_source;
    size_t source_column;
    struct clocks *clocks; /* at delay 0 */
    struct spread all;
    struct table sources; /* value of --source -> its struct spread */
};

struct advise *advise_new(const struct plan *plan, uint64_t key_seed)
{
    const struct clocks_options options = {
        .max_jump_ns = plan->max_jump_ns,
        .sources = plan->sources > 0 ? plan->sources : 1,
        .key_seed = key_seed,
    };
    struct advise *a = memory_calloc(1, sizeof *a);
    a->by_source = plan->has_source;
    a->source_column = plan->source_column;
    a->clocks = clocks_new(&options);
    if (plan->n_inputs > 1 && !plan->has_source)
        clocks_announce(a->clocks, (uint32_t)plan->n_inputs);
    table_init(&a->sources, sizeof(struct spread));
    return a;
}

static struct spread *spread_of(struct cell *cell)
{
    return (void *)cell_accs(cell);
}

void advise_free(struct advise *a)
{
    if (a == NULL)
        return;
    for (uint32_t i = 0; i < a->sources.n; i++)
        spread_free(spread_of(table_cell(&a->sources, i)));
    table_free(&a->sources);
    spread_free(&a->all);
    clocks_free(a->clocks);
    free(a);
}

/* How far a time lies behind a clock, if it does. */
static int64_t disorder(bool started, int64_t clock_ns, int64_t time_ns)
{
    return started && time_ns < clock_ns ? time_sub(clock_ns, time_ns) : 0;
}

static void add_to_source(struct advise *a, const struct keys *sources, size_t i, int64_t time_ns)
{
    uint32_t len;
    const unsigned char *key = keys_at(sources, i, &len);
    bool made;
    struct cell *cell = table_get(&a->sources, sources->hash[i], key, len, &made);
    if (made)
        *spread_of(cell) = (struct spread){0};
    int64_t clock_ns = 0;
    bool started = clocks_of_source(a->clocks, sources->hash[i], key, len, &clock_ns);
    spread_add(spread_of(cell), disorder(started, clock_ns, time_ns));
}

void advise_consume(struct advise *a, const struct batch *batch, const struct keys *sources,
                    uint32_t file, size_t from, size_t to)
{
    const struct value *values = a->by_source ? batch->columns[a->source_column] : NULL;
    for (size_t i = from; i < to; i++) {
        int64_t time_ns = batch->time_ns[i];
        if (a->by_source)
            add_to_source(a, sources, i, time_ns);
        spread_add(&a->all, disorder(clocks_finite(a->clocks), clocks_now_ns(a->clocks), time_ns));
        clocks_move(a->clocks, batch->time_ns, values, file, i, i + 1);
    }
}

void advise_end(struct advise *a, uint32_t file)
{
    clocks_end(a->clocks, file);
}

void advise_tell(const struct advise *a, struct watermark *w)
{
    w->finite = clocks_finite(a->clocks);
    w->now_ns = clocks_now_ns(a->clocks);
    w->clock_ns = clocks_highest_ns(a->clocks);
    w->started = w->clock_ns != INT64_MIN;
}

/* ceil(n * share), without overflow. */
static uint64_t covered(uint64_t n, unsigned share)
{
    return n / WHOLE * share + (n % WHOLE * share + WHOLE - 1) / WHOLE;
}

static void put_share(struct buf *to, unsigned share)
{
    if (share == WHOLE)
        buf_puts(to, "1");
    else
        buf_printf(to, "0.%s",
                   share == 5000   ? "5"
                   : share == 9000 ? "9"
                   : share == 9900 ? "99"
                   : share == 9990 ? "999"
                                   : "9999");
}

/* Would a reader take the text, as it stands, for something else, or not see it? */
static bool needs_quotes(const struct value *text)
{
    static const char *const words[] = {"null", "false", "true"};
    struct value number;
    if (text->len == 0 || *text->text == '"' || *text->text == ' ' ||
        text->text[text->len - 1] == ' ' ||
        number_parse(text->text, text->len, &number) == NUMBER_OK)
        return true;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i]) == text->len && memcmp(words[i], text->text, text->len) == 0)
            return true;
    return false;
}

/* In the table a text stands as it is, as far as that is clear and a terminal may have it. */
static void put_source(struct buf *to, const struct cell *cell, bool json)
{
    struct buf scratch = {0}, quoted = {0};
    const unsigned char *at = cell == NULL ? NULL : cell_key(cell);
    struct value v;
    if (cell != NULL && !json && value_decode(&at, at + cell->key_len, &v, &scratch) &&
        v.kind == VALUE_STRING && !needs_quotes(&v)) {
        width_put_safe(to, v.text, v.len);
    } else {
        json_text_encoded(&quoted, cell == NULL ? NULL : cell_key(cell),
                          cell == NULL ? 0 : cell->key_len);
        if (json)
            buf_put(to, quoted.data, quoted.len);
        else
            width_put_safe(to, quoted.data, quoted.len);
    }
    buf_free(&quoted);
    buf_free(&scratch);
}

/* What is as long as can be told is longer, or may be, and so is no delay. */
void advise_put_delay(struct buf *to, int64_t ns)
{
    if (ns == INT64_MAX)
        buf_puts(to, "all");
    else
        duration_print(to, ns);
}

static void print_json(struct spread *s, const struct cell *cell, struct buf *to)
{
    for (size_t i = 0; i < N_SHARES && s->n > 0; i++) {
        uint64_t late;
        int64_t delay_ns = spread_at(s, covered(s->n, shares[i]), &late);
        buf_puts(to, "{\"source\":");
        put_source(to, cell, true);
        buf_puts(to, ",\"share\":");
        put_share(to, shares[i]);
        buf_puts(to, ",\"delay\":\"");
        advise_put_delay(to, delay_ns);
        buf_printf(to, "\",\"late\":%llu,\"records\":%llu}\n", (unsigned long long)late,
                   (unsigned long long)s->n);
    }
}

static void print_table(struct spread *s, const struct cell *cell, struct buf *to)
{
    struct buf delay = {0};
    buf_puts(to, cell == NULL ? "all records" : "source ");
    if (cell != NULL)
        put_source(to, cell, false);
    buf_printf(to, ": %llu\n", (unsigned long long)s->n);
    for (size_t i = 0; i < N_SHARES && s->n > 0; i++) {
        uint64_t late;
        delay.len = 0;
        advise_put_delay(&delay, spread_at(s, covered(s->n, shares[i]), &late));
        buf_printf(to, "  %7.4g %%  --delay %-20s %12llu late\n", shares[i] / 100.0,
                   buf_cstr(&delay), (unsigned long long)late);
    }
    buf_free(&delay);
}

void advise_print(struct advise *a, bool json, struct buf *to)
{
    void (*print)(struct spread *, const struct cell *, struct buf *) =
        json ? print_json : print_table;
    print(&a->all, NULL, to);
    if (!a->by_source)
        return;
    struct sorted_cell *cells = memory_calloc(a->sources.n + (size_t)1, sizeof *cells);
    for (uint32_t i = 0; i < a->sources.n; i++)
        cells[i] = sorted_cell(table_cell(&a->sources, i));
    cells_sort(cells, a->sources.n);
    for (uint32_t i = 0; i < a->sources.n; i++)
        if (cells[i].cell != NULL) /* it never is; the analyser can't know */
            print(spread_of(cells[i].cell), cells[i].cell, to);
    free(cells);
}
