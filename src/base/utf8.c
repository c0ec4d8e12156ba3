#include "base/utf8.h"

#include <stdint.h>

#include "base/bytes.h"

/* Length of the character at s, of `left` bytes; 0 if there is none. */
static size_t character(const unsigned char *s, size_t left)
{
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    size_t len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (left < len)
        return 0;
    /* The second byte's range is what excludes overlong forms, surrogates and > U+10FFFF. */
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    return len;
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
        }
        size_t step = character(s + i, len - i);
        if (step == 0)
            return i;
        i += step;
    }
    return len;
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
