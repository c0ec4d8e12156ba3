/*
 * cli/topics.h - what --help TOPIC prints: sections of the man page as plain text.
 *
 * The page is the one place where it stands; scripts/help-topics.awk makes the table of it, in the
 * build folder.
 */
#ifndef CLI_TOPICS_H
#define CLI_TOPICS_H

struct topic {
    const char *name;
    const char *const *lines; /* without their newlines; NULL ends */
};

/* In the order of the page; a NULL name ends the table. */
extern const struct topic topics[];

#endif
