/*
 * cli/complete.h - what may stand at the cursor of a command line, for the completions of shells.
 *
 *     winagg --complete N WORD...
 *
 * The words are those behind the program's name; the N-th one, which may be empty and ends at the
 * cursor, is being typed. Each line of the answer is a word that may take its place, a tab, and
 * what it is. One that ends in `=`, `:`, `[` or `/` is not whole yet. The line of a tab and a
 * number asks the shell for the names of files behind so many bytes of the word.
 *
 * No option for people, so neither --help nor the man page has it; the shells' side is in
 * src/completions. All words come from the tables of options, functions, windows, topics and zones.
 * FIELDs come from the first FILE of the line that is a regular file, whose beginning is read.
 */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include "base/buf.h"

/* words[0] is N. */
void complete(int n, char **words, struct buf *to);

#endif
