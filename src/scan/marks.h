/*
 * scan/marks.h - the vector half of both fast paths: where the marks of a slice stand.
 *
 * Marks are the bytes that say where things begin and end: in CSV the delimiters and newlines that
 * are in no quotes, in JSON the quotes (but not escaped ones) and the control characters, of which
 * the newline is one. One pass over a slice makes bitmaps of 64 bytes each and writes down the
 * offsets of their bits (after Langdale and Lemire, "Parsing Gigabytes of JSON per Second", VLDB
 * Journal 28(6), 2019, section 3.1.2). Records of one form then have their marks in the same
 * columns of a matrix, and what lies between two of them is found without looking at a byte of it:
 *
 *     {"ts":"▁▁▁▁▁▁","host":"▁▁▁","status":▁▁▁}\n        2026-01-02T03:04:05Z,web-1,200\n
 *      ^  ^ ^      ^ ^    ^ ^   ^ ^      ^     ^                              ^     ^   ^
 *
 * marks_body.h is the code; marks_avx512.c, marks_avx2.c, ... are its instances.
 */
#ifndef SCAN_MARKS_H
#define SCAN_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A slice: large enough to forget what starting costs, small enough to stay in the first cache. For
 * a record that does not fit it is doubled, up to a limit; one beyond that is not plain.
 */
enum { MARKS_SLICE = 16 * 1024, MARKS_LONGEST_SLICE = 2 << 20, MARKS_BLOCK = 64 };
enum { MARKS_BEHIND = 8 };

/* Blocks of input have this many readable bytes behind their last one, so that vectors may be
 * loaded whole. */
enum { BLOCK_PADDING = 64 };

/* A block of a slice that is not all plain ASCII. */
struct marks_odd {
    uint32_t at;      /* its offset */
    bool high;        /* some byte is >= 0x80 */
    uint64_t escapes; /* the backslashes that are not escaped themselves, the first one lowest */
};

struct marks {
    uint32_t *at;      /* offsets, in order, from [1] on; [0] is -1: the first record, too, starts
                          one behind a mark */
    size_t n;          /* JSON: up to the last newline; 0 if there is none. Behind it stand two that
                          are MARKS_BEHIND or more, and in the slice or its padding */
    size_t n_newlines; /* CSV */
    bool high;         /* CSV: some byte is >= 0x80 */
    bool quotes;       /* CSV: some fields are quoted */
    bool doubled;      /* CSV: and some quotes are doubled */
    bool misquoted;    /* CSV: it ends where quotes are not as they should be */
    bool wrong;        /* outline: it ends where something can't be right */
    bool spaced;       /* outline: there are blanks outside strings, */
    bool loose;        /*   and some are not one each behind a mark */
    bool escaped_names;    /* outline: some name may have an escape */
    struct marks_odd *odd; /* JSON: blocks that hold a backslash or a byte >= 0x80, in order; one
                              at UINT32_MAX behind the last */
    size_t capacity;       /* the longest slice that there is room for */
};

/* Makes room for slices of so many bytes; what is in it is lost. {0} is an empty one. */
void marks_reserve(struct marks *marks, size_t bytes);
void marks_free(struct marks *marks);

/* All read up to MARKS_BLOCK bytes behind p[0..len). */
struct marker {
    const char *name;
    /* These two mark it, len at most the capacity. */
    /* p is where a record starts, as below. quoted: do quotes mean anything (not in TSV)? */
    void (*csv)(struct marks *marks, const char *p, size_t len, char delimiter, bool quoted);
    void (*json)(struct marks *marks, const char *p, size_t len);
    /*
     * JSON by its outline: marks are the colons, commas and brackets outside strings, and the
     * newlines. p is where a record starts. Marks end before a control character in a string, and
     * where a string begins elsewhere than behind a mark or ends elsewhere than before one, or a
     * colon stands elsewhere than behind a string, but for blanks. So what stands between two
     * neighbouring marks is nothing, or one string, or holds none; before a colon, a string. Which
     * marks may follow each other is not asked.
     */
    void (*outline)(struct marks *marks, const char *p, size_t len);
    /*
     * Is p[0..len) numbers of JSON's grammar divided by commas, as most are written: without
     * exponents, and with one blank behind a comma or none? False says nothing.
     */
    bool (*numbers)(const char *p, size_t len);
};

extern const struct marker marker_swar; /* any machine */
#ifdef __x86_64__
extern const struct marker marker_sse2, marker_avx2, marker_avx512;
#endif
#ifdef __aarch64__
extern const struct marker marker_neon;
#endif

#endif
