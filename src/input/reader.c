#include "input/reader.h"

#include "input/split.h"

const struct reader_ops reader_table[READER_FORMATS] = {
    [INPUT_AUTO] = {0},
    [INPUT_JSON] = {.has_lines = true, .names_fields = true},
    [INPUT_CSV] = {.is_text = true, .has_columns = true, .delimiter = ',', .split = split_csv},
    [INPUT_TSV] = {.is_text = true,
                   .has_lines = true,
                   .has_columns = true,
                   .delimiter = '\t',
                   .split = split_tsv},
    [INPUT_COMBINED] = {.is_text = true,
                        .has_lines = true,
                        .known = split_combined_names,
                        .n_known = SPLIT_COMBINED_FIELDS,
                        .split = split_combined},
    [INPUT_LOGFMT] = {.is_text = true,
                      .has_lines = true,
                      .names_fields = true,
                      .split = split_logfmt},
};

const char *const reader_names[READER_FORMATS + 1] = {
    [INPUT_AUTO] = "auto", [INPUT_JSON] = "json",         [INPUT_CSV] = "csv",
    [INPUT_TSV] = "tsv",   [INPUT_COMBINED] = "combined", [INPUT_LOGFMT] = "logfmt",
};

void splitter_init(struct splitter *s, const struct input_options *options,
                   enum input_format format, char delimiter)
{
    *s =
        (struct splitter){.options = options, .ops = &reader_table[format], .delimiter = delimiter};
}

void splitter_free(struct splitter *s)
{
    csv_slow_free(s->csv);
    fields_free(&s->fields);
}

const char *splitter_split(struct splitter *s, const char *record, size_t len, struct arena *arena)
{
    return s->ops->split(s, record, len, arena);
}
