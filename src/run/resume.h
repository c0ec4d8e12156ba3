/*
 * run/resume.h - going on from a snapshot.
 *
 *     resume_options()     the same options as now?
 *     resume_parse()       what it says apart from the state
 *     resume_section()     the state itself, part by part (run/parts.h)
 *
 * Everything is checked before anything is touched: a refusal leaves all files as they were.
 */
#ifndef RUN_RESUME_H
#define RUN_RESUME_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "run/sinks.h"
#include "snapshot/snapshot.h"
#include "source/again.h"
#include "verdict/clock.h"

struct running;

/* The position of an output that was no file: what went there can't be cut off. */
#define RESUME_NOWHERE UINT64_MAX

/* What it says of a generation of a FILE, */
struct resume_generation {
    struct source_mark mark;
    const unsigned char *input, *input_end; /* of input_load(); NULL: nothing was settled */
};

/* and of the FILE: the last one is what it named. */
struct resume_input {
    struct resume_generation *generations;
    size_t n;
    struct clock clock;
    bool ended;
};

static inline const struct resume_generation *resume_last(const struct resume_input *in)
{
    return &in->generations[in->n - 1];
}

/* What a snapshot says apart from the engine's state. */
struct resume {
    bool finished, ended; /* flushed; the run was not killed, whatever it left open */
    uint64_t bytes, bad;
    bool line_open;
    uint64_t sequence;           /* number of the snapshot */
    struct resume_input *inputs; /* one for each FILE */
    size_t n_inputs;
    uint64_t positions[N_SINKS];
    const void *held; /* rows that --hold had not let out */
    size_t held_len;
};

/* Reads the small sections of a checked image; views point into it. resume_free() in any case. */
bool resume_parse(const char *path, const struct buf *image, struct resume *resume,
                  struct error *err);
void resume_free(struct resume *resume);

/* A section, of the version that this program writes. */
bool resume_section(const char *path, const struct buf *image, const char *tag, uint32_t expected,
                    const unsigned char **at, const unsigned char **end, struct error *err);
/* That of the options. */
bool resume_options(const char *path, const struct buf *image, const unsigned char **at,
                    const unsigned char **end, struct error *err);

/* Prints what a snapshot holds on stdout, as JSON (--inspect). Returns the exit status. */
int resume_inspect(const char *path, struct error *err);

#endif
