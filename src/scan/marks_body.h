/*
 * scan/marks_body.h - marking, compiled once per instruction set.
 *
 * The including file defines MARKS_TARGET (a target attribute, or nothing), MARKS_NAME and
 * MARKS_TEXT, and a type with six functions:
 *
 *     struct block                64 bytes, as the machine likes to hold them
 *     block_load(p)
 *     block_equal(&block, c)      bitmaps, the first byte in the lowest bit: is it c?
 *     block_below(&block, c)      is it less than c, c at most 0x80?
 *     block_high(&block)          is it 0x80 or more?
 *     block_outline(&block)       is it a colon, a comma, a brace or a bracket? Control characters
 *                                 may be taken for one
 *     block_write(to, bits, base) writes base + each set bit, and returns where that ends; may
 *                                 write up to 64 numbers in any case
 *
 * and, if the machine has something better for it,
 *
 *     MARKS_ODD_BEFORE(bits)      which bits have an odd number of set ones at or before them
 *     MARKS_JSON(&block)          is it a quote or less than a blank?
 *     MARKS_ODD(&block)           is any byte a backslash or 0x80 or more?
 *     MARKS_WRITE_MANY(to, bits, base)    as block_write(), if bits are mostly more than eight
 */

#ifndef MARKS_JSON
#define MARKS_JSON(block) (block_equal(block, '"') | block_below(block, ' '))
#endif
#ifndef MARKS_ODD
#define MARKS_ODD(block) ((block_equal(block, '\\') | block_high(block)) != 0)
#endif
#ifndef MARKS_WRITE_MANY
#define MARKS_WRITE_MANY(to, bits, base) block_write(to, bits, base)
#endif

/* Those of the first n bytes, n >= 1. */
static inline uint64_t first_bits(size_t n)
{
    return n < MARKS_BLOCK ? ~(~UINT64_C(0) << n) : ~UINT64_C(0);
}

#ifndef MARKS_ODD_BEFORE
static inline uint64_t odd_before(uint64_t bits)
{
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    return bits ^ bits << 32;
}
#define MARKS_ODD_BEFORE(bits) odd_before(bits)
#endif

/* What a block of CSV leaves for the next one: about its last byte, in the lowest bit. */
struct quoting {
    uint64_t inside;  /* all bits: a quoted field is open */
    uint64_t opens;   /* it was a separator or a closing quote: an opening one may follow */
    uint64_t closing; /* it was a closing quote */
};

/* 64 bytes; those in quotes are taken out. */
struct csv_bits {
    uint64_t quotes, newlines, separators; /* newlines and delimiters */
    uint64_t cr;                           /* CRs before a newline */
    uint64_t bad;                          /* quotes are not as they should be, from here on */
    bool doubled;
};

/*
 * Every other quote opens, every other closes; a doubled one inside a field closes and opens again.
 * So one that opens stands behind a separator or a closing one, and behind a closing one stands a
 * separator, an opening one, or the CR of a line's end.
 */
MARKS_TARGET static inline void read_quotes(struct csv_bits *b, struct quoting *q)
{
    uint64_t inside = MARKS_ODD_BEFORE(b->quotes) ^ q->inside;
    uint64_t opening = b->quotes & inside, closing = b->quotes & ~inside;
    uint64_t behind_closing = closing << 1 | q->closing;
    b->newlines &= ~inside;
    b->separators &= ~inside;
    b->bad = (opening & ~((b->separators | closing) << 1 | q->opens)) |
             (behind_closing & ~(b->separators | opening | b->cr));
    b->doubled = (opening & behind_closing) != 0;
    q->inside = inside >> 63 ? ~UINT64_C(0) : 0;
    q->opens = (b->separators | closing) >> 63;
    q->closing = closing >> 63;
}

MARKS_TARGET static void mark_csv(struct marks *marks, const char *p, size_t len, char delimiter,
                                  bool quoted)
{
    uint32_t *to = marks->at + 1;
    struct quoting quoting = {.opens = 1};
    uint64_t high = 0, quotes = 0, quoted_bits = quoted ? ~UINT64_C(0) : 0;
    size_t n_newlines = 0;
    marks->misquoted = marks->doubled = false;
    for (size_t at = 0; at < len && !marks->misquoted; at += MARKS_BLOCK) {
        struct block block = block_load(p + at);
        uint64_t live = first_bits(len - at), newlines = block_equal(&block, '\n');
        struct csv_bits b = {.quotes = block_equal(&block, '"') & live & quoted_bits,
                             .newlines = newlines,
                             .separators = newlines | block_equal(&block, delimiter)};
        if ((b.quotes | quoting.inside | quoting.closing) != 0) {
            uint64_t last_cr = (uint64_t)(p[at + MARKS_BLOCK] == '\n') << 63;
            b.cr = block_equal(&block, '\r') & (newlines >> 1 | last_cr);
            read_quotes(&b, &quoting);
            quotes |= b.quotes;
            marks->doubled = marks->doubled || b.doubled;
            marks->misquoted = (b.bad & live) != 0;
            if (marks->misquoted)
                live &= (b.bad & (~b.bad + 1)) - 1;
        } else {
            quoting.opens = b.separators >> 63;
        }
        high |= block_high(&block) & live;
        n_newlines += (size_t)__builtin_popcountll(b.newlines & live);
        to = block_write(to, b.separators & live, (uint32_t)at);
    }
    marks->at[0] = UINT32_MAX;
    marks->n = (size_t)(to - marks->at) - 1;
    marks->n_newlines = n_newlines;
    marks->high = high != 0;
    marks->quotes = quotes != 0;
}

/*
 * Which of 64 bytes stand behind a backslash that is not itself escaped; *starts: which are such
 * backslashes. *carry: is the first byte of this block escaped, in; of the next block, out.
 */
static inline uint64_t escaped_bits(uint64_t backslashes, bool *carry, uint64_t *starts)
{
    uint64_t escaped = *carry;
    *carry = false;
    *starts = 0;
    backslashes &= ~escaped;
    while (backslashes != 0) {
        uint64_t first = backslashes & (~backslashes + 1);
        *carry = first << 1 == 0;
        *starts |= first;
        escaped |= first << 1;
        backslashes &= ~(first | first << 1);
    }
    return escaped;
}

/* JSON's end where the last record does. */
static inline void end_marks(struct marks *marks, uint32_t *to, struct marks_odd *odd,
                             const char *p)
{
    odd->at = UINT32_MAX;
    to[0] = to[1] = MARKS_BEHIND;
    marks->at[0] = UINT32_MAX;
    marks->n = (size_t)(to - marks->at) - 1;
    while (marks->n > 0 && p[marks->at[marks->n]] != '\n')
        marks->n--;
}

MARKS_TARGET static void mark_json(struct marks *marks, const char *p, size_t len)
{
    uint32_t *to = marks->at + 1;
    struct marks_odd *odd = marks->odd;
    bool carry = false;
    for (size_t at = 0; at < len; at += MARKS_BLOCK) {
        struct block block = block_load(p + at);
        uint64_t bits = MARKS_JSON(&block);
        if (MARKS_ODD(&block) || carry) {
            *odd = (struct marks_odd){.at = (uint32_t)at, .high = block_high(&block) != 0};
            uint64_t escaped = escaped_bits(block_equal(&block, '\\'), &carry, &odd->escapes);
            /* An escaped control character is no less one: its record is not valid. */
            bits &= ~escaped | block_below(&block, ' ');
            odd++;
        }
        to = MARKS_WRITE_MANY(to, bits & first_bits(len - at), (uint32_t)at);
    }
    end_marks(marks, to, odd, p);
}

/* What a block of JSON leaves for the next one: about the byte that comes next, in bit 0. */
struct outline_carry {
    uint64_t inside;  /* all bits: a string is open */
    uint64_t starts;  /* these three: there, or behind blanks, a string may open, */
    uint64_t ends;    /*   a mark must stand, */
    uint64_t strings; /*   a colon may stand */
    uint64_t single;  /* it stands behind a mark */
    uint64_t in_escaped, behind_escaped; /* a string with an escape goes on, or has ended there */
    bool escaped;                        /* it stands behind a backslash that is not escaped */
};

/* 64 bytes; what is in strings is taken out of these three. */
struct outline_bits {
    uint64_t marks, colons, blanks;
    uint64_t quotes;
    uint64_t inside;  /* strings, from the opening quote on */
    uint64_t escapes; /* backslashes that are not escaped */
};

/* The first bytes that are no blanks behind those of `bits`, which are none themselves. */
static inline uint64_t next_behind(uint64_t bits, uint64_t blanks, uint64_t *carry)
{
    uint64_t from = bits << 1 | *carry, sum = from + blanks;
    *carry = bits >> 63 | (sum < from);
    return sum & ~blanks;
}

/* Does a string that has an escape end before a colon? If it ends before a blank, it may. */
static inline bool has_escaped_name(const struct outline_bits *b, struct outline_carry *c)
{
    uint64_t from = b->escapes & b->inside, sum = b->inside + from;
    uint64_t overflow = sum < from;
    sum += c->in_escaped;
    overflow |= sum < c->in_escaped;
    uint64_t ends = sum & ~b->inside, behind = ends << 1 | c->behind_escaped;
    c->in_escaped = overflow;
    c->behind_escaped = ends >> 63;
    return (behind & (b->colons | b->blanks)) != 0;
}

/* A string opens elsewhere than behind a mark, or ends elsewhere than before one, or a colon stands
 * elsewhere than behind a string; but for the blanks between. */
static inline __attribute__((always_inline)) uint64_t
wrong_between(const struct outline_bits *b, uint64_t blanks, struct outline_carry *c)
{
    const uint64_t opening = b->quotes & b->inside, closing = b->quotes & ~b->inside;
    return (opening & ~next_behind(b->marks, blanks, &c->starts)) |
           (next_behind(closing, blanks, &c->ends) & ~b->marks) |
           (b->colons & ~next_behind(closing, blanks, &c->strings));
}

/* Compiled for where there are none, too. */
static inline uint64_t wrong_neighbours(const struct outline_bits *b, struct outline_carry *c)
{
    return b->blanks != 0 ? wrong_between(b, b->blanks, c) : wrong_between(b, 0, c);
}

/* Where blanks stand. `tabs`: what is neither a blank nor the CR of a line's end is loose. */
static inline void see_blanks(struct marks *marks, const struct outline_bits *b, uint64_t tabs,
                              uint64_t live, const struct outline_carry *c)
{
    const uint64_t blanks = b->blanks & live;
    marks->spaced = marks->spaced || blanks != 0;
    marks->loose = marks->loose || (blanks & (~(b->marks << 1 | c->single) | tabs)) != 0;
}

MARKS_TARGET static void mark_outline(struct marks *marks, const char *p, size_t len)
{
    uint32_t *to = marks->at + 1;
    struct marks_odd *odd = marks->odd;
    struct outline_carry carry = {.starts = 1};
    uint64_t wrong = 0;
    marks->spaced = marks->loose = marks->escaped_names = false;
    for (size_t at = 0; at < len && wrong == 0; at += MARKS_BLOCK) {
        struct block block = block_load(p + at);
        struct outline_bits b = {.quotes = block_equal(&block, '"'),
                                 .colons = block_equal(&block, ':'),
                                 .blanks = block_equal(&block, ' ')};
        uint64_t controls = block_below(&block, ' '), newlines = block_equal(&block, '\n');
        uint64_t backslashes = block_equal(&block, '\\'), high = block_high(&block);
        uint64_t live = first_bits(len - at), tabs = 0;
        b.marks = (block_outline(&block) & ~controls) | newlines;
        if ((backslashes | high) != 0 || carry.escaped) {
            *odd = (struct marks_odd){.at = (uint32_t)at, .high = high != 0};
            b.quotes &= ~escaped_bits(backslashes, &carry.escaped, &odd->escapes);
            b.escapes = odd->escapes;
            odd++;
        }
        b.inside = MARKS_ODD_BEFORE(b.quotes) ^ carry.inside;
        carry.inside = -(b.inside >> 63);
        b.marks &= ~b.inside;
        b.colons &= ~b.inside;
        b.blanks &= ~b.inside;
        if (controls != newlines) {
            uint64_t cr = block_equal(&block, '\r') & ~b.inside;
            uint64_t at_end = newlines >> 1 | (uint64_t)(p[at + MARKS_BLOCK] == '\n') << 63;
            tabs = (block_equal(&block, '\t') & ~b.inside) | (cr & ~at_end);
            b.blanks |= tabs | cr;
        }
        if ((b.escapes | carry.in_escaped | carry.behind_escaped) != 0)
            marks->escaped_names = has_escaped_name(&b, &carry) || marks->escaped_names;
        if (b.blanks != 0)
            see_blanks(marks, &b, tabs, live, &carry);
        wrong = ((controls & b.inside) | wrong_neighbours(&b, &carry)) & live;
        carry.single = b.marks >> 63;
        if (wrong != 0)
            live &= (wrong & (~wrong + 1)) - 1;
        to = block_write(to, b.marks & live, (uint32_t)at);
    }
    marks->wrong = wrong != 0;
    end_marks(marks, to, odd, p);
}

/* What a block of numbers leaves for the next one: about the byte that comes next, in bit 0. */
struct number_carry {
    uint64_t starts;   /* a number starts there, or, behind a comma, the blank before it */
    uint64_t digit;    /* a digit must stand there, the first of its number, */
    uint64_t fraction; /*   or the first of its fraction */
    uint64_t zero;     /* behind a number's first digit, a zero: no digit may */
    uint64_t blank;    /* behind a blank: a number starts there */
    uint64_t point;    /* a point may stand there: behind an integer's digit */
    uint64_t runs;     /* behind a fraction's digit, which may go on */
};

/* Bits one on, and what came from the block before; what goes to the next one. */
static inline uint64_t bits_on(uint64_t bits, uint64_t *carry)
{
    uint64_t on = bits << 1 | *carry;
    *carry = bits >> 63;
    return on;
}

/* Where fractions begin, their digits are cleared by a sum, which sets the bit behind them. */
static inline uint64_t behind_fractions(uint64_t first, uint64_t digits, uint64_t *runs)
{
    uint64_t from = first | (*runs & 1), sum = digits + (from & digits);
    *runs = sum < digits;
    return (sum | (from & ~digits)) & ~digits;
}

MARKS_TARGET static bool are_numbers(const char *p, size_t len)
{
    struct number_carry carry = {.starts = 1};
    uint64_t bad = 0;
    for (size_t at = 0; at < len; at += MARKS_BLOCK) {
        struct block block = block_load(p + at);
        uint64_t live = first_bits(len - at);
        uint64_t digits = block_below(&block, ':') & ~block_below(&block, '0') & live;
        uint64_t commas = block_equal(&block, ',') & live, points = block_equal(&block, '.') & live;
        uint64_t minus = block_equal(&block, '-') & live, blanks = block_equal(&block, ' ') & live;
        uint64_t zeros = block_equal(&block, '0') & live;
        /* A last comma, blank, sign or point leaves its carry, or a bit beyond `live`. */
        uint64_t behind_comma = bits_on(commas, &carry.starts);
        uint64_t starts = (behind_comma & ~blanks) | bits_on(blanks, &carry.blank);
        uint64_t first = (starts & ~minus) | bits_on(starts & minus, &carry.digit);
        uint64_t fraction = bits_on(points, &carry.fraction);
        bad |= live & ~(digits | commas | points | minus | blanks);
        bad |= (blanks & ~behind_comma) | (minus & ~starts) | ((first | fraction) & ~digits);
        bad |= (commas | points) & ~bits_on(digits, &carry.point);
        bad |= bits_on(first & zeros, &carry.zero) & digits;
        bad |= behind_fractions(fraction, digits, &carry.runs) & points;
    }
    return bad == 0 && (carry.starts | carry.digit | carry.fraction | carry.blank) == 0 && len > 0;
}

const struct marker MARKS_NAME = {.name = MARKS_TEXT,
                                  .csv = mark_csv,
                                  .json = mark_json,
                                  .outline = mark_outline,
                                  .numbers = are_numbers};
