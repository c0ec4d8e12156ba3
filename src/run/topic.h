/*
 * run/topic.h - a topic as a FILE: kafka://BROKER[:PORT][,BROKER...]/TOPIC. No run reads one (kcat
 * does, into a pipe): scripts of --explain=flink-sql do.
 */
#ifndef RUN_TOPIC_H
#define RUN_TOPIC_H

#include <stdbool.h>

#include "base/error.h"

struct plan;

struct topic {
    char *brokers;    /* each with a port */
    const char *name; /* within the path */
};

/* Does it begin as one? */
bool topic_is(const char *path);
/* The one FILE of the plan, if it is a topic; or NULL. */
const char *topic_of(const struct plan *plan);
/* False and *err (EXIT_USAGE). */
bool topic_parse(const char *path, struct topic *topic, struct error *err);
void topic_free(struct topic *topic);

/* False and *err (EXIT_USAGE): a topic where none can be read, and what reads it. */
bool topic_check(const struct plan *plan, struct error *err);

#endif
