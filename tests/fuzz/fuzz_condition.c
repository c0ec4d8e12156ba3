/*
 * Fuzzes conditions: a condition up to the first newline, then a value a line for the columns a, b
 * and c in turn. What parses has the value that a naive reading of its text gives, for each row.
 *
 * The naive reader goes through the text once for each row and compares as it goes.
 */
#include <regex.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/number.h"
#include "verdict/condition.h"
#include "verdict/condition_leaf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLUMNS = 3, MOST_ROWS = 8 };

struct reader {
    const char *at;
    const struct value *row[COLUMNS];
    bool trims, wrong;
    int open;
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool column_of(void *context, const char *field, size_t *column, struct error *err)
{
    (void)context;
    if (strlen(field) != 1 || field[0] < 'a' || field[0] >= 'a' + COLUMNS)
        return error_set(err, EXIT_USAGE, "no field '%s'", field);
    *column = (size_t)(field[0] - 'a');
    return true;
}

static void skip(struct reader *r)
{
    r->at += strspn(r->at, " \t\n\r");
}

static bool word(struct reader *r, const char *text)
{
    skip(r);
    size_t len = strlen(text);
    if (strncmp(r->at, text, len) != 0 || strchr(" \t\n\r()\"", r->at[len]) == NULL)
        return false;
    r->at += len;
    return true;
}

static char *quoted(struct reader *r, size_t *len)
{
    const char *end = r->at + 1;
    while (*end != '\0' && *end != '"')
        end += *end == '\\' && end[1] != '\0' ? 2 : 1;
    char *text = leaf_unquote(r->at, (size_t)(end + (*end == '"') - r->at), len);
    r->at = end + (*end == '"');
    return text;
}

/* A value as text; false: it has none. */
static bool as_text(const struct value *v, struct buf *text)
{
    text->len = 0;
    if (v->kind == VALUE_STRING)
        buf_put(text, v->text, v->len);
    else if (v->kind == VALUE_TRUE || v->kind == VALUE_FALSE)
        buf_puts(text, v->kind == VALUE_TRUE ? "true" : "false");
    else if (v->kind == VALUE_NUMBER || v->kind == VALUE_WIDE)
        number_print(text, v);
    else
        return false;
    return true;
}

static bool as_number(const struct reader *r, const struct value *v, struct value *number)
{
    *number = *v;
    if (v->kind == VALUE_NUMBER || v->kind == VALUE_WIDE)
        return true;
    if (v->kind != VALUE_STRING)
        return false;
    const char *text = v->text, *end = v->text + v->len;
    while (r->trims && text < end && (*text == ' ' || *text == '\t'))
        text++;
    while (r->trims && text < end && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return number_parse(text, (size_t)(end - text), number) == NUMBER_OK;
}

static bool met(const char *op, int order)
{
    return (order == 0 && (strcmp(op, "=") == 0 || strchr("<>", *op) != NULL) && op[1] != 0) ||
           (order == 0 && strcmp(op, "=") == 0) || (order != 0 && strcmp(op, "!=") == 0) ||
           (order < 0 && *op == '<') || (order > 0 && *op == '>');
}

static bool matches(const char *pattern, const struct buf *text, bool *wrong)
{
    regex_t compiled;
    if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
        *wrong = true;
        return false;
    }
    regmatch_t range = {.rm_so = 0, .rm_eo = (regoff_t)text->len};
    bool found = regexec(&compiled, text->data, 0, &range, REG_STARTEND) == 0;
    regfree(&compiled);
    return found;
}

static int text_order(const struct buf *a, const char *b, size_t len)
{
    size_t least = a->len < len ? a->len : len;
    int order = least == 0 ? 0 : memcmp(a->data, b, least);
    return order != 0 ? order : (a->len > len) - (a->len < len);
}

/* `v OP text`, the text as it stands in the condition. */
static bool compare(struct reader *r, const struct value *v, const char *op, const char *text,
                    size_t len, bool is_quoted)
{
    struct value constant, number;
    struct buf left = {0}, right = {0};
    bool result = false, has_text = as_text(v, &left);
    buf_reserve(&left, 1)[0] = '\0';
    buf_put(&right, text, len);
    buf_reserve(&right, 1)[0] = '\0';
    if (op[1] == '~') {
        bool found = matches(text, &left, &r->wrong);
        result = has_text && found == (*op == '=');
    } else if (!is_quoted && number_parse(text, len, &constant) == NUMBER_OK) {
        right.len = 0;
        number_print(&right, &constant);
        if (as_number(r, v, &number))
            result = met(op, number_compare(&number, &constant));
        else
            result = has_text && met(op, text_order(&left, right.data, right.len));
    } else {
        result = has_text && met(op, text_order(&left, text, len));
    }
    buf_free(&left);
    buf_free(&right);
    return result;
}

static bool leaf(struct reader *r)
{
    static const char *const OPS[] = {"=~", "!~", "!=", "<=", ">=", "=", "<", ">"};
    size_t len, i = 0;
    skip(r);
    char *field = NULL, name = *r->at;
    if (*r->at == '"') {
        field = quoted(r, &len);
        name = field[0];
        free(field);
    } else {
        r->at++;
    }
    const struct value *v = r->row[name - 'a'];
    if (word(r, "is")) {
        bool not = word(r, "not");
        word(r, "null");
        return (v->kind == VALUE_NULL) != not ;
    }
    skip(r);
    while (strncmp(r->at, OPS[i], strlen(OPS[i])) != 0)
        i++;
    r->at += strlen(OPS[i]);
    skip(r);
    bool is_quoted = *r->at == '"';
    char *text;
    if (is_quoted) {
        text = quoted(r, &len);
    } else {
        const char *start = r->at;
        for (int within = 0; *r->at != '\0' && strchr(" \t\n\r", *r->at) == NULL; r->at++) {
            if (*r->at == ')' && within == 0 && r->open > 0)
                break;
            within += *r->at == '(' ? 1 : *r->at == ')' && within > 0 ? -1 : 0;
        }
        len = (size_t)(r->at - start);
        text = strndup(start, len);
    }
    bool result = compare(r, v, OPS[i], text, len, is_quoted);
    free(text);
    return result;
}

static bool either(struct reader *r);

static bool one(struct reader *r)
{
    if (word(r, "not"))
        return !one(r);
    skip(r);
    if (*r->at != '(')
        return leaf(r);
    r->at++;
    r->open++;
    bool result = either(r);
    skip(r);
    require(*r->at++ == ')');
    r->open--;
    return result;
}

static bool both(struct reader *r)
{
    bool result = one(r);
    while (word(r, "and"))
        result = one(r) && result;
    return result;
}

static bool either(struct reader *r)
{
    bool result = both(r);
    while (word(r, "or"))
        result = both(r) || result;
    return result;
}

/* null, true, false, a number, '"' and a text, or a text. */
static struct value read_value(const char *text, size_t len)
{
    struct value v;
    if (len == 0 || (len == 4 && memcmp(text, "null", 4) == 0))
        return (struct value){.kind = VALUE_NULL};
    if (len == 4 && memcmp(text, "true", 4) == 0)
        return (struct value){.kind = VALUE_TRUE};
    if (len == 5 && memcmp(text, "false", 5) == 0)
        return (struct value){.kind = VALUE_FALSE};
    if (*text == '{')
        return (struct value){.kind = VALUE_COMPOSITE};
    if (*text != '"' && number_parse(text, len, &v) == NUMBER_OK)
        return v;
    return (struct value){.kind = VALUE_STRING,
                          .text = text + (*text == '"'),
                          .len = (uint32_t)(len - (*text == '"'))};
}

static size_t read_rows(const char *text, const char *end, struct value (*rows)[MOST_ROWS])
{
    size_t n = 0;
    for (; n < COLUMNS * MOST_ROWS && text <= end; n++) {
        const char *newline = text < end ? memchr(text, '\n', (size_t)(end - text)) : NULL;
        const char *stop = newline == NULL ? end : newline;
        rows[n % COLUMNS][n / COLUMNS] = read_value(text, (size_t)(stop - text));
        text = stop + 1;
    }
    return n / COLUMNS;
}

static void check_rows(const char *text, struct condition *c, const char *rest, const char *end)
{
    struct value rows[COLUMNS][MOST_ROWS];
    struct value *columns[COLUMNS] = {rows[0], rows[1], rows[2]};
    struct condition_scratch scratch = {0};
    struct condition_rows all = {.columns = columns, .n = read_rows(rest, end, rows)};
    struct buf sql = {0};
    all.trims = rest < end && *rest == ' ';
    const uint8_t *results = condition_evaluate(c, &all, &scratch);
    for (size_t i = 0; i < all.n; i++) {
        struct reader r = {.at = text, .trims = all.trims};
        for (size_t k = 0; k < COLUMNS; k++)
            r.row[k] = &rows[k][i];
        bool wanted = either(&r);
        skip(&r);
        require(*r.at == '\0' && !r.wrong);
        if (results[i] != wanted) {
            fprintf(stderr, "%s: row %zu: %d, wanted %d\n", text, i, results[i], wanted);
            abort();
        }
    }
    for (int dialect = CONDITION_DUCKDB; dialect <= CONDITION_FLINK; dialect++) {
        const struct condition_sql whose = {.dialect = (enum condition_dialect)dialect};
        condition_put_sql(c, &whose, &sql);
    }
    buf_free(&sql);
    condition_scratch_free(&scratch);
}

/* regcomp(3) copies what a + or an interval repeats: nested ones take it minutes and gigabytes. */
static bool repeats_much(const char *text)
{
    int n = 0;
    for (; *text != '\0'; text++)
        n += *text == '+' ? 1 : *text == '{' ? 10 : 0;
    return n > 6;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct condition_columns FIELDS = {column_of, NULL};
    const char *newline = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t len = newline == NULL ? size : (size_t)(newline - (const char *)data);
    const char *end = (const char *)data + size;
    char *text = strndup((const char *)data, len);
    struct error err = {0};
    require(text != NULL);
    if (repeats_much(text)) {
        free(text);
        return 0;
    }
    struct condition *c = condition_parse(text, &FIELDS, &err);
    require((c == NULL) == (err.status == EXIT_USAGE && err.text[0] != '\0'));
    if (c != NULL)
        check_rows(text, c, newline == NULL ? end : newline + 1, end);
    condition_free(c);
    free(text);
    return 0;
}
