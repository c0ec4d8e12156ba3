/*
 * run/unseen.h - fields of the command line that were in no record of this run: misspelt, mostly.
 *
 * In CSV a column that the header lacks ends the run; in JSON and logfmt a missing field is null,
 * and a misspelt one makes a run that looks as if all were well. And options for CSV that found
 * none.
 */
#ifndef RUN_UNSEEN_H
#define RUN_UNSEEN_H

#include "input/input.h"

struct unseen;

struct unseen *unseen_new(const struct input_options *options); /* which outlive it */
void unseen_free(struct unseen *u);                             /* may be NULL */

/* NULL below: no field is looked for. */

/* Looks for the fields that no batch before had. Costs nothing once all have been seen. */
void unseen_look(struct unseen *u, const struct batch *batch);

/* Says of the options that serve rows of columns only, that they have no effect. */
void unseen_say_columns(const struct input_options *options);

/*
 * Says on stderr which of them were never seen, each with the nearest name that was; and the above,
 * if -i auto found JSON only.
 */
void unseen_report(const struct unseen *u);

#endif
