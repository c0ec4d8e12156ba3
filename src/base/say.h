/*
 * base/say.h - one line for the user, on stderr.
 */
#ifndef BASE_SAY_H
#define BASE_SAY_H

/*
 * Writes `winagg: `, the text and a newline. What the text holds of names from the command line or
 * the input can't harm a terminal: control characters, and bytes that are no UTF-8, are \xHH.
 */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
