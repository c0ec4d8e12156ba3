/*
 * scan/marks_body.h - marking, compiled once per instruction set.
 *
 * The including file defines MARKS_TARGET (a target attribute, or nothing), MARKS_NAME and
 * MARKS_TEXT, and a type with five functions:
 *
 *     struct block                64 bytes, as the machine likes to hold them
 *     block_load(p)
 *     block_equal(&block, c)      bitmaps, the first byte in the lowest bit: is it c?
 *     block_below(&block, c)      is it less than c, c at most 0x80?
 *     block_high(&block)          is it 0x80 or more?
 *     block_write(to, bits, base) writes base + each set bit, and returns where that ends; may
 *                                 write up to 64 numbers in any case
 */

/* Those of the first n bytes, n >= 1. */
static inline uint64_t first_bits(size_t n)
{
    return n < MARKS_BLOCK ? ~(~UINT64_C(0) << n) : ~UINT64_C(0);
}

/* Which bytes have an odd number of set bits at or before them. */
static inline uint64_t odd_before(uint64_t bits)
{
    for (int shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

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
static inline void read_quotes(struct csv_bits *b, struct quoting *q)
{
    uint64_t inside = odd_before(b->quotes) ^ q->inside;
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

MARKS_TARGET static void mark_json(struct marks *marks, const char *p, size_t len)
{
    uint32_t *to = marks->at + 1;
    struct marks_odd *odd = marks->odd;
    bool carry = false;
    for (size_t at = 0; at < len; at += MARKS_BLOCK) {
        struct block block = block_load(p + at);
        uint64_t bits = block_equal(&block, '"') | block_below(&block, ' ');
        uint64_t backslashes = block_equal(&block, '\\'), high = block_high(&block);
        if ((backslashes | high) != 0 || carry) {
            *odd = (struct marks_odd){.at = (uint32_t)at, .high = high != 0};
            uint64_t escaped = escaped_bits(backslashes, &carry, &odd->escapes);
            /* An escaped control character is no less one: its record is not valid. */
            bits &= ~escaped | block_below(&block, ' ');
            odd++;
        }
        to = block_write(to, bits & first_bits(len - at), (uint32_t)at);
    }
    odd->at = UINT32_MAX;
    marks->at[0] = UINT32_MAX;
    marks->n = (size_t)(to - marks->at) - 1;
    while (marks->n > 0 && p[marks->at[marks->n]] != '\n')
        marks->n--;
}

const struct marker MARKS_NAME = {.name = MARKS_TEXT, .csv = mark_csv, .json = mark_json};
