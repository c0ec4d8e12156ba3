#include "verdict/condition_leaf.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

char *leaf_unquote(const char *quoted, size_t len, size_t *text_len)
{
    json_error_t ignored;
    json_t *value = json_loadb(quoted, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &ignored);
    if (!json_is_string(value)) {
        json_decref(value);
        return NULL;
    }
    *text_len = json_string_length(value);
    char *text = memory_alloc(*text_len + 1);
    memcpy(text, json_string_value(value), *text_len + 1);
    json_decref(value);
    return text;
}

/* The last byte of a bracket expression, as in []a[:alpha:](]; the NUL if it is not closed. */
static const char *bracket_end(const char *at)
{
    at += at[1] == '^' ? 2 : 1;
    at += *at == ']';
    for (; *at != '\0' && *at != ']'; at++) {
        bool named = *at == '[' && at[1] != '\0' && strchr(":.=", at[1]) != NULL;
        const char *close = named ? strstr(at + 2, (char[]){at[1], ']', '\0'}) : NULL;
        at = close != NULL ? close + 1 : at;
    }
    return at;
}

/* How deep parentheses nest. regcomp(3) recurses that deep, up to the end of the stack. */
static int nesting(const char *pattern)
{
    int depth = 0, deepest = 0;
    for (const char *at = pattern; *at != '\0'; at++) {
        if (*at == '[')
            at = bracket_end(at);
        else if (*at == '\\' && at[1] != '\0')
            at++;
        else if (*at == ')')
            depth--;
        else if (*at == '(' && ++depth > deepest)
            deepest = depth;
        if (*at == '\0')
            break;
    }
    return deepest;
}

static bool set_pattern(struct leaf *leaf, struct error *err)
{
    static const char special[] = ".[]()*+?{}|^$\\";
    struct leaf_literal *literal = &leaf->literal;
    size_t start = leaf->text[0] == '^', end = leaf->len;
    bool at_end = end > start && leaf->text[end - 1] == '$';
    end -= at_end;
    bool plain = memchr(leaf->text, '\0', leaf->len) == NULL;
    for (size_t i = start; plain && i < end; i++)
        plain = strchr(special, leaf->text[i]) == NULL;
    if (plain) {
        *literal = (struct leaf_literal){true, start == 1, at_end};
        leaf->len = end - start;
        memmove(leaf->text, leaf->text + start, leaf->len);
        return true;
    }
    if (strlen(leaf->text) != leaf->len)
        return error_set(err, EXIT_USAGE, "expected a pattern without U+0000");
    if (nesting(leaf->text) > LEAF_MOST_NESTING)
        return error_set(err, EXIT_USAGE,
                         "expected a pattern with at most %d parentheses within one another",
                         LEAF_MOST_NESTING);
    regex_t *pattern = memory_calloc(1, sizeof *pattern);
    errno = 0;
    int status = regcomp(pattern, leaf->text, REG_EXTENDED | REG_NOSUB);
    memory_check(status == REG_ESPACE ? ENOMEM : errno);
    if (status != 0) {
        char why[128];
        regerror(status, pattern, why, sizeof why);
        free(pattern);
        return error_set(err, EXIT_USAGE, "expected an extended regular expression, found '%s': %s",
                         leaf->text, why);
    }
    leaf->pattern = pattern;
    return true;
}

/* Sets `number`, and `text` to what it prints as. */
static bool set_number(struct leaf *leaf, enum number_status status, struct error *err)
{
    if (status != NUMBER_OK)
        return error_set(err, EXIT_USAGE, "expected a number, found '%s': %s", leaf->text,
                         number_status_text(status));
    struct buf printed = {0};
    leaf->is_number = true;
    if (leaf->number.kind == VALUE_NUMBER) {
        int64_t mant = leaf->number.mant;
        do
            leaf->scaled[leaf->n_scaled++] = mant;
        while (leaf->n_scaled < LEAF_SCALES && !__builtin_mul_overflow(mant, 10, &mant));
    }
    number_print(&printed, &leaf->number);
    leaf->number_text = leaf->text; /* a wide number's digits stand there */
    leaf->len = printed.len;
    leaf->text = memory_strdup(buf_cstr(&printed));
    buf_free(&printed);
    return true;
}

bool leaf_set_value(struct leaf *leaf, const char *text, size_t len, bool quoted, struct error *err)
{
    leaf->text = memory_alloc(len + 1);
    memcpy(leaf->text, text, len);
    leaf->text[len] = '\0';
    leaf->len = len;
    bool ok = true;
    if (leaf->op == LEAF_MATCHES || leaf->op == LEAF_MATCHES_NOT) {
        ok = set_pattern(leaf, err);
    } else if (!quoted) {
        enum number_status status = number_parse(leaf->text, leaf->len, &leaf->number);
        ok = status == NUMBER_MALFORMED || set_number(leaf, status, err);
    }
    if (!ok)
        leaf_clear(leaf);
    return ok;
}

void leaf_clear(struct leaf *leaf)
{
    free(leaf->text);
    free(leaf->number_text);
    if (leaf->pattern != NULL)
        regfree(leaf->pattern);
    free(leaf->pattern);
    *leaf = (struct leaf){0};
}

struct view {
    const char *text;
    size_t len;
};

/* A value as text; false if it is none. The text lives until scratch changes. */
static bool text_of(const struct value *v, struct buf *scratch, struct view *view)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_STRING:
        *view = (struct view){v->text, v->len};
        return true;
    case VALUE_TRUE:
        *view = (struct view){"true", 4};
        return true;
    case VALUE_FALSE:
        *view = (struct view){"false", 5};
        return true;
    case VALUE_NUMBER:
    case VALUE_WIDE:
        scratch->len = 0;
        number_print(scratch, v);
        *view = (struct view){scratch->data, scratch->len};
        return true;
    case VALUE_NULL:
    case VALUE_COMPOSITE:
    case VALUE_BAD:
        break;
    }
    return false;
}

static bool is_met(enum leaf_op op, int order)
{
    switch (op) {
    case LEAF_EQUAL:
        return order == 0;
    case LEAF_NOT_EQUAL:
        return order != 0;
    case LEAF_BELOW:
        return order < 0;
    case LEAF_AT_MOST:
        return order <= 0;
    case LEAF_ABOVE:
        return order > 0;
    default:
        return order >= 0;
    }
}

/* The number that the value is, or that its text holds. */
static bool number_of(const struct value *v, bool trims, struct value *number)
{
    if (v->kind == VALUE_NUMBER || v->kind == VALUE_WIDE) {
        *number = *v;
        return true;
    }
    if (v->kind != VALUE_STRING)
        return false;
    const char *text = v->text;
    size_t len = v->len;
    while (trims && len > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        len--;
    }
    while (trims && len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    return number_parse(text, len, number) == NUMBER_OK;
}

static int compare_texts(const struct view *a, const struct leaf *leaf)
{
    size_t least = a->len < leaf->len ? a->len : leaf->len;
    int order = least == 0 ? 0 : memcmp(a->text, leaf->text, least);
    return order != 0 ? order : (a->len > leaf->len) - (a->len < leaf->len);
}

static bool compares(const struct leaf *leaf, const struct value *v, bool trims,
                     struct buf *scratch)
{
    struct value number;
    struct view view;
    if (leaf->is_number && number_of(v, trims, &number))
        return is_met(leaf->op, number_compare(&number, &leaf->number));
    return text_of(v, scratch, &view) && is_met(leaf->op, compare_texts(&view, leaf));
}

static bool matches_literal(const struct leaf *leaf, const struct view *view)
{
    size_t len = leaf->len;
    if (len > view->len)
        return false;
    const char *end = view->text + view->len - len;
    if (leaf->literal.at_start && leaf->literal.at_end && view->len != len)
        return false;
    if (len == 0)
        return true;
    if (leaf->literal.at_start)
        return memcmp(view->text, leaf->text, len) == 0;
    if (leaf->literal.at_end)
        return memcmp(end, leaf->text, len) == 0;
    return memmem(view->text, view->len, leaf->text, len) != NULL;
}

static bool matches(const struct leaf *leaf, const struct value *v, struct buf *scratch)
{
    struct view view;
    if (!text_of(v, scratch, &view))
        return false;
    bool found;
    if (leaf->literal.is_one) {
        found = matches_literal(leaf, &view);
    } else {
        /* A copy ends with a NUL, which some regexec(3) look for whatever the range. */
        regmatch_t range = {.rm_so = 0, .rm_eo = (regoff_t)view.len};
        if (view.text != scratch->data) {
            scratch->len = 0;
            buf_put(scratch, view.text, view.len);
        }
        const char *text = buf_cstr(scratch);
        errno = 0;
        found = regexec(leaf->pattern, text, 0, &range, REG_STARTEND) == 0;
        memory_check(errno); /* glibc's, out of memory, may say that nothing matches */
    }
    return found == (leaf->op == LEAF_MATCHES);
}

/* Most numbers compare as integers: the constant is there in their exponents. */
static void evaluate_numbers(const struct leaf *leaf, const struct condition_rows *rows,
                             struct buf *scratch, uint8_t *result)
{
    const struct value *v = rows->columns[leaf->column];
    for (size_t i = 0; i < rows->n; i++) {
        unsigned scale = (unsigned)(leaf->number.exp - v[i].exp);
        if (v[i].kind == VALUE_NUMBER && scale < (unsigned)leaf->n_scaled) {
            int64_t number = leaf->scaled[scale];
            result[i] = is_met(leaf->op, (v[i].mant > number) - (v[i].mant < number));
        } else {
            result[i] = compares(leaf, &v[i], rows->trims, scratch);
        }
    }
}

void leaf_evaluate(const struct leaf *leaf, const struct condition_rows *rows, struct buf *scratch,
                   uint8_t *result)
{
    const struct value *v = rows->columns[leaf->column];
    switch (leaf->op) {
    case LEAF_IS_NULL:
    case LEAF_IS_NOT_NULL:
        for (size_t i = 0; i < rows->n; i++)
            result[i] = (v[i].kind == VALUE_NULL) == (leaf->op == LEAF_IS_NULL);
        break;
    case LEAF_MATCHES:
    case LEAF_MATCHES_NOT:
        for (size_t i = 0; i < rows->n; i++)
            result[i] = matches(leaf, &v[i], scratch);
        break;
    case LEAF_EQUAL:
    case LEAF_NOT_EQUAL:
    case LEAF_BELOW:
    case LEAF_AT_MOST:
    case LEAF_ABOVE:
    case LEAF_AT_LEAST:
        if (leaf->is_number)
            evaluate_numbers(leaf, rows, scratch, result);
        else
            for (size_t i = 0; i < rows->n; i++)
                result[i] = compares(leaf, &v[i], rows->trims, scratch);
        break;
    }
}
