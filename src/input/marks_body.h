/*
 * input/marks_body.h - marking, compiled once per instruction set.
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

MARKS_TARGET static void mark_csv(struct marks *marks, const char *p, size_t len, char delimiter)
{
    uint32_t *to = marks->at + 1;
    uint64_t high = 0, quotes = 0;
    size_t n_newlines = 0;
    for (size_t at = 0; at < len && quotes == 0; at += MARKS_BLOCK) {
        struct block block = block_load(p + at);
        uint64_t live = first_bits(len - at), newlines = block_equal(&block, '\n');
        quotes = block_equal(&block, '"') & live;
        if (quotes != 0)
            live &= (quotes & (~quotes + 1)) - 1;
        high |= block_high(&block) & live;
        n_newlines += (size_t)__builtin_popcountll(newlines & live);
        to = block_write(to, (newlines | block_equal(&block, delimiter)) & live, (uint32_t)at);
    }
    marks->at[0] = UINT32_MAX;
    marks->n = (size_t)(to - marks->at) - 1;
    marks->n_newlines = n_newlines;
    marks->high = high != 0;
    marks->quote = quotes != 0;
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
