#include "base/utf8.h"

#include "base/bytes.h"

/*
 * How many of the `left` bytes at s, one at least, are the beginning of a character, or all of one:
 * *whole.
 */
static size_t subpart(const unsigned char *s, size_t left, bool *whole)
{
    *whole = s[0] < 0x80;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 1;
    size_t len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    /* The second byte's range is what excludes overlong forms, surrogates and > U+10FFFF. */
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    size_t i = 1;
    if (left > 1 && s[1] >= low && s[1] <= high)
        for (i = 2; i < len && i < left && (s[i] & 0xc0) == 0x80;)
            i++;
    *whole = i == len;
    return i;
}

/* Length of the character at s, of `left` bytes; 0 if there is none. */
static size_t character(const unsigned char *s, size_t left)
{
    bool whole;
    size_t len = subpart(s, left, &whole);
    return whole ? len : 0;
}

void utf8_repair(struct buf *to, const char *text, size_t len)
{
    while (len > 0) {
        size_t valid = utf8_valid_prefix(text, len);
        bool whole;
        buf_put(to, text, valid);
        text += valid;
        len -= valid;
        if (len == 0)
            return;
        size_t ill = subpart((const unsigned char *)text, len, &whole);
        buf_put(to, "\xef\xbf\xbd", 3);
        text += ill;
        len -= ill;
    }
}

/*
 * How many of the eight bytes that begin with these are characters of two or three bytes, some at
 * least; 0: see character(). Four of two bytes pass at once.
 */
static inline size_t common(uint64_t bytes)
{
    const uint64_t two = UINT64_C(0x80c080c080c080c0), care = UINT64_C(0xc0e0c0e0c0e0c0e0);
    const uint64_t first = UINT64_C(0x001e001e001e001e); /* of these bits some must be set */
    const uint64_t set = ((bytes & first) + first) & UINT64_C(0x0020002000200020);
    if ((bytes & care) == two && set == UINT64_C(0x0020002000200020))
        return 8;
    if ((bytes & (care & 0xffff)) == (two & 0xffff) && (set & 0xffff) != 0)
        return 2;
    uint64_t range = bytes & 0x200f; /* neither overlong nor half a surrogate pair */
    return (bytes & 0xc0c0f0) == 0x8080e0 && range != 0 && range != 0x200d ? 3 : 0;
}

/* Are the last `left` bytes ASCII? Fewer than eight; `before`: as many bytes as may be read before
 * them. */
static inline bool is_ascii_tail(const unsigned char *s, size_t left, size_t before)
{
    const uint64_t high = 0x8080808080808080u;
    if (left + before >= sizeof high)
        return (bytes_u64_le(s + left - sizeof high) & high & -(UINT64_C(1) << (64 - 8 * left))) ==
               0;
    unsigned any = 0;
    for (size_t i = 0; i < left; i++)
        any |= s[i];
    return any < 0x80;
}

size_t utf8_valid_prefix(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t i = 0;
    while (i < len) {
        if (len - i >= sizeof(uint64_t)) {
            uint64_t high = bytes_u64_le(s + i) & 0x8080808080808080u;
            if (high == 0) {
                i += sizeof high;
                continue;
            }
            i += (size_t)__builtin_ctzll(high) / 8; /* ASCII up to there */
        } else if (is_ascii_tail(s + i, len - i, i)) {
            return len;
        }
        size_t n = len - i >= sizeof(uint64_t) ? common(bytes_u64_le(s + i)) : 0;
        if (n > 0) {
            i += n;
            continue;
        }
        size_t step = character(s + i, len - i);
        if (step == 0)
            return i;
        i += step;
    }
    return len;
}

char *utf8_put(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *to++ = (char)(0xe0 | c >> 12);
        } else {
            *to++ = (char)(0xf0 | c >> 18);
            *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        }
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (c & 0x3f));
    return to;
}

size_t utf8_prefix(const char *text, size_t len, size_t most)
{
    if (len <= most)
        return len;
    size_t end = most;
    while (end > 0 && most - end < 3 && ((unsigned char)text[end] & 0xc0) == 0x80)
        end--;
    return end;
}
