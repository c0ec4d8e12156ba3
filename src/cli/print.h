/*
 * cli/print.h - an option back to text, in one canonical form: what a snapshot holds of it and a
 * restart compares, so that it never changes.
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include "base/buf.h"

struct option;
struct plan;

/* Appends the value that a finished plan has; nothing if the option was not given. */
typedef void option_print(const struct plan *plan, const struct option *option, struct buf *to);

/* By the kind of what stands where the option says. */
option_print print_flag;        /* yes or no */
option_print print_flag_if_set; /* yes, or nothing */
option_print print_given;       /* of a path: yes or no */
option_print print_choice;      /* its word */
option_print print_duration;

/* Those with a form of their own. */
option_print print_agg;
option_print print_columns;
option_print print_comment;
option_print print_dedup;
option_print print_delay;
option_print print_delimiter;
option_print print_early;
option_print print_key;
option_print print_late_every;
option_print print_max_record;
option_print print_null;
option_print print_offset;
option_print print_output_format;
option_print print_position;
option_print print_row_id;
option_print print_source;
option_print print_sources;
option_print print_time;
option_print print_time_format;
option_print print_top;
option_print print_tz;
option_print print_where;
option_print print_window;

#endif
