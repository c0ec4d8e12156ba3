/*
 * input/scan_body.h - indexing and matching, compiled once per instruction set.
 *
 * The including file defines SCAN_TARGET (a target attribute, or nothing) and SCAN_NAME, and these:
 *     scan_two(p, &quotes, &odd)      bitmaps of 64 bytes: '"'; backslash, < 0x20 or >= 0x80
 *     scan_four(p, &masks)            the same, told apart
 *     scan_write(to, bits, base)      base + each set bit, up to 64 of them; may write 64 in any
 * case scan_equal(p, step)             do the step's bytes stand at p? scan_digits(p, &other,
 * &dots)   bitmaps of 16 bytes: not a digit; '.'
 */

struct scan_masks {
    uint64_t quotes, backslashes, controls, high;
};

SCAN_TARGET static inline void scan_two(const char *p, uint64_t *quotes, uint64_t *odd);
SCAN_TARGET static inline void scan_four(const char *p, struct scan_masks *masks);
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

/* Goes on from block i with a record that is not all plain ASCII. */
SCAN_TARGET static const char *index_odd(struct scan_index *index, const char *record, size_t i)
{
    bool high = false, carry = false;
    for (;; i++) {
        if (i + 1 >= index->capacity && !scan_index_grow(index))
            return NULL;
        const char *p = record + i * SCAN_BLOCK;
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
        index->marks[i] = ((masks.quotes & ~escaped) | masks.controls) & live;
        if (newline != NULL)
            return !high || utf8_valid(record, (size_t)(newline - record)) ? newline : NULL;
    }
}

SCAN_TARGET static const char *scan_record_index(struct scan_index *index, const char *record)
{
    index->escapes = false;
    for (size_t i = 0;; i++) {
        if (i + 1 >= index->capacity && !scan_index_grow(index))
            return NULL;
        const char *p = record + i * SCAN_BLOCK;
        uint64_t quotes, odd;
        scan_two(p, &quotes, &odd);
        index->marks[i] = quotes;
        if (odd != 0) {
            p += __builtin_ctzll(odd);
            index->marks[i] = (quotes & (odd ^ (odd - 1))) | (odd & (~odd + 1));
            return *p == '\n' ? p : index_odd(index, record, i);
        }
    }
}

/* Eight bytes, the first one in the lowest bits; a digit becomes its value. */
static inline uint64_t digits_load(const char *p)
{
    uint64_t x;
    memcpy(&x, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    return x ^ UINT64_C(0x3030303030303030);
}

/* The number that the first n of eight digit values are, n >= 1. */
static inline uint64_t digits_value(uint64_t x, uint32_t n)
{
    x <<= 8 * (8 - n);
    x = x * 10 + (x >> 8);
    return (((x & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x000F424000000064)) +
            (((x >> 16) & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x0000271000000001))) >>
           32;
}

static inline uint64_t eight_digits(const char *p, uint32_t n)
{
    return digits_value(digits_load(p), n);
}

/* The same, with a point in the place of the `point`th digit: point >= 1, n <= 8, point < n - 1. */
static inline uint64_t eight_with_point(const char *p, uint32_t n, uint32_t point)
{
    uint64_t x = digits_load(p), behind = ~UINT64_C(0) << (8 * point);
    return digits_value((x & ~behind) | (x >> 8 & behind), n - 1);
}

/* And of more than eight: there are few, a loop will do. */
static uint64_t many_digits(const char *p, uint32_t n)
{
    uint64_t mant = 0;
    for (uint32_t i = 0; i < n; i++)
        mant = p[i] == '.' ? mant : mant * 10 + (uint64_t)(p[i] - '0');
    return mant;
}

/* p[0..n), n <= 15, are digits, but for a point between them at `point` unless that is n. */
static inline void convert_number(const char *p, uint32_t n, uint32_t point, struct value *v)
{
    uint64_t mant;
    if (n <= 8)
        mant = point == n ? eight_digits(p, n) : eight_with_point(p, n, point);
    else if (point == n)
        mant = eight_digits(p, n - 8) * 100000000 + eight_digits(p + n - 8, 8);
    else
        mant = many_digits(p, n);
    *v = (struct value){.mant = (int64_t)mant,
                        .exp = (int16_t)(point == n ? 0 : point + 1 - n),
                        .kind = VALUE_NUMBER};
}

/*
 * Measures a number at p, if it is one of at most 15 digits and points without sign or exponent:
 * its length, 0 if it is something else; *point: where its point is, or the length if it has none.
 */
SCAN_TARGET static inline uint32_t plain_number(const char *p, uint32_t *point)
{
    uint32_t other, dots;
    scan_digits(p, &other, &dots);
    if ((other & ~dots) == 0)
        return 0;
    uint32_t n = (uint32_t)__builtin_ctz(other & ~dots);
    dots &= (UINT32_C(1) << n) - 1;
    *point = n;
    if (dots == 0)
        return *p == '0' && n > 1 ? 0 : n;
    *point = (uint32_t)__builtin_ctz(dots);
    bool well_placed = (dots & (dots - 1)) == 0 && *point > 0 && *point < n - 1;
    return well_placed && (*p != '0' || *point == 1) ? n : 0;
}

static inline struct value string_view(const char *p, const char *end)
{
    return (struct value){.text = p, .len = (uint32_t)(end - p), .kind = VALUE_STRING};
}

/* Any hole, for anyone who may want it; the caller's cases are shorter ways for the usual. */
SCAN_TARGET static __attribute__((noinline)) bool put_hole(const struct scan_shape *shape,
                                                           const struct scan_step *step,
                                                           const struct scan_index *index,
                                                           const char *p, const char *end,
                                                           struct batch *batch, size_t lane)
{
    struct value v;
    if (end < p)
        return false;
    if (step->is_string) {
        v = string_view(p, end);
        if (step->node == NULL)
            return true;
        if (index->escapes && memchr(p, '\\', v.len) != NULL)
            return false;
    } else if (!scalar_read(p, (size_t)(end - p), step->node != NULL, &v)) {
        return false;
    }
    return step->node == NULL || projection_put(shape->projection, step->node, &v, batch, lane);
}

static inline void put_constants(const struct scan_shape *shape, struct batch *batch, size_t lane)
{
    for (size_t i = 0; i < shape->n_constants; i++)
        batch->columns[shape->constants[i].column][lane] =
            (struct value){.kind = shape->constants[i].kind};
}

SCAN_TARGET static bool scan_record_match(const struct scan_shape *shape,
                                          const struct scan_index *index, const char *record,
                                          struct batch *batch, size_t lane)
{
    const uint64_t *marks = index->marks;
    struct value **columns = batch->columns;
    size_t at = 0, end;
    uint32_t n, point;
    struct value v;
    for (const struct scan_step *step = shape->steps;; step++) {
        const char *p = record + at;
        if (!scan_equal(p, step))
            return false;
        at += step->len;
        p = record + at;
        switch (step->action) {
        case SCAN_GO_ON:
            continue;
        case SCAN_END:
            put_constants(shape, batch, lane);
            return true;
        case SCAN_SKIP_STRING:
            at = scan_next(marks, at);
            continue;
        case SCAN_STORE_STRING:
            if (index->escapes)
                break;
            end = scan_next(marks, at);
            columns[step->column][lane] = string_view(p, record + end);
            at = end;
            continue;
        case SCAN_TIME_STRING:
            end = scan_next(marks, at);
            if (!time_parse_fast(&shape->projection->time_cache, p, end - at,
                                 &batch->time_ns[lane]))
                break;
            at = end;
            continue;
        case SCAN_SKIP_NUMBER:
            n = plain_number(p, &point);
            if (n == 0 || p[n] != step->next)
                break;
            at += n;
            continue;
        case SCAN_STORE_NUMBER:
            n = plain_number(p, &point);
            if (n == 0 || p[n] != step->next)
                break;
            convert_number(p, n, point, &v);
            columns[step->column][lane] = v;
            at += n;
            continue;
        case SCAN_PUT:
            break;
        default:
            __builtin_unreachable();
        }
        end = scan_next(marks, at) - step->mark_after;
        if (!put_hole(shape, step, index, p, record + end, batch, lane))
            return false;
        at = end;
    }
}

const struct scan SCAN_NAME = {
    .name = SCAN_TEXT, .index = scan_record_index, .match = scan_record_match};
