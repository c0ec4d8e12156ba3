/*
 * scan/lanes_body.h - reading numbers and times in lanes, compiled once per instruction set.
 *
 * The including file defines LANES_TARGET (a target attribute, or nothing), LANES_NAME, LANES_TEXT
 * and LANES, how many there are: 2, 4 or 8. The last vector of a group is filled up with copies of
 * the last row, which are plain if it is.
 */
typedef uint64_t lane __attribute__((vector_size(8 * LANES)));
typedef uint32_t lane_halves __attribute__((vector_size(8 * LANES)));
typedef uint16_t lane_quarters __attribute__((vector_size(8 * LANES)));

#define LANE_INLINE LANES_TARGET static inline __attribute__((always_inline))

#define BYTES(byte) (UINT64_C(0x0101010101010101) * (byte))
#define HIGH_BITS BYTES(0x80)

LANE_INLINE lane lane_load(const uint64_t *from)
{
    lane x;
    memcpy(&x, from, sizeof x);
    return x;
}

LANE_INLINE lane lane_select(lane mask, lane yes, lane no)
{
    return (yes & mask) | (no & ~mask);
}

/* Is one of the lanes not zero? */
LANE_INLINE bool lane_any(lane x)
{
    uint64_t any = 0;
    for (int i = 0; i < LANES; i++)
        any |= x[i];
    return any != 0;
}

/* Sets high bits where a byte is no digit value; the lowest such byte and none below it for sure.
 */
LANE_INLINE lane not_digits(lane x)
{
    return (x | (x + BYTES(0x7f - 9))) & HIGH_BITS;
}

/*
 * The number that eight digit values are, the first in the lowest byte: pairs, then fours, then
 * all eight. (D. Lemire, "Number parsing at a gigabyte per second", Software: Practice and
 * Experience 51(8), 2021, but with narrow multiplications, which vectors are better at.)
 */
LANE_INLINE lane digits_of(lane x)
{
    const lane hundreds = (lane){0} + UINT64_C(0x0001006400010064);
    const lane ten_thousands = (lane){0} + UINT64_C(0x0000000100002710);
    x = (x << 3) + (x << 1) + (x >> 8);
    x = (lane)((lane_quarters)(x & UINT64_C(0x00ff00ff00ff00ff)) * (lane_quarters)hundreds);
    x = (x & UINT64_C(0x0000ffff0000ffff)) + (x >> 16 & UINT64_C(0x0000ffff0000ffff));
    x = (lane)((lane_halves)x * (lane_halves)ten_thousands);
    return (x & UINT32_MAX) + (x >> 32);
}

/* A number of at most eight characters; *other: all bits if it is not plain. */
LANE_INLINE lane read_decimal(lane word, lane len, lane *decimals, lane *other)
{
    lane x = (word ^ BYTES('0')) << ((64 - 8 * len) & 63);

    /* The lowest byte that is a point, and a 1 in it; all below moves up and closes the gap. */
    lane no_point = x ^ BYTES('.' ^ '0');
    lane point = (no_point - BYTES(1)) & ~no_point & HIGH_BITS;
    point &= -point;
    lane one = point >> 7;
    lane closed = (x & -(one << 8)) | (x & (one - 1)) << 8;
    lane digits = lane_select((lane)(one == 0), x, closed);

    lane first = word & 0xff, second = word >> 8 & 0xff;
    *other = (lane)(not_digits(digits) != 0) | (lane)(len - 1 > 7) | (lane)(first == '.') |
             (lane)(point == UINT64_C(1) << 63) |
             ((lane)(first == '0') & (lane)(len != 1) & (lane)(second != '.'));

    /* As many as there are bytes above the point: the 1 moves that number to the top. */
    *decimals = one * UINT64_C(0x0706050403020100) >> 56;
    return digits_of(digits);
}

LANES_TARGET static bool read_numbers(struct lanes_numbers *g, size_t n)
{
    lane others = {0};
    for (size_t i = n; i % LANES != 0; i++) {
        g->word[i] = g->word[n - 1];
        g->len[i] = g->len[n - 1];
    }
    for (size_t i = 0; i < n; i += LANES) {
        lane decimals, other;
        lane mant = read_decimal(lane_load(g->word + i), lane_load(g->len + i), &decimals, &other);
        decimals |= other;
        others |= other;
        memcpy(g->mant + i, &mant, sizeof mant);
        memcpy(g->decimals + i, &decimals, sizeof decimals);
    }
    return !lane_any(others);
}

/*
 * The exponent that the tail ends with, 0 if it has none; *len: of it and its letter, or 0. The
 * letter is the lowest e; what stands above it is a sign, perhaps, and digits.
 */
LANE_INLINE lane read_exponent(lane tail, lane *len, lane *other)
{
    lane no_letter = (tail | BYTES(0x20)) ^ BYTES('e');
    lane letter = (no_letter - BYTES(1)) & ~no_letter & HIGH_BITS;
    letter &= -letter;
    lane one = letter >> 7, has = (lane)(one != 0), above = -(one << 8);
    lane n = one * UINT64_C(0x0706050403020100) >> 56;
    lane sign = tail >> ((64 - 8 * n) & 63) & 0xff;
    lane minus = (lane)(sign == '-') & has, is_signed = minus | ((lane)(sign == '+') & has);
    lane digits = (tail ^ BYTES('0')) & above & lane_select(is_signed, above << 8, above);
    lane value = digits_of(digits);
    lane n_digits = n - (is_signed & 1);
    *other =
        ((lane)(n_digits - 1 > 2) & has) | (lane)(not_digits(digits) != 0) | (lane)(value > 250);
    *len = (n + 1) & has;
    return (value ^ minus) - minus;
}

LANES_TARGET static bool read_exponents(struct lanes_exponents *g, size_t n)
{
    lane others = {0};
    for (size_t i = n; i % LANES != 0; i++) {
        g->word[i] = g->word[n - 1];
        g->tail[i] = g->tail[n - 1];
        g->len[i] = g->len[n - 1];
    }
    for (size_t i = 0; i < n; i += LANES) {
        lane behind, odd, decimals, other;
        lane exp = read_exponent(lane_load(g->tail + i), &behind, &odd);
        lane mant =
            read_decimal(lane_load(g->word + i), lane_load(g->len + i) - behind, &decimals, &other);
        other |= odd;
        exp = lane_select(other, (lane){0} + LANES_NO_EXPONENT, exp - decimals);
        others |= other;
        memcpy(g->mant + i, &mant, sizeof mant);
        memcpy(g->exp + i, &exp, sizeof exp);
    }
    return !lane_any(others);
}

/* The bytes of a short word, the first one lowest. */
#define WORD(a, b, c, d)                                                                           \
    ((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24)

LANES_TARGET static bool read_literals(struct lanes_numbers *g, size_t n)
{
    lane others = {0};
    for (size_t i = 0; i < n; i += LANES) {
        lane word = lane_load(g->word + i), len = lane_load(g->len + i);
        lane decimals = lane_load(g->decimals + i), four = word & UINT32_MAX;
        lane found = (lane)(len == 4) & ((lane)(four == WORD('t', 'r', 'u', 'e')) |
                                         (lane)(four == WORD('n', 'u', 'l', 'l')));
        found |= (lane)(len == 5) & (lane)(four == WORD('f', 'a', 'l', 's')) &
                 (lane)((word >> 32 & 0xff) == 'e');
        decimals &= ~found;
        others |= (lane)(decimals == LANES_OTHER);
        memcpy(g->decimals + i, &decimals, sizeof decimals);
    }
    return !lane_any(others);
}

LANES_TARGET static bool read_integers(struct lanes_integers *g, size_t n)
{
    lane others = {0};
    for (size_t i = n; i % LANES != 0; i++) {
        g->first[i] = g->first[n - 1];
        g->last[i] = g->last[n - 1];
        g->len[i] = g->len[n - 1];
    }
    for (size_t i = 0; i < n; i += LANES) {
        lane first = lane_load(g->first + i), len = lane_load(g->len + i);
        lane high = (first ^ BYTES('0')) << ((128 - 8 * len) & 63);
        lane low = lane_load(g->last + i) ^ BYTES('0');
        lane other = (lane)(len - 9 > 16 - 9) | (lane)((not_digits(high) | not_digits(low)) != 0) |
                     (lane)((first & 0xff) == '0');
        lane value = digits_of(high) * 100000000 + digits_of(low);
        value |= other;
        others |= other;
        memcpy(g->value + i, &value, sizeof value);
    }
    return !lane_any(others);
}

/*
 * The clock: xor with 00:00:00 leaves digit values and zeros for the colons; adding 127 minus the
 * most that a byte may be sets the high bit of each that is more. The fraction: with zeros for the
 * digits that are not there, it is that of eight; a ninth follows.
 */
LANES_TARGET static bool read_times(struct lanes_times *g, size_t n)
{
    lane others = {0};
    for (size_t i = n; i % LANES != 0; i++) {
        g->date[i] = g->date[n - 1];
        g->clock[i] = g->clock[n - 1];
        g->fraction[i] = g->fraction[n - 1];
        g->ends[i] = g->ends[n - 1];
    }
    for (size_t i = 0; i < n; i += LANES) {
        lane ends = lane_load(g->ends + i);
        lane len = ends & UINT32_MAX, last = ends >> 40 & 0xff, point = ends >> 48;
        lane clock = lane_load(g->clock + i) ^ UINT64_C(0x30303A30303A3030);
        lane pairs = (clock << 3) + (clock << 1) + (clock >> 8);
        lane hours = pairs & 0xff, minutes = pairs >> 24 & 0xff, seconds = pairs >> 48 & 0xff;
        lane other = lane_load(g->date + i) |
                     ((clock | (clock + UINT64_C(0x767A7F767A7F767D))) & HIGH_BITS) |
                     (lane)(hours > 23) | (lane)((last | 0x20) != 'z') | (lane)(len - 20 > 10);

        lane n_digits = len - 21, ninth = (ends >> 32 & 0xff) ^ '0';
        lane digits = lane_load(g->fraction + i) ^ BYTES('0');
        lane short_mask = (((lane){0} + 1) << (8 * n_digits & 63)) - 1;
        lane is_nine = (lane)(n_digits == 9), is_short = (lane)(n_digits < 8);
        digits &= short_mask | ~is_short;
        ninth &= is_nine;
        lane fraction_ns = digits_of(digits) * 10 + ninth;
        lane bad = not_digits(digits) | (lane)(ninth > 9) | (point ^ '.') | (lane)(n_digits == 0);
        lane has_fraction = (lane)(len != 20);
        other |= bad & has_fraction;
        fraction_ns &= has_fraction;

        lane ns = (hours * 3600 + minutes * 60 + seconds) * 1000000000 + fraction_ns;
        ns = lane_select((lane)(other != 0), (lane){0} + (UINT64_C(1) << 63), ns);
        others |= other;
        memcpy(g->ns + i, &ns, sizeof ns);
    }
    return !lane_any(others);
}

const struct lanes LANES_NAME = {.name = LANES_TEXT,
                                 .numbers = read_numbers,
                                 .literals = read_literals,
                                 .exponents = read_exponents,
                                 .integers = read_integers,
                                 .times = read_times};
