/*
 * SQL that psql, sqlite3 and duckdb read alike:
 *
 *     CREATE TABLE IF NOT EXISTS "t" ("window_start" TEXT, ..., "id" TEXT PRIMARY KEY);
 *     BEGIN;
 *     INSERT INTO "t" VALUES ('2024-...', ..., 3, '5f2c...') ON CONFLICT ("id") DO UPDATE SET ...;
 *     DELETE FROM "t" WHERE "id" = '77ab...';
 *     COMMIT;
 *
 * A result's id is that of its window and key, so that it replaces the one before and a stream
 * that is loaded twice changes nothing. A -U writes nothing: the +U behind it replaces the row.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/say.h"
#include "base/utf8.h"
#include "output/writer_ops.h"

enum { OP_NONE = '\0', OP_INSERT = 'I', OP_UPDATE = 'U', OP_TAKE_BACK = '-', OP_DELETE = 'D' };

static void put_replacement(struct buf *to)
{
    buf_puts(to, "\xef\xbf\xbd"); /* U+FFFD */
}

/* PostgreSQL takes neither U+0000 nor what is no UTF-8. */
static void put_text(struct buf *to, const char *text, size_t len)
{
    buf_putc(to, '\'');
    for (const char *at = text, *end = text + len; at < end;) {
        size_t valid = utf8_valid_prefix(at, (size_t)(end - at));
        for (size_t i = 0; i < valid; i++) {
            if (at[i] == '\'')
                buf_putc(to, '\'');
            if (at[i] == '\0')
                put_replacement(to);
            else
                buf_putc(to, at[i]);
        }
        at += valid;
        if (at < end) {
            put_replacement(to);
            at++;
        }
    }
    buf_putc(to, '\'');
}

static void put_column(struct buf *to, const char *name, const char *type)
{
    buf_put_quoted(to, name, strlen(name), '"');
    buf_printf(to, " %s, ", type);
}

static void put_update(struct buf *to, const char *name)
{
    buf_puts(to, to->len == 0 ? " ON CONFLICT (\"id\") DO UPDATE SET " : ", ");
    buf_put_quoted(to, name, strlen(name), '"');
    buf_puts(to, " = excluded.");
    buf_put_quoted(to, name, strlen(name), '"');
}

static void sql_init(struct writer *w)
{
    const struct writer_options *o = &w->options;
    const char *dot = strchr(o->table, '.');
    if (dot != NULL) {
        buf_put_quoted(&w->table, o->table, (size_t)(dot - o->table), '"');
        buf_putc(&w->table, '.');
    }
    const char *last = dot == NULL ? o->table : dot + 1;
    buf_put_quoted(&w->table, last, strlen(last), '"');
    put_update(&w->update, "window_start");
    put_update(&w->update, "window_end");
    for (size_t i = 0; i < o->n_keys; i++)
        put_update(&w->update, o->keys[i]);
    for (size_t i = 0; i < o->n_results; i++)
        put_update(&w->update, o->results[i]);
    if (o->panes) {
        put_update(&w->update, "pane");
        put_update(&w->update, "timing");
    }
    buf_puts(&w->update, ";\n");
}

static void sql_header(struct writer *w, struct buf *to)
{
    static const char *const types[] = {
        [WRITER_NUMBER] = "DOUBLE PRECISION", [WRITER_COUNT] = "BIGINT", [WRITER_TEXT] = "TEXT"};
    const struct writer_options *o = &w->options;
    buf_puts(to, "CREATE TABLE IF NOT EXISTS ");
    buf_put(to, w->table.data, w->table.len);
    buf_puts(to, " (");
    put_column(to, "window_start", "TEXT");
    put_column(to, "window_end", "TEXT");
    for (size_t i = 0; i < o->n_keys; i++)
        put_column(to, o->keys[i], "TEXT");
    for (size_t i = 0; i < o->n_results; i++)
        put_column(to, o->results[i], types[o->types[i]]);
    if (o->panes) {
        put_column(to, "pane", "BIGINT");
        put_column(to, "timing", "TEXT");
    }
    buf_puts(to, "\"id\" TEXT PRIMARY KEY);\n");
}

static void sql_time(struct writer *w, struct buf *to, int64_t ns)
{
    if (w->options.unbounded) {
        buf_puts(to, "NULL");
        return;
    }
    buf_putc(to, '\'');
    time_print(to, ns, w->options.time_unit, w->options.zone);
    buf_putc(to, '\'');
}

/* "", "+I", "+U", "-U" or "-D" */
static void sql_begin(struct writer *w, struct buf *to, const char *op)
{
    w->op = op[0] == '\0' ? OP_NONE : op[1];
    if (op[0] == '-' && op[1] == 'U')
        w->op = OP_TAKE_BACK;
    if (w->op == OP_TAKE_BACK)
        return;
    if (!w->open)
        buf_puts(to, "BEGIN;\n");
    w->open = true;
    buf_puts(to, w->op == OP_DELETE ? "DELETE FROM " : "INSERT INTO ");
    buf_put(to, w->table.data, w->table.len);
    if (w->op == OP_DELETE)
        return;
    buf_puts(to, " VALUES (");
    buf_put(to, w->bounds.data, w->bounds.len);
}

static bool is_gone(const struct writer *w)
{
    return w->op == OP_TAKE_BACK || w->op == OP_DELETE;
}

static void put_datum_text(struct buf *to, const struct datum *d)
{
    buf_puts(to, ", ");
    if (d->kind == DATUM_NULL)
        buf_puts(to, "NULL");
    else if (d->kind == DATUM_FALSE || d->kind == DATUM_TRUE)
        buf_puts(to, d->kind == DATUM_TRUE ? "'true'" : "'false'");
    else
        put_text(to, d->text, d->len);
}

static void sql_key(struct writer *w, struct buf *to, size_t i, const struct datum *value)
{
    (void)i;
    if (!is_gone(w))
        put_datum_text(to, value);
}

/*
 * Results are beyond doubles when values are near their end. PostgreSQL refuses a number that no
 * double comes near, and with it the transaction; others make an infinity of it, which is no value
 * here.
 */
static void put_number(struct writer *w, struct buf *to, const struct datum *d)
{
    if (memchr(d->text, 'e', d->len) == NULL) {
        buf_put(to, d->text, d->len);
        return;
    }
    w->scratch.len = 0;
    buf_put(&w->scratch, d->text, d->len);
    double x = strtod(buf_cstr(&w->scratch), NULL);
    if (isfinite(x) && x != 0) {
        buf_put(to, d->text, d->len);
        return;
    }
    buf_puts(to, isfinite(x) ? "0" : "NULL");
    if (!isfinite(x) && !w->said_beyond)
        say("-o sql: %s is beyond the largest DOUBLE PRECISION: a result like that is NULL",
            buf_cstr(&w->scratch));
    w->said_beyond |= !isfinite(x);
}

static void sql_results(struct writer *w, struct buf *to, const struct datum *results,
                        uint64_t pane, const char *timing)
{
    const struct writer_options *o = &w->options;
    for (size_t i = 0; i < o->n_results; i++) {
        if (o->types[i] == WRITER_TEXT || results[i].kind != DATUM_NUMBER) {
            put_datum_text(to, &results[i]);
        } else {
            buf_puts(to, ", ");
            put_number(w, to, &results[i]);
        }
    }
    if (o->panes)
        buf_printf(to, ", %llu, '%s'", (unsigned long long)pane, timing);
}

static void sql_end(struct writer *w, struct buf *to, const char *id)
{
    if (w->op == OP_TAKE_BACK)
        return;
    if (w->op == OP_DELETE) {
        buf_printf(to, " WHERE \"id\" = '%s';\n", id);
        return;
    }
    buf_printf(to, ", '%s')", id);
    buf_put(to, w->update.data, w->update.len);
}

static void sql_commit(struct writer *w, struct buf *to)
{
    if (w->open)
        buf_puts(to, "COMMIT;\n");
    w->open = false;
}

const struct writer_ops writer_sql = {
    .init = sql_init,
    .header = sql_header,
    .begin = sql_begin,
    .time = sql_time,
    .between_bounds = ", ",
    .takes_back_by_id = true,
    .key = sql_key,
    .results = sql_results,
    .end = sql_end,
    .commit = sql_commit,
};
