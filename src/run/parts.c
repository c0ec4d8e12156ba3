#include "run/parts.h"

#include <stddef.h>

#include "run/running.h"

static bool has_engine(const struct running *r)
{
    return r->engine != NULL;
}

static void save_engine(const struct running *r, struct buf *to)
{
    engine_save(r->engine, to);
}

static bool load_engine(struct running *r, const unsigned char **at, const unsigned char *end)
{
    return engine_load(r->engine, at, end);
}

static bool has_clocks(const struct running *r)
{
    return r->clocks != NULL;
}

static void save_clocks(const struct running *r, struct buf *to)
{
    clocks_save(r->clocks, to);
}

static bool load_clocks(struct running *r, const unsigned char **at, const unsigned char *end)
{
    return clocks_load(r->clocks, at, end);
}

static bool has_dedup(const struct running *r)
{
    return r->engine->dedup != NULL;
}

static void save_dedup(const struct running *r, struct buf *to)
{
    dedup_save(r->engine->dedup, to);
}

static bool load_dedup(struct running *r, const unsigned char **at, const unsigned char *end)
{
    return dedup_load(r->engine->dedup, r->engine->key_seed, at, end);
}

static bool has_replay(const struct running *r)
{
    return r->replay != NULL;
}

static void save_replay(const struct running *r, struct buf *to)
{
    replay_save(r->replay, to);
}

static bool load_replay(struct running *r, const unsigned char **at, const unsigned char *end)
{
    return replay_load(r->replay, at, end);
}

const struct part parts[] = {
    {"ENGN", ENGINE_STATE_VERSION, has_engine, save_engine, load_engine},
    {"CLKS", CLOCKS_STATE_VERSION, has_clocks, save_clocks, load_clocks},
    {"DDUP", DEDUP_STATE_VERSION, has_dedup, save_dedup, load_dedup},
    {"POSN", REPLAY_STATE_VERSION, has_replay, save_replay, load_replay},
    {0},
};
