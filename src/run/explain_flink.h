/*
 * run/explain_flink.h - the parts of --explain=flink-sql. Internal to explain_flink*.c.
 */
#ifndef RUN_EXPLAIN_FLINK_H
#define RUN_EXPLAIN_FLINK_H

#include "run/script.h"
#include "run/topic.h"

/* A time before all others, of a record that is bad. */
#define FLINK_NO_TIME "TIMESTAMP '0001-01-01 00:00:00.000'"

struct flink {
    const struct plan *plan;
    const struct script_sample *sample;
    char **columns;     /* plan->input.fields as expressions over the columns of `records` */
    char *time;         /* the field of the time, likewise */
    char *clock;        /* the column of event times, of no field's name */
    int64_t offset_ns;  /* of the windows, by which times are moved: Flink's begin at 0 */
    struct topic topic; /* what is read instead of a FILE; of no name: a FILE is */
    bool grouped;       /* GROUP BY TUMBLE() instead of FROM TUMBLE(): what lateness needs */
};

/* False and *err: the command line, or the input, asks for what has no equal there. */
bool flink_check(const struct plan *plan, struct error *err);
bool flink_check_sample(const struct plan *plan, const struct script_sample *sample,
                        struct error *err);

/* Does FIELD name what is the topic's own, and not in its messages: the partition, the offset? */
bool flink_is_own(const struct plan *plan, const struct path *path);

/* Are its windows those of GROUP BY, and not table functions? Only these have lateness, and a SIZE
   that is no multiple of SLIDE. */
bool flink_is_grouped(const struct plan *plan);

/* What becomes of f->columns, f->time, f->clock; to be freed. `column`: the CSV's. */
char *flink_expression(const struct flink *f, const struct field *field, size_t column);
char *flink_time(const struct flink *f); /* blanks around it are none of it in CSV */
char *flink_clock(const struct input_options *input);

/* The table `records`. False: a condition holds a pattern that Java reads otherwise. */
bool flink_put_records(const struct flink *f, struct buf *to);

void flink_put_name(struct buf *to, const char *text);
void flink_put_interval(struct buf *to, int64_t ns);

#endif
