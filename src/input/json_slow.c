#include "input/json_slow.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/hex.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/utf8.h"
#include "input/batch.h"
#include "input/fields.h"
#include "input/json_fast_scalar.h"
#include "input/reason.h"

/*
 * A record is what jansson says it is, but for what the contract adds: bytes in a string that are
 * no UTF-8, and half surrogate pairs, are U+FFFD. They are put right before jansson sees them.
 */

/* A number token: where it stands in the record, and where its index stands in the copy. */
struct token {
    uint32_t at, len;
    uint32_t copy_at;
};

struct json_slow {
    const struct input_options *options;
    struct buf copy;     /* the record with indexes for numbers */
    struct buf repaired; /* the record with U+FFFD where no character stands */
    bool is_repaired;    /* this is what `record` is */
    bool hints;          /* a bad time gets one: its message may be shown */
    struct token *tokens;
    size_t n_tokens, max_tokens;
    struct buf time; /* the time fields, joined */

    /* of the record at hand */
    const char *record;
    size_t len;
    struct arena *arena;
};

struct json_slow *json_slow_new(const struct input_options *options)
{
    struct json_slow *slow = memory_calloc(1, sizeof *slow);
    slow->options = options;
    return slow;
}

void json_slow_free(struct json_slow *slow)
{
    if (slow == NULL)
        return;
    buf_free(&slow->copy);
    buf_free(&slow->repaired);
    buf_free(&slow->time);
    free(slow->tokens);
    free(slow);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Behind the string that starts at i, or the end if nothing closes it. */
static size_t skip_string(const char *p, size_t i, size_t len)
{
    for (i++; i < len && p[i] != '"'; i++) {
        if (p[i] == '\\')
            i++;
    }
    return i < len ? i + 1 : len;
}

/* Behind the run of characters that a number may have. */
static size_t skip_number(const char *p, size_t i, size_t len)
{
    while (i < len && (is_digit(p[i]) || p[i] == '-' || p[i] == '+' || p[i] == '.' || p[i] == 'e' ||
                       p[i] == 'E'))
        i++;
    return i;
}

/* The code unit of \uXXXX at p; -1: that is none. */
static int code_unit(const char *p, const char *end)
{
    int unit = 0;
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        if (hex_value(p[i]) < 0)
            return -1;
        unit = unit * 16 + hex_value(p[i]);
    }
    return unit;
}

static bool is_high(int unit)
{
    return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(int unit)
{
    return unit >= 0xdc00 && unit < 0xe000;
}

/* Appends the inside of a string; half pairs become U+FFFD. */
static void repair_escapes(struct buf *to, const char *p, const char *end)
{
    while (p < end) {
        const char *backslash = memchr(p, '\\', (size_t)(end - p));
        const char *stop = backslash == NULL ? end : backslash;
        utf8_repair(to, p, (size_t)(stop - p));
        if (backslash == NULL)
            return;
        int unit = code_unit(stop, end);
        bool pair = is_high(unit) && is_low(code_unit(stop + 6, end));
        size_t len = pair ? 12 : unit >= 0 ? 6 : 2;
        if ((is_high(unit) || is_low(unit)) && !pair)
            buf_puts(to, "\\ufffd");
        else
            buf_put(to, stop, len < (size_t)(end - stop) ? len : (size_t)(end - stop));
        p = len < (size_t)(end - stop) ? stop + len : end;
    }
}

/* Is there a half of a pair, perhaps? */
static bool has_surrogate(const char *p, size_t len)
{
    const char *end = p + len;
    while ((p = memchr(p, '\\', (size_t)(end - p))) != NULL) {
        int unit = code_unit(p, end);
        if (is_high(unit) || is_low(unit))
            return true;
        p = end - p < 2 ? end : p + 2;
    }
    return false;
}

static void repair(struct json_slow *slow)
{
    const char *p = slow->record;
    slow->is_repaired = false;
    if (utf8_valid(p, slow->len) && !has_surrogate(p, slow->len))
        return;
    slow->repaired.len = 0;
    for (size_t i = 0; i < slow->len;) {
        const char *quote = memchr(p + i, '"', slow->len - i);
        size_t start = quote == NULL ? slow->len : (size_t)(quote - p);
        buf_put(&slow->repaired, p + i, start - i);
        if (quote == NULL)
            break;
        i = skip_string(p, start, slow->len);
        bool closed = i > start + 1 && p[i - 1] == '"';
        buf_putc(&slow->repaired, '"');
        repair_escapes(&slow->repaired, p + start + 1, p + i - closed);
        if (closed)
            buf_putc(&slow->repaired, '"');
    }
    slow->record = slow->repaired.data;
    slow->len = slow->repaired.len;
    slow->is_repaired = true;
}

static void add_token(struct json_slow *slow, size_t at, size_t len)
{
    if (slow->n_tokens == slow->max_tokens) {
        slow->max_tokens = slow->max_tokens == 0 ? 32 : slow->max_tokens * 2;
        slow->tokens = memory_realloc(slow->tokens, slow->max_tokens * sizeof *slow->tokens);
    }
    slow->tokens[slow->n_tokens] = (struct token){
        .at = (uint32_t)at, .len = (uint32_t)len, .copy_at = (uint32_t)slow->copy.len};
    buf_put_u64(&slow->copy, slow->n_tokens++);
}

/* Fills copy and tokens. */
static void index_numbers(struct json_slow *slow)
{
    const char *p = slow->record;
    size_t copied = 0;
    slow->copy.len = 0;
    slow->n_tokens = 0;
    for (size_t i = 0; i < slow->len;) {
        if (p[i] == '"') {
            i = skip_string(p, i, slow->len);
        } else if (is_digit(p[i]) || p[i] == '-') {
            size_t end = skip_number(p, i, slow->len);
            if (number_is_json(p + i, end - i)) {
                buf_put(&slow->copy, p + copied, i - copied);
                add_token(slow, i, end - i);
                copied = end;
            }
            i = end;
        } else {
            i++;
        }
    }
    buf_put(&slow->copy, p + copied, slow->len - copied);
}

/* Where in the record the copy's byte `at` comes from. */
static size_t original_position(const struct json_slow *slow, size_t at)
{
    size_t low = 0, high = slow->n_tokens; /* the last token that starts before `at` */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slow->tokens[middle].copy_at < at)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return at;
    const struct token *token = &slow->tokens[low - 1];
    size_t index_len = 1;
    for (size_t k = low - 1; k >= 10; k /= 10)
        index_len++;
    size_t behind = at - token->copy_at;
    return token->at + (behind < index_len ? 0 : token->len + behind - index_len);
}

/* Of the byte at that place of the record. */
static const char *nul_reason(struct json_slow *slow, size_t at)
{
    bool ends = at > 0 && slow->record[at - 1] == '}';
    return reason_printf(
        slow->arena, "not valid JSON: a NUL byte near column %zu%s", at + 1,
        ends ? " (records that end in NUL bytes? tr '\\0' '\\n' makes lines of them)" : "");
}

static const char *syntax_reason(struct json_slow *slow, const json_error_t *error)
{
    /* jansson quotes what it stopped at, but from the copy: its place says it better. */
    const char *near = strstr(error->text, " near ");
    int text_len = near == NULL ? (int)strlen(error->text) : (int)(near - error->text);
    bool at_end = strstr(error->text, " near end of file") != NULL;
    size_t at = error->position > 0 ? (size_t)error->position : 1;
    at = original_position(slow, at - 1);
    const char *hint = "", *nul = memchr(slow->record, '\0', slow->len);
    if (nul != NULL && (at_end || at >= (size_t)(nul - slow->record)))
        return nul_reason(slow, (size_t)(nul - slow->record));
    if (slow->record[0] == '[')
        hint = " (a JSON array? expected one object on a line; jq -c '.[]' makes them)";
    else if (slow->record[0] == '{' && at_end)
        hint = " (an object over several lines? jq -c . makes one line of each)";
    else if (slow->record[0] == '{' && at < slow->len && slow->record[at] == '{' &&
             strncmp(error->text, "end of file expected", 20) == 0)
        hint = " (two objects on one line? jq -c . makes one line of each)";
    if (at_end)
        return reason_printf(slow->arena, "not valid JSON: %.*s at the end of the line%s", text_len,
                             error->text, hint);
    return reason_printf(slow->arena, "not valid JSON: %.*s near column %zu%s", text_len,
                         error->text, at + 1, hint);
}

/*
 * jansson loses a NUL byte behind a number or a word, and then reads on as if it had not been
 * there. No valid record holds one, so each is refused that got through.
 */
static const char *nul_left(struct json_slow *slow)
{
    const char *copy = slow->copy.data, *nul = memchr(copy, '\0', slow->copy.len);
    return nul == NULL ? NULL : nul_reason(slow, original_position(slow, (size_t)(nul - copy)));
}

static const char *type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
        return "true";
    case JSON_FALSE:
        return "false";
    case JSON_NULL:
        return "null";
    }
    return "nothing";
}

/* NULL if it is missing. */
static const json_t *look_up(const json_t *value, const struct path *path)
{
    for (size_t i = 0; i < path->n_parts && value != NULL; i++) {
        const struct path_part *part = &path->parts[i];
        if (json_is_object(value))
            value = json_object_get(value, part->name);
        else if (json_is_array(value) && part->index >= 0)
            value = json_array_get(value, (size_t)part->index);
        else
            value = NULL;
    }
    return value;
}

/* The text of a number or a string; false for anything else. Lives as long as the value. */
static bool scalar_text(const struct json_slow *slow, const json_t *value, const char **text,
                        size_t *len)
{
    if (json_is_integer(value)) {
        const struct token *token = &slow->tokens[json_integer_value(value)];
        *text = slow->record + token->at;
        *len = token->len;
        return true;
    }
    *text = json_string_value(value);
    *len = json_string_length(value);
    return *text != NULL;
}

/* A number as it stands, a string in quotes. */
static void show(char shown[REASON_QUOTED], bool is_number, const char *text, size_t len)
{
    if (is_number)
        reason_escape(shown, text, len);
    else
        reason_quote(shown, text, len);
}

/* slow->time to nanoseconds; NULL, or why not. */
static const char *convert_time(struct json_slow *slow, bool is_number, int64_t *ns)
{
    const struct input_options *options = slow->options;
    const struct buf *text = &slow->time;
    enum number_status number_status = NUMBER_OK;
    enum time_status status;
    struct value number;
    if (!is_number || options->time_format.form == TIME_PATTERN) {
        status = time_parse(&options->time_format, text->data, text->len, ns);
    } else {
        number_status = number_parse(text->data, text->len, &number);
        status = number_status != NUMBER_OK ? TIME_OUT_OF_RANGE
                                            : time_from_number(&options->time_format, &number, ns);
    }
    if (status == TIME_OK)
        return NULL;
    char shown[REASON_QUOTED];
    show(shown, is_number, text->data, text->len);
    if (number_status != NUMBER_OK)
        return reason_printf(slow->arena, "field '%s': %s: %s", options->time[0].text,
                             number_status_text(number_status), shown);
    return reason_time(slow->arena, options, status, shown, slow->hints ? text : NULL);
}

/* null, or a string that --null names. */
static bool is_null(const struct json_slow *slow, const json_t *value)
{
    return json_is_null(value) ||
           (json_is_string(value) &&
            fields_is_null(slow->options, json_string_value(value), json_string_length(value)));
}

/* Is this a list of records, and its name one that jq takes as it is? */
static bool holds_records(const char *name, const json_t *value, const struct path *time)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    const json_t *first = json_array_get(value, 0);
    return first != NULL && look_up(first, time) != NULL && name[strspn(name, letters)] == '\0';
}

/* A time field that is not there: what is there instead? */
static const char *no_field(struct json_slow *slow, const json_t *object, const struct path *time)
{
    enum { LISTED_BYTES = 300 };
    struct buf list = {0}, hint = {0};
    json_t *all = (json_t *)object; /* jansson's iterators ask for it, and change nothing */
    for (void *at = json_object_iter(all); at != NULL; at = json_object_iter_next(all, at)) {
        char shown[REASON_QUOTED];
        const char *key = json_object_iter_key(at);
        if (hint.len == 0 && holds_records(key, json_object_iter_value(at), time))
            buf_printf(&hint, " (records in a list? jq -c '.%s[]' makes lines of them)", key);
        buf_puts(&list, list.len == 0 ? "" : ", ");
        if (list.len >= LISTED_BYTES) {
            buf_puts(&list, "...");
            break;
        }
        buf_puts(&list, reason_escape(shown, key, strlen(key)));
    }
    if (time->n_parts > 1 && json_object_get(object, time->text) != NULL) {
        buf_puts(&hint, "; did you mean '");
        escape_put(&hint, time->text, ".");
        buf_puts(&hint, "'?");
    }
    const char *reason =
        reason_printf(slow->arena, "no time: field '%s' is missing%s%s%s", time->text,
                      list.len == 0 ? "" : "; the fields are: ", buf_cstr(&list), buf_cstr(&hint));
    buf_free(&list);
    buf_free(&hint);
    return reason;
}

/* MongoDB's dates are objects: {"$date": ...}, where the value may be one, too. */
static const char *no_scalar(struct json_slow *slow, const json_t *value, const struct path *time)
{
    char hint[REASON_QUOTED] = "";
    const json_t *date = json_object_get(value, "$date");
    bool is_long = json_object_get(date, "$numberLong") != NULL;
    if (date != NULL && time->text_len < REASON_QUOTED / 2)
        snprintf(hint, sizeof hint, " (a date of MongoDB's? -t '%s.$date%s' reads it)",
                 time->escaped, is_long ? ".$numberLong" : "");
    return reason_printf(slow->arena, "field '%s': expected a time, found %s%s", time->text,
                         type_name(value), hint);
}

static const char *read_time(struct json_slow *slow, const json_t *object, int64_t *ns)
{
    const struct input_options *options = slow->options;
    const json_t *value = NULL;
    slow->time.len = 0;
    if (options->n_time == 0) {
        *ns = 0;
        return NULL;
    }
    for (size_t i = 0; i < options->n_time; i++) {
        const char *text;
        size_t len;
        const char *name = options->time[i].text;
        value = look_up(object, &options->time[i]);
        if (value == NULL)
            return no_field(slow, object, &options->time[i]);
        if (is_null(slow, value))
            return reason_printf(slow->arena, "no time: field '%s' is %s", name,
                                 json_is_null(value) ? "null" : "no value");
        if (!scalar_text(slow, value, &text, &len))
            return no_scalar(slow, value, &options->time[i]);
        if (len == 0)
            return reason_printf(slow->arena, "no time: field '%s' is empty", name);
        if (i > 0)
            buf_putc(&slow->time, ' ');
        buf_put(&slow->time, text, len);
    }

    /* Several make a text, whatever each of them is. */
    return convert_time(slow, options->n_time == 1 && json_is_integer(value), ns);
}

static const char *read_number(struct json_slow *slow, const struct field *field,
                               const json_t *value, struct value *v)
{
    const char *text;
    size_t len;
    if (!scalar_text(slow, value, &text, &len))
        return reason_number(slow->arena, field, NUMBER_MALFORMED, type_name(value));
    if (len == 0 && field->use == FIELD_NUMBER)
        return NULL; /* an empty string is no value where a number is needed */
    enum number_status status = number_parse(text, len, v);
    if (status != NUMBER_OK) {
        char shown[REASON_QUOTED + 20] = "the string ";
        char *at = json_is_integer(value) ? shown : shown + strlen(shown);
        show(at, json_is_integer(value), text, len);
        return reason_number(slow->arena, field, status, shown);
    }
    /* A token's text is in the block; a string's dies with the loaded record. */
    if (v->kind == VALUE_WIDE && (slow->is_repaired || !json_is_integer(value)))
        v->text = arena_copy(slow->arena, v->text, v->len);
    return NULL;
}

/* A number that is out of range is no number to a condition, but the text that stands there. */
static const char *number_as_text(struct json_slow *slow, const json_t *value, struct value *v)
{
    const char *text = NULL;
    size_t len = 0;
    scalar_text(slow, value, &text, &len);
    if (slow->is_repaired) /* the next record that is overwrites it */
        text = arena_copy(slow->arena, text, len);
    *v = (struct value){.text = text, .len = (uint32_t)len, .kind = VALUE_STRING};
    return NULL;
}

static const char *read_scalar(struct json_slow *slow, const struct field *field,
                               const json_t *value, struct value *v)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        if (field->use == FIELD_CONDITION) {
            v->kind = VALUE_COMPOSITE;
            return NULL;
        }
        if (field->use == FIELD_KEY)
            return reason_printf(slow->arena, "key '%s' is %s", field->path.text, type_name(value));
        return reason_printf(slow->arena, "field '%s': expected a single value, found %s",
                             field->path.text, type_name(value));
    case JSON_STRING:
        v->kind = VALUE_STRING;
        v->len = (uint32_t)json_string_length(value);
        v->text = arena_copy(slow->arena, json_string_value(value), v->len);
        return NULL;
    case JSON_INTEGER:
    case JSON_REAL: {
        const char *reason = read_number(slow, field, value, v);
        return field->use == FIELD_CONDITION && reason != NULL ? number_as_text(slow, value, v)
                                                               : reason;
    }
    case JSON_TRUE:
        v->kind = VALUE_TRUE;
        return NULL;
    case JSON_FALSE:
        v->kind = VALUE_FALSE;
        return NULL;
    case JSON_NULL:
        return NULL;
    }
    return NULL;
}

static const char *read_present(struct json_slow *slow, const struct field *field,
                                const json_t *value, struct value *v)
{
    switch (field->use) {
    case FIELD_PRESENCE:
        v->kind = VALUE_TRUE;
        return NULL;
    case FIELD_NUMBER:
        return read_number(slow, field, value, v);
    case FIELD_CONDITION:
    case FIELD_VALUE:
    case FIELD_KEY:
        return read_scalar(slow, field, value, v);
    }
    return NULL;
}

static const char *read_field(struct json_slow *slow, const struct field *field,
                              const json_t *object, struct value *v)
{
    const json_t *value = look_up(object, &field->path);
    *v = (struct value){.kind = VALUE_NULL};
    if (value == NULL)
        return NULL;
    const char *reason = is_null(slow, value) ? NULL : read_present(slow, field, value, v);
    if (v->kind == VALUE_NULL)
        v->exp = VALUE_GIVEN;
    return reason;
}

static const char *read_object(struct json_slow *slow, const json_t *object, struct batch *batch,
                               size_t lane, bool *timeless)
{
    const char *no_time = read_time(slow, object, &batch->time_ns[lane]);
    const char *reason = slow->options->keep_timeless ? NULL : no_time;
    for (size_t f = 0; reason == NULL && f < slow->options->n_fields; f++) {
        struct value *v = &batch->columns[f][lane];
        reason = batch_bad_value(batch, slow->options, v,
                                 read_field(slow, &slow->options->fields[f], object, v));
        batch->n_field = reason == NULL ? 0 : f + 1;
    }
    *timeless = reason == NULL && no_time != NULL;
    return reason == NULL ? no_time : reason;
}

const char *json_slow_record(struct json_slow *slow, const char *record, size_t len,
                             struct batch *batch, size_t lane, bool *timeless)
{
    *timeless = false;
    slow->record = record;
    slow->len = len;
    slow->arena = &batch->arena;
    slow->hints = batch->n_bad < REASON_HINTS;
    repair(slow);
    index_numbers(slow);
    json_error_t error;
    json_t *object =
        json_loadb(slow->copy.data, slow->copy.len, JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
    if (object == NULL)
        return syntax_reason(slow, &error);
    const char *reason = nul_left(slow);
    if (reason == NULL && json_is_object(object))
        reason = read_object(slow, object, batch, lane, timeless);
    else if (reason == NULL)
        reason =
            reason_printf(&batch->arena, "expected a JSON object, found %s%s", type_name(object),
                          json_is_array(object) ? " (jq -c '.[]' makes lines of one)" : "");
    json_decref(object);
    return reason;
}
