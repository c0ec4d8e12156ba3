/*
 * scan/marks_write.h - writing down the set bits of a word, for instances whose machine has no
 * instruction that helps. MARKS_LOWEST(bits) is the place of the lowest one, anything if there is
 * none.
 */

/* Eight at a time, needed or not, saves the mispredicted branches. */
MARKS_TARGET static inline uint32_t *block_write(uint32_t *to, uint64_t bits, uint32_t base)
{
    uint32_t *end = to + __builtin_popcountll(bits);
    do {
        for (int i = 0; i < 8; i++) {
            *to++ = base + (uint32_t)MARKS_LOWEST(bits);
            bits &= bits - 1;
        }
    } while (to < end);
    return end;
}
