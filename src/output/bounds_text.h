/*
 * output/bounds_text.h - the bounds of a window as people write them: a blank for the T, no zone,
 * no seconds if neither has any, and an end on the day of its start without the day.
 */
#ifndef OUTPUT_BOUNDS_TEXT_H
#define OUTPUT_BOUNDS_TEXT_H

#include "output/writer.h"

/* Appends the two texts; nothing for one window for all time. In the units of numbers as they are.
 */
void bounds_text(const struct writer_options *options, int64_t start_ns, int64_t end_ns,
                 struct buf text[2]);

#endif
