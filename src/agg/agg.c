#include "agg/agg.h"

#include <stdlib.h>
#include <string.h>

#include "agg/functions.h"
#include "base/escape.h"
#include "base/memory.h"
#include "base/places.h"
#include "base/suggest.h"

const struct agg_ops *const agg_table[] = {
    &count_ops,
    &sum_ops,
    &mean_ops,
    &var_ops,
    &stddev_ops,
    &min_ops,
    &max_ops,
    &first_ops,
    &last_ops,
    &median_ops,
    &quantile_ops,
    &distinct_ops,
    &approx_distinct_ops,
    &approx_quantile_ops,
    &topk_ops,
    &mode_ops,
    &share_ops,
    &rate_ops,
    NULL,
};

/* What other tools call it, where spelling alone would suggest nothing or something else. */
static const char *const foreign_names[][2] = {
    {"avg", "mean"},
    {"average", "mean"},
    {"std", "stddev"},
    {"variance", "var"},
    {"quantile", "p95"},
    {"percentile", "p95"},
    {"approx_quantile", "approx_p95"},
    {"approx_percentile", "approx_p95"},
    {"top", "topk"},
    {"unique", "distinct"},
    {"nunique", "distinct"},
    {"count_distinct", "distinct"},
    {"cardinality", "approx_distinct"},
    {"approx_count_distinct", "approx_distinct"},
};

enum { MAX_PARTS = 3, MAX_DECIMALS = 15 };

/* `[NAME=]FUNCTION[:FIELD[:PARAM]]`, cut at its unescaped colons; views of the text. */
struct spelling {
    const char *text; /* all of it, for messages */
    const char *name; /* NULL: none */
    size_t name_len;
    struct {
        const char *text;
        size_t len;
    } part[MAX_PARTS];
    size_t n_parts;        /* may be more than MAX_PARTS */
    const char *condition; /* what stands in the brackets; NULL: none */
    size_t condition_len;
};

/* From behind the opening bracket to the closing one; the rest of the text if there is none. */
static size_t condition_span(const char *text)
{
    bool quoted = false;
    size_t i = 0;
    for (; text[i] != '\0'; i++) {
        if (quoted && text[i] == '\\' && text[i + 1] != '\0')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && text[i] == ']' && (text[i + 1] == ',' || text[i + 1] == '\0'))
            break;
    }
    return i;
}

size_t agg_span(const char *list)
{
    size_t len = escape_span(list, ",[");
    if (list[len] != '[')
        return len;
    len += 1 + condition_span(list + len + 1);
    return list[len] == '\0' ? len : len + 1;
}

static void split(struct spelling *s, const char *text)
{
    size_t head = escape_span(text, ":=[");
    *s = (struct spelling){.text = text};
    if (text[head] == '=') {
        s->name = text;
        s->name_len = head;
        text += head + 1;
    }
    for (;;) {
        size_t len = escape_span(text, ":[");
        if (s->n_parts < MAX_PARTS) {
            s->part[s->n_parts].text = text;
            s->part[s->n_parts].len = len;
        }
        s->n_parts++;
        text += len;
        if (*text != ':')
            break;
        text++;
    }
    if (*text == '[') {
        s->condition = text + 1;
        s->condition_len = condition_span(text + 1);
    }
}

static size_t count_digits(const char *text, size_t len)
{
    size_t n = 0;
    while (n < len && text[n] >= '0' && text[n] <= '9')
        n++;
    return n;
}

static const struct agg_ops *find_rank_function(const char *text, size_t len)
{
    for (size_t i = 0; agg_table[i] != NULL; i++) {
        const char *name = agg_table[i]->name;
        size_t prefix = strlen(name);
        if (agg_table[i]->param == AGG_RANK_FIELD && len > prefix &&
            memcmp(text, name, prefix) == 0 && count_digits(text + prefix, 1) == 1)
            return agg_table[i];
    }
    return NULL;
}

static const struct agg_ops *find_function(const char *text, size_t len)
{
    for (size_t i = 0; agg_table[i] != NULL; i++) {
        const char *name = agg_table[i]->name;
        if (agg_table[i]->param != AGG_RANK_FIELD && strlen(name) == len &&
            memcmp(text, name, len) == 0)
            return agg_table[i];
    }
    return find_rank_function(text, len);
}

static bool unknown_function(const struct spelling *s, struct error *err)
{
    char *typed = memory_strndup(s->part[0].text, s->part[0].len);
    struct suggest near = {.typed = typed};
    struct buf list = {0};
    for (size_t i = 0; agg_table[i] != NULL; i++) {
        bool is_rank = agg_table[i]->param == AGG_RANK_FIELD;
        if (!is_rank)
            suggest_offer(&near, agg_table[i]->name);
        buf_printf(&list, "%s%s%s", i == 0 ? "" : ", ", agg_table[i]->name, is_rank ? "NN" : "");
    }
    for (size_t i = 0; i < sizeof foreign_names / sizeof foreign_names[0]; i++)
        if (strcmp(foreign_names[i][0], typed) == 0)
            near.best = foreign_names[i][1];
    if (near.best != NULL)
        error_set(err, EXIT_USAGE, "aggregate '%s': no function '%s', did you mean '%s'?", s->text,
                  typed, near.best);
    else
        error_set(err, EXIT_USAGE, "aggregate '%s': no function '%s', there are: %s", s->text,
                  typed, buf_cstr(&list));
    buf_free(&list);
    free(typed);
    return false;
}

/* The NN of pNN, from 0 to 100, as a fraction whose denominator is a power of ten. */
static bool parse_rank(struct agg *agg, const struct spelling *s, struct error *err)
{
    size_t prefix = strlen(agg->ops->name);
    const char *text = s->part[0].text + prefix, *p = text;
    size_t len = s->part[0].len - prefix, whole = count_digits(text, len), decimals = 0;
    if (whole < len && text[whole] == '.') {
        decimals = count_digits(text + whole + 1, len - whole - 1);
        len -= decimals == 0 ? 0 : 1 + decimals;
    }
    bool ok = whole == len && whole <= 3 && decimals <= MAX_DECIMALS;
    agg->q_numerator = 0;
    agg->q_denominator = 100;
    for (; ok && p < text + whole; p++)
        agg->q_numerator = agg->q_numerator * 10 + (uint64_t)(*p - '0');
    for (p++; ok && decimals > 0; decimals--, p++) {
        agg->q_numerator = agg->q_numerator * 10 + (uint64_t)(*p - '0');
        agg->q_denominator *= 10;
    }
    if (ok && agg->q_numerator <= agg->q_denominator)
        return true;
    return error_set(err, EXIT_USAGE,
                     "aggregate '%s': expected %sNN with NN from 0 to 100 and at most %d decimals, "
                     "as in %s99.9",
                     s->text, agg->ops->name, MAX_DECIMALS, agg->ops->name);
}

/* The N of topk:FIELD:N. */
static bool parse_count(struct agg *agg, const struct spelling *s, struct error *err)
{
    const char *text = s->n_parts == 3 ? s->part[2].text : "";
    size_t len = s->n_parts == 3 ? s->part[2].len : 0;
    bool ok = len > 0 && count_digits(text, len) == len;
    agg->n = 0;
    for (size_t i = 0; ok && i < len; i++)
        ok = !__builtin_mul_overflow(agg->n, 10u, &agg->n) &&
             !__builtin_add_overflow(agg->n, (unsigned)(text[i] - '0'), &agg->n);
    if (ok && agg->n > 0)
        return true;
    return error_set(
        err, EXIT_USAGE,
        "aggregate '%s': expected %s:FIELD:N with N how many values to list, 1 or more", s->text,
        agg->ops->name);
}

static bool check_parts(const struct agg *agg, const struct spelling *s, struct error *err)
{
    int shown = (int)s->part[0].len;
    size_t most = agg->ops->param == AGG_FIELD_COUNT ? 3 : 2;
    if (agg->ops->param == AGG_CONDITION_ONLY && (s->n_parts > 1 || s->condition == NULL))
        return error_set(err, EXIT_USAGE,
                         "aggregate '%s': expected a condition and no field, like %.*s[status >= "
                         "500]",
                         s->text, shown, s->part[0].text);
    if (s->n_parts < 2 && agg->ops->param != AGG_OPTIONAL_FIELD &&
        agg->ops->param != AGG_CONDITION_ONLY)
        return error_set(err, EXIT_USAGE, "aggregate '%s': of which field? Write %.*s:FIELD%s",
                         s->text, shown, s->part[0].text, most == 3 ? ":N" : "");
    if (s->n_parts >= 2 && s->part[1].len == 0)
        return error_set(err, EXIT_USAGE, "aggregate '%s': the field's name is empty", s->text);
    if (s->n_parts > most)
        return error_set(err, EXIT_USAGE,
                         "aggregate '%s': expected %.*s:FIELD%s; a colon in a field's name is "
                         "written \\:",
                         s->text, shown, s->part[0].text, most == 3 ? ":N" : "");
    if (s->name != NULL && s->name_len == 0)
        return error_set(err, EXIT_USAGE, "aggregate '%s': the name before '=' is empty", s->text);
    if (s->condition != NULL && s->condition[s->condition_len] == '\0')
        return error_set(err, EXIT_USAGE,
                         "aggregate '%s': expected a ] that ends the condition, found none (\\[ is "
                         "a bracket)",
                         s->text);
    return true;
}

static char *default_name(const struct agg *agg)
{
    struct buf name = {0};
    buf_puts(&name, agg->function);
    if (agg->field != NULL) {
        char *plain = escape_undo(agg->field, strlen(agg->field));
        buf_printf(&name, "_%s", plain);
        free(plain);
    }
    char *copy = memory_strdup(buf_cstr(&name));
    buf_free(&name);
    return copy;
}

void agg_print(const struct agg *agg, struct buf *to)
{
    escape_put(to, agg->name, ",:=");
    buf_printf(to, "=%s", agg->function);
    if (agg->field != NULL)
        buf_printf(to, ":%s", agg->field);
    if (agg->n > 0)
        buf_printf(to, ":%llu", (unsigned long long)agg->n);
    if (agg->condition_text != NULL)
        buf_printf(to, "[%s]", agg->condition_text);
}

bool agg_parse(struct agg *agg, const char *text, struct error *err)
{
    struct spelling s;
    split(&s, text);
    *agg = (struct agg){.ops = find_function(s.part[0].text, s.part[0].len),
                        .condition = AGG_ALL_RECORDS};
    if (agg->ops == NULL)
        return unknown_function(&s, err);
    if (!check_parts(agg, &s, err) ||
        (agg->ops->param == AGG_RANK_FIELD && !parse_rank(agg, &s, err)) ||
        (agg->ops->param == AGG_FIELD_COUNT && !parse_count(agg, &s, err)))
        return false;
    agg->function = memory_strndup(s.part[0].text, s.part[0].len);
    if (agg->ops == &median_ops) {
        agg->q_numerator = 5; /* in tenths, as every denominator is a power of ten */
        agg->q_denominator = 10;
    }
    agg->type = agg->ops->type;
    agg->input = s.n_parts < 2 ? AGG_NO_INPUT : agg->ops->input;
    if (s.condition != NULL)
        agg->condition_text = memory_strndup(s.condition, s.condition_len);
    if (s.n_parts >= 2)
        agg->field = memory_strndup(s.part[1].text, s.part[1].len);
    agg->name = s.name != NULL ? escape_undo(s.name, s.name_len) : default_name(agg);
    return true;
}

void agg_clear(struct agg *agg)
{
    free(agg->function);
    free(agg->name);
    free(agg->field);
    free(agg->condition_text);
    *agg = (struct agg){0};
}

/* What two of them must have in common for one to read what the other keeps, as bytes. */
static char *state_name(const struct agg *agg, size_t *len)
{
    struct buf name = {0};
    buf_put(&name, &agg->ops->init, sizeof agg->ops->init);
    buf_put(&name, &agg->condition, sizeof agg->condition);
    buf_puts(&name, agg->field);
    *len = name.len;
    return name.data;
}

/* The first aggregate that keeps the state of number i, which may be itself. */
static size_t find_owner(struct places *states, const struct agg *aggs, size_t i, char **name)
{
    size_t owner = i, len;
    if (aggs[i].ops->view == NULL)
        return i;
    *name = state_name(&aggs[i], &len);
    places_enter(states, *name, len, &owner);
    return owner;
}

size_t agg_layout(struct agg *aggs, size_t n)
{
    size_t size = 0;
    struct places states = {0};
    char **names = memory_calloc(n, sizeof *names); /* `states` borrows them */
    for (size_t i = 0; i < n; i++) {
        size_t owner = find_owner(&states, aggs, i, &names[i]);
        if (owner < i) {
            aggs[i].ops = aggs[i].ops->view;
            aggs[i].offset = aggs[owner].offset;
        } else {
            aggs[i].offset = size;
            size += aggs[i].ops->size;
        }
    }
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
    places_free(&states);
    return size;
}

void view_init(const struct agg *agg, void *acc)
{
    (void)agg, (void)acc;
}

void view_add(const struct agg *agg, const struct agg_rows *rows, const struct value *column)
{
    (void)agg, (void)rows, (void)column;
}

void view_merge(const struct agg *agg, void *into, const void *from, struct arena *arena)
{
    (void)agg, (void)into, (void)from, (void)arena;
}

void view_reset(const struct agg *agg, void *acc)
{
    (void)agg, (void)acc;
}

void view_save(const struct agg *agg, const void *acc, struct buf *to)
{
    (void)agg, (void)acc, (void)to;
}

bool view_load(const struct agg *agg, void *acc, const unsigned char **at, const unsigned char *end,
               struct arena *arena)
{
    (void)agg, (void)acc, (void)at, (void)end, (void)arena;
    return true;
}
