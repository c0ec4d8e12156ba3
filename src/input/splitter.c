#include "input/splitter.h"

#include "input/split.h"

void splitter_init(struct splitter *s, const struct input_options *options,
                   enum input_format format, char delimiter)
{
    *s = (struct splitter){.options = options, .format = format};
    if (format == INPUT_CSV)
        s->csv = csv_slow_new(delimiter);
}

void splitter_free(struct splitter *s)
{
    csv_slow_free(s->csv);
    fields_free(&s->fields);
}

static const char *split_csv(struct splitter *s, const char *record, size_t len,
                             struct arena *arena)
{
    const char *reason = NULL;
    s->fields.n = 0;
    s->fields.scratch = true;
    if (!csv_slow_split(s->csv, record, len, arena, &reason))
        return reason;
    for (size_t i = 0; i < csv_slow_n(s->csv); i++) {
        size_t field_len;
        const char *text = csv_slow_field(s->csv, i, &field_len);
        bool null = fields_is_null(s->options, text, field_len);
        fields_add(&s->fields, null ? NULL : text, null ? 0 : field_len);
    }
    return NULL;
}

const char *splitter_split(struct splitter *s, const char *record, size_t len, struct arena *arena)
{
    switch (s->format) {
    case INPUT_TSV:
        return split_tsv(&s->fields, s->options, record, len, arena);
    case INPUT_COMBINED:
        return split_combined(&s->fields, s->options, s->wanted, record, len, arena);
    case INPUT_LOGFMT:
        return split_logfmt(&s->fields, s->options, record, len, arena);
    case INPUT_AUTO:
    case INPUT_JSON:
    case INPUT_CSV:
        break;
    }
    return split_csv(s, record, len, arena);
}
