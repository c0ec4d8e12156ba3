/*
 * verdict/condition_sql.c - a comparison as SQL has it.
 */
#include <string.h>

#include "verdict/condition_leaf.h"

static bool is_special(char c)
{
    return strchr(".[]()*+?{}|^$\\", c) != NULL;
}

/* [:NAME:] as Java has it; steps behind it. */
static bool put_class(const char **at, struct buf *to)
{
    static const char *const names[][2] = {
        {"alpha", "Alpha"}, {"digit", "Digit"}, {"alnum", "Alnum"}, {"upper", "Upper"},
        {"lower", "Lower"}, {"punct", "Punct"}, {"graph", "Graph"}, {"print", "Print"},
        {"blank", "Blank"}, {"space", "Space"}, {"cntrl", "Cntrl"}, {"xdigit", "XDigit"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t len = strlen(names[i][0]);
        if (strncmp(*at + 2, names[i][0], len) == 0 && strncmp(*at + 2 + len, ":]", 2) == 0) {
            buf_printf(to, "\\p{%s}", names[i][1]);
            *at += len + 4;
            return true;
        }
    }
    return false;
}

/* A bracket expression, whose inside Java reads otherwise; steps behind it. */
static bool put_bracket(const char **at, struct buf *to)
{
    const char *p = *at + 1;
    buf_putc(to, '[');
    if (*p == '^')
        buf_putc(to, *p++);
    for (const char *first = p; *p != ']' || p == first;) {
        if (*p == '[' && p[1] == ':') {
            if (!put_class(&p, to))
                return false;
            continue;
        }
        if (*p == '\0' || (*p == '[' && (p[1] == '.' || p[1] == '=')))
            return false;
        bool ranges = *p == '-' && p != first && p[1] != ']';
        if (strchr("[]\\^&-", *p) != NULL && !ranges)
            buf_putc(to, '\\');
        buf_putc(to, *p++);
    }
    buf_putc(to, ']');
    *at = p + 1;
    return true;
}

/*
 * A pattern of regcomp(3) as one of Java. False where it isn't plain how: a repetition of nothing
 * or of a repetition, a brace that repeats nothing, letters behind a backslash.
 */
static bool put_java_pattern(const char *pattern, struct buf *to)
{
    bool repeats = false; /* can what stands before be repeated? */
    buf_puts(to, "(?s)");
    for (const char *p = pattern; *p != '\0';) {
        if (*p == '[') {
            if (!put_bracket(&p, to))
                return false;
            repeats = true;
        } else if (*p == '\\') {
            if (p[1] == '\0' || !is_special(p[1]))
                return false;
            buf_put(to, p, 2);
            p += 2;
            repeats = true;
        } else if (*p == '$') {
            buf_puts(to, "\\z"); /* Java's comes before a last newline, too */
            p++;
            repeats = false;
        } else if (strchr("*+?{", *p) != NULL) {
            size_t len = *p == '{' ? strcspn(p, "}") + 1 : 1;
            if (!repeats || (*p == '{' && (p[1] < '0' || p[1] > '9')))
                return false;
            buf_put(to, p, len);
            p += len;
            repeats = false;
        } else {
            repeats = strchr("(|^", *p) == NULL;
            buf_putc(to, *p++);
        }
    }
    return true;
}

static void put_text(const struct leaf *leaf, struct buf *to)
{
    buf_put_quoted(to, leaf->text, leaf->len, '\'');
}

static bool put_match(const struct leaf *leaf, const char *column, bool flink, struct buf *to)
{
    const struct leaf_literal *l = &leaf->literal;
    if (!l->is_one && flink) {
        struct buf pattern = {0};
        bool ok = put_java_pattern(leaf->text, &pattern);
        buf_printf(to, "REGEXP(%s, ", column);
        buf_put_quoted(to, pattern.data, pattern.len, '\'');
        buf_putc(to, ')');
        buf_free(&pattern);
        return ok;
    }
    if (l->is_one && l->at_start && l->at_end) {
        buf_printf(to, "%s = ", column);
        put_text(leaf, to);
        return true;
    }
    if (l->is_one && leaf->len == 0) {
        buf_printf(to, "%s IS NOT NULL", column);
        return true;
    }
    const char *function = !l->is_one    ? "regexp_matches"
                           : l->at_start ? (flink ? "STARTSWITH" : "starts_with")
                           : l->at_end   ? (flink ? "ENDSWITH" : "ends_with")
                                         : (flink ? "0 < INSTR" : "contains");
    buf_printf(to, "%s(%s, ", function, column);
    put_text(leaf, to);
    buf_putc(to, ')');
    return true;
}

static void put_comparison(const struct leaf *leaf, const char *column, bool flink, struct buf *to)
{
    static const char *const operators[] = {
        [LEAF_EQUAL] = "=",    [LEAF_NOT_EQUAL] = "<>", [LEAF_BELOW] = "<",
        [LEAF_AT_MOST] = "<=", [LEAF_ABOVE] = ">",      [LEAF_AT_LEAST] = ">="};
    const char *symbol = operators[leaf->op];
    buf_puts(to, "coalesce(");
    if (leaf->is_number) {
        const char *before = flink ? "TRY_CAST(" : CONDITION_DUCKDB_NUMBER "(";
        const char *behind = flink ? " AS DOUBLE)" : ")";
        buf_printf(to, "CASE WHEN %s%s%s IS NOT NULL THEN %s%s%s %s %.*s ELSE ", before, column,
                   behind, before, column, behind, symbol, (int)leaf->len, leaf->text);
    }
    buf_printf(to, "%s %s ", column, symbol);
    put_text(leaf, to);
    buf_puts(to, leaf->is_number ? " END, false)" : ", false)");
}

bool leaf_put_sql(const struct leaf *leaf, const struct condition_sql *sql, struct buf *to)
{
    struct buf name = {0};
    bool ok = true;
    buf_printf(&name, "c%zu", leaf->column);
    const char *column = sql->columns != NULL ? sql->columns[leaf->column] : buf_cstr(&name);
    switch (leaf->op) {
    case LEAF_IS_NULL:
    case LEAF_IS_NOT_NULL:
        buf_printf(to, "(%s IS %sNULL)", column, leaf->op == LEAF_IS_NULL ? "" : "NOT ");
        break;
    case LEAF_MATCHES:
    case LEAF_MATCHES_NOT:
        buf_puts(to, leaf->op == LEAF_MATCHES ? "coalesce(" : "coalesce(NOT (");
        ok = put_match(leaf, column, sql->dialect == CONDITION_FLINK, to);
        buf_puts(to, leaf->op == LEAF_MATCHES ? ", false)" : "), false)");
        break;
    case LEAF_EQUAL:
    case LEAF_NOT_EQUAL:
    case LEAF_BELOW:
    case LEAF_AT_MOST:
    case LEAF_ABOVE:
    case LEAF_AT_LEAST:
        put_comparison(leaf, column, sql->dialect == CONDITION_FLINK, to);
        break;
    }
    buf_free(&name);
    return ok;
}
