/* Eight bytes in a general register: for machines that no other instance is for. */
#include "input/scan.h"

#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "input/json_fast_scalar.h"

#define SCAN_TARGET
#define SCAN_NAME scan_swar
#define SCAN_TEXT "swar"
#include "input/scan_body.h"

#define EACH(byte) ((byte)*UINT64_C(0x0101010101010101))

/* The first byte in the lowest bits. */
static inline uint64_t load(const char *p)
{
    uint64_t x;
    memcpy(&x, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    return x;
}

/* The top bits of the bytes, gathered. */
static inline uint64_t bits(uint64_t x)
{
    return ((x >> 7 & EACH(1)) * UINT64_C(0x0102040810204080)) >> 56;
}

/* Top bits set where the byte is zero; exact in every byte, no borrow runs on. */
static inline uint64_t zero(uint64_t x)
{
    return ~(((x & EACH(0x7F)) + EACH(0x7F)) | x);
}

static inline void scan_four(const char *p, struct scan_masks *masks)
{
    *masks = (struct scan_masks){0};
    for (int i = 0; i < SCAN_BLOCK; i += 8) {
        uint64_t x = load(p + i);
        masks->quotes |= bits(zero(x ^ EACH('"'))) << i;
        masks->backslashes |= bits(zero(x ^ EACH('\\'))) << i;
        masks->controls |= bits(zero(x & EACH(0xE0))) << i;
        masks->high |= bits(x) << i;
    }
}

static inline void scan_two(const char *p, uint64_t *quotes, uint64_t *odd)
{
    *quotes = *odd = 0;
    for (int i = 0; i < SCAN_BLOCK; i += 8) {
        uint64_t x = load(p + i);
        *quotes |= bits(zero(x ^ EACH('"'))) << i;
        *odd |= bits(zero(x ^ EACH('\\')) | zero(x & EACH(0xE0)) | x) << i;
    }
}

static inline bool scan_equal(const char *p, const struct scan_step *step)
{
    return memcmp(p, step->chunk, step->len) == 0;
}

static inline void scan_digits(const char *p, uint32_t *other, uint32_t *dots)
{
    *other = *dots = 0;
    for (int i = 0; i < 16; i += 8) {
        uint64_t x = load(p + i), low = x & EACH(0x7F);
        uint64_t digit = (low + EACH(0x80 - '0')) & ~(low + EACH(0x80 - ':')) & ~x;
        *other |= (uint32_t)(bits(digit) ^ 0xFF) << i;
        *dots |= (uint32_t)bits(zero(x ^ EACH('.'))) << i;
    }
}
