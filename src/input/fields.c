#include "input/fields.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/utf8.h"
#include "input/batch.h"
#include "input/reason.h"
#include "input/split.h"
#include "scan/digits.h"

void fields_free(struct fields *fields)
{
    free(fields->at);
    buf_free(&fields->time);
    *fields = (struct fields){0};
}

void fields_clear(struct fields *fields, size_t n)
{
    if (fields->capacity < n) {
        fields->capacity = n;
        fields->at = memory_realloc(fields->at, n * sizeof *fields->at);
    }
    fields->n = n;
    if (n > 0)
        memset(fields->at, 0, n * sizeof *fields->at);
}

void fields_add(struct fields *fields, const char *text, size_t len)
{
    if (fields->n == fields->capacity) {
        fields->capacity = fields->capacity == 0 ? 32 : fields->capacity * 2;
        fields->at = memory_realloc(fields->at, fields->capacity * sizeof *fields->at);
    }
    fields->at[fields->n++] = (struct fields_one){text, len};
}

bool fields_is_named_null(const struct input_options *options, const char *text, size_t len)
{
    for (size_t i = 0; i < options->n_nulls; i++)
        if (strlen(options->nulls[i]) == len && memcmp(options->nulls[i], text, len) == 0)
            return true;
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

void fields_trim(const char **text, size_t *len)
{
    while (*len > 0 && is_blank(**text)) {
        ++*text;
        --*len;
    }
    while (*len > 0 && is_blank((*text)[*len - 1]))
        --*len;
}

/* Eight bytes at a time, up to the first quote in them: whichever they are, they are copied. */
const char *fields_undouble(const char *text, size_t *len, struct arena *arena)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const char *end = text + *len;
    char *undone = arena_alloc(arena, *len + 1), *to = undone;
    while ((size_t)(end - text) >= sizeof(uint64_t)) {
        uint64_t no_quote = bytes_u64_le(text) ^ ones * '"';
        uint64_t quotes = (no_quote - ones) & ~no_quote & ones << 7; /* the lowest one is right */
        size_t n = quotes == 0 ? sizeof no_quote : (size_t)__builtin_ctzll(quotes) / 8 + 1;
        memcpy(to, text, sizeof no_quote);
        to += n;
        text += n + (quotes != 0);
    }
    while (text < end) {
        const char c = *text++;
        *to++ = c;
        text += c == '"';
    }
    *len = (size_t)(to - undone);
    return undone;
}

/* A record may have fewer fields than its header: filling it up would take as long as that is. */
static struct fields_one field_at(const struct fields *fields, size_t column)
{
    return column < fields->n ? fields->at[column] : fields->absent;
}

static void add_key(void *to, const char *key, size_t len)
{
    enum { LISTED_BYTES = 300 };
    struct buf *list = to;
    char shown[REASON_QUOTED];
    if (list->len < LISTED_BYTES)
        buf_printf(list, "%s%s", list->len == 0 ? "" : ", ", reason_escape(shown, key, len));
    else if (list->len < 4 || memcmp(list->data + list->len - 4, " ...", 4) != 0)
        buf_puts(list, ", ...");
}

static const char *no_time(struct arena *arena, const struct path *path,
                           const struct fields_one *field, const struct fields_one *record)
{
    struct buf list = {0};
    if (field->text == NULL && record->text != NULL)
        split_logfmt_keys(record->text, record->len, add_key, &list);
    const char *reason =
        reason_printf(arena, "no time: field '%s' %s%s%s", path->text,
                      field->text == NULL ? "has no value, or is missing" : "is empty",
                      list.len == 0 ? "" : "; the fields are: ", buf_cstr(&list));
    buf_free(&list);
    return reason;
}

/* The event time; NULL, or why there is none. */
static const char *read_time(struct fields *fields, const struct input_options *options,
                             const struct csv_layout *layout, struct batch *batch, int64_t *ns)
{
    struct arena *arena = &batch->arena;
    struct fields_one whole = {"", 0};
    fields->time.len = 0;
    for (size_t i = 0; i < options->n_time; i++) {
        struct fields_one field = field_at(fields, layout->time[i]);
        fields_trim(&field.text, &field.len);
        if (field.len == 0)
            return no_time(arena, &options->time[i], &field, &fields->record);
        whole = field;
        if (options->n_time == 1)
            break;
        if (i > 0)
            buf_putc(&fields->time, ' ');
        buf_put(&fields->time, field.text, field.len);
        whole = (struct fields_one){fields->time.data, fields->time.len};
    }
    enum time_status status =
        time_memo_parse(&fields->memo, &options->time_format, whole.text, whole.len, ns);
    if (status == TIME_OK)
        return NULL;
    char shown[REASON_QUOTED];
    reason_quote(shown, whole.text, whole.len);
    const struct buf text = {.data = (char *)whole.text, .len = whole.len};
    return reason_time(arena, options, status, shown, batch->n_bad < REASON_HINTS ? &text : NULL);
}

/* Does it stand in the block, with readable bytes behind it? */
static bool is_in_block(const struct batch *batch, const char *text)
{
    const struct buf *bytes = &batch->block->bytes;
    return (uintptr_t)text - (uintptr_t)bytes->data < bytes->len;
}

static const char *read_number(const struct fields *fields, const struct field *wanted,
                               struct batch *batch, struct value *v, struct fields_one field)
{
    struct arena *arena = &batch->arena;
    int64_t mant;
    unsigned decimals;
    if (is_in_block(batch, field.text) &&
        digits_read_decimal(field.text, field.len, &mant, &decimals)) {
        *v =
            (struct value){.mant = mant, .exp = (int16_t)(0 - (int)decimals), .kind = VALUE_NUMBER};
        return NULL;
    }
    enum number_status status = number_parse(field.text, field.len, v);
    if (status != NUMBER_OK) {
        char shown[REASON_QUOTED];
        return reason_number(arena, wanted, status, reason_quote(shown, field.text, field.len));
    }
    if (v->kind == VALUE_WIDE && fields->scratch)
        v->text = arena_copy(arena, v->text, v->len);
    return NULL;
}

static void set_text(struct value *v, const char *text, size_t len)
{
    *v = (struct value){
        .text = text, .len = (uint32_t)len, .exp = VALUE_TYPELESS, .kind = VALUE_STRING};
}

/* What prints alike must be one key. */
static void read_key(const struct fields *fields, struct arena *arena, struct value *v,
                     struct fields_one field)
{
    struct buf repaired = {0};
    if (utf8_valid(field.text, field.len)) {
        set_text(v, fields->scratch ? arena_copy(arena, field.text, field.len) : field.text,
                 field.len);
        return;
    }
    utf8_repair(&repaired, field.text, field.len);
    set_text(v, arena_copy(arena, repaired.data, repaired.len), repaired.len);
    buf_free(&repaired);
}

static const char *read_field(const struct fields *fields, const struct field *wanted,
                              struct batch *batch, struct value *v, struct fields_one field)
{
    struct arena *arena = &batch->arena;
    *v = (struct value){.kind = VALUE_NULL};
    if (field.text == NULL)
        return NULL;
    if (wanted->use == FIELD_NUMBER)
        fields_trim(&field.text, &field.len);
    if (field.len == 0 && wanted->use != FIELD_KEY) {
        v->exp = VALUE_GIVEN;
        return NULL;
    }
    switch (wanted->use) {
    case FIELD_PRESENCE:
        v->kind = VALUE_TRUE;
        return NULL;
    case FIELD_NUMBER:
        return read_number(fields, wanted, batch, v, field);
    case FIELD_KEY:
        read_key(fields, arena, v, field);
        return NULL;
    case FIELD_VALUE:
    case FIELD_CONDITION:
        break;
    }
    set_text(v, fields->scratch ? arena_copy(arena, field.text, field.len) : field.text, field.len);
    return NULL;
}

const char *fields_read(struct fields *fields, const struct input_options *options,
                        const struct csv_layout *layout, struct batch *batch, size_t lane,
                        bool *timeless)
{
    const char *no_time = read_time(fields, options, layout, batch, &batch->time_ns[lane]);
    const char *reason = options->keep_timeless ? NULL : no_time;
    for (size_t f = 0; reason == NULL && f < options->n_fields; f++) {
        struct value *v = &batch->columns[f][lane];
        reason = batch_bad_value(
            batch, options, v,
            read_field(fields, &options->fields[f], batch, v, field_at(fields, layout->fields[f])));
        batch->n_field = reason == NULL ? 0 : f + 1;
    }
    *timeless = reason == NULL && no_time != NULL;
    return reason == NULL ? no_time : reason;
}
