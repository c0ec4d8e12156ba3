/*
 * base/terminal.h - what a terminal can show.
 */
#ifndef BASE_TERMINAL_H
#define BASE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Is it a terminal that may be given colours? Not if NO_COLOR is set, or TERM is dumb or unset. */
bool terminal_is_styled(int fd);

/* Its size; 80 columns, 24 rows if it is none. */
size_t terminal_columns(int fd);
size_t terminal_rows(int fd);

#endif
