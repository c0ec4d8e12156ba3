/*
 * scan/newline.h - counting newlines, for line numbers.
 */
#ifndef SCAN_NEWLINE_H
#define SCAN_NEWLINE_H

#include <stddef.h>
#include <stdint.h>

/* How many '\n' there are in bytes[0..len). */
uint64_t newline_count(const char *bytes, size_t len);

#endif
