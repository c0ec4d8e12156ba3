/* NEON, which every AArch64 has: four loads a block; bitmaps by adding neighbours up. */
#include "scan/marks.h"

#ifdef __aarch64__

#include <arm_neon.h>

#define MARKS_TARGET
#define MARKS_NAME marker_neon
#define MARKS_TEXT "neon"
#define MARKS_LOWEST(bits) __builtin_ctzll((bits) | UINT64_C(1) << 63)
#include "scan/marks_write.h"

struct block {
    uint8x16_t part[4];
};

static inline struct block block_load(const char *p)
{
    struct block b;
    for (int i = 0; i < 4; i++)
        b.part[i] = vld1q_u8((const uint8_t *)p + 16 * i);
    return b;
}

/* From four vectors whose bytes are 0 or 0xff. */
static inline uint64_t bitmap(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d)
{
    static const uint8_t BITS[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t bits = vld1q_u8(BITS);
    uint8x16_t ab = vpaddq_u8(vandq_u8(a, bits), vandq_u8(b, bits));
    uint8x16_t cd = vpaddq_u8(vandq_u8(c, bits), vandq_u8(d, bits));
    uint8x16_t all = vpaddq_u8(ab, cd);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(all, all)), 0);
}

static inline uint64_t block_equal(const struct block *b, char c)
{
    uint8x16_t all = vdupq_n_u8((uint8_t)c);
    return bitmap(vceqq_u8(b->part[0], all), vceqq_u8(b->part[1], all), vceqq_u8(b->part[2], all),
                  vceqq_u8(b->part[3], all));
}

static inline uint64_t block_below(const struct block *b, char c)
{
    uint8x16_t all = vdupq_n_u8((uint8_t)c);
    return bitmap(vcltq_u8(b->part[0], all), vcltq_u8(b->part[1], all), vcltq_u8(b->part[2], all),
                  vcltq_u8(b->part[3], all));
}

/* By the lower half of a byte: no two of them have the same. 0x20 makes a brace of a bracket. */
static inline uint8x16_t outline_bytes(uint8x16_t part)
{
    static const uint8_t MARKS[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0};
    uint8x16_t mark = vqtbl1q_u8(vld1q_u8(MARKS), vandq_u8(part, vdupq_n_u8(0x0f)));
    return vceqq_u8(vorrq_u8(part, vdupq_n_u8(0x20)), mark);
}

static inline uint64_t block_outline(const struct block *b)
{
    return bitmap(outline_bytes(b->part[0]), outline_bytes(b->part[1]), outline_bytes(b->part[2]),
                  outline_bytes(b->part[3]));
}

static inline uint64_t block_high(const struct block *b)
{
    uint8x16_t all = vdupq_n_u8(0x80);
    return bitmap(vcgeq_u8(b->part[0], all), vcgeq_u8(b->part[1], all), vcgeq_u8(b->part[2], all),
                  vcgeq_u8(b->part[3], all));
}

#include "scan/marks_body.h"

#endif
