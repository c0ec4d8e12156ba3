/* Which engine a kind of window has; the engines know their frame, engine.c, and it none of them.
 */
#include "engine/engine.h"

static struct engine *(*const makers[])(const struct engine_options *options) = {
    [WINDOW_TUMBLING] = aligned_new, [WINDOW_SLIDING] = aligned_new,
    [WINDOW_CUMULATE] = aligned_new, [WINDOW_CALENDAR] = aligned_new,
    [WINDOW_ALL] = aligned_new,      [WINDOW_SESSION] = sessions_new,
};

struct engine *engine_new(const struct engine_options *options)
{
    struct engine *e = makers[options->window.kind](options);
    engine_init(e, options);
    return e;
}
