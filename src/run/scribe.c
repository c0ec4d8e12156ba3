#include "run/scribe.h"

#include "base/clock.h"
#include "run/signals.h"
#include "snapshot/snapshot.h"

static void *write_it(void *context)
{
    struct scribe *s = context;
    int64_t before_ns = clock_thread_ns();
    bool synced = true;
    for (size_t i = 0; synced && i < s->n_sinks; i++)
        synced = sink_sync(&s->sinks[i], &s->err);
    if (synced) {
        snapshot_seal(s->image);
        s->error = snapshot_write(s->path, s->image);
        if (s->error == 0)
            s->error = snapshot_publish(s->path);
    }
    s->cost_ns = clock_thread_ns() - before_ns;
    atomic_store(&s->done, true);
    return NULL;
}

void scribe_start(struct scribe *s)
{
    s->error = 0;
    s->err = (struct error){0};
    atomic_store(&s->done, false);
    signals_block();
    s->running = pthread_create(&s->thread, NULL, write_it, s) == 0;
    signals_unblock();
    if (!s->running)
        write_it(s);
}

bool scribe_is_done(const struct scribe *s)
{
    return atomic_load(&s->done);
}

void scribe_end(struct scribe *s)
{
    if (s->running)
        pthread_join(s->thread, NULL);
    s->running = false;
}
