/*
 * Any lines, one after the other, through the fast path and the slow one: a line that the fast path
 * takes the slow one takes too, with the same values. Lines share a parser, so that outlines learnt
 * from one meet the next. It is made once, and knows nothing of the execution before.
 *
 * Where it is fuzzed, an execution asks one kind of vector code, which its bytes choose: that is
 * more than twice as many executions, and what the kinds share is what most of them are about. What
 * is replayed goes through all.
 */
#include <stdint.h>
#include <xxhash.h>

#include "../unit/json_differential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const fields[] = {"khost",    "#bytes",  "vpath", "?user",
                                     "kuser.id", "#tags.0", NULL};

static void choose_instances(struct differential *d, const uint8_t *data, size_t size)
{
#ifdef FUZZING
    d->from = XXH3_64bits(data, size) % (d->n_fast / 2) * 2;
    d->to = d->from + 2;
#else
    (void)d, (void)data, (void)size;
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct differential d;
    const char *line = (const char *)data, *end = line + size;
    if (d.n_fast == 0)
        differential_open(&d, TIME_AUTO, "ts", fields);
    choose_instances(&d, data, size);
    differential_forget(&d);
    while (line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t len = (size_t)((newline == NULL ? end : newline) - line);
        size_t blank = 0;
        while (blank < len && strchr(" \t\r", line[blank]) != NULL && line[blank] != '\0')
            blank++;
        if (blank < len && differential_check(&d, line, len) < 0)
            abort();
        line += len + 1;
    }
    return 0;
}
