#include "verdict/condition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/say.h"
#include "verdict/condition_leaf.h"

/* What the machine does: pushes a leaf, or combines what is on the stack. */
enum step_kind { STEP_LEAF, STEP_NOT, STEP_AND, STEP_OR };

struct step {
    enum step_kind kind;
    struct leaf leaf;
};

struct condition {
    struct step *steps;
    size_t n_steps, capacity;
    size_t stack_rows; /* how many rows of bytes the stack needs */
};

struct parser {
    const char *text, *at;
    const struct condition_columns *columns;
    struct condition *condition;
    size_t depth;    /* of the stack */
    int nested;      /* parentheses and nots */
    int open;        /* parentheses */
    struct buf note; /* what to say of it, if it is a condition */
    size_t odd;      /* the last operator is one of these, in part; N_ODD: it is not */
    struct error *err;
};

static bool fail(struct parser *p, const char *expected)
{
    size_t place = (size_t)(p->at - p->text);
    int shown = (int)strnlen(p->at, 20);
    if (shown == 0)
        return error_set(p->err, EXIT_USAGE, "'%s': expected %s, found the end", p->text, expected);
    return error_set(p->err, EXIT_USAGE, "'%s': expected %s at character %zu, found '%.*s'",
                     p->text, expected, place + 1, shown, p->at);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct parser *p)
{
    while (is_blank(*p->at))
        p->at++;
}

/* Does the word stand here, as a word of its own? If so, it is taken. */
static bool take_word(struct parser *p, const char *word)
{
    skip_blanks(p);
    size_t len = strlen(word);
    char behind = strncmp(p->at, word, len) == 0 ? p->at[len] : 'x';
    if (behind != '\0' && !is_blank(behind) && strchr("()\"", behind) == NULL)
        return false;
    p->at += len;
    return true;
}

static struct step *add_step(struct parser *p, enum step_kind kind)
{
    struct condition *c = p->condition;
    if (c->n_steps == c->capacity) {
        c->capacity = c->capacity * 2 + 4;
        c->steps = memory_realloc(c->steps, c->capacity * sizeof *c->steps);
    }
    struct step *step = &c->steps[c->n_steps++];
    *step = (struct step){.kind = kind};
    p->depth += kind == STEP_LEAF;
    p->depth -= kind == STEP_AND || kind == STEP_OR;
    if (p->depth > c->stack_rows)
        c->stack_rows = p->depth;
    return step;
}

/* A text in double quotes, its escapes undone, or NULL. */
static char *read_quoted(struct parser *p, size_t *len)
{
    const char *end = p->at + 1;
    while (*end != '\0' && *end != '"')
        end += *end == '\\' && end[1] != '\0' ? 2 : 1;
    if (*end == '\0') {
        fail(p, "a closing quote");
        return NULL;
    }
    char *text = leaf_unquote(p->at, (size_t)(end + 1 - p->at), len);
    if (text == NULL)
        fail(p, "a text with the escapes of JSON");
    else
        p->at = end + 1;
    return text;
}

static bool ends_field(const char *at)
{
    return *at == '\0' || is_blank(*at) || strchr("()=<>", *at) != NULL ||
           (*at == '!' && (at[1] == '=' || at[1] == '~'));
}

static bool read_field(struct parser *p, size_t *column)
{
    skip_blanks(p);
    const char *start = p->at;
    char *field;
    size_t len;
    if (*p->at == '"') {
        field = read_quoted(p, &len);
        if (field == NULL)
            return false;
        if (strlen(field) != len) {
            free(field);
            p->at = start;
            return fail(p, "a field without U+0000");
        }
    } else {
        while (!ends_field(p->at))
            p->at += *p->at == '\\' && p->at[1] != '\0' ? 2 : 1;
        if (p->at == start)
            return fail(p, "a field");
        field = memory_strndup(start, (size_t)(p->at - start));
    }
    struct error why = {0};
    bool ok = p->columns->column_of(p->columns->context, field, column, &why);
    if (!ok)
        error_set(p->err, EXIT_USAGE, "'%s': %s", p->text, why.text);
    free(field);
    return ok;
}

static bool read_operator(struct parser *p, enum leaf_op *op)
{
    /* The longest one that fits counts. */
    static const struct {
        const char *text;
        enum leaf_op op;
    } operators[] = {{"=~", LEAF_MATCHES}, {"!~", LEAF_MATCHES_NOT}, {"!=", LEAF_NOT_EQUAL},
                     {"<=", LEAF_AT_MOST}, {">=", LEAF_AT_LEAST},    {"=", LEAF_EQUAL},
                     {"<", LEAF_BELOW},    {">", LEAF_ABOVE}};
    skip_blanks(p);
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        size_t len = strlen(operators[i].text);
        if (strncmp(p->at, operators[i].text, len) == 0) {
            *op = operators[i].op;
            p->at += len;
            return true;
        }
    }
    return fail(p, "an operator (= != < <= > >= =~ !~, is null, is not null)");
}

/* Up to the next blank; a `)` ends it only where it closes a parenthesis of the condition. */
static char *read_bare(struct parser *p, size_t *len)
{
    const char *start = p->at;
    for (int within = 0; *p->at != '\0' && !is_blank(*p->at); p->at++) {
        if (*p->at == ')' && within == 0 && p->open > 0)
            break;
        within += *p->at == '(';
        within -= *p->at == ')' && within > 0;
    }
    *len = (size_t)(p->at - start);
    if (*len == 0) {
        fail(p, "a value");
        return NULL;
    }
    return memory_strndup(start, *len);
}

/* Operators of other languages, each of which begins with one of ours. */
static const struct {
    char odd[4], right[4];
} odd_operators[] = {{"==", "="}, {"=>", ">="}, {"=<", "<="}, {"<>", "!="}, {"!==", "!="}};

enum { N_ODD = sizeof odd_operators / sizeof odd_operators[0] };

/* That one stands at `text`; N_ODD: none does. */
static size_t find_odd(const char *text)
{
    size_t i = 0;
    while (i < N_ODD && strncmp(text, odd_operators[i].odd, strlen(odd_operators[i].odd)) != 0)
        i++;
    return i;
}

/* What other languages write, and is a text like any other here: said, for it is rarely meant. */
static void note_odd_value(struct parser *p, enum leaf_op op, const char *text, size_t len)
{
    bool equal = op == LEAF_EQUAL || op == LEAF_NOT_EQUAL;
    if (op == LEAF_MATCHES || op == LEAF_MATCHES_NOT)
        return;
    if (p->odd < N_ODD)
        buf_printf(
            &p->note,
            "the value is the text %s: %s is no operator, %s is; in double quotes it is meant "
            "so\n",
            text, odd_operators[p->odd].odd, odd_operators[p->odd].right);
    else if (len > 1 && *text == '\'' && text[len - 1] == '\'')
        buf_printf(&p->note,
                   "the value is the text %s with these quotes: a text stands in double ones\n",
                   text);
    else if (equal && strcmp(text, "null") == 0)
        buf_puts(&p->note, "the value is the text null: 'is null' asks for no value\n");
}

static bool parse_leaf(struct parser *p)
{
    size_t column, len;
    enum leaf_op op = LEAF_EQUAL;
    if (!read_field(p, &column))
        return false;
    if (take_word(p, "is")) {
        op = take_word(p, "not") ? LEAF_IS_NOT_NULL : LEAF_IS_NULL;
        if (!take_word(p, "null"))
            return fail(p, "null");
        add_step(p, STEP_LEAF)->leaf = (struct leaf){.op = op, .column = column};
        return true;
    }
    skip_blanks(p);
    p->odd = find_odd(p->at);
    if (!read_operator(p, &op))
        return false;
    skip_blanks(p);
    const char *start = p->at;
    bool quoted = *p->at == '"';
    char *text = quoted ? read_quoted(p, &len) : read_bare(p, &len);
    if (text == NULL)
        return false;
    if (!quoted)
        note_odd_value(p, op, text, len);
    struct leaf leaf = {.op = op, .column = column};
    struct error why = {0};
    bool ok = leaf_set_value(&leaf, text, len, quoted, &why);
    free(text);
    if (ok)
        add_step(p, STEP_LEAF)->leaf = leaf;
    else
        error_set(p->err, EXIT_USAGE, "'%s': at character %zu: %s", p->text,
                  (size_t)(start - p->text) + 1, why.text);
    return ok;
}

static bool parse_either(struct parser *p);

/* Recursion here is as deep as the parentheses and nots of one option, which are bounded. */
static bool parse_one(struct parser *p)
{
    skip_blanks(p);
    bool negated = take_word(p, "not");
    if (!negated && *p->at != '(')
        return parse_leaf(p);
    if (++p->nested > CONDITION_MOST_DEPTH)
        return fail(p, "at most 100 parentheses and nots within one another");
    if (negated) {
        if (!parse_one(p))
            return false;
        add_step(p, STEP_NOT);
    } else {
        p->at++;
        p->open++;
        if (!parse_either(p))
            return false;
        skip_blanks(p);
        if (*p->at != ')')
            return fail(p, "and, or, or a closing parenthesis");
        p->at++;
        p->open--;
    }
    p->nested--;
    return true;
}

static bool parse_both(struct parser *p)
{
    if (!parse_one(p))
        return false;
    while (take_word(p, "and")) {
        if (!parse_one(p))
            return false;
        add_step(p, STEP_AND);
    }
    return true;
}

static bool parse_either(struct parser *p)
{
    if (!parse_both(p))
        return false;
    while (take_word(p, "or")) {
        if (!parse_both(p))
            return false;
        add_step(p, STEP_OR);
    }
    return true;
}

/* Always false. */
static bool fail_at_end(struct parser *p)
{
    char expected[80] = "and, or, or the end";
    if (p->odd < N_ODD)
        snprintf(expected, sizeof expected, "and, or, or the end (%s is the operator, not %s)",
                 odd_operators[p->odd].right, odd_operators[p->odd].odd);
    return fail(p, expected);
}

struct condition *condition_parse(const char *text, const struct condition_columns *columns,
                                  struct error *err)
{
    struct parser p = {.text = text, .at = text, .columns = columns, .odd = N_ODD, .err = err};
    p.condition = memory_calloc(1, sizeof *p.condition);
    bool ok = parse_either(&p);
    skip_blanks(&p);
    if (ok && *p.at != '\0')
        ok = fail_at_end(&p);
    for (char *at = ok ? p.note.data : NULL; at != NULL && at < p.note.data + p.note.len;) {
        size_t len = strcspn(at, "\n");
        say("'%s': %.*s", text, (int)len, at);
        at += len + 1;
    }
    buf_free(&p.note);
    if (ok)
        return p.condition;
    condition_free(p.condition);
    return NULL;
}

void condition_free(struct condition *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->n_steps; i++)
        leaf_clear(&c->steps[i].leaf);
    free(c->steps);
    free(c);
}

void condition_scratch_free(struct condition_scratch *scratch)
{
    free(scratch->stack);
    buf_free(&scratch->text);
    *scratch = (struct condition_scratch){0};
}

static void combine(enum step_kind kind, uint8_t *top, size_t n)
{
    if (kind == STEP_NOT) {
        for (size_t i = 0; i < n; i++)
            top[i] ^= 1;
        return;
    }
    uint8_t *below = top - n;
    for (size_t i = 0; i < n; i++)
        below[i] = kind == STEP_AND ? below[i] & top[i] : below[i] | top[i];
}

const uint8_t *condition_evaluate(const struct condition *c, const struct condition_rows *rows,
                                  struct condition_scratch *scratch)
{
    size_t n = rows->n;
    if (n == 0) /* there may be no stack yet */
        return scratch->stack;
    if (scratch->capacity < c->stack_rows * n) {
        scratch->capacity = c->stack_rows * n;
        scratch->stack = memory_realloc(scratch->stack, scratch->capacity);
    }
    uint8_t *next = scratch->stack;
    for (size_t i = 0; i < c->n_steps; i++) {
        const struct step *step = &c->steps[i];
        if (step->kind == STEP_LEAF) {
            leaf_evaluate(&step->leaf, rows, &scratch->text, next);
            next += n;
            continue;
        }
        combine(step->kind, next - n, n);
        if (step->kind != STEP_NOT)
            next -= n;
    }
    return scratch->stack;
}

/* The same stack machine; what it pushes are texts. */
bool condition_put_sql(const struct condition *c, const struct condition_sql *sql, struct buf *to)
{
    struct buf *stack = memory_calloc(c->n_steps + 1, sizeof *stack);
    size_t n = 0;
    bool ok = true;
    for (size_t i = 0; i < c->n_steps; i++) {
        const struct step *step = &c->steps[i];
        struct buf text = {0};
        switch (step->kind) {
        case STEP_LEAF:
            ok &= leaf_put_sql(&step->leaf, sql, &text);
            break;
        case STEP_NOT:
            buf_printf(&text, "(NOT %s)", buf_cstr(&stack[--n]));
            buf_free(&stack[n]);
            break;
        case STEP_AND:
        case STEP_OR:
            n -= 2;
            buf_printf(&text, "(%s %s %s)", buf_cstr(&stack[n]),
                       step->kind == STEP_AND ? "AND" : "OR", buf_cstr(&stack[n + 1]));
            buf_free(&stack[n]);
            buf_free(&stack[n + 1]);
            break;
        }
        stack[n++] = text;
    }
    for (size_t i = 0; i < n; i++) {
        buf_put(to, stack[i].data, stack[i].len);
        buf_free(&stack[i]);
    }
    free(stack);
    return ok;
}
