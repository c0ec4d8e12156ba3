#include "run/running.h"

bool running_flush(struct running *r)
{
    if (r->engine->panes.err.status != 0) {
        *r->err = r->engine->panes.err;
        return false;
    }
    for (size_t i = 0; i < N_SINKS; i++)
        if (!sink_flush(&r->sinks[i], r->err))
            return false;
    return true;
}

bool running_is_over(const struct running *r)
{
    return r->sinks[SINK_ROWS].closed_by_reader || r->engine->panes.abandoned;
}

const struct value *running_sources(const struct running *r, const struct inlet *in)
{
    return r->plan->has_source ? in->batch->columns[r->plan->source_column] : NULL;
}
