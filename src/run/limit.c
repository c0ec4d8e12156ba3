#include "run/limit.h"

#include <string.h>

#include "run/running.h"

bool limit_is_over(struct running *r)
{
    size_t bytes = engine_memory(r->engine);
    if (bytes > r->state_peak_bytes)
        r->state_peak_bytes = bytes;
    if (r->plan->max_state_bytes > 0 && bytes > r->plan->max_state_bytes)
        r->over_limit = true;
    return r->over_limit;
}

uint64_t limit_room(const struct running *r)
{
    return LIMIT_RECORDS - r->limit_records % LIMIT_RECORDS;
}

bool limit_after(struct running *r, uint64_t records)
{
    r->limit_records += records;
    if (r->plan->max_state_bytes > 0 && r->limit_records % LIMIT_RECORDS != 0)
        return r->over_limit;
    return limit_is_over(r);
}

size_t limit_peak_bytes(const struct running *r)
{
    size_t bytes = engine_memory(r->engine);
    return bytes > r->state_peak_bytes ? bytes : r->state_peak_bytes;
}

static bool is_any(const struct plan *plan, const char *const *functions)
{
    for (size_t i = 0; i < plan->n_aggs; i++)
        for (size_t k = 0; functions[k] != NULL; k++)
            if (strcmp(plan->aggs[i].ops->name, functions[k]) == 0)
                return true;
    return false;
}

/* What it grows with, of what the command line asks for. */
static void advise_smaller(const struct plan *plan, struct buf *to)
{
    static const char *const quantiles[] = {"median", "p", NULL}, *const sets[] = {"distinct",
                                                                                   NULL};
    const struct {
        bool given;
        const char *instead;
    } causes[] = {
        {plan->delay_all, "a --delay that is not all"},
        {!plan->delay_all && plan->delay_ns > 0, "a shorter --delay"},
        {plan->pane.lateness_ns > 0, "a shorter --lateness"},
        {plan->n_keys > 0, "fewer keys"},
        {is_any(plan, quantiles), "approx_pNN for quantiles"},
        {is_any(plan, sets), "approx_distinct for distinct"},
        {plan->has_dedup, "no --dedup"},
        {true, "smaller windows"},
    };
    for (size_t i = 0, n = 0; i < sizeof causes / sizeof causes[0]; i++)
        if (causes[i].given)
            buf_printf(to, "%s%s", n++ == 0 ? "" : ", ", causes[i].instead);
}

bool limit_fail(struct running *r)
{
    const struct engine *e = r->engine;
    struct buf smaller = {0}, after = {0};
    advise_smaller(r->plan, &smaller);
    if (r->plan->state_path != NULL)
        buf_printf(&after, "a run with a larger one goes on from %s", r->plan->state_path);
    else
        buf_puts(&after, "what is open is not printed");
    error_set(
        r->err, EXIT_RUNTIME,
        "the live state takes %zu bytes, --max-state lets it have %zu: %llu open windows, %zu "
        "pairs of window and key; %s; what makes it smaller: %s",
        r->state_peak_bytes, r->plan->max_state_bytes, (unsigned long long)e->ops->open(e),
        e->ops->cells(e), buf_cstr(&after), buf_cstr(&smaller));
    buf_free(&after);
    buf_free(&smaller);
    return false;
}
