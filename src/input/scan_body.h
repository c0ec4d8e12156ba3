/*
 * input/scan_body.h - indexing and matching, compiled once per instruction set.
 *
 * The including file defines SCAN_TARGET (a target attribute, or nothing) and SCAN_NAME, and these:
 *     scan_two(p, &quotes, &odd)      bitmaps of 64 bytes: '"'; backslash, < 0x20 or >= 0x80
 *     scan_four(p, &masks)            the same, told apart
 *     scan_write(to, bits, base)      base + each set bit, up to 64 of them; may write 64 in any
 * case scan_equal(p, step)             do the step's bytes stand at p? scan_digits(p, &other,
 * &dots)   bitmaps of 32 bytes: not a digit; '.'
 */

struct scan_masks {
    uint64_t quotes, backslashes, controls, high;
};

SCAN_TARGET static inline void scan_two(const char *p, uint64_t *quotes, uint64_t *odd);
SCAN_TARGET static inline void scan_four(const char *p, struct scan_masks *masks);
SCAN_TARGET static inline size_t scan_write(uint32_t *to, uint64_t bits, uint32_t base);
SCAN_TARGET static inline bool scan_equal(const char *p, const struct scan_step *step);
SCAN_TARGET static inline void scan_digits(const char *p, uint32_t *other, uint32_t *dots);

static inline bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* The character behind a backslash. U+0000 and surrogates are left to the slow path. */
static bool is_escape(const char *p)
{
    switch (*p) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return true;
    case 'u':
        return is_hex(p[1]) && is_hex(p[2]) && is_hex(p[3]) && is_hex(p[4]) &&
               memcmp(p + 1, "0000", 4) != 0 && (p[1] | 0x20) != 'd';
    default:
        return false;
    }
}

/*
 * Which of 64 bytes stand behind a backslash that is not itself escaped. *carry: is the first one
 * of this block, in; of the next block, out. Runs only over records that have a backslash.
 */
static bool escaped_bytes(const char *p, uint64_t backslashes, bool *carry, uint64_t *escaped)
{
    *escaped = *carry ? 1 : 0;
    *carry = false;
    backslashes &= ~*escaped;
    while (backslashes != 0) {
        int i = __builtin_ctzll(backslashes);
        if (!is_escape(p + i + 1))
            return false;
        *carry = i == 63;
        *escaped |= i == 63 ? 0 : UINT64_C(2) << i;
        backslashes &= i == 63 ? 0 : ~(UINT64_C(3) << i);
    }
    return true;
}

/* The first newline of a block, or NULL; *live: the bits of the bytes up to it. */
static const char *block_newline(const char *p, uint64_t controls, uint64_t *live)
{
    *live = ~UINT64_C(0);
    for (; controls != 0; controls &= controls - 1) {
        const char *at = p + __builtin_ctzll(controls);
        if (*at == '\n') {
            *live = controls ^ (controls - 1);
            return at;
        }
    }
    return NULL;
}

/* Goes on from the block at `offset` with a record that is not all plain ASCII. */
SCAN_TARGET static const char *index_odd(struct scan_index *index, const char *record,
                                         uint32_t offset)
{
    bool high = false, carry = false;
    for (;; offset += SCAN_BLOCK) {
        if (index->capacity - index->n < SCAN_BLOCK && !scan_index_grow(index))
            return NULL;
        const char *p = record + offset;
        struct scan_masks masks;
        scan_four(p, &masks);
        uint64_t live, escaped = 0;
        const char *newline = block_newline(p, masks.controls, &live);
        if (carry || (masks.backslashes & live) != 0) {
            index->escapes = true;
            if (!escaped_bytes(p, masks.backslashes & live, &carry, &escaped))
                return NULL;
        }
        high = high || (masks.high & live) != 0;
        index->n += scan_write(index->at + index->n,
                               ((masks.quotes & ~escaped) | masks.controls) & live, offset);
        if (newline != NULL)
            return !high || utf8_valid(record, (size_t)(newline - record)) ? newline : NULL;
    }
}

SCAN_TARGET static const char *scan_record_index(struct scan_index *index, const char *p)
{
    index->n = 0;
    index->escapes = false;
    for (uint32_t offset = 0;; offset += SCAN_BLOCK) {
        if (index->capacity - index->n < SCAN_BLOCK && !scan_index_grow(index))
            return NULL;
        uint64_t quotes, odd;
        scan_two(p + offset, &quotes, &odd);
        if (odd != 0) {
            const char *first = p + offset + __builtin_ctzll(odd);
            if (*first != '\n')
                return index_odd(index, p, offset);
            index->n += scan_write(index->at + index->n,
                                   (quotes & (odd ^ (odd - 1))) | (odd & (~odd + 1)), offset);
            return first;
        }
        index->n += scan_write(index->at + index->n, quotes, offset);
    }
}

/* Up to 8 digits, most significant first; n >= 1. Three multiplications whatever n is. */
static inline uint64_t eight_digits(const char *p, uint32_t n)
{
    uint64_t x;
    memcpy(&x, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    x = (x - UINT64_C(0x3030303030303030)) << (8 * (8 - n));
    x = x * 10 + (x >> 8);
    return (((x & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x000F424000000064)) +
            (((x >> 16) & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x0000271000000001))) >>
           32;
}

static const int64_t powers_of_ten[] = {1,      10,      100,      1000,     10000,
                                        100000, 1000000, 10000000, 100000000};

/*
 * The number in the hole p[0..len) if it is a plain one: -?digits or -?digits.digits, at most 31
 * bytes. The others (and literals) go through scalar_read().
 */
SCAN_TARGET static inline bool read_scalar(const char *p, size_t len, bool needed, struct value *v)
{
    uint32_t other, dot;
    bool negative = *p == '-';
    const char *digits = p + negative;
    size_t n = len - negative;
    if (n - 1 >= 31)
        return scalar_read(p, len, needed, v);
    scan_digits(digits, &other, &dot);
    uint32_t live = (UINT32_C(1) << n) - 1;
    other &= live;
    dot &= live;
    bool plain = (other ^ dot) == 0 && (dot & (dot - 1)) == 0 &&
                 (dot & (1 | UINT32_C(1) << (n - 1))) == 0 &&
                 (*digits != '0' || n == 1 || (dot & 2) != 0);
    if (!plain)
        return scalar_read(p, len, needed, v);
    if (!needed)
        return true;
    uint32_t whole = (uint32_t)__builtin_ctz(dot | UINT32_C(1) << n);
    int64_t mant;
    *v = (struct value){.kind = VALUE_NUMBER};
    if (dot != 0) {
        uint32_t fraction = (uint32_t)n - whole - 1;
        if (whole > 8 || fraction > 8)
            return number_parse(p, len, v) == NUMBER_OK;
        mant = (int64_t)eight_digits(digits, whole) * powers_of_ten[fraction] +
               (int64_t)eight_digits(digits + whole + 1, fraction);
        v->exp = (int16_t)(0 - (int)fraction);
    } else if (whole <= 8) {
        mant = (int64_t)eight_digits(digits, whole);
    } else if (whole <= 16) {
        mant = (int64_t)eight_digits(digits, whole - 8) * powers_of_ten[8] +
               (int64_t)eight_digits(digits + whole - 8, 8);
    } else {
        return number_parse(p, len, v) == NUMBER_OK;
    }
    v->mant = negative ? -mant : mant;
    return true;
}

SCAN_TARGET static bool scan_record_match(const struct scan_shape *shape,
                                          const struct scan_index *index, const char *p,
                                          struct projection *projection, struct batch *batch,
                                          size_t lane)
{
    const uint32_t *entry = index->at;
    const char *at = p;
    struct value v = {0};
    for (const struct scan_step *step = shape->steps;; step++) {
        if (!scan_equal(at, step))
            return false;
        at += step->len;
        entry += step->entries;
        if (step->hole == HOLE_STRING) {
            const char *end = p + *entry;
            if (step->node != NULL) {
                v = (struct value){.text = at, .len = (uint32_t)(end - at), .kind = VALUE_STRING};
                if ((index->escapes && memchr(at, '\\', v.len) != NULL) ||
                    !projection_put(projection, step->node, &v, batch, lane))
                    return false;
            }
            at = end;
        } else if (step->hole == HOLE_SCALAR) {
            const char *end = p + *entry - step->entry_after;
            if (end <= at || !read_scalar(at, (size_t)(end - at), step->node != NULL, &v))
                return false;
            if (step->node != NULL && !projection_put(projection, step->node, &v, batch, lane))
                return false;
            at = end;
        } else if (step->hole == HOLE_END) {
            break;
        }
    }
    for (size_t i = 0; i < shape->n_constants; i++)
        batch->columns[shape->constants[i].column][lane] =
            (struct value){.kind = shape->constants[i].kind};
    return true;
}

const struct scan SCAN_NAME = {
    .name = SCAN_TEXT, .index = scan_record_index, .match = scan_record_match};
