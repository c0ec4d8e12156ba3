/*
 * cli/options.h - the table of options, and what parsing collects before it becomes a plan.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/places.h"
#include "cli/print.h"
#include "run/plan.h"

/* Texts of a list on the command line, as typed: `a\,b,c` is `a\,b` and `c`. */
struct texts {
    char **text;
    size_t n;
};
void texts_free(struct texts *texts);

/* Appends the pieces of `list` between commas that no backslash precedes. */
void texts_split(struct texts *texts, const char *list);
/* The same for aggregates, whose [COND] may hold commas. */
void texts_split_aggs(struct texts *texts, const char *list);
void texts_add(struct texts *texts, const char *text);

/* The options as given. What depends on another option (a field on the format) stays text. */
struct command {
    struct plan plan;
    struct texts time, keys, aggs, columns, where, nulls;
    struct places fields[FIELD_KEY];            /* of plan.input, by use; keys stand apart */
    const char *year_from;                      /* NULL: not given */
    const char *position;                       /* NULL: not given */
    const char *source, *dedup, *top_by;        /* NULL: not given */
    const char *window;                         /* NULL: not given */
    bool no_window;                             /* it was not given, and is not needed */
    bool early, late_every, offset, checkpoint; /* given */
    unsigned at_eof, resume, verify;            /* the number of the word */
    bool at_eof_given;
    bool output_format;
    bool help, version;
    const char *topic; /* of --help; NULL: not given */
    struct option_list {
        const struct option **at; /* each once, in the order in which it came first */
        size_t n;
    } given;
};

struct option;

/* Of partial results: who picks records, and who shapes rows of them. */
enum option_side { SIDE_ANY, SIDE_PARTIAL, SIDE_MERGE, SIDE_NEITHER };

/* Reads `value` (NULL for a flag) into *c; *err begins with the name of the option. */
typedef bool option_parse(struct command *c, const struct option *option, const char *value,
                          struct error *err);

struct option {
    char letter;      /* 0: none */
    const char *name; /* without the dashes */
    const char *arg;  /* name of its argument; see option_takes() */
    const char *doc;  /* for --help */
    option_parse *parse;
    size_t at;                  /* where in struct command the value goes, if parse wants to know */
    const char *const *choices; /* words that it takes; parse_choice: all, in the order of the enum;
                                   NULL ends */
    option_print *print;        /* NULL: the option changes no result */
    enum option_side side;
};

/* How an option takes its argument: `arg` is NULL, WORD, [=WORD] or [WORD]. */
enum option_takes {
    TAKES_NOTHING,
    TAKES_WORD,     /* behind a `=`, or the next word */
    TAKES_ATTACHED, /* behind a `=`, or none */
    TAKES_OPTIONAL, /* the same, or the next word if it does not begin with a dash */
};
enum option_takes option_takes(const struct option *option);

/* Options in the order of --help, under headings; a NULL heading or name ends a table. */
enum { OPTIONS_PER_GROUP = 16 };
struct option_group {
    const char *heading;
    struct option options[OPTIONS_PER_GROUP];
};
extern const struct option_group option_groups[];

/* All but its plan. */
void command_free(struct command *c);

/* Three lines, for who typed the name alone. */
void options_usage(struct buf *to);

/* One screen: usage, the options by group, the topics, the functions. */
void options_help(struct buf *to);

/* A topic's sections of the man page; false (EXIT_USAGE): there is none of this name. */
bool options_topic(const char *name, struct buf *to, struct error *err);

/* By its name; NULL: there is none. */
const struct option *options_find(const char *name, size_t len);

/* The option of a word that begins with a dash, or NULL; *value: what stands behind it in the same
   word, or NULL. */
const struct option *options_of_word(const char *word, const char **value);

/*
 * --partial and --merge: does each option that was given belong there? A merge has the options that
 * decide what its streams are from their header, which is read now (partial.c).
 */
bool command_begin_merge(struct command *c, struct error *err);

/* The columns of a merge are those of the lines that it reads, once all else is settled. */
void command_finish_merge(struct command *c);

/* Completes the plan from what was collected and checks what belongs together (plan.c). */
bool command_finish(struct command *c, struct error *err);

#endif
