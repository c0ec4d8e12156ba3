#include "run/plan.h"

#include <jansson.h>
#include <stdlib.h>

#include "source/source.h"

static void free_texts(char **texts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(texts[i]);
    free(texts);
}

void plan_free(struct plan *plan)
{
    struct input_options *input = &plan->input;
    free_texts(input->columns, input->n_columns);
    free_texts(input->nulls, input->n_nulls);
    for (size_t i = 0; i < input->n_time; i++)
        path_free(&input->time[i]);
    free(input->time);
    for (size_t i = 0; i < input->n_fields; i++)
        path_free(&input->fields[i].path);
    free(input->fields);
    free_texts(plan->key_names, plan->n_keys);
    for (size_t i = 0; i < plan->n_aggs; i++)
        agg_clear(&plan->aggs[i]);
    free(plan->aggs);
    free_texts(plan->where, plan->rules.n_where);
    verdict_rules_free(&plan->rules);
    for (size_t i = 0; i < plan->n_options; i++)
        free(plan->options[i].value);
    free(plan->options);
    zone_free(plan->zone);
    free(plan->input_paths);
    for (size_t i = 0; i < plan->n_opened; i++)
        source_close(&plan->opened[i]);
    free(plan->opened);
    json_decref(plan->header);
    *plan = (struct plan){0};
}
